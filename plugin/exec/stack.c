#include "exec/stack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "exec/overlay.h"
#include "exec/skeleton.h"
#include "exec/tier.h"
#include "util/fs.h"
#include "util/mem.h"

/* Never shown of the host: private, volatile, or made new in every sandbox. */
static const char *const hidden[] = {
    "home", "root", "tmp", "run", "proc", "sys", "dev", "mnt", "media", "boot", "lost+found",
};

/* One overlay in the making; fds are owned. */
struct part {
    int *lower;
    size_t n, cap;
    int upper, work;
};

/* One root file system in the making. */
struct stack {
    const struct slip_rootfs *spec;
    int temp; /* owned: <scratch>/<name> */
    int work; /* owned: <scratch>/<name>.work, or -1 */
    bool userns;
    struct slip_strv dirs; /* of the host, shown */
};

static void part_release(struct part *part)
{
    for (size_t i = 0; i < part->n; i++)
        (void)close(part->lower[i]);
    free(part->lower);
    slip_closep(&part->upper);
    slip_closep(&part->work);
}

static void part_add(struct part *part, int fd)
{
    part->lower = slip_xgrow(part->lower, part->n, &part->cap, sizeof *part->lower);
    part->lower[part->n++] = fd;
}

static void stack_release(struct stack *s)
{
    slip_closep(&s->temp);
    slip_closep(&s->work);
    slip_strv_release(&s->dirs);
}

int slip_stack_mkdir(int dir, const char *name, mode_t mode)
{
    if (mkdirat(dir, name, mode) < 0)
        return errno == EEXIST ? 0 : -1;
    struct stat st; /* a set-group-ID parent, an ACL or the umask may have had their say */
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -1;
    return (st.st_mode & 07777) == mode ? 0 : fchmodat(dir, name, mode, 0);
}

static int is_hidden(const char *name, size_t n)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(hidden); i++)
        if (strlen(hidden[i]) == n && memcmp(hidden[i], name, n) == 0)
            return 1;
    return 0;
}

