#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "exec/tier.h"
#include "exec/userns.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/proc.h"

struct doctor {
    slip_doctor_fn *say;
    void *user;
};

static void tell(const struct doctor *d, bool ok, const char *what, const char *detail,
                 const char *fix)
{
    d->say(d->user, ok, what, detail, ok ? NULL : fix);
}

static void tell_settings(const struct doctor *d)
{
    for (unsigned i = 0; i < slip_nobstacles; i++) {
        const struct slip_obstacle *o = &slip_obstacles[i];
        long value = slip_sysctl(o->path);
        slip_cleanup(slip_freep) char *detail =
            value < 0 ? slip_xstrdup("not on this kernel") : slip_xasprintf("%ld", value);
        tell(d, value != o->bad, o->sysctl, detail, o->fix);
    }
}

static void tell_subids(const struct doctor *d, const char *file)
{
    const struct passwd *pw = getpwuid(getuid());
    struct slip_subids ids;
    bool ok = slip_subids_find(file, pw ? pw->pw_name : NULL, getuid(), &ids);
    slip_cleanup(slip_freep) char *detail =
        ok ? slip_xasprintf("%" PRIu64 " ids from %" PRIu64, ids.count, ids.start)
           : slip_xasprintf("no 65536 ids for %s", pw ? pw->pw_name : "this user");

    tell(d, ok, file, detail,
         "'sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER'; until then "
         "ownership is emulated");
}

/* Runs `try` in a child; NULL when it works, else what it said. Caller frees. */
static char *probe(int (*try)(const char *arg, struct slip_error *err), const char *arg)
{
    int ends[2];
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    char text[256] = "it ended early";

    if (pipe2(ends, O_CLOEXEC) < 0)
        return slip_xstrdup("cannot make a pipe");
    pid_t pid = fork();
    if (pid == 0) {
        int rc = try(arg, &err);
        if (rc < 0)
            dprintf(ends[1], "%s%s%s", err.msg, err.sys_errno ? ": " : "",
                    err.sys_errno ? strerror(err.sys_errno) : "");
        _exit(rc < 0);
    }
    (void)close(ends[1]);
    ssize_t n = slip_read_full(ends[0], text, sizeof text - 1);
    (void)close(ends[0]);
    int status = -1;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (status == 0)
        return NULL;
    if (n > 0)
        text[n] = '\0';
    return slip_xstrdup(text);
}

/* Any tier will do: what root may, and what a user namespace may. */
static int enter(struct slip_error *err)
{
    enum slip_tier tier;

    return slip_tier_enter(NULL, &tier, NULL, err);
}

/* The overlay of exec/overlay.h, and the one thing that a bad one fails at. */
static int try_overlay(const char *dir, struct slip_error *err)
{
    static const char *const names[] = { "lower", "lower/d", "upper", "work", "merged" };
    enum slip_tier tier = SLIP_TIER_ROOT;

    if (enter(err) < 0)
        return -1;
    (void)slip_tier_entered(&tier);
    if (chdir(dir) < 0)
        return slip_fail_errno(err, "cannot enter '%s'", dir);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        if (mkdir(names[i], 0755) < 0)
            return slip_fail_errno(err, "cannot create '%s/%s'", dir, names[i]);
    if (mount("overlay", "merged", "overlay", 0,
              tier == SLIP_TIER_ROOT ? "lowerdir=lower,upperdir=upper,workdir=work"
                                     : "lowerdir=lower,upperdir=upper,workdir=work,userxattr") < 0)
        return slip_fail_errno(err, "cannot mount");
    if (rmdir("merged/d") < 0 || mkdir("merged/d", 0755) < 0)
        return slip_fail_errno(err, "cannot replace a directory");
    return 0;
}

static int try_network(const char *arg, struct slip_error *err)
{
    (void)arg;
    if (enter(err) < 0)
        return -1;
    return unshare(CLONE_NEWNET) < 0 ? slip_fail_errno(err, "cannot make one") : 0;
}

static int try_tier(const char *arg, struct slip_error *err)
{
    (void)arg;
    return enter(err);
}

static void tell_overlay(const struct doctor *d)
{
    char dir[] = "/var/tmp/slipway-doctor-XXXXXX";
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    bool there = mkdtemp(dir) != NULL;
    slip_cleanup(slip_freep) char *bad =
        there ? probe(try_overlay, dir) : slip_xstrdup("cannot write to /var/tmp");

    tell(d, !bad, "overlayfs", bad ? bad : "works, tried in /var/tmp",
         "needs Linux 5.11, 'modprobe overlay', and a file system with d_type and user extended "
         "attributes");
    if (there)
        (void)slip_remove_tree(AT_FDCWD, dir, &err);
}

static void tell_notify(const struct doctor *d)
{
    uint32_t action = SECCOMP_RET_USER_NOTIF;
    bool ok = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;

    tell(d, ok, "seccomp user notification", ok ? "there" : "not on this kernel",
         "tier single needs it (Linux 5.0); subordinate ids do without");
}

void slip_tier_doctor(slip_doctor_fn *say, void *user)
{
    const struct doctor d = { say, user };
    bool mappers = slip_proc_have("newuidmap") && slip_proc_have("newgidmap");

    tell_settings(&d);
    tell(&d, mappers, "newuidmap, newgidmap", mappers ? "found" : "not found in PATH",
         "'sudo apt install uidmap'; until then ownership is emulated");
    tell_subids(&d, "/etc/subuid");
    tell_subids(&d, "/etc/subgid");
    slip_cleanup(slip_freep) char *no_tier = probe(try_tier, NULL);
    tell(&d, !no_tier, "namespaces", no_tier ? no_tier : "a tier can be entered",
         "see the settings above; in a container, start that container with '--privileged'");
    tell_overlay(&d);
    tell_notify(&d);
    slip_cleanup(slip_freep) char *no_net = probe(try_network, NULL);
    tell(&d, !no_net, "network namespace", no_net ? no_net : "works",
         "raise user.max_net_namespaces; without one only '--network host' works");
}
