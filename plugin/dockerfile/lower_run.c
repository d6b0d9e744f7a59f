#include <string.h>

#include "dockerfile/flags.h"
#include "dockerfile/lex.h"
#include "dockerfile/lowering.h"
#include "util/json.h"
#include "util/str.h"

static const char *const *arguments(struct lowering *lo, const struct slip_instruction *ins,
                                    const char *text)
{
    slip_cleanup(slip_strv_release) struct slip_strv argv = SLIP_STRV_INIT;
    slip_cleanup(slip_json_decrefp) json_t *words = slip_lower_command(lo, ins, 0, text);

    if (!words)
        return NULL;
    slip_json_to_strv(words, &argv);
    return slip_lower_list(lo, &argv);
}

static char *without_tabs(const char *text)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;

    for (bool start = true; *text; text++) {
        if (!(start && *text == '\t'))
            slip_buf_putc(&out, *text);
        start = *text == '\n' || (start && *text == '\t');
    }
    return slip_buf_take(&out);
}

const char *slip_lower_heredoc_text(struct lowering *lo, const struct slip_heredoc *doc)
{
    if (!doc->strip_tabs)
        return doc->text;
    slip_cleanup(slip_freep) char *text = without_tabs(doc->text);
    return slip_arena_strdup(lo->arena, text);
}

/* A script that names its interpreter: what the kernel would run for "#!INTERPRETER ARGUMENT",
 * with standard input as the file. */
static void run_shebang(struct lowering *lo, struct slip_run *run, const char *script)
{
    slip_cleanup(slip_strv_release) struct slip_strv argv = SLIP_STRV_INIT;
    const char *p = script + 2 + strspn(script + 2, " \t");
    size_t n = strcspn(p, " \t\r\n");

    slip_strv_addn(&argv, p, n);
    p += n + strspn(p + n, " \t");
    n = strcspn(p, "\r\n");
    while (n && (p[n - 1] == ' ' || p[n - 1] == '\t'))
        n--;
    if (n)
        slip_strv_addn(&argv, p, n);
    slip_strv_add(&argv, "/dev/stdin");
    run->argv = slip_lower_list(lo, &argv);
    run->script = script;
}

/* RUN <<EOF: the text is the command. With more on the line, the shell gets line and texts as
 * they were written. */
static int lower_heredocs(struct lowering *lo, const struct slip_instruction *ins,
                          struct slip_run *run)
{
    const char *line = ins->args[0].text;
    struct slip_heredoc alone;

    if (!line[strcspn(line, " \t\v\f\r")] &&
        slip_heredoc_word(lo->arena, line, strlen(line), &alone)) {
        const char *script = slip_lower_heredoc_text(lo, &ins->heredocs[0]);
        if (strncmp(script, "#!", 2) == 0 && script[2 + strspn(script + 2, " \t\r")] != '\n') {
            run_shebang(lo, run, script);
            return 0;
        }
        run->argv = arguments(lo, ins, script);
        return run->argv ? 0 : -1;
    }
    slip_cleanup(slip_buf_release) struct slip_buf full = SLIP_BUF_INIT;
    slip_buf_puts(&full, line);
    for (size_t i = 0; i < ins->nheredocs; i++)
        slip_buf_printf(&full, "\n%s%s", ins->heredocs[i].text, ins->heredocs[i].name);
    run->argv = arguments(lo, ins, slip_buf_str(&full));
    return run->argv ? 0 : -1;
}

static int set_network(struct lowering *lo, const struct slip_flag *flag, struct slip_run *run)
{
    static const char *const names[] = { "default", "none", "host" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        if (strcmp(flag->value, names[i]) == 0) {
            run->network = (enum slip_network)i;
            return 0;
        }
    slip_fail_at(lo->err, flag->at, "there is no network '%.64s'", flag->value);
    const char *near = slip_suggest(flag->value, names, SLIP_ARRAY_LEN(names));
    return near ? slip_error_hint(lo->err, "did you mean '%s'?", near)
                : slip_error_hint(lo->err, "it is default, none or host");
}

static int check_security(struct lowering *lo, const struct slip_flag *flag)
{
    if (strcmp(flag->value, "sandbox") == 0)
        return 0;
    if (strcmp(flag->value, "insecure") != 0)
        return slip_fail_at(lo->err, flag->at, "--security is sandbox or insecure, not '%.64s'",
                            flag->value);
    slip_fail_at(lo->err, flag->at, "steps without a sandbox are not served");
    return slip_error_hint(lo->err, "leave the flag out; most steps do not need it");
}

static int lower_flags(struct lowering *lo, const struct slip_instruction *ins,
                       struct slip_run *run)
{
    run->mounts = slip_arena_alloc(lo->arena, (ins->nflags + 1) * sizeof *run->mounts);
    for (size_t i = 0; i < ins->nflags; i++) {
        const struct slip_flag *flag = &ins->flags[i];
        if (strcmp(flag->name, "mount") == 0) {
            if (slip_lower_mount(lo, flag, &run->mounts[run->nmounts]) < 0)
                return -1;
            run->nmounts++;
        } else if (strcmp(flag->name, "network") == 0) {
            if (set_network(lo, flag, run) < 0)
                return -1;
        } else if (strcmp(flag->name, "security") == 0) {
            if (check_security(lo, flag) < 0)
                return -1;
        } else if (strcmp(flag->name, "device") == 0) {
            return slip_fail_at(lo->err, flag->at, "devices for a step are not served");
        }
    }
    run->install = slip_flag_is_set(ins, "install");
    run->test = slip_flag_is_set(ins, "test");
    return 0;
}

int slip_lower_run(struct lowering *lo, const struct slip_instruction *ins)
{
    const char *user = slip_json_str(lo->now->stage->config, "User");
    struct slip_run run = { .cwd = slip_arena_strdup(lo->arena, slip_lower_cwd(lo)),
                            .user = slip_arena_strdup(lo->arena, user ? user : "") };

    run.env = slip_lower_environment(lo, &run.nargs);
    if (lower_flags(lo, ins, &run) < 0)
        return -1;
    if (ins->nheredocs) {
        if (lower_heredocs(lo, ins, &run) < 0)
            return -1;
    } else {
        run.argv = arguments(lo, ins, ins->nargs ? ins->args[0].text : "");
        if (!run.argv)
            return -1;
    }
    if (!run.argv[0] || !*run.argv[0])
        return slip_fail_at(lo->err, ins->at, "RUN has no command");
    slip_lower_step(lo, SLIP_OP_RUN, ins)->run = run;
    slip_lower_history(lo, ins, true);
    return 0;
}
