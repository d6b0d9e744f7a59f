/* hosts.h - how to reach a registry: mirrors, plain HTTP, certificates.
 *
 * config.ini:
 *
 *   [registry docker.io]
 *   mirror = localhost:5000        asked first; may be repeated, in order; may carry a path:
 *   mirror = mirror.example/hub      host[:port][/prefix], put before the repository
 *   [registry localhost:5000]
 *   insecure = true                plain HTTP when there is no TLS, certificates unchecked
 *   ca = /path/ca.crt              trusted besides the system's
 *   cert = /path/client.cert       shown to the registry, with
 *   key = /path/client.key         paths are relative to config.ini
 *
 * Unknown sections and keys are errors with a suggestion, at file:line:col. What is not said there
 * is looked for in the certs.d directories: <dir>/<host[:port]>/{*.crt, *.cert with *.key}.
 * Loopback (localhost, 127.0.0.0/8, ::1) is plain HTTP unless a certificate is there for it or TLS
 * answers. docker.io is reached at registry-1.docker.io. Depends on: util/, inih.
 */
#pragma once

#include <stdbool.h>

#include "util/error.h"
#include "util/str.h"

struct slip_host {
    char *name;            /* as in a reference: "docker.io"; a mirror's own address */
    char *address;         /* owned: where to connect, "registry-1.docker.io", "localhost:5000" */
    char *prefix;          /* owned: before the repository: "" or "hub/" */
    bool insecure;         /* certificates are not checked, and HTTP will do */
    bool loopback;         /* HTTP is tried when TLS does not answer, or first */
    char *ca, *cert, *key; /* owned paths, or NULL */
};

struct slip_hosts; /* opaque: the parsed config.ini and the directories */

/* A missing config file is an empty one. *ret is set in any case and must be closed: an error
 * points into the text that it keeps. */
int slip_hosts_open(struct slip_hosts **ret, const char *config, const struct slip_strv *cert_dirs,
                    struct slip_error *err);
void slip_hosts_close(struct slip_hosts *hosts);
/* The places to ask for `registry`, in order: its mirrors, then itself. *ret is owned by the
 * caller, with slip_host_free() on each. Pushing uses the last one only. */
int slip_hosts_find(struct slip_hosts *hosts, const char *registry, struct slip_host **ret,
                    size_t *ret_n, struct slip_error *err);
void slip_hosts_free(struct slip_host *hosts, size_t n);
/* localhost, 127.0.0.0/8, [::1]; with or without a port. */
bool slip_host_is_loopback(const char *address);
