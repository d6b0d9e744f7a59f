/* reference.h - names of images: `[registry[:port]/]path[:tag][@digest]`, taken apart.
 *
 * The first part is a registry only if it has a '.' or a ':' or is "localhost"; otherwise the
 * registry is docker.io, where a name of one part stands below library/. Without tag and digest the
 * tag is "latest". Upper case, empty parts and the like are errors that point at what is wrong.
 * Depends on: util/.
 */
#pragma once

#include <stddef.h>

#include "util/error.h"

struct slip_reference {
    char *registry;   /* owned: "docker.io", "localhost:5000" */
    char *repository; /* owned: "library/alpine" */
    char *tag;        /* owned; NULL when only a digest was given */
    char *digest;     /* owned: "sha256:...", or NULL */
};

#define SLIP_REFERENCE_INIT ((struct slip_reference){ 0 })

/* `text` is a place in something the user wrote, for errors; it must have a source. */
int slip_reference_parse(struct slip_reference *ref, struct slip_span text, struct slip_error *err);
/* The same for a text that stands nowhere. */
int slip_reference_from(struct slip_reference *ref, const char *text, struct slip_error *err);
/* All parts: "docker.io/library/alpine:latest", what containerd calls an image. Caller frees. */
char *slip_reference_text(const struct slip_reference *ref);
/* As people say it and docker lists it: "alpine:latest", "ghcr.io/a/b:1". Caller frees. */
char *slip_reference_familiar(const struct slip_reference *ref);
void slip_reference_release(struct slip_reference *ref);
