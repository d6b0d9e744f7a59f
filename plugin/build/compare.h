/* compare.h - what is different between two images: files, packages, configuration, layers.
 *
 * Files are compared by type, mode, owner, content and target, never by time; the configuration by
 * what a container is started with. In which layers files lie, and how those are compressed, is
 * told and makes no difference. Depends on: build/contents.
 */
#pragma once

#include "build/contents.h"

/* New reference:
 *
 *   {"same": bool,
 *    "files": {"added": [{path, size}], "removed": [{path, size}],
 *              "changed": [{path, what: [content|mode|owner|type|target|capabilities],
 *                           old: {size, mode, owner}, new: ...}]},
 *    "packages": {"added": [{name, version}], "removed": [...], "changed": [{name, old, new}]},
 *    "config": [{key, old, new}],          absent: not there
 *    "layers": {old, new, shared: numbers; new_bytes: of compressed layers that only new has},
 *    "size": {old, new}}
 *
 * `reports` (slip_explain(), each may be NULL) tell of packages. */
json_t *slip_compare(const struct slip_contents *old, const struct slip_contents *new,
                     json_t *const reports[2]);
