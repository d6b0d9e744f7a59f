#include "build/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "build/mode.h"
#include "util/fs.h"
#include "util/mem.h"

#define CACHE_LIMIT ((size_t)256 << 20)
#define CACHE_MAGIC "slipway-scan 1\n"
#define ROWS_MAX 4096 /* files of a scan that are noted one by one */
#define DEPTH_MAX 64

/* What the last scan of this directory knew, sorted by path like a scan. */
struct cache {
    struct slip_buf text;
    struct known {
        const char *path;
        uint64_t ino, size;
        int64_t mtime_ns, ctime_ns;
        const char *hex;
    } * known;
    size_t n, cap;
    int64_t written_ns; /* entries changed at or after this moment are not believed */
    char name[72];
};

static void cache_release(struct cache *cache)
{
    slip_buf_release(&cache->text);
    free(cache->known);
}

static int64_t nanoseconds(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

/* One fixed-size row and the path after it; the file belongs to this machine alone. */
struct row {
    uint64_t ino, size;
    int64_t mtime_ns, ctime_ns;
    char hex[64];
    uint32_t path_len; /* with the NUL */
    uint32_t zero;
};

static void cache_load(struct cache *cache, struct slip_store *store, const char *root)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    struct slip_digest id, sum;

    slip_digest_of(root, strlen(root), &id);
    snprintf(cache->name, sizeof cache->name, "scans/%.32s", id.hex);
    if (slip_read_file(store->root, cache->name, CACHE_LIMIT, &cache->text, &ignored) < 0 ||
        cache->text.len < sizeof CACHE_MAGIC - 1 + 64)
        return;
    const char *p = cache->text.data + sizeof CACHE_MAGIC - 1,
               *end = cache->text.data + cache->text.len - 64;
    slip_digest_of(cache->text.data, (size_t)(end - cache->text.data), &sum);
    if (memcmp(end, sum.hex, 64) != 0 ||
        memcmp(cache->text.data, CACHE_MAGIC, sizeof CACHE_MAGIC - 1) != 0)
        return; /* damaged: everything is read again */
    memcpy(&cache->written_ns, p, sizeof cache->written_ns);
    for (p += sizeof cache->written_ns; (size_t)(end - p) > sizeof(struct row);) {
        struct row row;
        memcpy(&row, p, sizeof row);
        if (row.path_len > (size_t)(end - p) - sizeof row)
            return;
        cache->known = slip_xgrow(cache->known, cache->n, &cache->cap, sizeof *cache->known);
        cache->known[cache->n++] = (struct known){
            .path = p + sizeof row,
            .ino = row.ino,
            .size = row.size,
            .mtime_ns = row.mtime_ns,
            .ctime_ns = row.ctime_ns,
            .hex = p + offsetof(struct row, hex),
        };
        p += sizeof row + row.path_len;
    }
}

static int cache_store(const struct cache *cache, const struct slip_scan *scan,
                       struct slip_store *store, int64_t now_ns, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    struct slip_digest sum;

    slip_buf_puts(&out, CACHE_MAGIC);
    slip_buf_put(&out, &now_ns, sizeof now_ns);
    for (size_t i = 0; i < scan->n; i++) {
        const struct slip_scanned *e = &scan->entries[i];
        if (!S_ISREG(e->mode))
            continue;
        struct row row = { .ino = e->ino,
                           .size = e->size,
                           .mtime_ns = e->mtime_ns,
                           .ctime_ns = e->ctime_ns,
                           .path_len = (uint32_t)strlen(e->path) + 1 };
        memcpy(row.hex, e->digest.hex, sizeof row.hex);
        slip_buf_put(&out, &row, sizeof row);
        slip_buf_put(&out, e->path, row.path_len);
    }
    slip_digest_of(out.data, out.len, &sum);
    slip_buf_put(&out, sum.hex, 64);
    if (mkdirat(store->root, "scans", 0700) < 0 && errno != EEXIST)
        return slip_fail_errno(err, "cannot create the scan cache");
    return slip_write_file(store->root, cache->name, out.data, out.len, 0600, false, err);
}

