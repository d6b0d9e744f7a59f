/* sources.h - where images come from: the store, and the registries behind it.
 *
 * A name is looked up once in a process and means the same from then on, whatever happens to its
 * tag meanwhile:
 *
 *   1. what the lock file pins;
 *   2. a name kept in the store (build -t, pull, import, load);
 *   3. what its registry said when it was last asked (a record of the store);
 *   4. what its registry says now.
 *
 * With `pull`, 2 and 3 are passed over for names that came from a registry. Only documents are
 * fetched then; layers come when a step, an output or a push needs them.
 * Depends on: build/lockfile, image/, registry/, store/.
 */
#pragma once

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "build/lockfile.h"
#include "image/image.h"
#include "image/reference.h"
#include "registry/client.h"
#include "store/store.h"
#include "util/map.h"

struct slip_secrets;

/* What fetching from elsewhere than registries needs (remote.h); all borrowed, any may be NULL. */
struct slip_access {
    const struct slip_strv *env; /* "K=V" for git: PATH, proxies, where certificates stand */
    const struct slip_secrets *secrets;
    const char *known_hosts;             /* file of ssh */
    const struct slip_strv *agents;      /* "id=path of the socket of an ssh agent" (--ssh) */
    const char *own_agent;               /* the user's own, for what he named himself */
    const volatile sig_atomic_t *cancel; /* not 0: stop */
};

struct slip_sources {
    struct slip_store *store;
    struct slip_registry *registry;   /* borrowed; NULL: nothing is fetched */
    const struct slip_lockfile *lock; /* borrowed; NULL: none */
    bool locked;                      /* a name that the lock does not pin is SLIP_EPOLICY */
    bool pull;
    pthread_mutex_t mutex;
    struct slip_map known; /* names to struct slip_digest * (owned); behind mutex */
    struct slip_access access;
    struct slip_map remotes; /* keys to struct slip_fetched * (owned); behind mutex; remote.h */
};

/* No registry, no lock. */
void slip_sources_init(struct slip_sources *sources, struct slip_store *store);
void slip_sources_release(struct slip_sources *sources);

/* The manifest or index that `ref` means; its documents are in the store then. */
int slip_sources_find(struct slip_sources *sources, const struct slip_reference *ref,
                      struct slip_digest *ret, struct slip_error *err);
/* The same, but its registry is asked in any case, and its answer kept. */
int slip_sources_refresh(struct slip_sources *sources, const struct slip_reference *ref,
                         struct slip_digest *ret, struct slip_error *err);
/* Loads a located image; documents that the store has lost are fetched again. `name` (may be NULL)
 * is what it was located by. */
int slip_sources_load(struct slip_sources *sources, const char *name,
                      const struct slip_digest *manifest, struct slip_image *ret,
                      struct slip_error *err);
/* The blob of a layer comes into the store, if it is not there. `tee` as in registry/pull.h.
 * `name` as above: asked when nothing is known of where the blob can be had. */
int slip_sources_layer(struct slip_sources *sources, const char *name,
                       const struct slip_digest *digest, uint64_t size, int tee,
                       struct slip_error *err);
/* All layers of an image are in the store when it returns; those that are not come side by side. */
int slip_sources_complete(struct slip_sources *sources, const char *name,
                          const struct slip_image *image, struct slip_error *err);
