#include "build/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "build/copytree.h"
#include "layer/owner.h"
#include "store/record.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define SOURCES_LIMIT ((size_t)64 << 20)
#define WAIT_NS 50000000 /* between two looks at a lock */

/* The steps of one build (configure, compile, install) share it: what counts is the root file
 * system below the first of them. */
static const struct slip_step *root_of(const struct slip_step *step, const char *id)
{
    const struct slip_step *root = step;

    while (root->parent && root->op != SLIP_OP_BASE) {
        bool shares = false;
        for (size_t i = 0; root->op == SLIP_OP_RUN && i < root->run.nmounts; i++)
            shares |= root->run.mounts[i].kind == SLIP_MOUNT_CACHE &&
                      strcmp(root->run.mounts[i].id, id) == 0;
        if (!shares && root != step)
            break;
        root = root->parent;
    }
    return root;
}

int slip_keep_name(struct slip_keep *keep, struct slip_builder *b, const struct slip_step *step,
                   const struct slip_run_mount *mount, struct slip_error *err)
{
    slip_cleanup(slip_makings_release) struct slip_makings made = SLIP_MAKINGS_INIT;

    keep->build = slip_starts_with(mount->id, "build:");
    slip_sha256_field(&made.sha, "slipway mount 1");
    slip_sha256_field(&made.sha, mount->id);
    slip_sha256_field(&made.sha, b->tier_name);
    if (keep->build) {
        const struct slip_step *root = root_of(step, mount->id);
        slip_sha256_field(&made.sha, b->nodes[root->number - 1].identity);
    } else if (mount->has_mode || mount->uid || mount->gid) {
        slip_sha256_number(&made.sha, mount->mode);
        slip_sha256_number(&made.sha, mount->uid);
        slip_sha256_number(&made.sha, mount->gid);
    }
    if (!keep->build && mount->input.origin != SLIP_FROM_SCRATCH &&
        slip_key_input(b, &mount->input, mount->source, &made, err) < 0)
        return -1;
    slip_makings_finish(&made, keep->name);
    return 0;
}

static void boot_id(char ret[40])
{
    slip_cleanup(slip_closep) int fd =
        open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : slip_read_full(fd, ret, 36);

    ret[n == 36 ? 36 : 0] = '\0';
}

