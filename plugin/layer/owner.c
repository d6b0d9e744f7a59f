#include "layer/owner.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

int slip_owner_set(int fd, const struct slip_owner *owner)
{
    char value[96];
    int n = snprintf(value, sizeof value, "%u:%u:0%o", owner->uid, owner->gid, owner->mode & 07777);

    if (S_ISCHR(owner->mode) || S_ISBLK(owner->mode))
        n += snprintf(value + n, sizeof value - (size_t)n, ":%s-%u-%u",
                      S_ISCHR(owner->mode) ? "char" : "block", major(owner->rdev),
                      minor(owner->rdev));
    return fsetxattr(fd, SLIP_OWNER_XATTR, value, (size_t)n, 0);
}

int slip_owner_give(int fd, uid_t uid, gid_t gid)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -1;
    if (uid == 0 && gid == 0)
        return 0;
    const struct slip_owner owner = { .uid = uid, .gid = gid, .mode = st.st_mode & 07777 };
    return slip_owner_set(fd, &owner);
}

int slip_owner_parse(const char *value, size_t len, struct slip_owner *ret)
{
    char text[96], type[8] = "";
    unsigned uid, gid, mode, maj = 0, min = 0;
    int end = -1, more = -1;

    if (len >= sizeof text)
        return 0;
    memcpy(text, value, len);
    text[len] = '\0';
    if (sscanf(text, "%10u:%10u:%7o%n", &uid, &gid, &mode, &end) != 3 || end < 0)
        return 0;
    *ret = (struct slip_owner){ uid, gid, mode & 07777, 0 };
    if (sscanf(text + end, ":%7[a-z]-%10u-%10u%n", type, &maj, &min, &more) == 3 && more > 0) {
        if (strcmp(type, "char") == 0)
            ret->mode |= S_IFCHR;
        else if (strcmp(type, "block") == 0)
            ret->mode |= S_IFBLK;
        ret->rdev = makedev(maj, min);
    }
    return 1;
}
