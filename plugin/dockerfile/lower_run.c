#include <string.h>

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

/* RUN <<EOF: the text is the command; one that names its interpreter is a file, which the shell
 * runs. With more on the line, the shell gets line and texts as they were written. */
static int lower_heredocs(struct lowering *lo, const struct slip_instruction *ins,
                          struct slip_run *run)
{
    const char *line = ins->args[0].text;
    struct slip_heredoc alone;

    if (slip_heredoc_word(lo->arena, line, strlen(line), &alone)) {
        const char *script = slip_lower_heredoc_text(lo, &ins->heredocs[0]);
        if (strncmp(script, "#!", 2) == 0) {
            if (!slip_is_file_name(ins->heredocs[0].name))
                return slip_fail_at(lo->err, ins->heredocs[0].at,
                                    "'%.64s' cannot be the name of a file", ins->heredocs[0].name);
            run->script = script;
            run->script_path = slip_arena_printf(lo->arena, "/dev/pipes/%s", ins->heredocs[0].name);
        }
        run->argv = arguments(lo, ins, run->script ? run->script_path : script);
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
    slip_fail_at(lo->err, flag->at, "security.insecure is not allowed: every step has a sandbox");
    return slip_error_hint(lo->err, "leave the flag out; most steps do not need it");
}

/* As the client of an agent expects it. */
static void add_agent(struct lowering *lo, struct slip_run *run)
{
    slip_cleanup(slip_strv_release) struct slip_strv env = SLIP_STRV_INIT;
    const struct slip_run_mount *first = NULL;

    for (size_t i = 0; !first && i < run->nmounts; i++)
        first = run->mounts[i].kind == SLIP_MOUNT_SSH ? &run->mounts[i] : NULL;
    if (!first)
        return;
    for (const char *const *e = run->env; e && *e; e++)
        slip_strv_add(&env, *e);
    if (!slip_strv_getenv(&env, "SSH_AUTH_SOCK"))
        slip_strv_setenv(&env, "SSH_AUTH_SOCK", first->target);
    run->env = slip_lower_list(lo, &env);
}

static int lower_flags(struct lowering *lo, const struct slip_instruction *ins,
                       struct slip_run *run)
{
    unsigned sockets = 0;

    run->mounts = slip_arena_alloc(lo->arena, (ins->nflags + 1) * sizeof *run->mounts);
    for (size_t i = 0; i < ins->nflags; i++) {
        const struct slip_flag *flag = &ins->flags[i];
        if (strcmp(flag->name, "mount") == 0) {
            if (slip_lower_mount(lo, flag, sockets, &run->mounts[run->nmounts]) < 0)
                return -1;
            sockets += run->mounts[run->nmounts++].kind == SLIP_MOUNT_SSH;
        } else if (strcmp(flag->name, "network") == 0) {
            if (set_network(lo, flag, run) < 0)
                return -1;
        } else if (strcmp(flag->name, "security") == 0) {
            if (check_security(lo, flag) < 0)
                return -1;
        } else if (strcmp(flag->name, "device") == 0) {
            if (slip_lower_device(lo, flag) < 0)
                return -1;
        }
    }
    add_agent(lo, run);
    run->install = slip_flag_is_set(ins, "install");
    run->test = slip_flag_is_set(ins, "test");
    return 0;
}

int slip_lower_run(struct lowering *lo, const struct slip_instruction *ins)
{
    const char *user = slip_json_str(lo->now->stage->config, "User");
    struct slip_run run = { .cwd = slip_arena_strdup(lo->arena, slip_lower_cwd(lo)),
                            .user = slip_arena_strdup(lo->arena, user ? user : "") };

    run.env = slip_lower_environment(lo);
    run.args = slip_lower_arg_names(lo);
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
