/* bill.h - what is in an image and where it comes from, and the documents that say so.
 *
 * A bill is a JSON object of ours that build/bill.h makes; a document is what others read. Both
 * depend on the image alone: no clock, no random number, everything sorted.
 *
 *   {"name", "version", "licence", "url",      of the project; "name" is always there
 *    "digest": "sha256:..." of the manifest, "created": seconds, "architecture",
 *    "packages": [{purl, type, name, version, arch, source, source_version, source_purl, licence,
 *                  maintainer, homepage, supplier}],   sorted by purl; supplier: who distributes it
 *                                                      ("Debian GNU/Linux")
 *    "files": [{path, size, sha256, sha1, build_id, why, purl, elf: true, own: true,
 *               needs: [{soname, path, purl}]}],       sorted by path; own: of the project
 *    "archives": [{path, purl, into: [paths of files], members, of}],  static libraries
 *    "documents": [{path, sha1, namespace}],           bills that the project brought along; a
 *                                                      package that one of them tells of has
 *                                                      document: path, and no source
 *    "unknown": ["the package of 2 libraries"]}        what could not be told
 *
 * Depends on: util/.
 */
#pragma once

#include "util/json.h"

enum slip_bill_format { SLIP_SPDX, SLIP_CYCLONEDX };

/* "spdx" or "cyclonedx" to its format; -1 when it is neither. */
int slip_bill_format_parse(const char *name);
/* ".spdx.json", ".cdx.json". */
const char *slip_bill_suffix(enum slip_bill_format format);
/* What an OCI descriptor calls it. */
const char *slip_bill_media_type(enum slip_bill_format format);

/* The document, indented, with a newline at its end. Owned. */
char *slip_bill_text(const json_t *bill, enum slip_bill_format format);

/* spdx.c, cyclonedx.c: new reference. */
json_t *slip_bill_spdx(const json_t *bill);
json_t *slip_bill_cyclonedx(const json_t *bill);
/* RFC 3339 of "created". */
const char *slip_bill_created(const json_t *bill, char ret[32]);
/* A name that no other `what` in the document has: `label` to be readable, and some of the digest
 * of `what`. Only letters, digits, '.' and '-'. Owned. */
char *slip_bill_id(const char *kind, const char *label, const char *what);
