/* main.c - finds the verb, runs it, prints the error, exits. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands/command.h"
#include "commands/resource.h"
#include "util/str.h"

static volatile sig_atomic_t cancel;

/* The first signal asks the build to stop; the third does not ask. */
static void on_signal(int sig)
{
    (void)sig;
    if (++cancel >= 3)
        _exit(130);
}

static void catch_signals(void)
{
    struct sigaction sa = { .sa_handler = on_signal };

    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int unknown_command(const char *name, struct slip_error *err)
{
    const char *names[64];
    size_t n = 0;

    for (const struct slip_command *const *c = slip_commands; *c && n < 64; c++)
        names[n++] = (*c)->name;
    const char *near = slip_suggest(name, names, n);
    slip_fail(err, SLIP_EUSAGE, "there is no command '%s'", name);
    return near ? slip_error_hint(err, "did you mean 'slipway %s'?", near)
                : slip_error_hint(err, "'slipway help' lists them");
}

/* The few that are options of the program itself. 1: it was one. */
static int program_option(const char *word, struct slip_session *s, struct slip_error *err)
{
    const char *resource = strcmp(word, "--mk") == 0          ? "slipway.mk"
                           : strcmp(word, "--cmake-dir") == 0 ? "cmake"
                                                              : NULL;

    if (strcmp(word, "--version") == 0)
        fprintf(s->out, "slipway %s\n", SLIPWAY_VERSION);
    if (resource) {
        slip_cleanup(slip_freep) char *path = slip_resource_path(resource, err);
        if (!path)
            return -1;
        fprintf(s->out, "%s\n", path);
    }
    return resource || strcmp(word, "--version") == 0;
}

static int dispatch(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    const char *name = argc > 1 ? argv[1] : "help";

    if (strcmp(name, "-h") == 0 || strcmp(name, "--help") == 0)
        name = "help";
    int done = program_option(name, s, err);
    if (done)
        return done < 0 ? -1 : 0;
    const struct slip_command *command = slip_command_find(name);
    if (!command)
        return unknown_command(name, err);
    return command->run(s, argc > 1 ? argc - 2 : 0, argv + (argc > 1 ? 2 : 1), err);
}

int main(int argc, char **argv)
{
    struct slip_session s = {
        .out = stdout, .err = stderr, .store = SLIP_STORE_INIT, .cancel = &cancel
    };
    struct slip_error err = SLIP_ERROR_INIT;

    setlocale(LC_CTYPE, "C.UTF-8");
    catch_signals();
    int status = dispatch(&s, argc, argv, &err);
    if (status < 0) {
        slip_error_print(&err, s.err);
        status = slip_exit_status(&err);
    }
    slip_error_release(&err);
    slip_session_close(&s);
    if (fflush(s.out) != 0 || ferror(s.out)) {
        fprintf(s.err, "error: cannot write to standard output\n");
        return status ? status : 1;
    }
    return status;
}
