/* attrs.h - the extended attributes of a file in an overlay directory, told apart.
 *
 * What overlayfs keeps for itself becomes flags, what it escaped is unescaped, the emulated owner
 * is understood, labels of this host (selinux, ima, evm, apparmor) go; what is left is the image's.
 * Depends on: layer/tree, layer/owner.
 */
#pragma once

#include <stdbool.h>

#include "layer/owner.h"
#include "layer/tree.h"

struct slip_attrs {
    struct slip_xattr *xattrs; /* owned; sorted by name */
    size_t n, cap;
    bool opaque, whiteout;
    struct slip_owner owner; /* 0:0 without a type when none is noted */
};

#define SLIP_ATTRS_INIT ((struct slip_attrs){ 0 })

int slip_attrs_read(struct slip_attrs *attrs, int fd, struct slip_error *err);
bool slip_attrs_equal(const struct slip_attrs *a, const struct slip_attrs *b); /* the image's */
/* Hands the image's attributes over. */
void slip_attrs_give(struct slip_attrs *attrs, struct slip_entry *entry);
void slip_attrs_release(struct slip_attrs *attrs);
