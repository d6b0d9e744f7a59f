#include "engine/collect.h"

#include <stdlib.h>
#include <string.h>

#include "util/str.h"

/* Where the printer breaks a line. */
#define BREAK " \t"

static void set(struct slip_buf *out, const char *name, const char *value)
{
    slip_buf_printf(out, "%s=", name);
    slip_shell_quote(out, value);
    slip_buf_puts(out, ";");
}

/* The items of a flag that takes a list, with blanks between. */
static void set_list(struct slip_buf *out, const char *name, const char *list)
{
    slip_cleanup(slip_freep) char *words = slip_xstrdup(list ? list : "");

    for (char *p = words; *p; p++)
        if (*p == ',')
            *p = ' ';
    set(out, name, words);
}

/* Of CLASS=GLOB, the longest glob decides. */
static int by_length_of_glob(const void *a, const void *b)
{
    const char *x, *y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    size_t m = strlen(strchr(x, '=')), n = strlen(strchr(y, '='));
    return m != n ? (m < n) - (m > n) : strcmp(x, y);
}

static void set_class_of(struct slip_buf *out, const char *list)
{
    slip_cleanup(slip_strv_release) struct slip_strv items = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf words = SLIP_BUF_INIT;

    for (const char *p = list ? list : ""; *p; p += strspn(p, ",")) {
        size_t n = strcspn(p, ",");
        if (memchr(p, '=', n))
            slip_strv_addn(&items, p, n);
        p += n;
    }
    if (items.n)
        qsort(items.v, items.n, sizeof *items.v, by_length_of_glob);
    for (size_t i = 0; i < items.n; i++)
        slip_buf_printf(&words, "%s%s", i ? " " : "", items.v[i]);
    set(out, "class_of", slip_buf_str(&words));
}

static void set_flag(struct slip_buf *out, const struct slip_instruction *copy, const char *flag,
                     const char *name)
{
    const char *value = slip_instruction_flag_value(copy, flag);

    set(out, name, value && strcmp(value, "false") != 0 ? "yes" : "");
}

static void add_lines(const char *script, struct slip_buf *out)
{
    for (const char *p = script; *p;) {
        size_t n = strcspn(p, "\n"), indent = strspn(p, " ");
        if (indent < n && p[indent] != '#') {
            slip_buf_puts(out, BREAK);
            slip_buf_put(out, p, n);
        }
        p += n + (p[n] == '\n');
    }
}

void slip_collect_command(const char *script, const struct slip_instruction *copy, const char *user,
                          bool on_base, struct slip_buf *out)
{
    const char *classes = slip_instruction_flag_value(copy, "installed");
    const char *destdir = slip_instruction_flag_value(copy, "destdir");
    const char *entrypoint = slip_instruction_flag_value(copy, "entrypoint");

    set(out, "image", SLIP_COLLECT_IMAGE);
    set(out, "destdir", destdir && *destdir ? destdir : SLIP_COLLECT_IMAGE "-none");
    set(out, "mark", SLIP_COLLECT_MARK);
    set_list(out, "classes", classes && *classes ? classes : "runtime");
    set_class_of(out, slip_instruction_flag_value(copy, "class-of"));
    set_list(out, "only", slip_instruction_flag_value(copy, "only"));
    slip_buf_puts(out, BREAK);
    set_flag(out, copy, "closure", "closure");
    set_flag(out, copy, "strip", "strip");
    set_flag(out, copy, "debug-files", "debug");
    set_flag(out, copy, "runtime-files", "files");
    set_list(out, "dlopen", slip_instruction_flag_value(copy, "dlopen"));
    set_list(out, "data", slip_instruction_flag_value(copy, "data"));
    slip_buf_puts(out, BREAK);
    set(out, "entrypoint", entrypoint && !on_base ? entrypoint : "");
    set(out, "base", on_base ? SLIP_COLLECT_BASE : "");
    set(out, "user", user ? user : "nonroot");
    add_lines(script, out);
}
