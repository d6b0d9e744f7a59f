/* secret.h - names that sound like a secret: such values are neither shown nor noted.
 * Depends on: libc.
 */
#pragma once

#include <stdbool.h>

/* Is one of the tell-tale words (password, token, ...; BuildKit's SecretsUsedInArgOrEnv) a part of
 * the name, between underscores? Letter case does not matter; "public" takes it back. */
bool slip_name_sounds_secret(const char *name);
