#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "exec/emulate_calls.h"
#include "exec/owner.h"
#include "util/fs.h"
#include "util/mem.h"

#define LIST_LIMIT ((size_t)64 << 10) /* XATTR_LIST_MAX */

/* Only these can have the attribute. */
static bool can_have_owner(mode_t mode)
{
    return S_ISREG(mode) || S_ISDIR(mode);
}

/* Who owns what call->path names. Without an attribute it is root: the real owner is either the one
 * mapped id, or somebody of the host. */
static void owner_of(const struct slip_call *call, mode_t mode, struct slip_emulated *ret)
{
    *ret = (struct slip_emulated){ 0 };
    if (can_have_owner(mode))
        (void)slip_emulated_get(call->path, call->follow, ret);
}

static int flags_of(const struct slip_call *call, int flags)
{
    return (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) |
           (call->follow ? 0 : AT_SYMLINK_NOFOLLOW);
}

static void answer_stat(struct slip_call *call, int flags, uint64_t out)
{
    struct slip_emulated owner;
    struct stat st;

    call->go_on = true; /* the kernel knows the error better */
    if (fstatat(AT_FDCWD, call->path, &st, flags_of(call, flags)) < 0)
        return;
    owner_of(call, st.st_mode, &owner);
    st.st_uid = owner.uid;
    st.st_gid = owner.gid;
    if (owner.type) {
        st.st_mode = owner.type | (st.st_mode & 07777);
        st.st_rdev = owner.rdev;
    }
    call->go_on = false;
    if (slip_call_write(call, out, &st, sizeof st) < 0)
        slip_call_fail(call, EFAULT);
}

void slip_emulate_stat(struct slip_call *call)
{
    const uint64_t *a = call->args;
    int dirfd = AT_FDCWD, flags = 0;
    uint64_t path = a[0], out = a[1];

    switch (call->nr) {
    case SYS_fstat:
        slip_call_place_fd(call, (int)a[0]);
        return answer_stat(call, 0, out);
    case SYS_newfstatat:
        dirfd = (int)a[0];
        path = a[1];
        out = a[2];
        flags = (int)a[3];
        break;
#ifdef SYS_lstat
    case SYS_lstat:
        flags = AT_SYMLINK_NOFOLLOW;
        break;
#endif
    default:
        break;
    }
    if (slip_call_place(call, dirfd, path, flags, SLIP_PLACE_OBJECT) == 0)
        answer_stat(call, flags, out);
}

void slip_emulate_statx(struct slip_call *call)
{
    int flags = (int)call->args[2];
    unsigned mask = (unsigned)call->args[3];
    struct slip_emulated owner;
    struct statx sx;

    if (slip_call_place(call, (int)call->args[0], call->args[1], flags, SLIP_PLACE_OBJECT) < 0)
        return;
    call->go_on = true;
    if (statx(AT_FDCWD, call->path, flags_of(call, flags), mask | STATX_TYPE | STATX_MODE, &sx) < 0)
        return;
    owner_of(call, sx.stx_mode, &owner);
    sx.stx_uid = owner.uid;
    sx.stx_gid = owner.gid;
    if (owner.type) {
        sx.stx_mode = (uint16_t)(owner.type | (sx.stx_mode & 07777));
        sx.stx_rdev_major = major(owner.rdev);
        sx.stx_rdev_minor = minor(owner.rdev);
    }
    call->go_on = false;
    if (slip_call_write(call, call->args[4], &sx, sizeof sx) < 0)
        slip_call_fail(call, EFAULT);
}

static bool in_group(const struct slip_creds *creds, unsigned gid)
{
    for (size_t i = 0; i < creds->ngroups; i++)
        if (creds->groups[i] == gid)
            return true;
    return creds->gid[SLIP_ID_FS] == gid;
}

static bool may_chown(const struct slip_creds *creds, const struct slip_emulated *from,
                      const struct slip_emulated *to)
{
    if (creds->uid[SLIP_ID_FS] == 0)
        return true;
    return creds->uid[SLIP_ID_FS] == from->uid && to->uid == from->uid &&
           (to->gid == from->gid || in_group(creds, to->gid));
}

