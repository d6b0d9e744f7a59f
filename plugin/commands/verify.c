#include "build/prune.h"
#include "commands/command.h"

static void bad(void *user, const char *what)
{
    const struct slip_session *s = user;

    fprintf(s->err, "error: %s\n", what);
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    bool store = false;
    const struct slip_opt opts[] = {
        SLIP_OPT_FLAG(0, "store", &store, "read the whole store and check every digest"),
        SLIP_OPT_END,
    };
    int done = slip_command_opts(s, &slip_command_verify, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    if (!store) {
        slip_fail(err, SLIP_EUSAGE, "'verify' needs --store");
        return slip_error_hint(err, "usage: slipway %s", slip_command_verify.synopsis);
    }
    if (slip_store_enter(&s->store, getenv("SLIPWAY_TIER"), err) < 0)
        return -1;
    int findings = slip_store_verify(&s->store, bad, s, err);
    if (findings < 0)
        return -1;
    if (findings)
        return slip_fail(err, SLIP_EINTEGRITY,
                         "%d things in the store '%s' are not what they "
                         "should be",
                         findings, s->store.path);
    fprintf(s->out, "%s: every blob, record, snapshot and name is right\n", s->store.path);
    return 0;
}

const struct slip_command slip_command_verify = {
    .name = "verify",
    .synopsis = "verify --store",
    .summary = "check the store against its digests",
    .max_args = 0,
    .needs_store = true,
    .run = run,
};
