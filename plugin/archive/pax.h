/* pax.h - the records of one pax extended header ("<length> <key>=<value>\n"), checked.
 * Depends on: archive/tar, util/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "archive/sparse.h"
#include "archive/tar.h"
#include "util/buf.h"
#include "util/error.h"

#define SLIP_PAX_XATTR_LIMIT ((size_t)64 << 10) /* one value: what the kernel takes */

struct slip_pax {
    bool has_path, has_link, has_size, has_uid, has_gid, has_mtime;
    struct slip_buf path, link;
    uint64_t size, uid, gid;
    int64_t mtime;
    struct { /* GNU.sparse.* */
        bool any, has_size, has_name, has_at;
        uint64_t major, minor, size, at;
        struct slip_buf name;
        struct slip_sparse map; /* of versions 0.0 and 0.1 */
    } sparse;
    struct slip_tar_xattr *xattrs; /* owned; they point into the text that was parsed */
    size_t nxattrs, cap;
};

#define SLIP_PAX_INIT ((struct slip_pax){ 0 })

/* Adds the records of `text`, which is changed (names become C strings) and must outlive *pax.
 * Records that mean nothing to an image (atime, comments, names of users) are skipped. */
int slip_pax_parse(struct slip_pax *pax, char *text, size_t len, struct slip_error *err);
/* A header for all entries that follow: only records that change nothing are allowed. */
int slip_pax_check_global(char *text, size_t len, struct slip_error *err);
void slip_pax_clear(struct slip_pax *pax); /* keeps the memory */
void slip_pax_release(struct slip_pax *pax);