/* The object is held open, so that all steps meet the same one. */
static void answer_chown(struct slip_call *call, unsigned uid, unsigned gid)
{
    slip_cleanup(slip_closep) int fd =
        open(call->path, O_PATH | O_CLOEXEC | (call->follow ? 0 : O_NOFOLLOW));
    struct slip_emulated from = { 0 }, to;
    char path[32];
    struct stat st;

    call->go_on = true;
    if (fd < 0 || fstat(fd, &st) < 0)
        return;
    call->go_on = false;
    slip_fd_path(fd, path);
    if (can_have_owner(st.st_mode))
        (void)slip_emulated_get(path, true, &from);
    to = from;
    if (uid != UINT32_MAX)
        to.uid = uid;
    if (gid != UINT32_MAX)
        to.gid = gid;
    if (!may_chown(slip_emulate_creds(call), &from, &to))
        return slip_call_fail(call, EPERM);
    bool changes = from.uid != to.uid || from.gid != to.gid;
    if (!can_have_owner(st.st_mode) || (!changes && !(st.st_mode & (S_ISUID | S_ISGID))))
        return; /* nothing that could be kept, or nothing to do */
    /* the real one, because it clears the set-id bits and file capabilities */
    if (fchownat(fd, "", 0, 0, AT_EMPTY_PATH) < 0)
        return slip_call_fail(call, errno);
    if (changes && slip_emulated_set(path, &to, st.st_mode) < 0 && errno != EOPNOTSUPP)
        slip_call_fail(call, errno);
}

void slip_emulate_chown(struct slip_call *call)
{
    const uint64_t *a = call->args;

    switch (call->nr) {
    case SYS_fchown:
        slip_call_place_fd(call, (int)a[0]);
        return answer_chown(call, (unsigned)a[1], (unsigned)a[2]);
    case SYS_fchownat:
        if (slip_call_place(call, (int)a[0], a[1], (int)a[4], SLIP_PLACE_OBJECT) == 0)
            answer_chown(call, (unsigned)a[2], (unsigned)a[3]);
        return;
#ifdef SYS_lchown
    case SYS_lchown:
        if (slip_call_place(call, AT_FDCWD, a[0], AT_SYMLINK_NOFOLLOW, SLIP_PLACE_OBJECT) == 0)
            answer_chown(call, (unsigned)a[1], (unsigned)a[2]);
        return;
#endif
    default:
        if (slip_call_place(call, AT_FDCWD, a[0], 0, SLIP_PLACE_OBJECT) == 0)
            answer_chown(call, (unsigned)a[1], (unsigned)a[2]);
    }
}

/* Takes the owner's name out of a list of names; its new length. */
static size_t without_owner(char *list, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n;) {
        size_t len = strnlen(list + i, n - i) + 1;
        if (len > n - i)
            len = n - i;
        if (strcmp(list + i, SLIP_OWNER_XATTR) != 0) {
            memmove(list + kept, list + i, len);
            kept += len;
        }
        i += len;
    }
    return kept;
}

void slip_emulate_list_xattrs(struct slip_call *call)
{
    size_t room = call->args[2];
    slip_cleanup(slip_freep) char *list = slip_xmalloc(LIST_LIMIT + 1);

    if (call->nr == SYS_flistxattr)
        slip_call_place_fd(call, (int)call->args[0]);
    else if (slip_call_place(call, AT_FDCWD, call->args[0],
                             call->nr == SYS_llistxattr ? AT_SYMLINK_NOFOLLOW : 0,
                             SLIP_PLACE_OBJECT) < 0)
        return;
    ssize_t n = call->follow ? listxattr(call->path, list, LIST_LIMIT)
                             : llistxattr(call->path, list, LIST_LIMIT);
    call->go_on = n < 0;
    if (n < 0)
        return;
    list[n] = '\0';
    size_t kept = without_owner(list, (size_t)n);
    if (room && room < kept)
        return slip_call_fail(call, ERANGE);
    if (room && kept && slip_call_write(call, call->args[1], list, kept) < 0)
        return slip_call_fail(call, EFAULT);
    slip_call_return(call, (int64_t)kept);
}
