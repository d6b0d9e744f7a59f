/* network.h - the registry client of a session, as the environment says. */
#pragma once

#include "commands/command.h"

/* The user's home directory; never NULL. */
const char *slip_session_home(void);
/* Opens the client; reads nothing and asks nobody. Credentials, in this order:
 * SLIPWAY_REGISTRY_USER and SLIPWAY_REGISTRY_PASSWORD, REGISTRY_AUTH_FILE,
 * $XDG_RUNTIME_DIR/containers/auth.json, $XDG_CONFIG_HOME/containers/auth.json,
 * $DOCKER_CONFIG/config.json (~/.docker/config.json), ~/.dockercfg. */
int slip_session_registry(struct slip_session *s, struct slip_error *err);
/* Fills s->sources.access; once, when the store is open. */
void slip_session_access(struct slip_session *s);