static int by_path(const void *key, const void *entry)
{
    return strcmp(key, ((const struct known *)entry)->path);
}

/* 1 when the cache knew the digest, 0 when the file must be read. */
static int recall(const struct cache *cache, struct slip_scanned *e)
{
    const struct known *k =
        cache->n ? bsearch(e->path, cache->known, cache->n, sizeof *cache->known, by_path) : NULL;

    if (!k || k->ino != e->ino || k->size != e->size || k->mtime_ns != e->mtime_ns ||
        k->ctime_ns != e->ctime_ns || e->ctime_ns >= cache->written_ns ||
        e->mtime_ns >= cache->written_ns)
        return 0;
    memcpy(e->digest.hex, k->hex, 64);
    e->digest.hex[64] = '\0';
    return 1;
}

struct walk {
    struct slip_scan *scan;
    const struct slip_scan_options *options;
    struct slip_ignore *ignore; /* may be NULL */
    const struct cache *cache;
    bool read_any;
    struct slip_error *err;
};

static void ignore_release(struct walk *w)
{
    slip_ignore_free(w->ignore);
}

static int read_link(int dir, const char *name, struct slip_scanned *e, struct slip_error *err)
{
    char target[4096];
    ssize_t n = readlinkat(dir, name, target, sizeof target);

    if (n < 0 || n == sizeof target)
        return slip_fail_errno(err, "cannot read the link '%s'", e->path);
    e->link = slip_xstrndup(target, (size_t)n);
    return 0;
}

static int read_content(int dir, const char *name, struct slip_scanned *e, struct slip_error *err)
{
    slip_cleanup(slip_closep) int fd =
        openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return slip_fail_errno(err, "cannot read '%s'", e->path);
    if (slip_digest_of_fd(fd, &e->digest, NULL, err) < 0)
        return slip_error_context(err, "'%s'", e->path);
    return 0;
}

static int walk_dir(struct walk *w, int dir, const char *prefix);

static int visit(struct walk *w, int dir, const char *name, const char *prefix)
{
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT)
            return 0; /* gone since readdir: as if it had never been there */
        return slip_fail_errno(w->err, "cannot look at '%s%s'", prefix, name);
    }
    bool is_dir = S_ISDIR(st.st_mode);
    if (!is_dir && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
        return 0; /* a pipe, a socket or a device is no content: docker does not send it either */
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s%s", prefix, name);
    bool ignored = w->ignore && slip_ignore_match(w->ignore, path, is_dir);
    const size_t entries = w->scan->n, hidden = w->scan->hidden.n;
    if (ignored && (!is_dir || !slip_ignore_may_descend(w->ignore, path))) {
        if (w->options->list_hidden)
            slip_strv_add(&w->scan->hidden, path);
        return 0;
    }

    slip_cleanup(slip_closep) int sub = -1;
    if (is_dir) {
        sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (sub < 0)
            return slip_fail_errno(w->err, "cannot open directory '%s'", path);
        if (w->options->skip_build_trees &&
            (strcmp(name, ".git") == 0 || faccessat(sub, "CMakeCache.txt", F_OK, 0) == 0))
            return 0;
    }
    if (!ignored) {
        struct slip_scan *scan = w->scan;
        scan->entries = slip_xgrow(scan->entries, scan->n, &scan->cap, sizeof *scan->entries);
        struct slip_scanned *e = &scan->entries[scan->n++];
        *e = (struct slip_scanned){
            .path = slip_xstrdup(path),
            .mode = w->scan->in_git ? slip_git_mode(st.st_mode) : st.st_mode,
            .uid = st.st_uid,
            .gid = st.st_gid,
            .dev = st.st_dev,
            .ino = st.st_ino,
            .nlink = st.st_nlink,
            .size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0,
            .mtime_ns = nanoseconds(&st.st_mtim),
            .ctime_ns = nanoseconds(&st.st_ctim),
        };
        if (S_ISLNK(st.st_mode) && read_link(dir, name, e, w->err) < 0)
            return -1;
        if (S_ISREG(st.st_mode) && !recall(w->cache, e)) {
            w->read_any = true;
            if (read_content(dir, name, e, w->err) < 0)
                return -1;
        }
    }
    if (!is_dir)
        return 0;
    slip_cleanup(slip_freep) char *below = slip_xasprintf("%s/", path);
    if (walk_dir(w, sub, below) < 0)
        return -1;
    if (ignored && w->options->list_hidden &&
        w->scan->n == entries) { /* nothing in it was taken back */
        slip_strv_truncate(&w->scan->hidden, hidden);
        slip_strv_add(&w->scan->hidden, path);
    }
    return 0;
}

