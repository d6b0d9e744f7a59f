/* names.h - what a layout, an archive and its readers call an image. Depends on: util/. */
#pragma once

#include "image/descriptor.h"

/* The whole of the file oci-layout. */
#define SLIP_LAYOUT_TEXT "{\"imageLayoutVersion\":\"1.0.0\"}"
#define SLIP_ANNOTATION_TAG "org.opencontainers.image.ref.name"
#define SLIP_ANNOTATION_NAME "io.containerd.image.name"

/* index.json: one entry for each name (or one without any), all for `manifest`, which must be in
 * the store. *ret_text is the file, owned by the caller. */
int slip_names_index(struct slip_store *store, const struct slip_digest *manifest,
                     const char *const *names, char **ret_text, struct slip_error *err);
/* The entry of an index.json that `tag` (a tag, or a whole name) means; NULL means the only one.
 * `what` names the layout in errors. */
int slip_names_find(const json_t *index, const char *what, const char *tag,
                    struct slip_descriptor *ret, struct slip_error *err);
/* Whether `said`, a tag or a name that an archive or a layout gives, is what `wanted` means: the
 * same text, the same image written in full or short, the same with podman's "localhost/" in front,
 * or (for a name with a tag) its tag. */
bool slip_names_match(const char *said, const char *wanted);
/* A name as RepoTags has it: "app" becomes "app:latest". */
char *slip_names_repo_tag(const char *name, struct slip_error *err);
