/* request.h - one question to a host until it is answered: authorization, TLS or not, retries.
 * Only for this room. Depends on: registry/auth, registry/http.
 */
#pragma once

#include "registry/http.h"

#define SLIP_TRIES 5u

struct slip_request {
    const struct slip_host *host;
    const char *repository;        /* without the host's prefix; for credentials and errors */
    const char *scope;             /* "repository:a/b:pull" */
    const char *path;              /* below /v2/; or NULL, and question.url is whole */
    struct slip_question question; /* url and authorization are filled in */
    bool once;                     /* the caller tries again himself */
};

/* 0: *ret has an answer that is neither 401 with something left to try nor worth another try.
 * -1: none could be had. */
int slip_ask(struct slip_registry *registry, const struct slip_request *request,
             struct slip_answer *ret, struct slip_error *err);
/* Whether a status may be gone at the next try. */
bool slip_status_is_transient(long status);
/* How long to wait before try number `tries` (1: the second), as Retry-After (may be NULL) says. */
unsigned slip_retry_after_ms(const struct slip_registry *registry, unsigned tries,
                             const char *retry_after);
/* The error for an answer that says no: status, the registry's own words, what to do. -1. */
int slip_refused(const struct slip_request *request, const char *what,
                 const struct slip_answer *answer, struct slip_error *err);
