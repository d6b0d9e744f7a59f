/* auth.h - what to put into Authorization, per host and scope: a token or basic credentials.
 *
 * Scopes are as in the distribution project's token specification, "repository:a/b:pull"; several
 * are separated by a blank. Only for this room. Depends on: registry/http, registry/credentials.
 */
#pragma once

#include "registry/http.h"

/* A copy of what was found before and still holds, or NULL. Caller frees. */
char *slip_auth_known(struct slip_registry *registry, const struct slip_host *host,
                      const char *scope);
/* After a 401: finds credentials, asks for a token. 1: slip_auth_known() has something new. 0: the
 * user has nothing that could help. -1: *err. */
int slip_auth_obtain(struct slip_registry *registry, const struct slip_host *host,
                     const char *repository, const char *scope, const struct slip_strv *challenges,
                     struct slip_error *err);
void slip_tokens_release(struct slip_map *tokens);
