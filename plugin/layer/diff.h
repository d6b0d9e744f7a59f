/* diff.h - what an overlay upper directory changed, as a tree (rules: OCI image-spec layer.md).
 *
 * Walks by fd, names in byte order. Character devices 0:0 become whiteouts, opaque directories
 * stay opaque; overlay's own extended attributes are dropped or unescaped, security.selinux, ima
 * and evm are dropped, the emulated owner (emulation) replaces the real one. Hard links inside the
 * upper stay hard links; sockets are left out; mtimes are cut to seconds and clamped.
 * Depends on: util/.
 */
#pragma once

#include <stdbool.h>

#include "layer/tree.h"

struct slip_diff_options {
    int64_t epoch; /* mtimes later than this become this */
    bool emulated; /* tier single: owners stand in user.containers.override_stat */
    /* Called for every path of the upper; false leaves it (and what is below) out. May be NULL. */
    bool (*keep)(void *user, const char *path, mode_t mode);
    void *user;
};

/* `lower` is a read-only view of what was below (slip_mounted.root), or -1 for nothing: whiteouts
 * and opaque marks of things that are not there are dropped, and so are directories that are there
 * with the same mode, owner and extended attributes and have no changed child. */
int slip_diff(int upper, int lower, const struct slip_diff_options *options, struct slip_tree *ret,
              struct slip_error *err);
