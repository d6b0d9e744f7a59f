/* challenge.h - what WWW-Authenticate says (RFC 9110, section 11.6.1). Only for this room.
 * Depends on: util/.
 */
#pragma once

#include <stdbool.h>

#include "util/buf.h"

struct slip_challenge {
    bool bearer, basic;            /* schemes that are offered */
    char *realm, *service, *scope; /* owned; of the first Bearer, or NULL */
};

#define SLIP_CHALLENGE_INIT ((struct slip_challenge){ 0 })

/* Several challenges may stand in one line; what cannot be understood is passed over. */
void slip_challenge_parse(struct slip_challenge *ret, const struct slip_strv *lines);
void slip_challenge_release(struct slip_challenge *challenge);
