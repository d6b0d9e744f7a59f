#include <sys/utsname.h>
#include <sys/statvfs.h>

#include "build/host.h"
#include "commands/command.h"
#include "util/proc.h"
#include "util/str.h"

struct report {
    FILE *out;
    int bad;
};

static void say(void *user, int ok, const char *what, const char *detail, const char *fix)
{
    struct report *r = user;

    fprintf(r->out, "%-4s  %s%s%s\n", ok ? "ok" : "no", what, detail && *detail ? ": " : "",
            detail ? detail : "");
    if (!ok && fix)
        fprintf(r->out, "      %s\n", fix);
    r->bad += !ok;
}

static void say_store(struct slip_session *s, struct report *r)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    struct statvfs fs;
    char size[16];

    if (slip_session_store(s, &err) < 0) {
        say(r, 0, "store", err.msg, "set SLIPWAY_STORE to a directory that can be written");
        return;
    }
    if (fstatvfs(s->store.root, &fs) < 0)
        return;
    uint64_t bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    slip_cleanup(slip_freep) char *detail =
        slip_xasprintf("%s, %s free", s->store.path, slip_format_size(bytes, size));
    say(r, bytes > (uint64_t)1 << 30, "store", detail,
        "free some space, or set SLIPWAY_STORE to a larger disk");
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    const struct slip_opt opts[] = { SLIP_OPT_END };
    struct report r = { .out = s->out };
    struct utsname kernel;
    int done = slip_command_opts(s, &slip_command_doctor, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    uname(&kernel);
    say(&r, 1, "kernel", kernel.release, NULL);
    slip_host_doctor(say, &r);
    say_store(s, &r);
    fprintf(s->out, "      docker %s, podman %s (only for 'slipway load')\n",
            slip_proc_have("docker") ? "found" : "not found",
            slip_proc_have("podman") ? "found" : "not found");
    return slip_host_can_build(NULL) ? 0 : 3;
}

const struct slip_command slip_command_doctor = {
    .name = "doctor",
    .synopsis = "doctor",
    .summary = "say what this machine can do, and how to make it do more",
    .max_args = 0,
    .run = run,
};
