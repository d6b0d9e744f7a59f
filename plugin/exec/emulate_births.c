#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "exec/emulate_calls.h"
#include "exec/owner.h"
#include "util/mem.h"

/* Who will own what is made at call->path: the caller, or the group of a set-group-ID directory. */
static int owner_at_birth(const struct slip_call *call, struct slip_emulated *ret)
{
    const struct slip_creds *creds = slip_emulate_creds(call);
    char parent[SLIP_CALL_PREFIX + PATH_MAX];
    size_t n = strlen(call->path);
    struct slip_emulated above;
    struct stat st;

    memcpy(parent, call->path, n + 1);
    while (n > 1 && parent[n - 1] == '/')
        n--;
    while (n > 1 && parent[n - 1] != '/')
        n--;
    parent[n > 1 ? n - 1 : 1] = '\0';
    *ret = (struct slip_emulated){ .uid = creds->uid[SLIP_ID_FS], .gid = creds->gid[SLIP_ID_FS] };
    if (stat(parent, &st) < 0)
        return -1;
    if ((st.st_mode & S_ISGID)) {
        (void)slip_emulated_get(parent, true, &above);
        ret->gid = above.gid;
    }
    return 0;
}

static bool is_root(const struct slip_emulated *owner)
{
    return owner->uid == 0 && owner->gid == 0 && !owner->type;
}

/* Gives the caller a file that we opened, as the answer. */
static void answer_fd(struct slip_call *call, int fd, int flags)
{
    struct seccomp_notif_addfd add = {
        .id = call->id,
        .flags = SECCOMP_ADDFD_FLAG_SEND,
        .srcfd = (uint32_t)fd,
        .newfd_flags = (uint32_t)(flags & O_CLOEXEC),
    };

    if (ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0)
        slip_call_fail(call, errno);
    else
        call->answered = true;
}

/* Makes the file if it is not there; everything else about open(2) is the kernel's. */
static void answer_open(struct slip_call *call, int flags, mode_t mode)
{
    bool nameless = (flags & O_TMPFILE) == O_TMPFILE;
    struct slip_emulated owner;

    call->go_on = true;
    if (owner_at_birth(call, &owner) < 0 || is_root(&owner))
        return;
    int mask = slip_call_umask(call);
    if (mask < 0)
        return;
    int how = (flags | O_CLOEXEC) & ~(O_TRUNC | O_NOFOLLOW);
    slip_cleanup(slip_closep) int fd =
        open(call->path, nameless ? how : how | O_CREAT | O_EXCL, mode & ~(mode_t)mask & 07777);
    if (fd < 0)
        return;
    call->go_on = false;
    (void)slip_emulated_set_fd(fd, &owner, mode & ~(mode_t)mask);
    answer_fd(call, fd, flags);
}

static void open_at(struct slip_call *call, int dirfd, uint64_t path, int flags, uint64_t mode)
{
    /* O_TMPFILE names the directory; everything else what is to be made in it */
    bool nameless = (flags & O_TMPFILE) == O_TMPFILE;

    if (slip_call_place(call, dirfd, path, 0, nameless ? SLIP_PLACE_OBJECT : SLIP_PLACE_NEW) == 0)
        answer_open(call, flags, (mode_t)mode);
}

void slip_emulate_open(struct slip_call *call)
{
    const uint64_t *a = call->args;
    struct open_how how;

    switch (call->nr) {
#ifdef SYS_open
    case SYS_open:
        return open_at(call, AT_FDCWD, a[0], (int)a[1], a[2]);
    case SYS_creat:
        return open_at(call, AT_FDCWD, a[0], O_CREAT | O_WRONLY | O_TRUNC, a[1]);
#endif
    case SYS_openat:
        return open_at(call, (int)a[0], a[1], (int)a[2], a[3]);
    default: /* openat2; with restrictions on the walk it is the kernel's business */
        call->go_on = true;
        if (a[3] >= sizeof how && slip_call_read(call, a[2], &how, sizeof how) == 0 &&
            !how.resolve && (how.flags & (O_CREAT | __O_TMPFILE))) {
            call->go_on = false;
            open_at(call, (int)a[0], a[1], (int)how.flags, how.mode);
        }
    }
}

void slip_emulate_mkdir(struct slip_call *call)
{
    bool at = call->nr == SYS_mkdirat;
    mode_t mode = (mode_t)(at ? call->args[2] : call->args[1]);
    struct slip_emulated owner;

    if (slip_call_place(call, at ? (int)call->args[0] : AT_FDCWD, call->args[at ? 1 : 0], 0,
                        SLIP_PLACE_NEW) < 0)
        return;
    call->go_on = true;
    if (owner_at_birth(call, &owner) < 0 || is_root(&owner))
        return;
    int mask = slip_call_umask(call);
    if (mask < 0 || mkdir(call->path, mode & ~(mode_t)mask & 01777) < 0)
        return;
    call->go_on = false;
    (void)slip_emulated_set(call->path, &owner, mode & ~(mode_t)mask);
}

void slip_emulate_mknod(struct slip_call *call)
{
    bool at = call->nr == SYS_mknodat;
    mode_t mode = (mode_t)call->args[at ? 2 : 1];
    bool device = S_ISCHR(mode) || S_ISBLK(mode);
    struct slip_emulated owner;

    call->go_on = true;
    if (!device && !S_ISREG(mode) && (mode & S_IFMT) != 0)
        return; /* a FIFO or a socket: the kernel makes it, and it cannot be owned */
    call->go_on = false;
    if (slip_call_place(call, at ? (int)call->args[0] : AT_FDCWD, call->args[at ? 1 : 0], 0,
                        SLIP_PLACE_NEW) < 0)
        return;
    call->go_on = true;
    int mask = slip_call_umask(call);
    if (mask < 0 || owner_at_birth(call, &owner) < 0)
        return;
    if (device) {
        call->go_on = false;
        if (owner.uid != 0)
            return slip_call_fail(call, EPERM);
        owner.type = mode & S_IFMT;
        owner.rdev = (dev_t)(unsigned)call->args[at ? 3 : 2]; /* the kernel's encoding is glibc's */
    } else if (is_root(&owner)) {
        return;
    }
    slip_cleanup(slip_closep) int fd =
        open(call->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & ~(mode_t)mask & 07777);
    if (fd < 0)
        return slip_call_fail(call, errno);
    call->go_on = false;
    if (slip_emulated_set_fd(fd, &owner, mode & ~(mode_t)mask) < 0)
        slip_call_fail(call, errno);
}
