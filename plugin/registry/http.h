/* http.h - one question to one host, and its answer; no retries, no authorization of its own.
 *
 * Redirects of GET and HEAD are followed here: to http and https only, never from https to http
 * (but for hosts that are insecure anyway), five at most (ten for files), and without Authorization
 * when they lead to another host. Only for this room. Depends on: registry/client_private.
 */
#pragma once

#include "registry/client_private.h"
#include "util/buf.h"

#define SLIP_ERROR_BODY_LIMIT ((size_t)64 << 10)

struct slip_answer;

struct slip_question {
    const char *method; /* GET, HEAD, POST, PUT, PATCH */
    const char *url;    /* whole; see slip_host_url() */
    bool is_file; /* any URL of the host, not one of its registry: the trust in the host is for the
                     origin of this URL */
    const char *authorization;       /* "Bearer ...", "Basic ..."; or NULL */
    const struct slip_strv *headers; /* or NULL */
    const char *body;                /* or NULL */
    size_t body_len;
    int body_fd; /* when body is NULL; -1: no body. Read with pread(2) */
    uint64_t body_at, body_size;
    size_t limit; /* of a body that is kept as text; more is an error */
    /* Takes the body of an answer with status 200 or 206 as it comes; NULL: kept as text. Errors
     * end the exchange and are final. `status` and `range` are those of the answer. */
    int (*sink)(void *user, const struct slip_answer *answer, const void *p, size_t n,
                struct slip_error *err);
    void (*sent)(void *user, uint64_t bytes); /* of body_fd, so far; may be NULL */
    void *user;
};

#define SLIP_QUESTION_INIT ((struct slip_question){ .method = "GET", .body_fd = -1 })

struct slip_answer {
    long status;
    struct slip_buf text;        /* the body, unless a sink took it */
    struct slip_strv challenges; /* WWW-Authenticate, each line */
    /* Owned, or NULL: Content-Type (without parameters), Location (made absolute),
     * Docker-Content-Digest, Content-Range (or Range), Retry-After, ETag, Last-Modified,
     * Content-Length, Link. */
    char *type, *location, *digest, *range, *retry_after, *etag, *modified, *length, *link;
    bool transient; /* after an error: another try may do better */
    bool no_tls;    /* after an error: the other side does not speak TLS */
};

#define SLIP_ANSWER_INIT ((struct slip_answer){ 0 })

void slip_answer_release(struct slip_answer *answer);

/* "<scheme>://<address>/v2/<prefix><path>", the scheme as is known of the host. Caller frees. */
char *slip_host_url(struct slip_registry *registry, const struct slip_host *host, const char *path);

/* 0: there is an answer, whatever its status. -1: there is none, or the sink refused it. */
int slip_http(struct slip_registry *registry, const struct slip_host *host,
              const struct slip_question *question, struct slip_answer *ret,
              struct slip_error *err);
