/* command.h - a verb is a row: name, synopsis, options, what it needs, and a function.
 *
 * main.c finds the row, opens what it needs, runs it, prints the error and exits. Help, completion
 * and "did you mean" read the same rows. run() answers an exit status >= 0, or -1 with *err, which
 * slip_exit_status() turns into one. stdout carries only results; the rest goes to stderr.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

#include "build/sources.h"
#include "commands/opts.h"
#include "store/store.h"
#include "util/error.h"
#include "util/mem.h"

struct slip_session {
    FILE *out, *err;
    struct slip_arena arena;
    struct slip_store store;
    bool store_open;
    struct slip_sources sources; /* open with the store: where images come from */
    struct slip_registry *registry;
    struct slip_strv auth_files, cert_dirs; /* of the client */
    char *config;
    struct slip_strv tool_env; /* what git may know of our environment */
    char *known_hosts;
    const volatile sig_atomic_t *cancel;
};

struct slip_command {
    const char *name;
    const char *synopsis;   /* after "slipway " */
    const char *summary;    /* one line for the list */
    const char *about;      /* a paragraph for its own page, or NULL */
    int min_args, max_args; /* -1: any number */
    bool needs_store;
    bool stops_at_first_arg; /* what follows the first argument belongs to it (run) */
    /* The options, filled by a call with the targets' addresses: see opts.h. */
    int (*run)(struct slip_session *s, int argc, char **argv, struct slip_error *err);
};

/* Every verb, in the order of help. A new one is a file with its row, and a word here. */
/* clang-format off */
#define SLIP_EACH_COMMAND(X) \
    X(build) X(check) X(plan) X(graph) X(generate) X(init) X(run) X(shell) X(test) \
    X(explain) X(inspect) X(diff) X(report) X(sbom) X(images) X(pull) X(push) X(lock) X(export) \
    X(import) X(load) X(tag) X(attach) X(sign) X(verify) X(cache) X(doctor) X(help)
/* clang-format on */
#define SLIP_DECLARE(name) extern const struct slip_command slip_command_##name;
SLIP_EACH_COMMAND(SLIP_DECLARE)

extern const struct slip_command *const slip_commands[]; /* NULL-terminated, in the order of help */
const struct slip_command *slip_command_find(const char *name);
/* Opens the store of SLIPWAY_STORE, or of $XDG_DATA_HOME, and the registries behind it; once. */
int slip_session_store(struct slip_session *s, struct slip_error *err);
void slip_session_close(struct slip_session *s);
int slip_exit_status(const struct slip_error *err);
#define SLIP_SKIPPED 77 /* of a test that this host cannot run, as CTest and automake have it */
/* Parses the options of `command`; prints its page for -h and answers 1. 0 to go on; -1. */
int slip_command_opts(struct slip_session *s, const struct slip_command *command, int *argc,
                      char ***argv, const struct slip_opt *opts, struct slip_error *err);
