#include "build/container.h"

#include <errno.h>
#include <regex.h>

#include "commands/target.h"
#include "util/fs.h"
#include "util/proc.h"
#include "util/str.h"

#define OUTPUT_LIMIT ((size_t)64 << 20)

struct expectations {
    const char *output; /* regular expression, or NULL */
    const char *exit;   /* number, or NULL */
    struct slip_buf seen;
};

static void collect(void *user, int fd, const char *bytes, size_t n)
{
    struct expectations *expect = user;

    (void)!write(fd, bytes, n);
    if (expect->seen.len + n < OUTPUT_LIMIT)
        slip_buf_put(&expect->seen, bytes, n);
}

static int check_output(struct expectations *expect, struct slip_error *err)
{
    regex_t re;
    int rc = regcomp(&re, expect->output, REG_EXTENDED | REG_NOSUB | REG_NEWLINE);

    if (rc != 0)
        return slip_fail(err, SLIP_EUSAGE, "'%s' is not a regular expression", expect->output);
    rc = regexec(&re, slip_buf_str(&expect->seen), 0, NULL, 0);
    regfree(&re);
    return rc == 0 ? 0
                   : slip_fail(err, SLIP_ESTEP, "the output does not match '%s'", expect->output);
}

static int check(struct expectations *expect, const struct slip_exit *status,
                 struct slip_error *err)
{
    uint64_t want = 0;

    if (expect->exit && slip_parse_uint(expect->exit, 255, &want) < 0)
        return slip_fail(err, SLIP_EUSAGE, "--expect-exit takes a number, not '%s'", expect->exit);
    if ((uint64_t)slip_proc_exit_code(status->wait_status) != want) {
        slip_cleanup(slip_freep) char *words = slip_proc_status_words(status->wait_status);
        return slip_fail(err, SLIP_ESTEP, "the program %s, expected was status %llu", words,
                         (unsigned long long)want);
    }
    return expect->output ? check_output(expect, err) : 0;
}

/* As docker and podman have it: ro, rw, and O for an overlay. */
static int parse_volume(char *text, struct slip_volume *ret, struct slip_error *err)
{
    char *colon = strchr(text, ':');

    if (!colon || colon[1] != '/')
        return slip_fail(err, SLIP_EUSAGE, "--volume takes HOST:/TARGET[:ro|:O], not '%s'", text);
    *colon = '\0';
    *ret = (struct slip_volume){ .host = text, .target = colon + 1 };
    char *option = strchr(colon + 1, ':');
    if (option) {
        *option = '\0';
        ret->readonly = strcmp(option + 1, "ro") == 0;
        ret->overlay = strcmp(option + 1, "O") == 0;
        if (!ret->readonly && !ret->overlay && strcmp(option + 1, "rw") != 0)
            return slip_fail(err, SLIP_EUSAGE,
                             "--volume has no option '%s'; ro, rw and O are known", option + 1);
    }
    return 0;
}

static int parse_network(const char *text, bool *ret, struct slip_error *err)
{
    *ret = strcmp(text, "host") == 0;
    if (!*ret && strcmp(text, "none") != 0)
        return slip_fail(err, SLIP_EUSAGE, "--network is none or host, not '%s'", text);
    return 0;
}

/* As docker: 127 when the program is not there, 126 when it cannot be executed, 125 when Slipway
 * itself failed; a wrong image or a host that cannot keep statuses of their own. */
