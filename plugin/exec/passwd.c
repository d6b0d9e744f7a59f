#include "exec/passwd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "util/buf.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define FILE_LIMIT ((size_t)1 << 20)
#define ID_LIMIT INT32_MAX /* beyond it, somebody somewhere reads a negative number */

/* "" for a file that is not there. */
static int read_database(int root, const char *path, struct slip_buf *ret, struct slip_error *err)
{
    slip_cleanup(slip_closep) int fd =
        slip_open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    struct stat st;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EXDEV))
        return 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        return slip_fail_errno(err, "cannot read '%s' of the image", path);
    if (!S_ISREG(st.st_mode) || st.st_size > (off_t)FILE_LIMIT)
        return slip_fail(err, SLIP_EINPUT,
                         "'%s' of the image is not a regular file of at most 1 MiB", path);
    char *at = slip_buf_reserve(ret, FILE_LIMIT + 1);
    ssize_t n = slip_read_full(fd, at, FILE_LIMIT + 1);
    if (n < 0 || (size_t)n > FILE_LIMIT)
        return slip_fail(err, SLIP_EINPUT, "cannot read '%s' of the image", path);
    ret->len += (size_t)n;
    ret->data[ret->len] = '\0';
    return 0;
}

/* Cuts `line` at its colons; how many fields there are, at most n. */
static size_t cut(char *line, char **fields, size_t n)
{
    size_t got = 0;

    for (char *p = line; p && got < n; got++) {
        fields[got] = p;
        p = strchr(p, ':');
        if (p)
            *p++ = '\0';
    }
    return got;
}

static int as_id(const char *text, unsigned *ret)
{
    uint64_t id;

    if (slip_parse_uint(text, ID_LIMIT, &id) < 0)
        return -1;
    *ret = (unsigned)id;
    return 0;
}

/* 1: found. By name first: a name may look like a number. */
static int find_user(const char *passwd, const char *who, struct slip_identity *ret, char **name)
{
    slip_cleanup(slip_freep) char *text = slip_xstrdup(passwd);
    unsigned wanted = 0, uid, gid;
    bool number = as_id(who, &wanted) == 0;
    char *save = NULL, *f[7];
    int found = 0;

    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (cut(line, f, 7) < 6 || as_id(f[2], &uid) < 0 || as_id(f[3], &gid) < 0)
            continue;
        bool by_name = strcmp(f[0], who) == 0;
        if (!by_name && (found || !number || uid != wanted))
            continue;
        ret->uid = uid;
        ret->gid = gid;
        free(ret->home);
        ret->home = slip_xstrdup(f[5][0] ? f[5] : "/");
        free(*name);
        *name = slip_xstrdup(f[0]);
        found = 1;
        if (by_name)
            break;
    }
    return found;
}

static int find_group(const char *group, const char *who, gid_t *ret)
{
    slip_cleanup(slip_freep) char *text = slip_xstrdup(group);
    unsigned gid;
    char *save = NULL, *f[4];

    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        if (cut(line, f, 4) >= 3 && strcmp(f[0], who) == 0 && as_id(f[2], &gid) == 0) {
            *ret = gid;
            return 1;
        }
    if (as_id(who, &gid) < 0)
        return 0;
    *ret = gid;
    return 1;
}

static void add_memberships(const char *group, const char *name, struct slip_identity *ret)
{
    slip_cleanup(slip_freep) char *text = slip_xstrdup(group);
    unsigned gid;
    char *save = NULL, *f[4];

    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (cut(line, f, 4) < 4 || as_id(f[2], &gid) < 0 || gid == ret->gid)
            continue;
        for (char *m = f[3], *comma; m; m = comma) {
            comma = strchr(m, ',');
            if (comma)
                *comma++ = '\0';
            if (strcmp(m, name) == 0 && ret->ngroups < SLIP_GROUPS_LIMIT) {
                ret->groups[ret->ngroups++] = gid;
                break;
            }
        }
    }
}

int slip_identity_find(int root, const char *user, struct slip_identity *ret,
                       struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf passwd = SLIP_BUF_INIT, group = SLIP_BUF_INIT;
    const char *colon = strchr(user, ':'), *group_name = colon ? colon + 1 : NULL;
    slip_cleanup(slip_freep) char *who =
        colon ? slip_xstrndup(user, (size_t)(colon - user)) : slip_xstrdup(user);
    slip_cleanup(slip_freep) char *name = NULL;
    slip_cleanup(slip_identity_release) struct slip_identity found = { 0 };

    if (read_database(root, "/etc/passwd", &passwd, err) < 0 ||
        read_database(root, "/etc/group", &group, err) < 0)
        return -1;
    if (!find_user(slip_buf_str(&passwd), *who ? who : "0", &found, &name) && *who &&
        as_id(who, &found.uid) < 0) {
        slip_fail(err, SLIP_EINPUT, "user '%s' is not in /etc/passwd of the image", who);
        return slip_error_hint(err, "make the user in an earlier step (useradd), or give a number");
    }
    if (group_name && *group_name) {
        if (!find_group(slip_buf_str(&group), group_name, &found.gid)) {
            slip_fail(err, SLIP_EINPUT, "group '%s' is not in /etc/group of the image", group_name);
            return slip_error_hint(err, "make the group in an earlier step (groupadd), or give a "
                                        "number");
        }
    } else if (name) {
        add_memberships(slip_buf_str(&group), name, &found);
    }
    if (!found.home)
        found.home = slip_xstrdup(found.uid == 0 ? "/root" : "/");
    *ret = found;
    found.home = NULL;
    return 0;
}

int slip_identity_owner(int root, const char *owner, uid_t *ret_uid, gid_t *ret_gid,
                        struct slip_error *err)
{
    const char *colon = strchrnul(owner, ':'), *group = *colon ? colon + 1 : "";
    slip_cleanup(slip_freep) char *who = slip_xstrndup(owner, (size_t)(colon - owner));
    slip_cleanup(slip_identity_release) struct slip_identity user = { 0 }, of_group = { 0 };

    if (as_id(who, &user.uid) == 0)
        user.gid = user.uid;
    else if (slip_identity_find(root, who, &user, err) < 0)
        return -1;
    if (*group && as_id(group, &of_group.gid) < 0 &&
        slip_identity_find(root, colon, &of_group, err) < 0)
        return -1;
    *ret_uid = user.uid;
    *ret_gid = *colon ? of_group.gid : user.gid;
    return 0;
}

void slip_identity_release(struct slip_identity *identity)
{
    free(identity->home);
    identity->home = NULL;
}
