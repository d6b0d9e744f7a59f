/* body.h - the bytes of one regular file of a tree. Depends on: layer/tree, util/. */
#pragma once

#include "layer/tree.h"

/* A file that has bytes of its own: neither a whiteout nor a link to an earlier entry. */
bool slip_body_is(const struct slip_entry *entry);
/* Opens the source of an entry without `content`; the file must be regular and have the size that
 * the entry says. fd, or -1. */
int slip_body_open(const struct slip_entry *entry, struct slip_error *err);
/* For a read that gave less or more than the entry says. Returns -1. */
int slip_body_changed(const struct slip_entry *entry, struct slip_error *err);
