#include "build/copytree.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "build/mode.h"
#include "layer/owner.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/root.h"

#define XATTR_LIST_LIMIT 65536

struct slip_new_dir slip_copy_new_dir(const struct slip_copy_tree *copy)
{
    return (struct slip_new_dir){
        .uid = copy->set_owner ? copy->uid : 0,
        .gid = copy->set_owner ? copy->gid : 0,
        .mtime = -1,
        .own = copy->emulated ? slip_owner_give : NULL,
    };
}

struct job {
    const struct slip_copy_tree *copy;
    struct slip_map links; /* "dev:ino" to the destination path of the first name; owned values */
    struct slip_error *err;
};

static void job_release(struct job *job)
{
    for (size_t i = 0; i < job->links.n; i++)
        free(job->links.entries[i].value);
    slip_map_release(&job->links);
}

void slip_owner_of(int fd, const struct stat *st, bool emulated, uid_t *uid, gid_t *gid)
{
    char path[32], value[128];
    struct slip_owner owner = { 0 };

    *uid = emulated ? 0 : st->st_uid; /* one id is mapped; others show as the overflow id */
    *gid = emulated ? 0 : st->st_gid;
    if (!emulated || S_ISLNK(st->st_mode))
        return;
    ssize_t n = getxattr(slip_fd_path(fd, path), SLIP_OWNER_XATTR, value, sizeof value);
    if (n > 0 && slip_owner_parse(value, (size_t)n, &owner)) {
        *uid = owner.uid;
        *gid = owner.gid;
    }
}

static int set_owner(const struct job *job, int from, const struct stat *st, mode_t mode, int dir,
                     const char *name)
{
    uid_t uid = job->copy->uid;
    gid_t gid = job->copy->gid;

    if (!job->copy->set_owner)
        slip_owner_of(from, st, job->copy->emulated, &uid, &gid);
    if (!job->copy->emulated)
        return fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW);
    if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
        return 0; /* others have no such attribute, and to open a pipe would wait for its writer */
    const struct slip_owner owner = { .uid = uid, .gid = gid, .mode = mode & 07777 };
    slip_cleanup(slip_closep) int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && uid == 0 && gid == 0) {
        (void)fremovexattr(fd, SLIP_OWNER_XATTR); /* a directory that was there may have had one */
        return 0;
    }
    return fd < 0 ? -1 : slip_owner_set(fd, &owner);
}

/* What is overlayfs's own, or the host's labels, does not travel. */
static bool travels(const char *name)
{
    static const char *const stays[] = { "user.overlay.", "trusted.overlay.", "security.selinux",
                                         "security.ima",  "security.evm",     SLIP_OWNER_XATTR };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(stays); i++)
        if (strncmp(name, stays[i], strlen(stays[i])) == 0)
            return false;
    return true;
}

static void copy_xattrs(int from, int to)
{
    char source[32], target[32];
    slip_cleanup(slip_freep) char *names = slip_xmalloc(XATTR_LIST_LIMIT);
    slip_cleanup(slip_freep) char *value = slip_xmalloc(XATTR_LIST_LIMIT);
    ssize_t n = listxattr(slip_fd_path(from, source), names, XATTR_LIST_LIMIT);

    slip_fd_path(to, target);
    for (const char *p = names; n > 0 && p < names + n; p += strlen(p) + 1) {
        ssize_t len = travels(p) ? getxattr(source, p, value, XATTR_LIST_LIMIT) : -1;
        if (len >= 0)
            (void)setxattr(target, p, value, (size_t)len, 0); /* what cannot be kept here is lost
                                                                 as with cp -a */
    }
}

