/* document.h - bills of materials that a project brings along: vcpkg's share/PORT/vcpkg.spdx.json,
 * CMake's and others' *.spdx.json (SPDX 2), Conan's and others' *.cdx.json (CycloneDX).
 *
 * Their packages become packages of the image's bill, once by package URL; a file that is in use
 * and whose SHA-256 such a document tells belongs to the package that contains it. The texts are
 * not trusted, and no licence is taken over that is no expression. Life: add; ask; release. Depends
 * on: util/json, util/map.
 */
#pragma once

#include <stdbool.h>

#include "util/json.h"
#include "util/map.h"

#define SLIP_DOCUMENT_LIMIT ((size_t)64 << 20) /* bytes of one */

struct slip_documents {
    json_t *packages;      /* owned: rows of a bill (image/bill.h), with "document": path */
    json_t *list;          /* owned: [{path, sha1, namespace}]; the last of SPDX only */
    struct slip_map purls; /* what is in `packages` */
    struct slip_map files; /* SHA-256 to the owned purl of the package that contains it */
};

#define SLIP_DOCUMENTS_INIT ((struct slip_documents){ 0 })

/* By its name: not every JSON file is opened. */
bool slip_document_is_called(const char *name);
/* 1, or 0 when it is no such document, or one that Slipway wrote. */
int slip_documents_add(struct slip_documents *documents, const char *path, const char *text,
                       size_t len);
/* The package URL of a file by its SHA-256, or NULL. */
const char *slip_documents_owner(const struct slip_documents *documents, const char *sha256);
void slip_documents_release(struct slip_documents *documents);
