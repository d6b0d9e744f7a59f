/* import.h - a root file system becomes an image of one layer.
 *
 * A tar in any compression keeps its own bytes: the layer's diff_id is the SHA-256 of what was
 * given, uncompressed. It is compressed anew, so that the same tar makes the same image however it
 * came; it is read once, hashed, compressed and checked at the same time. What cannot be a root
 * file system is refused before anything is published: what archive/untar.h refuses, ".." in a
 * name, names too long, layer whiteouts, more than 2 million entries or 64 GiB.
 *
 * A directory is read as this user sees it inside a tier (exec/tier.h): own files are root's.
 * Depends on: archive/, exec/, image/, layer/, store/.
 */
#pragma once

#include <jansson.h>

#include "store/store.h"
#include "util/digest.h"
#include "util/error.h"
#include "util/events.h"

struct slip_import {
    struct slip_store *store;
    struct slip_events *events; /* may be NULL */
    const char *tier;           /* NULL: the best one */
    int64_t epoch;              /* creation time; files of a directory are not younger */
    json_t *config;             /* borrowed: the object "config", or NULL */
};

/* `fd` is read from where it stands to its end; it may be a pipe. */
int slip_import_tar(const struct slip_import *import, int fd, struct slip_digest *ret_manifest,
                    struct slip_error *err);
int slip_import_directory(const struct slip_import *import, const char *path,
                          struct slip_digest *ret_manifest, struct slip_error *err);