static int finish(const struct job *job, int from, const struct stat *st, int dir, const char *name)
{
    mode_t mode = job->copy->git_modes ? slip_git_mode(st->st_mode) : st->st_mode;
    const struct timespec times[2] = { st->st_atim, st->st_mtim };
    slip_cleanup(slip_closep) int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    if (job->copy->chmod && !S_ISLNK(mode))
        slip_chmod_apply(job->copy->chmod, mode, &mode); /* checked when the step began */
    if (fd < 0 || set_owner(job, from, st, mode, dir, name) < 0)
        return slip_fail_errno(job->err, "cannot set the owner of '%s'", name);
    if (job->copy->xattrs && !S_ISLNK(st->st_mode))
        copy_xattrs(from, fd);
    if (!S_ISLNK(mode) && fchmodat(dir, name, mode & 07777, 0) < 0)
        return slip_fail_errno(job->err, "cannot set the mode of '%s'", name);
    if (utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
        return slip_fail_errno(job->err, "cannot set the time of '%s'", name);
    return 0;
}

static int make_file(struct job *job, int from, int dir, const char *name)
{
    char path[32];
    slip_cleanup(slip_closep) int in = open(slip_fd_path(from, path), O_RDONLY | O_CLOEXEC);
    slip_cleanup(slip_closep) int out =
        openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (in < 0)
        return slip_fail_errno(job->err, "cannot read '%s'", name);
    if (out < 0)
        return slip_fail_errno(job->err, "cannot create '%s'", name);
    if (slip_copy_fd(in, out, job->err) < 0)
        return slip_error_context(job->err, "'%s'", name);
    return 0;
}

static int make_link(struct job *job, int from, int dir, const char *name)
{
    char target[4096];
    ssize_t n = readlinkat(from, "", target, sizeof target - 1);

    if (n < 0)
        return slip_fail_errno(job->err, "cannot read the link '%s'", name);
    target[n] = '\0';
    if (symlinkat(target, dir, name) < 0)
        return slip_fail_errno(job->err, "cannot create '%s'", name);
    return 0;
}

/* A second name of a file that this copy has brought over already. 1: linked. */
static int link_again(struct job *job, const struct stat *st, int dir, const char *name,
                      const char *dest)
{
    char key[48];

    if (st->st_nlink < 2 || !S_ISREG(st->st_mode))
        return 0;
    snprintf(key, sizeof key, "%" PRIx64 ":%" PRIx64, (uint64_t)st->st_dev, (uint64_t)st->st_ino);
    const char *first = slip_map_get(&job->links, key);
    if (!first) {
        slip_map_set(&job->links, key, slip_xstrdup(dest));
        return 0;
    }
    const char *base;
    slip_cleanup(slip_closep) int parent = slip_open_parent(job->copy->to, first, &base);
    if (parent < 0 || linkat(parent, base, dir, name, 0) < 0)
        return slip_fail_errno(job->err, "cannot link '%s'", dest);
    return 1;
}

static int copy_dir(struct job *job, int from, const char *source, int to, const char *dest);

/* One object named `name` in the directory `dir`; `from` is an O_PATH fd of it. */
static int copy_one(struct job *job, int from, const struct stat *st, const char *source, int dir,
                    const char *name, const char *dest)
{
    struct stat there;
    bool is_dir = S_ISDIR(st->st_mode);
    bool exists = fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) == 0;

    if (exists && is_dir != S_ISDIR(there.st_mode)) {
        slip_fail(job->err, SLIP_EINPUT, "cannot copy the %s '%s' over the %s '/%s'",
                  is_dir ? "directory" : "file", source,
                  S_ISDIR(there.st_mode)   ? "directory"
                  : S_ISLNK(there.st_mode) ? "symbolic link"
                                           : "file",
                  dest);
        return slip_error_hint(job->err, "name another destination, or remove it first");
    }
    if (exists && !is_dir && unlinkat(dir, name, 0) < 0)
        return slip_fail_errno(job->err, "cannot replace '/%s'", dest);
    int rc = 0;
    if (is_dir) {
        if (!exists && mkdirat(dir, name, 0700) < 0)
            return slip_fail_errno(job->err, "cannot create '/%s'", dest);
        slip_cleanup(slip_closep) int sub =
            openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (sub < 0)
            return slip_fail_errno(job->err, "cannot open '/%s'", dest);
        rc = copy_dir(job, from, source, sub, dest);
    } else if (S_ISREG(st->st_mode)) {
        rc = link_again(job, st, dir, name, dest);
        if (rc == 1)
            return 0;
        rc = rc < 0 ? -1 : make_file(job, from, dir, name);
    } else if (S_ISLNK(st->st_mode)) {
        rc = make_link(job, from, dir, name);
    } else if (S_ISSOCK(st->st_mode)) {
        return 0; /* a socket means something only to the process that bound it */
    } else if (mknodat(dir, name, st->st_mode & (S_IFMT | 0777), st->st_rdev) < 0) {
        return slip_fail_errno(job->err, "cannot create '/%s'", dest);
    }
    return rc < 0 ? -1 : finish(job, from, st, dir, name);
}

