/* download.h - the file at any URL, with the trust, the proxies and the patience of the registries.
 *
 * The settings of its host in config.ini and certs.d hold (hosts.h), mirrors do not. Redirects are
 * followed, at most ten, never from https to plain http. What is lost on the way is tried again; a
 * body that was cut goes on where it stopped when the other side names a strong ETag, and begins
 * anew otherwise. Depends on: registry/client, store/.
 */
#pragma once

#include <stdint.h>

#include "registry/client.h"
#include "store/blob.h"

struct slip_download {
    const char *url;             /* http or https, without user and password */
    const char *shown;           /* what errors and events call it */
    const char *authorization;   /* header for its host alone: "Basic ...", "Bearer ..."; or NULL */
    const char *etag, *modified; /* of what the caller holds; or NULL */
    uint64_t limit;              /* bytes; more is SLIP_EREMOTE */
};

struct slip_downloaded {
    bool unchanged;        /* what the caller holds is still right; nothing was written */
    char *etag, *modified; /* owned, or NULL: for the next time */
    int64_t mtime;         /* Last-Modified in seconds; 0 when it is not told */
};

#define SLIP_DOWNLOADED_INIT ((struct slip_downloaded){ 0 })

/* Writes the body into an open draft, which the caller publishes, or uses and lets go. */
int slip_registry_download(struct slip_registry *registry, const struct slip_download *download,
                           struct slip_draft *into, struct slip_downloaded *ret,
                           struct slip_error *err);
void slip_downloaded_release(struct slip_downloaded *downloaded);

/* The URL without user and password; *ret_authorization gets a header that stands for them, or
 * NULL. Caller frees both. NULL with *err when it is no URL. */
char *slip_url_take_login(const char *url, char **ret_authorization, struct slip_error *err);
/* "Basic <base64 of user:password>". Caller frees. */
char *slip_basic_authorization(const char *user, const char *password);