int slip_rootfs_shows_host(const char *path)
{
    slip_cleanup(slip_freep) char *clean = slip_path_clean(path);
    const char *top = clean + (*clean == '/');
    size_t n = strcspn(top, "/");
    slip_cleanup(slip_freep) char *host = slip_xasprintf("/%.*s", (int)n, top);
    struct stat st;

    return n > 0 && !is_hidden(top, n) && stat(host, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Another root of this process may show the directory in which this one's mount point lies, with
 * all that is mounted in it (show_readonly), and would keep the mount point busy for as long as it
 * lives. What is mounted on a mount that cannot be bound is left out of such copies. */
static int hide(int scratch, const char *name)
{
    struct mount_attr attr = { .propagation = MS_UNBINDABLE };
    slip_cleanup(slip_closep) int tree =
        open_tree(scratch, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

    return tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0
               ? -1
               : move_mount(tree, "", scratch, name, MOVE_MOUNT_F_EMPTY_PATH);
}

/* The tmpfs with its directories. */
static int make_temp(struct stack *s, struct slip_mounted *m, struct slip_error *err)
{
    static const char *const dirs[] = { "root", "stub", "skeleton", "files", "empty", "nothing" };
    uint64_t salt = 0;

    (void)!getrandom(&salt, sizeof salt, 0);
    snprintf(m->name, sizeof m->name, "root-%016llx", (unsigned long long)salt);
    m->scratch = fcntl(s->spec->scratch, F_DUPFD_CLOEXEC, 3);
    if (m->scratch < 0 || mkdirat(m->scratch, m->name, 0700) < 0)
        return slip_fail_errno(err, "cannot make a scratch directory");
    slip_cleanup(slip_freep) char *path =
        slip_xasprintf("/proc/self/fd/%d/%s", m->scratch, m->name);
    if (hide(m->scratch, m->name) < 0 ||
        mount("tmpfs", path, "tmpfs", MS_NODEV | MS_NOSUID, "mode=0755,size=64m") < 0)
        return slip_fail_errno(err, "cannot mount a tmpfs");
    s->temp = openat(m->scratch, m->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(dirs); i++)
        if (s->temp < 0 || slip_stack_mkdir(s->temp, dirs[i], 0755) < 0)
            return slip_fail_errno(err, "cannot prepare a tmpfs");
    return 0;
}

static int make_work(struct stack *s, const struct slip_mounted *m, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *name = slip_xasprintf("%s.work", m->name);

    if (mkdirat(m->scratch, name, 0700) < 0)
        return slip_fail_errno(err, "cannot make a work directory");
    s->work = openat(m->scratch, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return s->work < 0 ? slip_fail_errno(err, "cannot make a work directory") : 0;
}

/* The stub layer: `path` with its parents, a directory if it ends in '/', everybody's in "//". */
static int make_stub(int stub, const char *path)
{
    slip_cleanup(slip_freep) char *copy = slip_xstrdup(path + (*path == '/'));
    char *p = copy;

    for (char *slash; (slash = strchr(p, '/')); p = slash + 1) {
        *slash = '\0';
        bool open = slash[1] == '/' || strcmp(copy, "tmp") == 0;
        if (slip_stack_mkdir(stub, copy, open ? 01777 : 0755) < 0)
            return -1;
        *slash = '/';
    }
    if (!*p)
        return 0;
    slip_cleanup(slip_closep) int fd =
        openat(stub, copy, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    return fd < 0 ? -1 : fchmod(fd, 0644);
}

/* 1: there is nothing in it to show, so that the root's own overlay will do. */
static int is_empty(const char *path)
{
    DIR *dir = opendir(path);
    int n = 0;

    while (dir && n < 3 && readdir(dir)) /* "." and ".." */
        n++;
    if (dir)
        (void)closedir(dir);
    return n == 2;
}

/* The host's top level, in the stub layer: links as they are, directories as mount points. */
static int copy_top_level(struct stack *s, int stub, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    char target[256];
    struct stat st;

    if (slip_list_dir(AT_FDCWD, "/", &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        const char *name = names.v[i];
        slip_cleanup(slip_freep) char *path = slip_xasprintf("/%s", name);
        if (is_hidden(name, strlen(name)) || lstat(path, &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode)) {
            if (!is_empty(path))
                slip_strv_add(&s->dirs, name);
            if (slip_stack_mkdir(stub, name, st.st_mode & 07777) < 0)
                return slip_fail_errno(err, "cannot prepare '/%s'", name);
        }
        ssize_t n = S_ISLNK(st.st_mode) ? readlink(path, target, sizeof target - 1) : -1;
        if (n > 0) {
            target[n] = '\0';
            if (symlinkat(target, stub, name) < 0)
                return slip_fail_errno(err, "cannot prepare '/%s'", name);
        }
    }
    return 0;
}

static int fill_stub(struct stack *s, const struct slip_strv *stubs, struct slip_error *err)
{
    slip_cleanup(slip_closep) int stub = openat(s->temp, "stub", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (stub < 0)
        return slip_fail_errno(err, "cannot prepare a tmpfs");
    if (s->spec->host && copy_top_level(s, stub, err) < 0)
        return -1;
    for (size_t i = 0; stubs && i < stubs->n; i++)
        if (make_stub(stub, stubs->v[i]) < 0 && errno != ENOTDIR && errno != EEXIST &&
            errno != ELOOP)
            return slip_fail_errno(err, "cannot make the mount point '%s'", stubs->v[i]);
    return 0;
}

static int work_dir(struct stack *s, const char *name)
{
    if (mkdirat(s->work, name, 0700) < 0)
        return -1;
    return openat(s->work, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int mount_part(struct part *part, int dir, const char *name, struct slip_error *err)
{
    const struct slip_overlay overlay = {
        .lower = part->lower,
        .nlower = part->n,
        .upper = part->upper,
        .work = part->work,
    };

    return slip_overlay_mount(&overlay, dir, name, err);
}

/* An overlay needs one lower below an upper, and two without. */
static void fill_up(struct stack *s, struct part *part)
{
    while (part->n < (part->upper >= 0 ? 1 : 2))
        part_add(part, openat(s->temp, part->n ? "empty" : "nothing", O_PATH | O_CLOEXEC));
}

static int mount_root(struct stack *s, bool stub, struct slip_error *err)
{
    slip_cleanup(part_release) struct part part = { .upper = -1, .work = -1 };

    for (size_t i = 0; i < s->spec->nlayers; i++)
        part_add(&part, fcntl(s->spec->layers[i], F_DUPFD_CLOEXEC, 3));
    if (stub)
        part_add(&part, openat(s->temp, "stub", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (s->spec->upper >= 0) {
        part.upper = fcntl(s->spec->upper, F_DUPFD_CLOEXEC, 3);
        part.work = work_dir(s, "root");
        if (part.upper < 0 || part.work < 0)
            return slip_fail_errno(err, "cannot make a work directory");
    }
    fill_up(s, &part);
    return mount_part(&part, s->temp, "root", err);
}

/* Adds `top` of one layer. 1: what lies below is hidden. */
static int add_layer(struct part *part, int layer, const char *top)
{
    struct stat st;
    int fd = slip_open_beneath(layer, top, O_PATH | O_DIRECTORY, 0);

    if (fd < 0)
        return fstatat(layer, top, &st, AT_SYMLINK_NOFOLLOW) == 0;
    part_add(part, fd);
    return slip_overlay_is_opaque(fd);
}

/* The directory that takes what is written to /<top>: made like the host's, so that it compares
 * equal to it. -2: something else stands there, which is what the root shall show. */
static int upper_for(const struct stack *s, const char *top)
{
    slip_cleanup(slip_freep) char *host = slip_xasprintf("/%s", top);
    struct stat st;

    if (stat(host, &st) < 0)
        return -2;
    bool made = mkdirat(s->spec->upper, top, st.st_mode & 07777) == 0;
    int fd = slip_open_beneath(s->spec->upper, top, O_RDONLY | O_DIRECTORY, 0);
    const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, st.st_mtim };
    if (fd >= 0 && made && (fchmod(fd, st.st_mode & 07777) < 0 || futimens(fd, times) < 0)) {
        (void)close(fd);
        return -1;
    }
    return fd >= 0 ? fd : errno == ENOTDIR || errno == ELOOP ? -2 : -1;
}

/* The host's own directory, and what makes it writable. */
static int add_host(struct stack *s, struct part *part, const char *top, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *host = slip_xasprintf("/%s", top);
    slip_cleanup(slip_freep) char *stub = slip_xasprintf("stub/%s", top);
    slip_cleanup(slip_freep) char *skeleton = slip_xasprintf("skeleton/%s", top);
    struct stat st;

    int fd = open(host, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return slip_fail_errno(err, "cannot open '%s'", host);
    if (part->upper >= 0 && s->userns) {
        if (slip_stack_mkdir(s->temp, skeleton, st.st_mode & 07777) < 0)
            return slip_fail_errno(err, "cannot copy the directories of '%s'", host);
        part_add(part, openat(s->temp, skeleton, O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (slip_skeleton_make(top, part->lower[part->n - 1], err) < 0)
            return -1;
    }
    part_add(part, fd);
    part_add(part, openat(s->temp, stub, O_PATH | O_DIRECTORY | O_CLOEXEC));
    return 0;
}

/* What cannot be overlaid is shown as it is, and kept from being written. */
static int show_readonly(const char *top, int root, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *host = slip_xasprintf("/%s", top);
    slip_cleanup(slip_closep) int tree =
        open_tree(AT_FDCWD, host, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV };

    if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) < 0 ||
        move_mount(tree, "", root, top, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return slip_fail_errno(err, "cannot show '%s' of this machine", host);
    return 0;
}

static int mount_host_dir(struct stack *s, const char *top, int root, struct slip_error *err)
{
    slip_cleanup(part_release) struct part part = { .upper = -1, .work = -1 };
    slip_cleanup(slip_closep) int at =
        slip_open_beneath(root, top, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    bool covered = at < 0; /* by a link, a file or a whiteout of a layer: that counts */

    if (!covered && s->spec->upper >= 0) {
        part.upper = upper_for(s, top);
        if (part.upper == -1 || (part.work = work_dir(s, top)) < 0)
            return slip_fail_errno(err, "cannot make a work directory for '/%s'", top);
        covered = part.upper < 0 || slip_overlay_is_opaque(part.upper);
    }
    for (size_t i = 0; !covered && i < s->spec->nlayers; i++)
        covered = add_layer(&part, s->spec->layers[i], top);
    if (covered)
        return 0; /* the root's own overlay shows the layers alone */
    if (add_host(s, &part, top, err) < 0)
        return -1;
    fill_up(s, &part);
    slip_cleanup(slip_error_release) struct slip_error why = SLIP_ERROR_INIT;
    if (mount_part(&part, root, top, &why) == 0)
        return 0;
    if (why.sys_errno != EINVAL && why.sys_errno != ELOOP) {
        slip_error_move(err, &why);
        return slip_error_context(err, "cannot show '/%s' of this machine", top);
    }
    return show_readonly(top, root, err);
}

/* Before the root is mounted: nothing may change in an upper behind overlayfs's back. */
static int make_host_uppers(struct stack *s, struct slip_mounted *m, struct slip_error *err)
{
    m->upper = fcntl(s->spec->upper, F_DUPFD_CLOEXEC, 3);
    for (size_t i = 0; i < s->dirs.n; i++) {
        slip_cleanup(slip_closep) int fd = upper_for(s, s->dirs.v[i]);
        if (fd == -1)
            return slip_fail_errno(err, "cannot prepare '/%s'", s->dirs.v[i]);
    }
    return 0;
}

int slip_stack_mount(const struct slip_rootfs *rootfs, const struct slip_strv *stubs,
                     struct slip_mounted *ret, struct slip_error *err)
{
    slip_cleanup(slip_mounted_release) struct slip_mounted m = SLIP_MOUNTED_INIT;
    slip_cleanup(stack_release) struct stack s = { .spec = rootfs, .temp = -1, .work = -1 };
    enum slip_tier tier;

    if (!slip_tier_entered(&tier))
        return slip_fail(err, SLIP_EHOST, "cannot mount before a tier was entered");
    s.userns = tier != SLIP_TIER_ROOT;
    if (make_temp(&s, &m, err) < 0 || (rootfs->upper >= 0 && make_work(&s, &m, err) < 0))
        return -1;
    if ((stubs || rootfs->host) && fill_stub(&s, stubs, err) < 0)
        return -1;
    if (rootfs->host && rootfs->upper >= 0 && make_host_uppers(&s, &m, err) < 0)
        return -1;
    if (mount_root(&s, stubs || rootfs->host, err) < 0)
        return -1;
    m.root = openat(s.temp, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (m.root < 0)
        return slip_fail_errno(err, "cannot open the root that was mounted");
    for (size_t i = 0; i < s.dirs.n; i++)
        if (mount_host_dir(&s, s.dirs.v[i], m.root, err) < 0)
            return -1;
    *ret = m;
    m = SLIP_MOUNTED_INIT;
    return 0;
}

int slip_stack_files(const struct slip_mounted *mounted, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/files", mounted->name);
    int fd = openat(mounted->scratch, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? slip_fail_errno(err, "cannot open a scratch directory") : fd;
}
