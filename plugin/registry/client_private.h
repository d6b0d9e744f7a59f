/* client_private.h - what the files of this room share of the client. */
#pragma once

#include <pthread.h>

#include "registry/client.h"
#include "registry/curl.h"
#include "registry/hosts.h"
#include "util/map.h"

#define SLIP_REGISTRY_HANDLES 32u

struct slip_registry {
    struct slip_registry_options options;
    pthread_mutex_t mutex; /* of all below */
    pthread_cond_t freed;
    struct slip_hosts *hosts; /* owned; NULL until the first question */
    bool hosts_wrong;
    CURL *idle[SLIP_REGISTRY_HANDLES]; /* owned; connections stay open in them */
    unsigned nidle, busy;
    struct slip_map schemes; /* address to "https" or "http", as the host was found to speak */
    struct slip_map tokens;  /* "address scope" to struct slip_token * (auth.c) */
    struct slip_map known;   /* registry name to struct slip_places * */
};

/* The mirrors and the host of a registry, kept for the client's life. Borrowed. */
struct slip_places {
    struct slip_host *v;
    size_t n;
};
const struct slip_places *slip_registry_places(struct slip_registry *registry, const char *name,
                                               struct slip_error *err);

/* A handle with nothing set; waits while too many are in use. Give it back. */
CURL *slip_registry_take(struct slip_registry *registry, struct slip_error *err);
void slip_registry_give(struct slip_registry *registry, CURL *handle);
/* Sleeps; -1 with SLIP_ECANCELLED. */
int slip_registry_pause(const struct slip_registry *registry, unsigned ms, struct slip_error *err);
