/* tiers.h - runs the body of a test program once in every tier that whoever runs it can have.
 *
 * Root gets root, and an ordinary user's single and range in a forked child (range through files of
 * its own instead of /etc/subuid and /etc/subgid, in a private mount namespace). A user gets
 * single, and range when there are subordinate ids. The body finds a scratch directory of its own.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "exec/tier.h"
#include "main.h"
#include "util/fs.h"
#include "util/proc.h"

static enum slip_tier the_tier;
static char the_scratch[64];

#define SKIPPED 77

/* Subordinate ids for `name`, in a copy of /etc that only this mount namespace sees: a mount below
 * /etc would change what a sandbox can make of it. */
static int give_subids(const char *name)
{
    static const char *const files[] = { "/etc/subuid", "/etc/subgid" };
    char dir[] = "/tmp/slip-etc-XXXXXX";

    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        !mkdtemp(dir) || mount("tmpfs", dir, "tmpfs", 0, NULL) < 0)
        return -1;
    slip_cleanup(slip_freep) char *upper = slip_xasprintf("%s/upper", dir);
    slip_cleanup(slip_freep) char *work = slip_xasprintf("%s/work", dir);
    slip_cleanup(slip_freep) char *options =
        slip_xasprintf("lowerdir=/etc,upperdir=%s,workdir=%s", upper, work);
    if (mkdir(upper, 0755) < 0 || mkdir(work, 0755) < 0 ||
        mount("overlay", "/etc", "overlay", 0, options) < 0 || umount2(dir, MNT_DETACH) < 0 ||
        rmdir(dir) < 0)
        return -1;
    for (size_t i = 0; i < 2; i++) {
        slip_cleanup(slip_closep) int fd = open(files[i], O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (fd < 0 || dprintf(fd, "%s:200000:65536\n", name) < 0)
            return -1;
    }
    return 0;
}

/* An ordinary user of this machine who is in no group but his own. */
static const struct passwd *somebody(void)
{
    const struct passwd *pw;

    setpwent();
    while ((pw = getpwent()))
        if (pw->pw_uid >= 1000 && pw->pw_uid < 60000)
            return pw;
    return getpwnam("nobody");
}

static void become_somebody(bool with_subids)
{
    const struct passwd *pw = somebody();

    if (!pw)
        _exit(SKIPPED);
    if (with_subids && (!slip_proc_have("newuidmap") || give_subids(pw->pw_name) < 0))
        _exit(SKIPPED);
    if (setgroups(0, NULL) < 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
        setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0)
        _exit(SKIPPED);
}

static void run_tier(const char *want, int (*body)(void))
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    bool was_root = getuid() == 0;

    if (was_root && strcmp(want, "root") != 0)
        become_somebody(strcmp(want, "range") == 0);
    snprintf(the_scratch, sizeof the_scratch, "/tmp/slip-exec-XXXXXX");
    if (!mkdtemp(the_scratch))
        _exit(SKIPPED);
    if (slip_tier_enter(want, &the_tier, NULL, &err) < 0) {
        slip_error_print(&err, stderr);
        (void)rmdir(the_scratch);
        _exit(SKIPPED);
    }
    printf("# tier %s\n", want);
    int failed = body();
    if (slip_remove_tree(AT_FDCWD, the_scratch, &err) < 0)
        slip_error_print(&err, stderr);
    exit(failed ? 1 : 0);
}

/* What main() returns. */
SLIP_UNUSED static int run_in_tiers(int (*body)(void))
{
    static const char *const tiers[] = { "root", "range", "single" };
    int ran = 0, failed = 0;

    setvbuf(stdout, NULL, _IOLBF, 0); /* nothing in it twice after a fork */
    for (size_t i = 0; i < SLIP_ARRAY_LEN(tiers); i++) {
        int status = 0;
        if (getuid() != 0 && strcmp(tiers[i], "root") == 0)
            continue;
        pid_t pid = fork();
        if (pid == 0)
            run_tier(tiers[i], body);
        if (pid < 0 || waitpid(pid, &status, 0) < 0)
            return 1;
        if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
            fprintf(stderr, "tier %s is not possible here\n", tiers[i]);
            continue;
        }
        ran++;
        failed += status != 0;
    }
    return failed ? 1 : ran ? 0 : SKIPPED;
}

/* A directory in the scratch directory, made when it is not there. */
SLIP_UNUSED static int scratch_dir(const char *name)
{
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/%s", the_scratch, name);

    (void)mkdir(path, 0755);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

SLIP_UNUSED static void put_file(int dir, const char *path, const char *text, mode_t mode)
{
    int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(slip_write_all(fd, text, strlen(text)), 0);
    assert_int_equal(fchmod(fd, mode), 0);
    (void)close(fd);
}

/* Its content, or NULL; caller frees. */
SLIP_UNUSED static char *get_file(int dir, const char *path)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    return slip_read_file(dir, path, 1 << 20, &text, &err) < 0 ? NULL : slip_buf_take(&text);
}

/* Names in a directory, with spaces between; caller frees. */
SLIP_UNUSED static char *names_in(int dir, const char *path)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    struct slip_buf out = SLIP_BUF_INIT;

    assert_int_equal(slip_list_dir(dir, path, &names, &err), 0);
    for (size_t i = 0; i < names.n; i++)
        slip_buf_printf(&out, "%s%s", i ? " " : "", names.v[i]);
    return slip_buf_take(&out);
}
