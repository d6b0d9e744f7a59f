/* attached.h - what is attached to an image (image/referrer.h), wherever that is.
 *
 * The store is looked at, and the repository of the name by which the image was located, when the
 * image is known to have been pulled from there or pushed to there; a local image asks nobody.
 * `name` may be anything that slip_locate_image() takes. Depends on: image/, registry/, store/.
 */
#pragma once

#include "build/sources.h"
#include "image/companion.h"
#include "image/referrer.h"

/* 1: `name` stands in a repository that has the image, which *ret names. 0: it does not. */
int slip_attached_repository(struct slip_sources *sources, const char *name,
                             const struct slip_digest *manifest, struct slip_reference *ret,
                             struct slip_error *err);
/* The list of both; new reference. */
int slip_attached_list(struct slip_sources *sources, const char *name,
                       const struct slip_digest *manifest, json_t **ret, struct slip_error *err);
/* Brings all that its repository lists into the store, and signatures and signed statements. */
int slip_attached_fetch(struct slip_sources *sources, const char *name,
                        const struct slip_digest *manifest, struct slip_error *err);
/* Brings the signatures (or signed statements) that its repository has into the store. */
int slip_attached_fetch_companion(struct slip_sources *sources, const char *name,
                                  const struct slip_digest *manifest, enum slip_companion kind,
                                  struct slip_error *err);
/* The document that `which` means: the digest of a referrer, or its artifactType when only one has
 * it, or the end of that behind '/' or '+' ("spdx+json", "sbom"). Brought into the store; *ret is
 * the referrer. */
int slip_attached_find(struct slip_sources *sources, const char *name,
                       const struct slip_digest *manifest, const char *which,
                       struct slip_digest *ret, struct slip_error *err);