static int open_fs(struct slip_keep *keep)
{
    keep->fs = openat(keep->dir, "fs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return keep->fs;
}

static int empty(struct slip_keep *keep, struct slip_error *err)
{
    slip_closep(&keep->fs);
    keep->fs = -1;
    (void)unlinkat(keep->dir, "sources", 0);
    if (slip_remove_tree(keep->dir, "fs", err) < 0)
        return -1;
    if (mkdirat(keep->dir, "fs", 0755) < 0)
        return slip_fail_errno(err, "cannot create a cache directory");
    return open_fs(keep) < 0 ? slip_fail_errno(err, "cannot open a cache directory") : 0;
}

/* "path\0digest\0" for every file of every context the step mounts, and the time of the build. */
static int list_sources(struct slip_builder *b, const struct slip_step *step, struct slip_buf *out,
                        struct slip_error *err)
{
    for (size_t i = 0; i < step->run.nmounts; i++) {
        const struct slip_run_mount *m = &step->run.mounts[i];
        if (m->input.origin != SLIP_FROM_CONTEXT)
            continue;
        const struct slip_scan *scan = slip_builder_scan(b, &m->input, err);
        if (!scan)
            return -1;
        for (size_t k = 0; k < scan->n; k++) {
            const struct slip_scanned *e = &scan->entries[k];
            slip_buf_put(out, e->path, strlen(e->path) + 1);
            const char *what = S_ISREG(e->mode) ? e->digest.hex : e->link ? e->link : "";
            slip_buf_put(out, what, strlen(what) + 1);
        }
    }
    return 0;
}

/* What was remembered, as a map from path to content; the texts stay in `text`. */
static void parse_sources(const struct slip_buf *text, struct slip_map *ret)
{
    const char *p = text->data, *end = p + text->len;

    while (p < end) {
        const char *path = p, *what = memchr(p, '\0', (size_t)(end - p));
        if (!what || ++what >= end)
            return;
        const char *next = memchr(what, '\0', (size_t)(end - what));
        if (!next)
            return;
        slip_map_set(ret, path, (void *)(uintptr_t)what);
        p = next + 1;
    }
}

/* Removes one path of the upper directory; what stands there was made by steps, so no link of it
 * is followed. */
static int uncover(int fs, const char *path, struct slip_error *err)
{
    const char *name = slip_path_base(path);
    slip_cleanup(slip_freep) char *parent = slip_xstrndup(path, (size_t)(name - path));
    slip_cleanup(slip_closep) int dir = slip_open_beneath(fs, parent, O_RDONLY | O_DIRECTORY, 0);

    return dir < 0 ? 0 : slip_remove_tree(dir, name, err);
}

/* Decides what is stale. 1: everything must go. */
static int compare(struct slip_builder *b, const struct slip_step *step, struct slip_keep *keep,
                   const struct slip_map *before, int64_t built_ns, struct slip_error *err)
{
    for (size_t i = 0; i < step->run.nmounts; i++) {
        const struct slip_run_mount *m = &step->run.mounts[i];
        const struct slip_scan *scan =
            m->input.origin == SLIP_FROM_CONTEXT ? slip_builder_scan(b, &m->input, err) : NULL;
        if (!scan && m->input.origin == SLIP_FROM_CONTEXT)
            return -1;
        for (size_t k = 0; scan && k < scan->n; k++) {
            const struct slip_scanned *e = &scan->entries[k];
            if (S_ISDIR(e->mode))
                continue;
            const char *was = slip_map_get(before, e->path);
            const char *is = S_ISREG(e->mode) ? e->digest.hex : e->link ? e->link : "";
            if (was && strcmp(was, is) == 0)
                continue;
            if (was && e->mtime_ns <= built_ns)
                return 1; /* changed, and no time stamp tells make so */
            if (m->kind == SLIP_MOUNT_CACHE && uncover(keep->fs, e->path, err) < 0)
                return -1;
        }
    }
    return 0;
}

static int refresh(struct slip_keep *keep, struct slip_builder *b, const struct slip_step *step,
                   struct slip_error *err)
{
    slip_cleanup(slip_error_release) struct slip_error missing = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_map_release) struct slip_map before = SLIP_MAP_INIT;
    char boot[40], used[40] = "";
    struct stat st;

    boot_id(boot);
    slip_cleanup(slip_closep) int mark = openat(keep->dir, "in-use", O_RDONLY | O_CLOEXEC);
    if (mark >= 0) {
        ssize_t n = slip_read_full(mark, used, 36);
        used[n > 0 ? n : 0] = '\0';
        if (strcmp(used, boot) != 0)
            return empty(keep, err); /* the machine stopped in the middle */
    }
    if (slip_write_file(keep->dir, "in-use", boot, strlen(boot), 0600, false, err) < 0)
        return -1;
    if (fstatat(keep->dir, "sources", &st, 0) < 0 ||
        slip_read_file(keep->dir, "sources", SOURCES_LIMIT, &text, &missing) < 0)
        return 0;
    parse_sources(&text, &before);
    int64_t built = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    int stale = compare(b, step, keep, &before, built, err);
    return stale < 0 ? -1 : stale ? empty(keep, err) : 0;
}

/* The nth of that name; the first has the name itself. */
static void name_of(const struct slip_keep *keep, unsigned nth, char ret[65])
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;

    memcpy(ret, keep->name, sizeof keep->name);
    if (nth == 0)
        return;
    slip_sha256_field(&sha, keep->name);
    slip_sha256_number(&sha, nth);
    slip_key_finish(&sha, ret);
}

static int wait_for(struct slip_keep *keep, struct slip_builder *b, const char *id,
                    struct slip_error *err)
{
    const struct timespec pause = { .tv_nsec = WAIT_NS };

    slip_note(b->events, "waiting for the cache '%s', which another step has locked", id);
    for (;;) {
        if (b->options->cancel && *b->options->cancel)
            return slip_fail(err, SLIP_ECANCELLED, "cancelled");
        (void)nanosleep(&pause, NULL);
        int rc = slip_store_try_lock_name(b->store, keep->name, false, &keep->lock, err);
        if (rc != 0)
            return rc < 0 ? -1 : 0;
    }
}

int slip_keep_open(struct slip_keep *keep, struct slip_builder *b,
                   const struct slip_run_mount *mount, struct slip_error *err)
{
    const bool waits = keep->build || mount->sharing == SLIP_LOCKED;
    const bool shared = !waits && mount->sharing == SLIP_SHARED;
    char name[65];
    int got = 0;

    for (unsigned nth = 0; !got; nth++) {
        name_of(keep, nth, name);
        got = slip_store_try_lock_name(b->store, name, shared, &keep->lock, err);
        if (got == 0 && waits)
            got = wait_for(keep, b, mount->id, err) < 0 ? -1 : 1;
    }
    if (got < 0)
        return -1;
    keep->dir = slip_store_mount(b->store, name, err);
    return keep->dir < 0 ? -1 : 0;
}

