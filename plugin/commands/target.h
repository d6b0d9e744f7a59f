/* target.h - the IMAGE argument of a command, and the names it goes by. */
#pragma once

#include "commands/command.h"
#include "util/digest.h"

/* Finds the image; *ret_names (may be NULL) gets the name to carry into archives. */
int slip_target_image(struct slip_session *s, const char *text, struct slip_digest *ret,
                      struct slip_strv *ret_names, struct slip_error *err);
/* "ghcr.io/a/b" of a name: what an image is signed as. Caller frees; NULL with *err. */
char *slip_target_identity(const char *name, struct slip_error *err);
/* After something was attached to the image in the store: an oci:DIR gets it too. */
int slip_target_attached(struct slip_session *s, const char *text,
                         const struct slip_digest *manifest, struct slip_error *err);
