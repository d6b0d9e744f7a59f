/* layers.h - the layers of an image, and what is wasted in them, as `inspect` shows it.
 * Depends on: build/waste.
 */
#pragma once

#include "build/contents.h"
#include "util/buf.h"

/* A table for people. */
void slip_layers_text(const struct slip_contents *contents, struct slip_buf *out);
/* Adds to the object of an image, and to each of its "Layers". */
void slip_layers_json(const struct slip_contents *contents, json_t *shown);