static int walk_dir(struct walk *w, int dir, const char *prefix)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (slip_list_dir(dir, ".", &names, w->err) < 0)
        return slip_error_context(w->err, "'%s'", prefix);
    for (size_t i = 0; i < names.n; i++)
        if (visit(w, dir, names.v[i], prefix) < 0)
            return -1;
    return 0;
}

static int entry_order(const void *a, const void *b)
{
    return strcmp(((const struct slip_scanned *)a)->path, ((const struct slip_scanned *)b)->path);
}

static void digest_rules(const char *const *lines, char ret[16])
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    struct slip_digest digest;

    for (; lines && *lines; lines++)
        slip_sha256_field(&sha, *lines);
    slip_sha256_finish(&sha, &digest);
    snprintf(ret, 16, "%.12s", digest.hex);
}

/* Is there a .git in it, or in a directory above? */
static bool is_in_git(const char *path)
{
    slip_cleanup(slip_freep) char *dir = slip_xstrdup(path);

    for (;;) {
        slip_cleanup(slip_freep) char *git = slip_path_join(dir, ".git");
        if (access(git, F_OK) == 0)
            return true;
        char *slash = strrchr(dir, '/');
        if (!slash || !slash[1])
            return false;
        slash[slash == dir] = '\0';
    }
}

int slip_scan_directory(struct slip_scan *scan, struct slip_store *store, const char *path,
                        const struct slip_scan_options *options, struct slip_error *err)
{
    slip_cleanup(cache_release) struct cache cache = { 0 };
    slip_cleanup(ignore_release) struct walk w = {
        .scan = scan, .options = options, .cache = &cache, .err = err
    };
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    scan->root = slip_path_absolute(path);
    scan->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (scan->fd < 0) {
        slip_fail_errno(err, "cannot open the build context '%s'", path);
        err->code = SLIP_EINPUT;
        return -1;
    }
    scan->in_git = is_in_git(scan->root);
    if (options->ignore)
        digest_rules(options->ignore, scan->rules);
    cache_load(&cache, store, scan->root);
    if ((options->ignore && slip_ignore_compile(options->ignore, &w.ignore, err) < 0) ||
        walk_dir(&w, scan->fd, "") < 0)
        return -1;
    /* A directory's children were listed after it: "a", "a/b", "a.c" becomes byte order here. */
    if (scan->n)
        qsort(scan->entries, scan->n, sizeof *scan->entries, entry_order);
    return w.read_any || !cache.n ? cache_store(&cache, scan, store, nanoseconds(&now), err) : 0;
}

static int path_order(const void *key, const void *entry)
{
    return strcmp(key, ((const struct slip_scanned *)entry)->path);
}

const struct slip_scanned *slip_scan_find(const struct slip_scan *scan, const char *path)
{
    return scan->n ? bsearch(path, scan->entries, scan->n, sizeof *scan->entries, path_order)
                   : NULL;
}

