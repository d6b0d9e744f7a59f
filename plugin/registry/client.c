#include "registry/client.h"

#include <time.h>

#include "registry/auth.h"
#include "registry/client_private.h"
#include "util/mem.h"

#define DEFAULT_JOBS 6u
#define PAUSE_STEP_MS 50u

struct slip_registry *slip_registry_open(const struct slip_registry_options *options,
                                         struct slip_error *err)
{
    if (!options->user != !options->password) {
        slip_fail(err, SLIP_EUSAGE, "a registry user needs a password, and the other way round");
        slip_error_hint(err, "set both SLIPWAY_REGISTRY_USER and SLIPWAY_REGISTRY_PASSWORD");
        return NULL;
    }
    struct slip_registry *registry = slip_xcalloc(1, sizeof *registry);
    registry->options = *options;
    if (!registry->options.jobs || registry->options.jobs > SLIP_REGISTRY_HANDLES)
        registry->options.jobs = DEFAULT_JOBS;
    if (!registry->options.user_agent)
        registry->options.user_agent = "slipway/" SLIPWAY_VERSION;
    pthread_mutex_init(&registry->mutex, NULL);
    pthread_cond_init(&registry->freed, NULL);
    return registry;
}

void slip_registry_events(struct slip_registry *registry, struct slip_events *events)
{
    registry->options.events = events;
}

void slip_registry_close(struct slip_registry *registry)
{
    if (!registry)
        return;
    for (unsigned i = 0; i < registry->nidle; i++)
        slip_curl_load(NULL)->easy_cleanup(registry->idle[i]);
    for (size_t i = 0; i < registry->known.n; i++) {
        struct slip_places *places = registry->known.entries[i].value;
        slip_hosts_free(places->v, places->n);
        free(places);
    }
    slip_tokens_release(&registry->tokens);
    slip_map_release(&registry->known);
    slip_map_release(&registry->schemes);
    slip_hosts_close(registry->hosts);
    pthread_mutex_destroy(&registry->mutex);
    pthread_cond_destroy(&registry->freed);
    free(registry);
}

static struct slip_places *find_places(struct slip_registry *r, const char *name,
                                       struct slip_error *err)
{
    if (!r->hosts)
        r->hosts_wrong =
            slip_hosts_open(&r->hosts, r->options.config, r->options.cert_dirs, err) < 0;
    else if (r->hosts_wrong)
        slip_fail(err, SLIP_EINPUT, "'%s' is wrong", r->options.config);
    if (r->hosts_wrong)
        return NULL;
    struct slip_places *places = slip_xcalloc(1, sizeof *places);
    if (slip_hosts_find(r->hosts, name, &places->v, &places->n, err) < 0) {
        free(places);
        return NULL;
    }
    slip_map_set(&r->known, name, places);
    return places;
}

const struct slip_places *slip_registry_places(struct slip_registry *r, const char *name,
                                               struct slip_error *err)
{
    pthread_mutex_lock(&r->mutex);
    struct slip_places *places = slip_map_get(&r->known, name);
    if (!places)
        places = find_places(r, name, err);
    pthread_mutex_unlock(&r->mutex);
    return places;
}

CURL *slip_registry_take(struct slip_registry *r, struct slip_error *err)
{
    const struct slip_curl *curl = slip_curl_load(err);
    CURL *handle = NULL;

    if (!curl)
        return NULL;
    pthread_mutex_lock(&r->mutex);
    while (r->busy >= r->options.jobs)
        pthread_cond_wait(&r->freed, &r->mutex);
    r->busy++;
    if (r->nidle)
        handle = r->idle[--r->nidle];
    pthread_mutex_unlock(&r->mutex);
    if (!handle)
        handle = curl->easy_init();
    if (handle)
        curl->easy_reset(handle); /* options only: connections stay */
    else
        slip_fail(err, SLIP_ESYSTEM, "libcurl has no memory");
    return handle;
}

void slip_registry_give(struct slip_registry *r, CURL *handle)
{
    pthread_mutex_lock(&r->mutex);
    r->busy--;
    if (handle)
        r->idle[r->nidle++] = handle;
    pthread_cond_signal(&r->freed);
    pthread_mutex_unlock(&r->mutex);
}

int slip_registry_pause(const struct slip_registry *r, unsigned ms, struct slip_error *err)
{
    for (unsigned gone = 0; gone < ms; gone += PAUSE_STEP_MS) {
        unsigned step = ms - gone < PAUSE_STEP_MS ? ms - gone : PAUSE_STEP_MS;
        const struct timespec nap = { .tv_nsec = (long)step * 1000000 };
        if (r->options.cancel && *r->options.cancel)
            return slip_fail(err, SLIP_ECANCELLED, "cancelled");
        (void)nanosleep(&nap, NULL);
    }
    return 0;
}
