#include "exec/call.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "util/fs.h"
#include "util/mem.h"

#define FIRST_READ 256 /* most paths */
#define PAGE 4096

static atomic_bool somebody_chrooted;
static int own_root = -1;
static struct stat own_root_stat;

int slip_call_setup(void)
{
    own_root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return own_root < 0 ? -1 : fstat(own_root, &own_root_stat);
}

/* Root and current directory of its own, for going into the root of a process that has another. */
int slip_call_setup_thread(void)
{
    return unshare(CLONE_FS);
}

void slip_call_expect_chroot(void)
{
    atomic_store(&somebody_chrooted, true);
}

void slip_call_fail(struct slip_call *call, int error)
{
    call->error = error;
    call->go_on = false;
}

void slip_call_return(struct slip_call *call, int64_t value)
{
    call->value = value;
    call->error = 0;
    call->go_on = false;
}

int slip_call_read(const struct slip_call *call, uint64_t at, void *to, size_t n)
{
    struct iovec local = { to, n }, remote = { (void *)(uintptr_t)at, n };

    return process_vm_readv(call->tid, &local, 1, &remote, 1, 0) == (ssize_t)n ? 0 : -1;
}

int slip_call_write(const struct slip_call *call, uint64_t at, const void *from, size_t n)
{
    struct iovec local = { (void *)(uintptr_t)from, n }, remote = { (void *)(uintptr_t)at, n };

    /* its number may be another's by now */
    if (ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id) < 0)
        return -1;
    return process_vm_writev(call->tid, &local, 1, &remote, 1, 0) == (ssize_t)n ? 0 : -1;
}

/* Length of the string, or -1 with the call answered. Never reads beyond the page it needs. */
static ssize_t read_path(struct slip_call *call, uint64_t at, char *to)
{
    for (size_t n = 0; n < PATH_MAX;) {
        size_t want = n ? PAGE : FIRST_READ, page = PAGE - ((at + n) & (PAGE - 1));
        if (want > page)
            want = page;
        if (want > PATH_MAX - n)
            want = PATH_MAX - n;
        if (slip_call_read(call, at + n, to + n, want) < 0) {
            slip_call_fail(call, EFAULT);
            return -1;
        }
        const char *end = memchr(to + n, '\0', want);
        if (end)
            return end - to;
        n += want;
    }
    slip_call_fail(call, ENAMETOOLONG);
    return -1;
}

/* Paths that mean another object to every process: the kernel shall look them up. */
static bool is_about_itself(const char *path)
{
    return strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/dev/fd", 7) == 0 ||
           strncmp(path, "/dev/std", 8) == 0;
}

static int base_of(const struct slip_call *call, int dirfd, char *out, size_t size)
{
    return dirfd == AT_FDCWD ? snprintf(out, size, "/proc/%d/cwd", call->tid)
                             : snprintf(out, size, "/proc/%d/fd/%d", call->tid, dirfd);
}

void slip_call_place_fd(struct slip_call *call, int fd)
{
    base_of(call, fd, call->text, sizeof call->text);
    call->path = call->text;
    call->follow = true;
}

static bool has_other_root(const struct slip_call *call)
{
    char path[SLIP_CALL_PREFIX];
    struct stat st;

    if (!atomic_load_explicit(&somebody_chrooted, memory_order_relaxed))
        return false;
    snprintf(path, sizeof path, "/proc/%d/root", call->tid);
    return stat(path, &st) == 0 &&
           (st.st_dev != own_root_stat.st_dev || st.st_ino != own_root_stat.st_ino);
}

/* O_PATH fd of `name` as the process would find it from `base` under its `root`. */
static int open_inside(int root, int base, const char *name, int flags)
{
    int fd = -1, saved;

    if (fchdir(root) < 0 || chroot(".") < 0)
        return -1;
    if (fchdir(base) == 0)
        fd = open(name, flags | O_PATH | O_CLOEXEC);
    saved = errno;
    if (fchdir(own_root) < 0 || chroot(".") < 0)
        abort(); /* serving on from a wrong root would answer wrongly */
    errno = saved;
    return fd;
}

/* Cuts the last component off `path` and returns it; NULL when it is none that could be made. */
static char *cut_last(char *path)
{
    size_t n = strlen(path);

    while (n > 1 && path[n - 1] == '/')
        path[--n] = '\0';
    char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return NULL;
    if (slash)
        *slash = '\0';
    return name;
}

static int place_inside(struct slip_call *call, int dirfd, char *name, int flags,
                        enum slip_place what)
{
    char where[SLIP_CALL_PREFIX], kept[NAME_MAX + 2] = "";
    const char *look_up = name;

    snprintf(where, sizeof where, "/proc/%d/root", call->tid);
    slip_cleanup(slip_closep) int root = open(where, O_PATH | O_DIRECTORY | O_CLOEXEC);
    base_of(call, dirfd, where, sizeof where);
    slip_cleanup(slip_closep) int base =
        open(name[0] == '/' ? "/" : where, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (what == SLIP_PLACE_NEW) {
        const char *last = cut_last(name);
        if (!last || strlen(last) > NAME_MAX)
            return -1;
        kept[0] = '/';
        memcpy(kept + 1, last, strlen(last) + 1);
        look_up = last == name ? "." : *name ? name : "/";
    }
    bool nofollow = what == SLIP_PLACE_OBJECT && (flags & AT_SYMLINK_NOFOLLOW);
    if (root >= 0 && base >= 0)
        call->held = open_inside(root, base, look_up, nofollow ? O_NOFOLLOW : 0);
    if (call->held < 0)
        return -1;
    snprintf(call->text, sizeof call->text, "/proc/self/fd/%d%s", call->held, kept);
    call->path = call->text;
    call->follow = what == SLIP_PLACE_OBJECT;
    return 0;
}

int slip_call_place(struct slip_call *call, int dirfd, uint64_t path, int flags,
                    enum slip_place what)
{
    char *name = call->text + SLIP_CALL_PREFIX, prefix[SLIP_CALL_PREFIX];
    /* Linux 6.11 takes no path for an empty one */
    ssize_t n = !path && (flags & AT_EMPTY_PATH) ? 0 : read_path(call, path, name);

    if (n < 0)
        return -1;
    call->go_on = true; /* unless it turns out otherwise */
    if (n == 0) {
        if (!(flags & AT_EMPTY_PATH))
            return -1;
        slip_call_place_fd(call, dirfd);
        return 0;
    }
    if (has_other_root(call))
        return place_inside(call, dirfd, name, flags, what);
    call->path = name;
    call->follow = !(flags & AT_SYMLINK_NOFOLLOW);
    if (name[0] == '/')
        return is_about_itself(name) ? -1 : 0;
    int k = base_of(call, dirfd, prefix, sizeof prefix - 1);
    prefix[k++] = '/';
    if (n + k >= PATH_MAX)
        return -1;
    call->path = memcpy(name - k, prefix, (size_t)k);
    return 0;
}

void slip_call_release(struct slip_call *call)
{
    slip_closep(&call->held);
    call->held = -1;
}

int slip_call_umask(const struct slip_call *call)
{
    char path[SLIP_CALL_PREFIX], text[256];
    unsigned mask;

    snprintf(path, sizeof path, "/proc/%d/status", call->tid);
    slip_cleanup(slip_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (n <= 0)
        return -1;
    text[n] = '\0';
    const char *line = strstr(text, "\nUmask:");
    return line && sscanf(line, "\nUmask: %o", &mask) == 1 ? (int)mask : -1;
}
