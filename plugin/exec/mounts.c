#include "exec/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "exec/stack.h"
#include "util/fs.h"
#include "util/root.h"
#include "util/mem.h"

#define NOTHING_BUT_FILES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static const char *const devices[] = { "null", "zero", "full", "random", "urandom", "tty" };

static const struct {
    const char *name, *target;
} device_links[] = {
    { "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
    { "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
    { "ptmx", "pts/ptmx" },
};

/* What tells about the host, or reaches its hardware. */
static const char *const masked[] = {
    "/proc/acpi",       "/proc/asound",        "/proc/interrupts",  "/proc/kcore",
    "/proc/keys",       "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",
    "/proc/timer_list", "/proc/timer_stats",   "/sys/firmware",     "/sys/devices/virtual/powercap",
    "/sys/fs/selinux",
};

/* What a root of the initial user namespace could change for the whole host. */
static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                        "/proc/sysrq-trigger" };

struct option {
    const char *key, *value;
};

/* A new file system, detached; fd or -1 with errno. */
static int make_fs(const char *type, const struct option *options, size_t n, unsigned attr)
{
    slip_cleanup(slip_closep) int fs = fsopen(type, FSOPEN_CLOEXEC);

    if (fs < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (fsconfig(fs, FSCONFIG_SET_STRING, options[i].key, options[i].value, 0) < 0)
            return -1;
    if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return -1;
    return fsmount(fs, FSMOUNT_CLOEXEC, attr);
}

static int attach(int tree, int target)
{
    return move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* Onto a directory of the root that must not be a link. */
static int attach_at(int root, const char *path, int tree, struct slip_error *err)
{
    slip_cleanup(slip_closep) int target = slip_open_beneath(root, path, O_PATH | O_DIRECTORY, 0);

    if (target < 0 && (errno == ELOOP || errno == ENOTDIR))
        return slip_fail(err, SLIP_EINPUT, "'%s' of the image is not a directory", path);
    if (target < 0 || attach(tree, target) < 0)
        return slip_fail_errno(err, "cannot mount '%s'", path);
    return 0;
}

static int mount_proc(int root, struct slip_error *err)
{
    slip_cleanup(slip_closep) int tree = make_fs("proc", NULL, 0, NOTHING_BUT_FILES);

    if (tree < 0) {
        slip_fail_errno(err, "cannot mount /proc");
        if (err->sys_errno == EPERM) {
            err->code = SLIP_EHOST;
            slip_error_hint(err,
                            "in a container whose /proc is masked, start that container with "
                            "'--security-opt unmask=/proc/*' (podman), 'systempaths=unconfined' "
                            "(docker), or '--privileged'");
        }
        return -1;
    }
    return attach_at(root, "/proc", tree, err);
}

/* A device of the host: the real one, whatever the image calls by its name. */
static int put_device(int dev, const char *name)
{
    slip_cleanup(slip_freep) char *host = slip_xasprintf("/dev/%s", name);
    slip_cleanup(slip_closep) int tree =
        open_tree(AT_FDCWD, host, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    slip_cleanup(slip_closep) int target =
        openat(dev, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    return tree < 0 || target < 0 ? -1 : attach(tree, target);
}

static int put_fs(int dev, const char *name, const char *type, const struct option *options,
                  size_t n, unsigned attr)
{
    slip_cleanup(slip_closep) int tree = make_fs(type, options, n, attr);

    if (tree < 0 || slip_stack_mkdir(dev, name, 0755) < 0)
        return -1;
    slip_cleanup(slip_closep) int target = openat(dev, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return target < 0 ? -1 : attach(tree, target);
}

static int put_pts(int dev)
{
    static const struct option options[] = { { "ptmxmode", "0666" },
                                             { "mode", "0620" },
                                             { "gid", "5" } };
    const unsigned attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;

    if (put_fs(dev, "pts", "devpts", options, 3, attr) == 0)
        return 0;
    return put_fs(dev, "pts", "devpts", options, 2, attr); /* group tty is not mapped */
}

static int mount_dev(int root, int *ret_dev, struct slip_error *err)
{
    static const struct option dev_options[] = { { "mode", "0755" }, { "size", "64m" } };
    static const struct option shm_options[] = { { "mode", "1777" }, { "size", "64m" } };
    slip_cleanup(slip_closep) int dev =
        make_fs("tmpfs", dev_options, 2, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);

    if (dev < 0)
        return slip_fail_errno(err, "cannot mount /dev");
    if (attach_at(root, "/dev", dev, err) < 0)
        return -1;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(devices); i++)
        if (put_device(dev, devices[i]) < 0)
            return slip_fail_errno(err, "cannot provide /dev/%s", devices[i]);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(device_links); i++)
        if (symlinkat(device_links[i].target, dev, device_links[i].name) < 0)
            return slip_fail_errno(err, "cannot provide /dev/%s", device_links[i].name);
    if (put_pts(dev) < 0)
        return slip_fail_errno(err, "cannot mount /dev/pts");
    if (put_fs(dev, "shm", "tmpfs", shm_options, 2, NOTHING_BUT_FILES) < 0)
        return slip_fail_errno(err, "cannot mount /dev/shm");
    if (put_fs(dev, "mqueue", "mqueue", NULL, 0, NOTHING_BUT_FILES) < 0 && errno != ENODEV)
        return slip_fail_errno(err, "cannot mount /dev/mqueue");
    *ret_dev = SLIP_TAKE_FD(dev);
    return 0;
}

/* Some kernels and containers refuse it; nothing that a build needs is there. */
static int mount_sys(int root, struct slip_error *err)
{
    slip_cleanup(slip_closep) int tree =
        make_fs("sysfs", NULL, 0, NOTHING_BUT_FILES | MOUNT_ATTR_RDONLY);

    if (tree < 0)
        return errno == EPERM || errno == ENODEV ? 0 : slip_fail_errno(err, "cannot mount /sys");
    return attach_at(root, "/sys", tree, err);
}

static int make_readonly(int root, const char *path)
{
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
    slip_cleanup(slip_closep) int target = slip_open_beneath(root, path, O_PATH, 0);

    if (target < 0)
        return errno == ENOENT ? 0 : -1;
    slip_cleanup(slip_closep) int tree =
        open_tree(target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
    if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) < 0)
        return -1;
    return attach(tree, target);
}

/* Files disappear behind /dev/null, directories behind an empty one that is then unlinked. */
static int mask(int root, int dev, const char *path)
{
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
    slip_cleanup(slip_closep) int target = slip_open_beneath(root, path, O_PATH, 0);
    struct stat st;

    if (target < 0)
        return errno == ENOENT || errno == EACCES ? 0 : -1;
    if (fstat(target, &st) < 0)
        return -1;
    slip_cleanup(slip_closep) int tree = open_tree(dev, S_ISDIR(st.st_mode) ? ".empty" : "null",
                                                   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
        return -1;
    return attach(tree, target);
}

static int protect_kernel_paths(int root, int dev, struct slip_error *err)
{
    if (slip_stack_mkdir(dev, ".empty", 0555) < 0)
        return slip_fail_errno(err, "cannot prepare /dev");
    for (size_t i = 0; i < SLIP_ARRAY_LEN(masked); i++)
        if (mask(root, dev, masked[i]) < 0)
            return slip_fail_errno(err, "cannot mask '%s'", masked[i]);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(readonly); i++)
        if (make_readonly(root, readonly[i]) < 0)
            return slip_fail_errno(err, "cannot make '%s' read-only", readonly[i]);
    return unlinkat(dev, ".empty", AT_REMOVEDIR) < 0 ? slip_fail_errno(err, "cannot prepare /dev")
                                                     : 0;
}

/* Where no stub could help (a whiteout of the image, a directory that was mounted before). */
static int make_target(int root, const struct slip_piece *piece, struct slip_error *err)
{
    const char *name;

    if (piece->is_dir) {
        int made = slip_mkdirs_in_root(root, piece->target, NULL, err);
        return made < 0 ? -1 : made;
    }
    slip_cleanup(slip_freep) char *parent =
        slip_xstrndup(piece->target, (size_t)(slip_path_base(piece->target) - piece->target));
    slip_cleanup(slip_closep) int made = slip_mkdirs_in_root(root, parent, NULL, err);
    if (made < 0)
        return -1;
    slip_cleanup(slip_closep) int dir = slip_open_parent(root, piece->target, &name);
    int fd = dir < 0 ? -1 : openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    return fd < 0 ? slip_fail_errno(err, "cannot create '%s'", piece->target) : fd;
}

static int attach_piece(int root, const struct slip_piece *piece, struct slip_error *err)
{
    slip_cleanup(slip_closep) int target = slip_open_in_root(root, piece->target, O_PATH, 0);
    struct stat st;

    if (target < 0 && errno == ENOENT)
        target = make_target(root, piece, err);
    else if (target < 0)
        slip_fail_errno(err, "cannot open it");
    if (target < 0)
        return slip_error_context(err, "mount point '%s'", piece->target);
    if (fstat(target, &st) == 0 && S_ISDIR(st.st_mode) != piece->is_dir)
        return slip_fail(err, SLIP_EINPUT, "cannot mount a %s on '%s', which is a %s",
                         piece->is_dir ? "directory" : "file", piece->target,
                         piece->is_dir ? "file" : "directory");
    if (attach(piece->tree, target) < 0)
        return slip_fail_errno(err, "cannot mount '%s'", piece->target);
    return 0;
}

int slip_mounts_enter(int root, const struct slip_piece *pieces, size_t npieces, bool sysfs,
                      struct slip_error *err)
{
    slip_cleanup(slip_closep) int dev = -1;

    /* Over "/", because that is a place that every host has; pivot_root(2) takes it from there. */
    if (move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return slip_fail_errno(err, "cannot mount the root");
    if (mount_dev(root, &dev, err) < 0 || mount_proc(root, err) < 0 ||
        (sysfs && mount_sys(root, err) < 0))
        return -1;
    for (size_t i = 0; i < npieces; i++)
        if (attach_piece(root, &pieces[i], err) < 0)
            return -1;
    if (protect_kernel_paths(root, dev, err) < 0)
        return -1;
    if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
        chdir("/") < 0)
        return slip_fail_errno(err, "cannot change the root");
    return 0;
}
