#include "layer/attrs.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#include "util/mem.h"
#include "util/str.h"

/* An extended attribute's own limits, so no read needs more (linux/limits.h). */
#define LIST_MAX 65536
#define VALUE_MAX 65536

static bool is_hosts(const char *name)
{
    static const char *const names[] = { "security.selinux", "security.ima", "security.evm",
                                         "security.apparmor", "system.nfs4_acl" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void keep(struct slip_attrs *attrs, char *name, const char *value, size_t len)
{
    attrs->xattrs = slip_xgrow(attrs->xattrs, attrs->n, &attrs->cap, sizeof *attrs->xattrs);
    struct slip_xattr *x = &attrs->xattrs[attrs->n++];
    *x = (struct slip_xattr){ name, slip_xmalloc(len + 1), len };
    memcpy(x->value, value, len);
    x->value[len] = '\0';
}

static void sort_out(struct slip_attrs *attrs, const char *name, const char *value, size_t len)
{
    static const char *const families[] = { "trusted.", "user." };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(families); i++) {
        size_t at = strlen(families[i]);
        if (!slip_starts_with(name, families[i]) || !slip_starts_with(name + at, "overlay."))
            continue;
        const char *own = name + at + strlen("overlay.");
        if (slip_starts_with(own, "overlay.")) /* the payload's, escaped (Linux 6.7) */
            keep(attrs, slip_xasprintf("%s%s", families[i], own), value, len);
        else if (strcmp(own, "opaque") == 0)
            attrs->opaque |= len == 1 && *value == 'y'; /* 'x' only announces marks of the kind
                                                           "whiteout" */
        else if (strcmp(own, "whiteout") == 0)
            attrs->whiteout = true;
        return;
    }
    if (strcmp(name, SLIP_OWNER_XATTR) == 0)
        (void)slip_owner_parse(value, len, &attrs->owner);
    else if (!is_hosts(name))
        keep(attrs, slip_xstrdup(name), value, len);
}

static int by_name(const void *a, const void *b)
{
    const struct slip_xattr *x = a, *y = b;

    return strcmp(x->name, y->name);
}

int slip_attrs_read(struct slip_attrs *attrs, int fd, struct slip_error *err)
{
    ssize_t n = flistxattr(fd, NULL, 0);

    if (n == 0 || (n < 0 && errno == EOPNOTSUPP))
        return 0;
    slip_cleanup(slip_freep) char *names = slip_xmalloc(LIST_MAX);
    slip_cleanup(slip_freep) char *value = slip_xmalloc(VALUE_MAX);
    if (n > 0)
        n = flistxattr(fd, names, LIST_MAX);
    if (n < 0)
        return slip_fail_errno(err, "cannot list extended attributes");
    for (const char *name = names; name < names + n; name += strlen(name) + 1) {
        ssize_t len = fgetxattr(fd, name, value, VALUE_MAX);
        if (len < 0 && errno == ENODATA)
            continue; /* a security module lists what it does not hold */
        if (len < 0)
            return slip_fail_errno(err, "cannot read the extended attribute '%s'", name);
        sort_out(attrs, name, value, (size_t)len);
    }
    if (attrs->n)
        qsort(attrs->xattrs, attrs->n, sizeof *attrs->xattrs, by_name);
    return 0;
}

bool slip_attrs_equal(const struct slip_attrs *a, const struct slip_attrs *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        const struct slip_xattr *x = &a->xattrs[i], *y = &b->xattrs[i];
        if (strcmp(x->name, y->name) != 0 || x->len != y->len ||
            memcmp(x->value, y->value, x->len) != 0)
            return false;
    }
    return true;
}

void slip_attrs_give(struct slip_attrs *attrs, struct slip_entry *entry)
{
    entry->xattrs = SLIP_TAKE_PTR(attrs->xattrs);
    entry->nxattrs = SLIP_TAKE(attrs->n, 0);
    attrs->cap = 0;
}

void slip_attrs_release(struct slip_attrs *attrs)
{
    for (size_t i = 0; i < attrs->n; i++) {
        free(attrs->xattrs[i].name);
        free(attrs->xattrs[i].value);
    }
    free(attrs->xattrs);
    *attrs = SLIP_ATTRS_INIT;
}
