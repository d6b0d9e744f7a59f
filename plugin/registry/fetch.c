/* fetch.c - one blob from a registry into the store, whatever happens on the way. */
#include "registry/fetch.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <time.h>

#include "registry/pull.h"
#include "store/record.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define TELL_NS 100000000 /* between two events of a transfer */

struct fetch {
    struct slip_registry *registry;
    const struct slip_reference *ref;
    struct slip_draft draft;
    uint64_t size; /* what the descriptor says */
    int tee;       /* borrowed; -1: none, or its reader went away */
    uint64_t teed; /* bytes that went there */
    bool checked;  /* the answer's status and range fit */
    char *name;    /* owned; for events */
    int64_t told;
};

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void tell(struct fetch *f, bool always)
{
    int64_t now = now_ns();

    if (!always && now - f->told < TELL_NS)
        return;
    f->told = now;
    slip_emit(f->registry->options.events, &(struct slip_event){ .kind = SLIP_EVENT_TRANSFER,
                                                                 .name = f->name,
                                                                 .number = f->draft.size,
                                                                 .total = f->size });
}

/* A reader that is gone has said all it has to say elsewhere. */
static int to_tee(struct fetch *f, const char *p, size_t n, struct slip_error *err)
{
    uint64_t end = f->draft.size; /* after these bytes */

    if (f->tee < 0 || end <= f->teed)
        return 0;
    size_t fresh = end - f->teed < n ? (size_t)(end - f->teed) : n;
    if (slip_write_all(f->tee, p + n - fresh, fresh) < 0) {
        if (errno != EPIPE)
            return slip_fail_errno(err, "cannot hand the layer on");
        f->tee = -1;
    }
    f->teed = end;
    return 0;
}

/* "bytes 100-199/200": the answer must go on where the draft stands, or begin anew. */
static int begin(struct fetch *f, const struct slip_answer *answer, struct slip_error *err)
{
    uint64_t from = 0;

    f->checked = true;
    if (answer->status == 206) {
        slip_cleanup(slip_freep) char *text =
            answer->range && slip_starts_with(answer->range, "bytes ")
                ? slip_xstrndup(answer->range + 6, strcspn(answer->range + 6, "-"))
                : NULL;
        if (!text || slip_parse_uint(text, UINT64_MAX, &from) < 0)
            return slip_fail(err, SLIP_EREMOTE, "%s answers with a part it does not name",
                             f->ref->registry);
    }
    if (from == f->draft.size)
        return 0;
    if (from != 0)
        return slip_fail(err, SLIP_EREMOTE, "%s answers with another part than was asked for",
                         f->ref->registry);
    return slip_draft_rewind(&f->draft, err);
}

static int on_bytes(void *user, const struct slip_answer *answer, const void *p, size_t n,
                    struct slip_error *err)
{
    struct fetch *f = user;

    if (!f->checked && begin(f, answer, err) < 0)
        return -1;
    if (n > f->size - f->draft.size)
        return slip_fail(err, SLIP_EINTEGRITY,
                         "%s sends more than the %" PRIu64 " bytes the blob should have",
                         f->ref->registry, f->size);
    if (slip_draft_write(&f->draft, p, n, err) < 0)
        return -1;
    tell(f, false);
    return to_tee(f, p, n, err);
}

/* From one place, from where the draft stands. 1: all is there. 0: worth another try; *ret_wait
 * (ms). -1. */
static int attempt(struct fetch *f, const struct slip_host *host, const struct slip_digest *digest,
                   unsigned tries, unsigned *ret_wait, struct slip_error *err)
{
    slip_cleanup(slip_answer_release) struct slip_answer answer = SLIP_ANSWER_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv headers = SLIP_STRV_INIT;
    slip_cleanup(slip_freep) char *scope = slip_pull_scope(host, f->ref->repository);
    char name[72];
    slip_cleanup(slip_freep) char *path =
        slip_xasprintf("%s/blobs/%s", f->ref->repository, slip_digest_name(digest, name));
    struct slip_request request = slip_repository_request(host, f->ref->repository, scope, path);

    if (f->draft.size)
        slip_strv_addf(&headers, "Range: bytes=%" PRIu64 "-", f->draft.size);
    f->checked = false;
    request.once = true;
    request.question.headers = &headers;
    request.question.sink = on_bytes;
    request.question.user = f;
    int rc = slip_ask(f->registry, &request, &answer, err);
    bool again = rc < 0 ? answer.transient : slip_status_is_transient(answer.status);
    if (rc == 0 && answer.status == 416 && f->draft.size) /* it does not do parts */
        return slip_draft_rewind(&f->draft, err) < 0 ? -1 : (*ret_wait = 0, 0);
    if (rc == 0 && (answer.status == 200 || answer.status == 206) && f->draft.size == f->size)
        return 1;
    if (rc == 0 && (answer.status == 200 || answer.status == 206))
        again = true, slip_fail(err, SLIP_EINTEGRITY,
                                "%s sends %" PRIu64 " bytes of a blob that should have %" PRIu64,
                                host->name, f->draft.size, f->size);
    else if (rc == 0)
        (void)slip_refused(&request, "get it", &answer, err);
    *ret_wait = slip_retry_after_ms(f->registry, tries, answer.retry_after);
    return again ? 0 : -1;
}

