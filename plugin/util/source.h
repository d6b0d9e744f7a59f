/* source.h - texts that a user wrote, kept for the whole invocation so that spans can point in.
 * Depends on: util/error, util/mem.
 */
#pragma once

#include "util/error.h"
#include "util/mem.h"

#define SLIP_SOURCE_LIMIT ((size_t)16 << 20)

/* Reads `path` ("-" is standard input) into the arena; NUL bytes are an error. NULL on error. */
const struct slip_source *slip_source_read(struct slip_arena *arena, const char *path,
                                           struct slip_error *err);
/* The file `path` beneath the directory `root`, whose links lead nowhere else; called `name`. */
const struct slip_source *slip_source_read_in(struct slip_arena *arena, int root, const char *path,
                                              const char *name, struct slip_error *err);
/* Copies a text that did not come from a file. */
const struct slip_source *slip_source_text(struct slip_arena *arena, const char *name,
                                           const char *text, size_t len);
