/* attest.h - documents that a build attaches to its image: --provenance and --attest, as buildx
 * has them.
 *
 *   --provenance=true|false|mode=min|mode=max[,builder-id=URI]
 *   --attest type=provenance[,...]      the same; [,disabled=true] takes it back
 */
#pragma once

#include "build/provenance.h"
#include "commands/front.h"

struct slip_attest {
    bool provenance, full;
    char *builder_id; /* owned; or NULL */
};

#define SLIP_ATTEST_INIT ((struct slip_attest){ 0 })

/* `provenance` may be NULL. */
int slip_attest_parse(const char *provenance, const struct slip_strv *attest,
                      struct slip_attest *ret, struct slip_error *err);
void slip_attest_release(struct slip_attest *attest);
/* Makes what was asked for and attaches it to the image in the store. */
int slip_attest_write(const struct slip_attest *attest, struct slip_session *s,
                      const struct slip_front *front, const struct slip_built *built,
                      const struct slip_secrets *secrets, struct slip_error *err);
