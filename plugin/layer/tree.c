#include "layer/tree.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "layer/body.h"
#include "util/digest.h"
#include "util/map.h"
#include "util/mem.h"

#define READ_CHUNK ((size_t)128 << 10)
#define MAX_THREADS 16u
#define WORTH_A_THREAD 64u /* files */

struct slip_entry *slip_tree_add(struct slip_tree *tree, const char *path, mode_t mode)
{
    tree->entries = slip_xgrow(tree->entries, tree->n, &tree->cap, sizeof *tree->entries);
    struct slip_entry *e = &tree->entries[tree->n++];
    *e = (struct slip_entry){ .path = slip_xstrdup(path), .mode = mode, .root = -1 };
    return e;
}

void slip_tree_take(struct slip_tree *tree, struct slip_entry *entry)
{
    tree->entries = slip_xgrow(tree->entries, tree->n, &tree->cap, sizeof *tree->entries);
    tree->entries[tree->n++] = *entry;
    *entry = (struct slip_entry){ .root = -1 };
}

static void release_entry(struct slip_entry *e)
{
    for (size_t i = 0; i < e->nxattrs; i++) {
        free(e->xattrs[i].name);
        free(e->xattrs[i].value);
    }
    free(e->xattrs);
    free(e->path);
    free(e->link);
    free(e->content);
    free(e->source);
}

void slip_tree_drop_last(struct slip_tree *tree)
{
    release_entry(&tree->entries[--tree->n]);
}

void slip_tree_release(struct slip_tree *tree)
{
    for (size_t i = 0; i < tree->n; i++)
        release_entry(&tree->entries[i]);
    free(tree->entries);
    *tree = SLIP_TREE_INIT;
}

/* By path, then in the order they were added (their place in the array). */
static int by_path(const void *a, const void *b)
{
    const struct slip_entry *x, *y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    int order = strcmp(x->path, y->path);
    return order ? order : (x > y) - (x < y);
}

/* Sorted by path; of equal paths the last one added stays. */
static void sort(struct slip_tree *tree)
{
    struct slip_tree out = SLIP_TREE_INIT;
    slip_cleanup(slip_freep) struct slip_entry **order = slip_xcalloc(tree->n + 1, sizeof *order);

    for (size_t i = 0; i < tree->n; i++)
        order[i] = &tree->entries[i];
    qsort(order, tree->n, sizeof *order, by_path);
    out.entries = slip_xcalloc(tree->n + 1, sizeof *out.entries);
    out.cap = tree->n + 1;
    for (size_t i = 0; i < tree->n; i++) {
        if (i + 1 < tree->n && strcmp(order[i]->path, order[i + 1]->path) == 0)
            release_entry(order[i]);
        else
            out.entries[out.n++] = *order[i];
    }
    free(tree->entries);
    *tree = out;
}

void slip_tree_finish(struct slip_tree *tree, int64_t mtime)
{
    slip_cleanup(slip_map_release) struct slip_map missing = SLIP_MAP_INIT;
    size_t had;

    sort(tree);
    had = tree->n;
    for (size_t i = 0; i < had; i++) {
        slip_cleanup(slip_freep) char *parent = slip_xstrdup(tree->entries[i].path);
        for (char *slash; (slash = strrchr(parent, '/'));) {
            *slash = '\0';
            if (slip_map_get(&missing, parent) || slip_tree_find(tree, parent))
                break; /* and so are the ones above it, or they come with their own turn */
            slip_map_set(&missing, parent, tree);
        }
    }
    for (size_t i = 0; i < missing.n; i++)
        slip_tree_add(tree, missing.entries[i].key, S_IFDIR | 0755)->mtime = mtime;
    if (missing.n)
        sort(tree);
}

const struct slip_entry *slip_tree_find(const struct slip_tree *tree, const char *path)
{
    size_t low = 0, high = tree->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(path, tree->entries[mid].path);
        if (order == 0)
            return &tree->entries[mid];
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

uint64_t slip_tree_bytes(const struct slip_tree *tree)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < tree->n; i++)
        if (slip_body_is(&tree->entries[i]))
            sum += tree->entries[i].size;
    return sum;
}

