#include "exec/owner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define VALUE_LIMIT 128

static int parse(const char *text, struct slip_emulated *ret)
{
    unsigned mode, major, minor;
    int at = 0;

    *ret = (struct slip_emulated){ 0 };
    if (sscanf(text, "%u:%u:%o%n", &ret->uid, &ret->gid, &mode, &at) < 3)
        return 0;
    if (sscanf(text + at, ":char-%u-%u", &major, &minor) == 2)
        ret->type = S_IFCHR;
    else if (sscanf(text + at, ":block-%u-%u", &major, &minor) == 2)
        ret->type = S_IFBLK;
    if (ret->type)
        ret->rdev = makedev(major, minor);
    return 1;
}

int slip_emulated_get(const char *path, bool follow, struct slip_emulated *ret)
{
    char value[VALUE_LIMIT];
    ssize_t n = follow ? getxattr(path, SLIP_OWNER_XATTR, value, sizeof value - 1)
                       : lgetxattr(path, SLIP_OWNER_XATTR, value, sizeof value - 1);

    *ret = (struct slip_emulated){ 0 };
    if (n <= 0)
        return 0;
    value[n] = '\0';
    return parse(value, ret);
}

/* Length of the value; 0: no attribute says the same. */
static size_t format(const struct slip_emulated *owner, mode_t mode, char value[VALUE_LIMIT])
{
    int n = 0;

    if (owner->type)
        n = snprintf(value, VALUE_LIMIT, "%u:%u:%o:%s-%u-%u", owner->uid, owner->gid,
                     (unsigned)(mode & 07777), owner->type == S_IFCHR ? "char" : "block",
                     major(owner->rdev), minor(owner->rdev));
    else if (owner->uid || owner->gid)
        n = snprintf(value, VALUE_LIMIT, "%u:%u:%o", owner->uid, owner->gid,
                     (unsigned)(mode & 07777));
    return (size_t)n;
}

int slip_emulated_set(const char *path, const struct slip_emulated *owner, mode_t mode)
{
    char value[VALUE_LIMIT];
    size_t n = format(owner, mode, value);

    if (n)
        return setxattr(path, SLIP_OWNER_XATTR, value, n, 0);
    return removexattr(path, SLIP_OWNER_XATTR) == 0 || errno == ENODATA || errno == EOPNOTSUPP ? 0
                                                                                               : -1;
}

int slip_emulated_set_fd(int fd, const struct slip_emulated *owner, mode_t mode)
{
    char value[VALUE_LIMIT];
    size_t n = format(owner, mode, value);

    return n ? fsetxattr(fd, SLIP_OWNER_XATTR, value, n, 0) : 0;
}