static int start_failed(struct slip_session *s, bool judged, struct slip_error *err)
{
    bool host_cannot = err->code == SLIP_EHOST;

    if ((host_cannot && !judged) || err->code == SLIP_EINPUT || err->code == SLIP_ECANCELLED)
        return -1;
    int status = err->code != SLIP_ESTEP ? 125 : err->sys_errno ? 126 : 127;
    slip_error_print(err, s->err);
    slip_error_release(err);
    /* A test that this host cannot run is skipped, not failed. */
    return host_cannot ? SLIP_SKIPPED : status;
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv env = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv volumes = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv args = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv tmpfs = SLIP_STRV_INIT;
    struct expectations expect = { 0 };
    const char *network = "none";
    bool remove = false, interactive = false, offline = false;
    struct slip_container container = { .args = &args,
                                        .env = &env,
                                        .tmpfs = &tmpfs,
                                        .cancel = s->cancel,
                                        .tier = getenv("SLIPWAY_TIER") };
    const struct slip_opt opts[] = {
        SLIP_OPT_LIST('e', "env", &env, "K=V", "set a variable"),
        SLIP_OPT_TEXT('w', "workdir", &container.workdir, "DIR", "start there"),
        SLIP_OPT_TEXT('u', "user", &container.user, "USER[:GROUP]", "start as"),
        SLIP_OPT_TEXT(0, "entrypoint", &container.entrypoint, "PROGRAM", "start this instead"),
        SLIP_OPT_TEXT(0, "network", &network, "none|host", "network it sees [none]"),
        SLIP_OPT_LIST('v', "volume", &volumes, "HOST:/TARGET[:ro|:O]",
                      "mount a directory or file; O: writes to it are forgotten"),
        SLIP_OPT_LIST(0, "tmpfs", &tmpfs, "DIR", "an empty directory in memory"),
        SLIP_OPT_FLAG(0, "read-only", &container.readonly, "the image's files cannot be changed"),
        SLIP_OPT_TEXT(0, "expect-output", &expect.output, "REGEX", "fail unless it prints this"),
        SLIP_OPT_TEXT(0, "expect-exit", &expect.exit, "N", "fail unless it exits so"),
        SLIP_OPT_FLAG(0, "offline", &offline, "ask no registry for the image"),
        SLIP_OPT_FLAG(0, "rm", &remove, "always so; for habit"),
        SLIP_OPT_FLAG('i', "interactive", &interactive, "always so; for habit"),
        SLIP_OPT_END,
    };
    struct slip_digest manifest;
    struct slip_exit status = { 0 };
    int done = slip_command_opts(s, &slip_command_run, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    struct slip_volume mounts[64];
    for (size_t i = 0; i < volumes.n && i < SLIP_ARRAY_LEN(mounts); i++)
        if (parse_volume(volumes.v[i], &mounts[container.nvolumes++], err) < 0)
            return -1;
    container.volumes = mounts;
    for (int i = 1; i < argc; i++)
        slip_strv_add(&args, argv[i]);
    bool judged = expect.output || expect.exit;
    if (judged) {
        container.output = collect;
        container.user_data = &expect;
    }
    if (offline)
        s->sources.registry = NULL;
    if (parse_network(network, &container.host_network, err) < 0 ||
        slip_target_image(s, argv[0], &manifest, NULL, err) < 0)
        return -1;
    if (slip_container_run(&s->sources, &manifest, &container, &status, err) < 0)
        return start_failed(s, judged, err);
    int rc = judged ? check(&expect, &status, err) : slip_proc_exit_code(status.wait_status);
    slip_buf_release(&expect.seen);
    return rc;
}

const struct slip_command slip_command_run = {
    .name = "run",
    .synopsis = "run [OPTION...] IMAGE [ARG...]",
    .summary = "run an image in the sandbox, without any engine",
    .about =
        "Runs the image's program in namespaces of its own. What it writes is gone when it\n"
        "ends. The exit status is the program's; 125 when it could not be prepared, 126 when\n"
        "it cannot be executed, 127 when it is not there. With --expect-output or --expect-exit\n"
        "it is 0 if that was met, and 77 where this host cannot run containers. An image for\n"
        "another machine runs under QEMU (binfmt_misc, or the package qemu-user-static).",
    .min_args = 1,
    .max_args = -1,
    .needs_store = true,
    .stops_at_first_arg = true,
    .run = run,
};
