#include "commands/opts.h"

#include <string.h>

#include "util/mem.h"
#include "util/str.h"

static const struct slip_opt *find(const struct slip_opt *opts, const char *name, size_t n,
                                   char letter)
{
    for (const struct slip_opt *o = opts; o->kind; o++)
        if ((letter && o->letter == letter) ||
            (name && o->name && strlen(o->name) == n && strncmp(o->name, name, n) == 0))
            return o;
    return NULL;
}

static int unknown(const struct slip_opt *opts, const char *word, struct slip_error *err)
{
    const char *names[64];
    size_t n = 0;
    slip_cleanup(slip_freep) char *name = slip_xstrndup(word, strcspn(word, "="));

    for (const struct slip_opt *o = opts; o->kind && n < SLIP_ARRAY_LEN(names); o++)
        if (o->name)
            names[n++] = o->name;
    slip_fail(err, SLIP_EUSAGE, "there is no option '%s'", name);
    const char *near = slip_starts_with(name, "--") ? slip_suggest(name + 2, names, n) : NULL;
    return near ? slip_error_hint(err, "did you mean '--%s'?", near) : -1;
}

static int store(const struct slip_opt *o, const char *value, struct slip_error *err)
{
    uint64_t number;

    switch (o->kind) {
    case SLIP_OPT_TEXT_KIND:
        *(const char **)o->target = value;
        return 0;
    case SLIP_OPT_LIST_KIND:
        slip_strv_add(o->target, value);
        return 0;
    case SLIP_OPT_UINT_KIND:
        if (slip_parse_uint(value, UINT32_MAX, &number) < 0)
            return slip_fail(err, SLIP_EUSAGE, "--%s takes a number, not '%s'", o->name, value);
        *(unsigned *)o->target = (unsigned)number;
        return 0;
    default:
        return 0;
    }
}

/* One word that begins with '-'; *i moves on when the value is the next word. */
static int take(const struct slip_opt *opts, char **argv, int argc, int *i, bool *help,
                struct slip_error *err)
{
    const char *word = argv[*i], *value = NULL;
    const struct slip_opt *o;

    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
        *help = true;
        return 0;
    }
    if (word[1] == '-') {
        size_t n = strcspn(word + 2, "=");
        o = find(opts, word + 2, n, 0);
        value = word[2 + n] ? word + 2 + n + 1 : NULL;
    } else {
        o = find(opts, NULL, 0, word[1]);
        value = word[2] ? word + 2 : NULL;
    }
    if (!o)
        return unknown(opts, word, err);
    if (o->kind == SLIP_OPT_FLAG_KIND) {
        bool is_false = value && strcmp(value, "false") == 0;
        if (value && !is_false && strcmp(value, "true") != 0)
            return slip_fail(err, SLIP_EUSAGE, "'%s' takes no value", word);
        *(bool *)o->target = !is_false;
        return 0;
    }
    if (!value && *i + 1 < argc)
        value = argv[++*i];
    if (!value)
        return slip_fail(err, SLIP_EUSAGE, "'%s' needs a value (%s)", word, o->value);
    return store(o, value, err);
}

int slip_opts_parse(const struct slip_opt *opts, int *argc, char ***argv, bool stop, bool *ret_help,
                    struct slip_error *err)
{
    int kept = 0, n = *argc;
    char **v = *argv;

    for (int i = 0; i < n; i++) {
        if (strcmp(v[i], "--") == 0) {
            for (i++; i < n; i++)
                v[kept++] = v[i];
        } else if (v[i][0] == '-' && v[i][1] && !(stop && kept)) {
            if (take(opts, v, n, &i, ret_help, err) < 0)
                return -1;
        } else {
            v[kept++] = v[i];
        }
    }
    *argc = kept;
    return 0;
}

void slip_opts_help(const struct slip_opt *opts, struct slip_buf *out)
{
    for (const struct slip_opt *o = opts; o->kind; o++) {
        slip_cleanup(slip_freep) char *left = slip_xasprintf(
            "  %c%c%s--%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
            o->letter ? ", " : "  ", o->name, o->value ? " " : "", o->value ? o->value : "");
        if (strlen(left) > 30)
            slip_buf_printf(out, "%s\n%32s%s\n", left, "", o->help);
        else
            slip_buf_printf(out, "%-32s%s\n", left, o->help);
    }
}
