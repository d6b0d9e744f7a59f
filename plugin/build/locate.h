/* locate.h - from what a user wrote as an image to a manifest in the store.
 *
 *   NAME[:TAG][@DIGEST]   a name kept in the store, or known to its registry (sources.h)
 *   oci:DIR[:TAG]         an OCI layout directory, brought into the store
 *   oci-archive:FILE      a tar of one;  docker-archive:FILE  what `docker save` writes
 *
 * What was brought in is remembered by the index's content or the file's stat, so that asking
 * again costs one read. Depends on: image/, layer/, store/.
 */
#pragma once

#include "build/builder.h"
#include "build/sources.h"

/* "hello" to "hello:latest": the name under which the store keeps it. Caller frees; NULL with *err
 * when it is no image name. */
char *slip_image_name(const char *text, struct slip_error *err);
/* A name that may have "docker://" in front, as skopeo and podman write it. */
int slip_image_reference(struct slip_reference *ref, const char *text, struct slip_error *err);
int slip_locate_image(struct slip_sources *sources, const char *name, struct slip_digest *ret,
                      struct slip_error *err);
/* Splits "DIR[:TAG]" behind oci:; a colon counts only when no '/' follows and the whole is not a
 * path itself. *ret_tag may be NULL. Caller frees. */
char *slip_layout_dir(const char *where, const char **ret_tag);
/* What was brought in under a key (64 hex digits) that stands for where it came from; false when
 * the store does not hold it any more. */
bool slip_remembered_manifest(struct slip_store *store, const char *key, struct slip_digest *ret);
int slip_remember_manifest(struct slip_store *store, const char *key,
                           const struct slip_digest *manifest, struct slip_error *err);
/* What stands for the content of a root file system: of a directory its scan, of a tar its bytes.
 */
int slip_locate_rootfs(struct slip_store *store, const char *path, char ret_identity[65],
                       bool *ret_is_dir, struct slip_error *err);