static int copy_dir(struct job *job, int from, const char *source, int to, const char *dest)
{
    char path[32];
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_closep) int dir =
        open(slip_fd_path(from, path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (dir < 0)
        return slip_fail_errno(job->err, "cannot open directory '%s'", source);
    if (slip_list_dir(dir, ".", &names, job->err) < 0)
        return slip_error_context(job->err, "'%s'", source);
    for (size_t i = 0; i < names.n; i++) {
        const char *name = names.v[i];
        struct stat st;
        slip_cleanup(slip_freep) char *from_path =
            slip_xasprintf("%s%s%s", source, *source ? "/" : "", name);
        slip_cleanup(slip_freep) char *to_path =
            slip_xasprintf("%s%s%s", dest, *dest ? "/" : "", name);
        slip_cleanup(slip_closep) int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
            continue;
        if (fd < 0 || fstat(fd, &st) < 0)
            return slip_fail_errno(job->err, "cannot look at '%s'", from_path);
        if (job->copy->keep && !job->copy->keep(job->copy->user, from_path, S_ISDIR(st.st_mode)))
            continue;
        if (copy_one(job, fd, &st, from_path, to, name, to_path) < 0)
            return -1;
    }
    return 0;
}

/* mkdir -p on the destination's side. */
static int make_parents(const struct job *job, const char *path)
{
    const struct slip_new_dir dir = slip_copy_new_dir(job->copy);

    return slip_mkdirs_in_root(job->copy->to, path, &dir, job->err);
}

/* The content of a directory, not the directory itself: a destination that is there keeps what it
 * is, and one that is not becomes a directory like any other new one. */
static int copy_content(struct job *job, int from, const char *dest)
{
    const struct slip_copy_tree *copy = job->copy;
    slip_cleanup(slip_freep) char *clean = slip_path_clean(dest);
    slip_cleanup(slip_closep) int made = make_parents(job, clean);

    if (made < 0)
        return -1;
    slip_cleanup(slip_closep) int to =
        slip_open_in_root(copy->to, clean, O_RDONLY | O_DIRECTORY, 0);
    if (to < 0)
        return slip_fail_errno(job->err, "cannot open '/%s'", dest);
    return copy_dir(job, from, copy->source, to, clean);
}

int slip_copy_tree(const struct slip_copy_tree *copy, struct slip_error *err)
{
    slip_cleanup(job_release) struct job job = { .copy = copy, .err = err };
    slip_cleanup(slip_closep) int from = slip_open_in_root(copy->from, copy->source, O_PATH, 0);
    struct stat st;
    const char *dest = copy->dest;

    while (*dest == '/')
        dest++;
    if (from < 0 || fstat(from, &st) < 0)
        return slip_fail_errno(err, "cannot open '%s'", copy->source);
    if (S_ISDIR(st.st_mode))
        return copy_content(&job, from, dest);
    const char *name = slip_path_base(dest);
    slip_cleanup(slip_freep) char *parent = slip_xstrndup(dest, (size_t)(name - dest));
    slip_cleanup(slip_closep) int dir = make_parents(&job, parent);
    if (dir < 0)
        return -1;
    return copy_one(&job, from, &st, copy->source, dir, name, dest);
}

/* One directory of the source at `dest`, if there is none yet. */
static int copy_parent(const struct job *job, const char *source, const char *dest)
{
    const struct slip_copy_tree *copy = job->copy;
    slip_cleanup(slip_closep) int from = slip_open_in_root(copy->from, source, O_PATH, 0);
    slip_cleanup(slip_closep) int there = slip_open_in_root(copy->to, dest, O_PATH, 0);
    const char *name;
    struct stat st;

    if (from < 0 || fstat(from, &st) < 0)
        return slip_fail_errno(job->err, "cannot open '%s'", source);
    if (there >= 0 || !S_ISDIR(st.st_mode))
        return 0;
    slip_cleanup(slip_closep) int made = make_parents(job, dest);
    slip_cleanup(slip_closep) int dir = made < 0 ? -1 : slip_open_parent(copy->to, dest, &name);
    if (made < 0)
        return -1;
    if (dir < 0)
        return slip_fail_errno(job->err, "cannot open '%s'", dest);
    return finish(job, from, &st, dir, name);
}

int slip_copy_parents(const struct slip_copy_tree *copy, size_t kept, struct slip_error *err)
{
    const struct job job = { .copy = copy, .err = err };
    slip_cleanup(slip_freep) char *source = slip_xstrdup(copy->source);

    for (size_t n = kept; source[n]; n += source[n] == '/') {
        n += strcspn(source + n, "/");
        char had = source[n];
        source[n] = '\0';
        slip_cleanup(slip_freep) char *dest = slip_xasprintf("%s/%s", copy->dest, source + kept);
        if (copy_parent(&job, source, dest) < 0)
            return -1;
        source[n] = had;
    }
    return 0;
}