int slip_keep_share(struct slip_keep *keep, const struct slip_keep *from, struct slip_error *err)
{
    keep->dir = fcntl(from->dir, F_DUPFD_CLOEXEC, 3);
    return keep->dir < 0 ? slip_fail_errno(err, "cannot open a cache directory") : 0;
}

/* uid=, gid= and mode= count when the directory is made, as the reference has it. */
static int set_owner(int fs, const struct slip_builder *b, const struct slip_run_mount *mount,
                     mode_t mode)
{
    const struct slip_owner owner = { .uid = mount->uid, .gid = mount->gid, .mode = mode };

    if (mount->uid || mount->gid) {
        int rc = b->tier == SLIP_TIER_SINGLE ? slip_owner_set(fs, &owner)
                                             : fchown(fs, mount->uid, mount->gid);
        if (rc < 0)
            return -1;
    }
    return fchmod(fs, mode);
}

static int fill(struct slip_keep *keep, struct slip_builder *b, const struct slip_run_mount *mount,
                int input, struct slip_error *err)
{
    slip_cleanup(slip_closep) int from =
        input < 0 ? -1 : openat(input, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mode_t mode = mount->mode;
    struct stat st;

    if (input >= 0 && (from < 0 || fstat(from, &st) < 0)) {
        slip_fail_errno(err, "cannot begin the cache '%s' with what 'source' names", mount->id);
        err->at = mount->at;
        return -1;
    }
    if (slip_remove_tree(keep->dir, "new", err) < 0)
        return -1;
    if (mkdirat(keep->dir, "new", 0755) < 0)
        return slip_fail_errno(err, "cannot create a cache directory");
    const struct slip_copy_tree copy = {
        .from = from,
        .source = "",
        .to = keep->dir,
        .dest = "new",
        .emulated = b->tier == SLIP_TIER_SINGLE,
        .xattrs = true,
    };
    if (from >= 0 && slip_copy_tree(&copy, err) < 0)
        return -1;
    if (from >= 0 && !mount->has_mode)
        mode = st.st_mode & 07777;
    slip_cleanup(slip_closep) int fs = openat(keep->dir, "new", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fs < 0 || set_owner(fs, b, mount, mode) < 0)
        return slip_fail_errno(err, "cannot set the owner of a cache directory");
    (void)slip_write_file(keep->dir, "id", mount->id, strlen(mount->id), 0600, false, err);
    return renameat(keep->dir, "new", keep->dir, "fs") < 0
               ? slip_fail_errno(err, "cannot create a cache directory")
               : 0;
}

int slip_keep_is_filled(struct slip_keep *keep)
{
    return open_fs(keep) >= 0;
}

int slip_keep_fill(struct slip_keep *keep, struct slip_builder *b,
                   const struct slip_run_mount *mount, int input, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *name = slip_xasprintf("fill %s", keep->name);
    slip_cleanup(slip_closep) int alone = slip_store_lock_name(b->store, name, err);
    if (alone < 0)
        return -1;
    if (open_fs(keep) >= 0) /* somebody else was faster */
        return 0;
    if (fill(keep, b, mount, input, err) < 0)
        return -1;
    return open_fs(keep) < 0 ? slip_fail_errno(err, "cannot open a cache directory") : 0;
}

int slip_keep_prepare(struct slip_keep *keep, struct slip_builder *b, const struct slip_step *step,
                      const struct slip_run_mount *mount, struct slip_error *err)
{
    if (mkdirat(keep->dir, "fs", 0755) == 0)
        (void)slip_write_file(keep->dir, "id", mount->id, strlen(mount->id), 0600, false, err);
    if (open_fs(keep) < 0)
        return slip_fail_errno(err, "cannot open a cache directory");
    return refresh(keep, b, step, err);
}

int slip_keep_close(struct slip_keep *keep, struct slip_builder *b, const struct slip_step *step,
                    struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf sources = SLIP_BUF_INIT;

    if (!keep->build)
        return 0;
    if (list_sources(b, step, &sources, err) < 0 ||
        slip_write_file(keep->dir, "sources", slip_buf_str(&sources), sources.len, 0600, false,
                        err) < 0)
        return -1;
    (void)unlinkat(keep->dir, "in-use", 0);
    return 0;
}

void slip_keep_release(struct slip_keep *keep)
{
    slip_closep(&keep->fs);
    slip_closep(&keep->dir);
    slip_closep(&keep->lock);
    *keep = SLIP_KEEP_INIT;
}
