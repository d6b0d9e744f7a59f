#include "commands/command.h"
#include "commands/network.h"
#include "util/fs.h"
#include "util/str.h"

#define SLIP_ROW(name) &slip_command_##name,
const struct slip_command *const slip_commands[] = { SLIP_EACH_COMMAND(SLIP_ROW) NULL };

const struct slip_command *slip_command_find(const char *name)
{
    for (const struct slip_command *const *c = slip_commands; *c; c++)
        if (strcmp((*c)->name, name) == 0)
            return *c;
    return NULL;
}

int slip_session_store(struct slip_session *s, struct slip_error *err)
{
    const char *path = getenv("SLIPWAY_STORE"), *data = getenv("XDG_DATA_HOME");

    if (s->store_open)
        return 0;
    slip_cleanup(slip_freep) char *where =
        path && *path ? slip_path_absolute(path)
        : data && *data && *data == '/'
            ? slip_xasprintf("%s/slipway", data)
            : slip_xasprintf("%s/.local/share/slipway", slip_session_home());
    if (slip_store_open(&s->store, where, err) < 0)
        return -1;
    s->store_open = true;
    slip_sources_init(&s->sources, &s->store);
    if (slip_session_registry(s, err) < 0)
        return -1;
    s->sources.registry = s->registry;
    slip_session_access(s);
    return 0;
}

void slip_session_close(struct slip_session *s)
{
    slip_registry_close(s->registry);
    slip_strv_release(&s->auth_files);
    slip_strv_release(&s->cert_dirs);
    slip_strv_release(&s->tool_env);
    free(s->config);
    free(s->known_hosts);
    if (s->store_open)
        slip_sources_release(&s->sources);
    slip_store_close(&s->store);
    slip_arena_release(&s->arena);
}

int slip_exit_status(const struct slip_error *err)
{
    switch (err->code) {
    case SLIP_EUSAGE:
    case SLIP_EINPUT:
        return 2;
    case SLIP_EHOST:
        return 3;
    case SLIP_EREMOTE:
        return 4;
    case SLIP_EPOLICY:
        return 5;
    case SLIP_ECANCELLED:
        return 130;
    default:
        return 1;
    }
}

static void page(const struct slip_command *command, const struct slip_opt *opts, FILE *out)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    slip_buf_printf(&text, "usage: slipway %s\n\n%s\n", command->synopsis,
                    command->about ? command->about : command->summary);
    if (opts->kind) {
        slip_buf_puts(&text, "\n");
        slip_opts_help(opts, &text);
    }
    fputs(slip_buf_str(&text), out);
}

int slip_command_opts(struct slip_session *s, const struct slip_command *command, int *argc,
                      char ***argv, const struct slip_opt *opts, struct slip_error *err)
{
    bool help = false;

    if (slip_opts_parse(opts, argc, argv, command->stops_at_first_arg, &help, err) < 0)
        return slip_error_hint(err, "see 'slipway help %s'", command->name);
    if (help) {
        page(command, opts, s->out);
        return 1;
    }
    if (*argc < command->min_args || (command->max_args >= 0 && *argc > command->max_args)) {
        slip_fail(err, SLIP_EUSAGE,
                  *argc < command->min_args ? "'%s' needs more arguments"
                                            : "'%s' takes fewer arguments",
                  command->name);
        return slip_error_hint(err, "usage: slipway %s", command->synopsis);
    }
    if (command->needs_store && slip_session_store(s, err) < 0)
        return -1;
    return 0;
}
