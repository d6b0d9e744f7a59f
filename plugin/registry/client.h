/* client.h - one client for all the registries of a process: connections, tokens, retries.
 *
 *   options ──> slip_registry_open() ──> fetch (pull.h), push (push.h) ──> close
 *
 * Speaks the OCI distribution specification 1.1 over libcurl, which is loaded at the first request
 * and not before; opening a client reads nothing. Requests of several threads run side by side on
 * connections of their own that are kept and used again (HTTP/2 where TLS offers it), at most
 * `jobs` at a time.
 *
 * What goes wrong on the way is tried again, with growing pauses and what Retry-After says: lost
 * connections, 408, 429, 5xx; a download goes on where it stopped (Range) where the registry can.
 * 401 leads to a token (scopes as the challenge says) or to basic credentials, asked of
 * credentials.h once a host and repository. What is left is one SLIP_EREMOTE that names the
 * registry, the repository, the status and the registry's own words ("errors" of section
 * "Error Codes"), with a hint that can be acted on. Secrets never stand in an error or an event,
 * and are never sent to another host after a redirect.
 *
 * Every function that takes a client may be called from several threads. Depends on: util/.
 */
#pragma once

#include <signal.h>

#include "util/error.h"
#include "util/events.h"
#include "util/str.h"

struct slip_registry; /* opaque */

/* All borrowed: they outlive the client. */
struct slip_registry_options {
    const char *config;                  /* path of config.ini (hosts.h), or NULL */
    const struct slip_strv *auth_files;  /* where credentials stand, asked in this order */
    const struct slip_strv *cert_dirs;   /* certs.d directories: <dir>/<host[:port]>/... */
    const char *user, *password;         /* for every registry, before any file; or NULL */
    const char *user_agent;              /* NULL: "slipway/<version>" */
    unsigned jobs;                       /* requests at a time; 0: 6 */
    unsigned retry_ms;                   /* the first pause; 0: 200 */
    struct slip_events *events;          /* TRANSFER, WARNING, NOTE; may be NULL */
    const volatile sig_atomic_t *cancel; /* not 0: stop with SLIP_ECANCELLED; may be NULL */
};

/* NULL with *err only when an option makes no sense. */
struct slip_registry *slip_registry_open(const struct slip_registry_options *options,
                                         struct slip_error *err);
/* From now on, events go there (NULL: nowhere). No request may be running. */
void slip_registry_events(struct slip_registry *registry, struct slip_events *events);
void slip_registry_close(struct slip_registry *registry); /* NULL is fine */
