#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "commands/output.h"
#include "commands/target.h"
#include "util/proc.h"

/* The first engine that is there, as other tools choose: docker, then podman. */
static const char *find_engine(const char *wanted, struct slip_error *err)
{
    static const char *const engines[] = { "docker", "podman", "nerdctl" };

    if (wanted && strcmp(wanted, "auto") != 0)
        return wanted;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(engines); i++)
        if (slip_proc_have(engines[i]))
            return engines[i];
    slip_fail(err, SLIP_EHOST, "there is no docker, podman or nerdctl to load into");
    slip_error_hint(err, "'slipway run' runs images without any of them");
    return NULL;
}

/* `ENGINE load` with the archive on its standard input. */
static int load(struct slip_session *s, const char *engine, const struct slip_digest *manifest,
                const struct slip_strv *names, struct slip_error *err)
{
    const struct slip_output output = { .type = SLIP_OUT_ARCHIVE, .dest = (char[]){ "-" } };
    int ends[2], status;

    if (pipe(ends) < 0)
        return slip_fail_errno(err, "cannot make a pipe");
    pid_t pid = fork();
    if (pid < 0)
        return slip_fail_errno(err, "cannot start '%s'", engine);
    if (pid == 0) {
        signal(SIGPIPE, SIG_DFL);
        (void)dup2(ends[0], STDIN_FILENO);
        (void)dup2(STDERR_FILENO, STDOUT_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        execlp(engine, engine, "load", (char *)NULL);
        fprintf(stderr, "error: cannot start '%s': %s\n", engine, strerror(errno));
        _exit(127);
    }
    (void)close(ends[0]);
    int saved = dup(STDOUT_FILENO);
    fflush(s->out);
    (void)dup2(ends[1], STDOUT_FILENO);
    (void)close(ends[1]);
    int rc = slip_output_write(&output, s, manifest, names, NULL, err);
    (void)dup2(saved, STDOUT_FILENO);
    (void)close(saved);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (status == 0)
        return rc;
    slip_cleanup(slip_freep) char *words = slip_proc_status_words(status);
    slip_fail(err, SLIP_ESTEP, "'%s load' %s", engine, words);
    return slip_error_hint(err, "is the engine running, and may you use it? "
                                "'slipway run' needs none");
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    const char *wanted = NULL;
    slip_cleanup(slip_strv_release) struct slip_strv tags = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    const struct slip_opt opts[] = {
        SLIP_OPT_TEXT(0, "engine", &wanted, "NAME", "docker, podman, nerdctl or auto [auto]"),
        SLIP_OPT_LIST('t', "tag", &tags, "NAME[:TAG]", "name to carry, instead of its own"),
        SLIP_OPT_END,
    };
    struct slip_digest manifest;
    int done = slip_command_opts(s, &slip_command_load, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    const char *engine = find_engine(wanted, err);
    if (!engine || slip_target_image(s, argv[0], &manifest, tags.n ? NULL : &names, err) < 0)
        return -1;
    return load(s, engine, &manifest, tags.n ? &tags : &names, err);
}

const struct slip_command slip_command_load = {
    .name = "load",
    .synopsis = "load [--engine NAME] IMAGE",
    .summary = "hand an image to docker or podman",
    .min_args = 1,
    .max_args = 1,
    .needs_store = true,
    .run = run,
};
