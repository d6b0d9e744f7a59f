/* referrers.h - what is attached to an image (image/referrer.h), in the repository where it is.
 *
 * A registry of the distribution specification 1.1 lists the referrers of an image by itself. Where
 * it does not know how (404), clients keep the list: an index under the tag `sha256-<hex>`
 * ("Referrers Tag Schema"). A tag that many may write is read, added to and written back, with
 * If-Match where the registry gave an ETag, then read again until it holds what is ours: entries of
 * others are never taken out, and ours that somebody else's write took out come back.
 *
 * Asked is the registry itself, not its mirrors: they need not hold what nobody pulled.
 * Depends on: image/, store/, util/.
 */
#pragma once

#include "image/referrer.h"
#include "registry/push.h"

/* What is listed for `subject` in the repository of `ref`; new reference to an array, perhaps
 * empty. Nothing in it is checked: see slip_registry_fetch_referrer(). */
int slip_registry_referrers(struct slip_registry *registry, const struct slip_reference *ref,
                            const struct slip_digest *subject, json_t **ret,
                            struct slip_error *err);
/* Takes a referrer and its documents into the store, and attaches it there to `subject`, which it
 * must refer to. */
int slip_registry_fetch_referrer(struct slip_registry *registry, const struct slip_reference *ref,
                                 const struct slip_digest *subject,
                                 const struct slip_digest *referrer, struct slip_store *store,
                                 struct slip_error *err);

/* Sends what the store has attached to `subject`, which is in the repository of `to` already. Adds
 * to *counts. */
int slip_registry_push_referrers(struct slip_registry *registry, struct slip_store *store,
                                 const struct slip_digest *subject, const struct slip_reference *to,
                                 struct slip_push_counts *counts, struct slip_error *err);