/* The files of a tree, hashed by several threads; each takes the next one. */
struct hashing {
    const struct slip_tree *tree;
    struct slip_digest *digests; /* one for each entry */
    atomic_size_t next;
    atomic_bool failed;
    pthread_mutex_t lock; /* of err */
    struct slip_error *err;
};

static int hash_file(const struct slip_entry *e, char *chunk, struct slip_digest *ret,
                     struct slip_error *err)
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    uint64_t left = e->size;

    if (e->content) {
        slip_digest_of(e->content, (size_t)e->size, ret);
        return 0;
    }
    slip_cleanup(slip_closep) int fd = slip_body_open(e, err);
    if (fd < 0)
        return -1;
    while (left) {
        ssize_t n = read(fd, chunk, left < READ_CHUNK ? (size_t)left : READ_CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return slip_fail_errno(err, "cannot read '%s'", e->path);
        if (n == 0)
            return slip_body_changed(e, err);
        slip_sha256_update(&sha, chunk, (size_t)n);
        left -= (uint64_t)n;
    }
    slip_sha256_finish(&sha, ret);
    return 0;
}

static void *hash_files(void *arg)
{
    struct hashing *h = arg;
    slip_cleanup(slip_freep) char *chunk = slip_xmalloc(READ_CHUNK);
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    while (!atomic_load(&h->failed)) {
        size_t i = atomic_fetch_add(&h->next, 1);
        if (i >= h->tree->n)
            break;
        if (!slip_body_is(&h->tree->entries[i]) ||
            hash_file(&h->tree->entries[i], chunk, &h->digests[i], &err) == 0)
            continue;
        pthread_mutex_lock(&h->lock);
        if (!atomic_exchange(&h->failed, true))
            slip_error_move(h->err, &err);
        pthread_mutex_unlock(&h->lock);
    }
    return NULL;
}

static unsigned threads_for(const struct slip_tree *tree)
{
    cpu_set_t set;

    if (tree->n < WORTH_A_THREAD || sched_getaffinity(0, sizeof set, &set) < 0)
        return 1;
    unsigned n = (unsigned)CPU_COUNT(&set);
    return n > MAX_THREADS ? MAX_THREADS : n;
}

static int hash_all(struct hashing *h)
{
    pthread_t threads[MAX_THREADS];
    unsigned want = threads_for(h->tree), started = 0;
    sigset_t all, old;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    while (started + 1 < want && pthread_create(&threads[started], NULL, hash_files, h) == 0)
        started++; /* this thread works too, so having none is no failure */
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    hash_files(h);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    return atomic_load(&h->failed) ? -1 : 0;
}

static void add_entry(struct slip_sha256 *sha, const struct slip_entry *e,
                      const struct slip_digest *content)
{
    slip_sha256_field(sha, e->path);
    slip_sha256_number(sha, (uint64_t)e->whiteout | (uint64_t)e->opaque << 1 |
                                (uint64_t)e->hardlink << 2);
    if (e->whiteout)
        return;
    slip_sha256_number(sha, e->mode);
    slip_sha256_number(sha, e->uid);
    slip_sha256_number(sha, e->gid);
    slip_sha256_number(sha, S_ISCHR(e->mode) || S_ISBLK(e->mode) ? e->rdev : 0);
    slip_sha256_field(sha, e->link);
    slip_sha256_field(sha, content->hex);
    slip_sha256_number(sha, e->nxattrs);
    for (size_t i = 0; i < e->nxattrs; i++) {
        slip_sha256_field(sha, e->xattrs[i].name);
        slip_sha256_number(sha, e->xattrs[i].len);
        slip_sha256_update(sha, e->xattrs[i].value, e->xattrs[i].len);
    }
}

int slip_tree_digest(const struct slip_tree *tree, char ret_hex[65], struct slip_error *err)
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    slip_cleanup(slip_freep) struct slip_digest *digests =
        slip_xcalloc(tree->n + 1, sizeof *digests);
    struct hashing h = {
        .tree = tree, .digests = digests, .lock = PTHREAD_MUTEX_INITIALIZER, .err = err
    };
    struct slip_digest sum;

    if (hash_all(&h) < 0)
        return -1;
    for (size_t i = 0; i < tree->n; i++)
        add_entry(&sha, &tree->entries[i], &digests[i]);
    slip_sha256_finish(&sha, &sum);
    memcpy(ret_hex, sum.hex, sizeof sum.hex);
    return 0;
}