bool slip_scan_holds(const struct slip_scan *scan, const char *path)
{
    size_t n = strlen(path), low = 0, high = scan->n;

    if (!n || slip_scan_find(scan, path))
        return true;
    slip_cleanup(slip_freep) char *below = slip_xasprintf("%s/", path);
    while (low < high) { /* the first that is not before what is below it */
        size_t mid = low + (high - low) / 2;
        if (strcmp(scan->entries[mid].path, below) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low < scan->n && strncmp(scan->entries[low].path, below, n + 1) == 0;
}

/* Is it `under`, or below it? */
static bool is_below(const char *path, const char *under, size_t n)
{
    return n == 0 || (strncmp(path, under, n) == 0 && (!path[n] || path[n] == '/'));
}

static void describe(const struct slip_scanned *e, char out[32])
{
    struct slip_digest link;

    if (e->link)
        slip_digest_of(e->link, strlen(e->link), &link);
    snprintf(out, 32, "%o %.12s", e->mode, e->link ? link.hex : e->digest.hex);
}

/* The length of the first `depth` components. */
static size_t front_of(const char *path, unsigned depth)
{
    size_t n = strcspn(path, "/");

    while (--depth && path[n])
        n += 1 + strcspn(path + n + 1, "/");
    return n;
}

/* One row for each run of entries that begin alike. Returns how many there are. */
static size_t note_fronts(const struct slip_scan *scan, const char *under, unsigned depth,
                          struct slip_makings *m)
{
    size_t rows = 0, n = strlen(under);

    for (size_t i = 0, next; i < scan->n; i = next) {
        slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
        const char *path = scan->entries[i].path;
        size_t front = front_of(path, depth);
        char text[32];
        struct slip_digest digest;
        next = i + 1;
        if (!is_below(path, under, n))
            continue;
        rows++;
        while (next < scan->n && front_of(scan->entries[next].path, depth) == front &&
               strncmp(scan->entries[next].path, path, front) == 0)
            next++;
        for (size_t k = i; m && k < next; k++) {
            describe(&scan->entries[k], text);
            if (next == i + 1)
                slip_made_note(m, "file", path, text);
            slip_sha256_field(&sha, scan->entries[k].path);
            slip_sha256_field(&sha, text);
        }
        if (!m || next == i + 1)
            continue;
        slip_cleanup(slip_freep) char *name = slip_xstrndup(path, front);
        slip_sha256_finish(&sha, &digest);
        snprintf(text, sizeof text, "%.12s", digest.hex);
        slip_made_note(m, "directory", name, text);
    }
    return rows;
}

/* Each file, as long as they are not too many; then the deepest directories that are few enough. */
static void note_files(const struct slip_scan *scan, const char *under, struct slip_makings *m)
{
    unsigned depth = DEPTH_MAX;

    if (scan->n > ROWS_MAX)
        while (depth > 1 && note_fronts(scan, under, depth, NULL) > ROWS_MAX)
            depth--;
    note_fronts(scan, under, depth, m);
}

void slip_scan_made_of(const struct slip_scan *scan, const char *under, bool all_modes,
                       struct slip_makings *m)
{
    size_t n = strlen(under);

    for (size_t i = 0; i < scan->n; i++) {
        const struct slip_scanned *e = &scan->entries[i];
        mode_t kept = S_IFMT | (all_modes ? 07777 : S_ISREG(e->mode) ? 0100 : 0);
        if (!is_below(e->path, under, n))
            continue;
        slip_sha256_field(&m->sha, e->path + (n && e->path[n] == '/' ? n + 1 : n));
        slip_sha256_number(&m->sha, e->mode & kept);
        slip_sha256_field(&m->sha, e->link);
        slip_sha256_field(&m->sha, S_ISREG(e->mode) ? e->digest.hex : NULL);
    }
    slip_sha256_field(&m->sha, NULL);
    if (m->rows)
        note_files(scan, under, m);
}

void slip_scan_release(struct slip_scan *scan)
{
    for (size_t i = 0; i < scan->n; i++) {
        free(scan->entries[i].path);
        free(scan->entries[i].link);
    }
    free(scan->entries);
    slip_strv_release(&scan->hidden);
    free(scan->root);
    slip_closep(&scan->fd);
    *scan = SLIP_SCAN_INIT;
}
