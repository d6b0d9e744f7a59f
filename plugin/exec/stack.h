/* stack.h - a root file system being put together: what rootfs.h and the sandbox share.
 *
 * What is private to one mounted root:
 *   <scratch>/<name>/       mount point of a tmpfs: stub layer, skeleton, generated files, and the
 *                           mount points of the overlays; all gone when it is unmounted
 *   <scratch>/<name>.work/  overlayfs work directories, which must be where the upper is
 * Depends on: exec/overlay, exec/skeleton, util/.
 */
#pragma once

#include <sys/types.h>

#include "exec/rootfs.h"
#include "util/buf.h"
#include "util/error.h"

/* As slip_rootfs_mount(), above a bottom layer that holds `stubs`: clean absolute paths, made as
 * directories when they end in '/' (with mode 01777 in "//"), else as empty files. What the layers
 * have, they keep. NULL: no such layer. */
int slip_stack_mount(const struct slip_rootfs *rootfs, const struct slip_strv *stubs,
                     struct slip_mounted *ret, struct slip_error *err);
/* Opens the directory for generated files of a root that was mounted with stubs; -1 on error. */
int slip_stack_files(const struct slip_mounted *mounted, struct slip_error *err);

/* Makes a directory with exactly this mode, whatever the umask; one that is there is left alone.
 * 0, or -1 with errno. */
int slip_stack_mkdir(int dir, const char *name, mode_t mode);
