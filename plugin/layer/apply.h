/* apply.h - an untrusted layer or archive becomes a directory, never anything outside of it.
 *
 * Everything is created by fd beneath `root` with openat2(RESOLVE_IN_ROOT); existing objects are
 * never opened for writing but replaced; ".." in a name is refused; limits are checked before
 * anything is believed. With `overlay`, whiteouts become overlayfs whiteouts and opaque marks, so
 * that the directory can be a layer of slip_rootfs; without it, they remove what is there already.
 * Depends on: archive/, util/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/digest.h"
#include "util/error.h"

struct slip_debts; /* layer/debts.h */

struct slip_apply_options {
    bool overlay;       /* make an overlay layer directory */
    bool userxattr;     /* overlay marks stand in user.overlay.*, not trusted.overlay.* */
    bool emulated;      /* tier single: owner and device type go to user.containers.override_stat */
    bool keep_times;    /* set mtimes as the archive says */
    bool keep_root;     /* `root` stays what it is, whatever the archive says of "./" */
    bool disown;        /* everything belongs to whoever unpacks it */
    uint64_t max_bytes; /* 0: 64 GiB */
    uint64_t max_entries; /* 0: 2 million */
    /* With `overlay`: gets what can only be known from the layers below, to be settled later.
     * NULL: implied directories are new ones, and hard links to names not in the archive are
     * refused. Borrowed. */
    struct slip_debts *debts;
};

/* `fd` is a tar in any compression that libarchive reads. *ret_diff_id (may be NULL) gets the
 * SHA-256 of the uncompressed tar. */
int slip_apply(int fd, int root, const struct slip_apply_options *options,
               struct slip_digest *ret_diff_id, struct slip_error *err);