/* Tries, pauses, goes on; a mirror that gives nothing is not waited for. */
static int from_place(struct fetch *f, const struct slip_host *host, bool mirror,
                      const struct slip_digest *digest, struct slip_error *err)
{
    unsigned wait;

    for (unsigned tries = 1;; tries++) {
        uint64_t had = f->draft.size;
        slip_error_release(err);
        int rc = attempt(f, host, digest, tries, &wait, err);
        if (rc != 0)
            return rc < 0 ? -1 : 0;
        if (f->draft.size > had) /* it moves: that is no failure in a row */
            tries = 1;
        if (tries == SLIP_TRIES || (mirror && f->draft.size <= had))
            return -1;
        slip_error_release(err);
        if (slip_registry_pause(f->registry, wait, err) < 0)
            return -1;
    }
}

/* Wrong bytes may be the fault of one place, or of one connection: every place gets a fresh start,
 * the last one two. */
static int from_places(struct fetch *f, const struct slip_digest *digest, struct slip_error *err)
{
    const struct slip_places *places = slip_registry_places(f->registry, f->ref->registry, err);

    for (size_t i = 0; places && i < places->n + 1; i++) {
        const struct slip_host *host = &places->v[i < places->n ? i : places->n - 1];
        if (i == places->n && err->code != SLIP_EINTEGRITY)
            return -1;
        slip_error_release(err);
        if (f->draft.fd < 0 && slip_draft_open(&f->draft, f->draft.store, err) < 0)
            return -1;
        if (from_place(f, host, i + 1 < places->n, digest, err) == 0 &&
            slip_draft_commit(&f->draft, digest, NULL, err) == 0)
            return 0;
        if (err->code == SLIP_ECANCELLED)
            return -1;
        if (f->draft.fd >= 0 && slip_draft_rewind(&f->draft, err) < 0)
            return -1;
    }
    return -1;
}

/* What is there already goes to the tee from the store. */
static int tee_from_store(struct slip_store *store, const struct slip_digest *digest, int tee,
                          struct slip_error *err)
{
    slip_cleanup(slip_closep) int fd = slip_blob_open(store, digest, NULL, err);

    if (fd < 0)
        return -1;
    if (tee < 0 || slip_copy_fd(fd, tee, err) == 0)
        return 0;
    if (err->sys_errno != EPIPE)
        return -1;
    slip_error_release(err); /* the reader has what it wanted */
    return 0;
}

int slip_registry_fetch_blob(struct slip_registry *registry, const struct slip_reference *ref,
                             const struct slip_digest *digest, uint64_t size,
                             struct slip_store *store, int tee, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *lock_name = slip_xasprintf("fetch %s", digest->hex);
    struct fetch f = {
        .registry = registry, .ref = ref, .size = size, .tee = tee, .draft = SLIP_DRAFT_INIT
    };
    slip_cleanup(slip_closep) int alone = slip_store_lock_name(store, lock_name, err);

    if (alone < 0)
        return -1;
    int held = slip_blob_has(store, digest, err); /* perhaps by somebody else, meanwhile */
    if (held)
        return held < 0 ? -1 : tee_from_store(store, digest, tee, err);
    f.name = slip_xasprintf("pulling %s %.12s", ref->repository, digest->hex);
    f.draft.store = store;
    tell(&f, true);
    int rc = from_places(&f, digest, err);
    if (rc < 0)
        (void)slip_error_context(err, "blob sha256:%.12s", digest->hex);
    slip_emit(registry->options.events, &(struct slip_event){ .kind = SLIP_EVENT_TRANSFER,
                                                              .name = f.name,
                                                              .number = size,
                                                              .total = size,
                                                              .text = rc < 0 ? err->msg : NULL });
    slip_draft_release(&f.draft);
    free(f.name);
    return rc;
}
