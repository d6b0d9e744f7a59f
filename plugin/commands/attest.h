/* attest.h - documents that a build attaches to its image: --provenance, --sbom and --attest, as
 * buildx has them.
 *
 *   --provenance=true|false|mode=min|mode=max[,builder-id=URI]
 *   --sbom=true|false|spdx|cyclonedx
 *   --attest type=provenance[,...]      the same; [,disabled=true] takes it back
 *   --attest type=sbom[,format=cyclonedx]
 *
 * A document takes the place of the one that the store has attached before.
 */
#pragma once

#include "build/bill.h"
#include "build/provenance.h"
#include "commands/front.h"

struct slip_attest {
    bool provenance, full;
    char *builder_id; /* owned; or NULL */
    bool sbom;
    enum slip_bill_format format;
};

#define SLIP_ATTEST_INIT ((struct slip_attest){ 0 })

/* `provenance` and `sbom` may be NULL. */
int slip_attest_parse(const char *provenance, const char *sbom, const struct slip_strv *attest,
                      struct slip_attest *ret, struct slip_error *err);
void slip_attest_release(struct slip_attest *attest);
/* Makes what was asked for and attaches it to the image in the store. `name` (may be NULL) is what
 * the image is called. */
int slip_attest_write(const struct slip_attest *attest, struct slip_session *s,
                      const struct slip_front *front, const struct slip_built *built,
                      const char *name, const struct slip_secrets *secrets,
                      struct slip_events *events, struct slip_error *err);
