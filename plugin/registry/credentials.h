/* credentials.h - who the user is to a registry.
 *
 * Files are Docker's config.json and containers-auth.json(5): "auths" (keys may be namespaces,
 * "quay.io/user/image": the longest match wins; old keys are URLs, "https://index.docker.io/v1/"),
 * "credHelpers" (by registry), "credsStore" (for all). A helper is the program
 * docker-credential-<name>, run as `get` with the server on its input, killed after 20 s. The
 * first file that knows the registry answers. A file that cannot be parsed is an error that names
 * it; a helper that is named and not installed too, with what to do. Secrets are wiped when
 * released. Depends on: util/.
 */
#pragma once

#include <stdbool.h>

#include "util/error.h"
#include "util/str.h"

struct slip_credential {
    char *user;       /* owned */
    char *secret;     /* owned; password, or identity token */
    bool is_identity; /* secret is an OAuth2 refresh token (user "<token>", "identitytoken") */
};

#define SLIP_CREDENTIAL_INIT ((struct slip_credential){ 0 })

/* For `registry` ("docker.io") and `repository` ("library/alpine"). 1 found, 0 none, -1 error. */
int slip_credential_find(const struct slip_strv *files, const char *registry,
                         const char *repository, struct slip_credential *ret,
                         struct slip_error *err);
void slip_credential_release(struct slip_credential *credential);
