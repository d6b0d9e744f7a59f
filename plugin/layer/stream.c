#include "layer/stream.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "layer/body.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

/* Where a tree goes: headers through the tar writer, bodies past it straight into the packer. */
struct stream {
    struct slip_packer *packer; /* owned */
    struct slip_tar tar;
};

static void stream_release(struct stream *s)
{
    slip_tar_release(&s->tar);
    slip_packer_free(s->packer);
}

static int put_file(struct stream *s, const struct slip_entry *e, struct slip_error *err)
{
    slip_cleanup(slip_closep) int fd = slip_body_open(e, err);
    uint64_t left = e->size;

    if (fd < 0)
        return -1;
    while (left) {
        size_t room;
        char *to = slip_packer_room(s->packer, &room, err);
        if (!to)
            return -1;
        ssize_t n = read(fd, to, left < room ? (size_t)left : room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return slip_fail_errno(err, "cannot read '%s'", e->path);
        if (n == 0)
            return slip_body_changed(e, err);
        slip_packer_used(s->packer, (size_t)n);
        if (slip_tar_passed(&s->tar, (size_t)n, err) < 0)
            return -1;
        left -= (uint64_t)n;
    }
    return 0;
}

/* A mark is an empty file whose name says what it hides (OCI image-spec, layer.md). */
static int put_mark(struct stream *s, const char *path, int64_t mtime, struct slip_error *err)
{
    const struct slip_tar_entry mark = { .path = path, .mode = S_IFREG | 0600, .mtime = mtime };

    return slip_tar_begin(&s->tar, &mark, err);
}

static int put_whiteout(struct stream *s, const struct slip_entry *e, struct slip_error *err)
{
    const char *base = slip_path_base(e->path);
    slip_cleanup(slip_freep) char *path =
        slip_xasprintf("%.*s.wh.%s", (int)(base - e->path), e->path, base);

    return put_mark(s, path, e->mtime, err);
}

static int put_opaque(struct stream *s, const struct slip_entry *e, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/.wh..wh..opq", e->path);

    return put_mark(s, path, e->mtime, err);
}

static int put_entry(struct stream *s, const struct slip_entry *e, struct slip_error *err)
{
    slip_cleanup(slip_freep) struct slip_tar_xattr *xattrs =
        slip_xcalloc(e->nxattrs + 1, sizeof *xattrs);
    const struct slip_tar_entry entry = {
        .path = e->path,
        .link = e->link,
        .hardlink = e->hardlink,
        .mode = e->mode,
        .uid = e->uid,
        .gid = e->gid,
        .mtime = e->mtime,
        .size = e->size,
        .rdev = e->rdev,
        .xattrs = xattrs,
        .nxattrs = e->hardlink ? 0 : e->nxattrs, /* they are the first name's */
    };

    if (e->whiteout)
        return put_whiteout(s, e, err);
    if (slip_starts_with(slip_path_base(e->path), ".wh."))
        return slip_fail(err, SLIP_EINPUT,
                         "'%s' cannot be in an image: a name that begins with '.wh.' says that "
                         "something is removed",
                         e->path);
    for (size_t i = 0; i < e->nxattrs; i++)
        xattrs[i] =
            (struct slip_tar_xattr){ e->xattrs[i].name, e->xattrs[i].value, e->xattrs[i].len };
    if (slip_tar_begin(&s->tar, &entry, err) < 0)
        return -1;
    if (slip_body_is(e) && e->size)
        return e->content ? slip_tar_body(&s->tar, e->content, (size_t)e->size, err)
                          : put_file(s, e, err);
    return e->opaque ? put_opaque(s, e, err) : 0;
}

int slip_layer_write(const struct slip_tree *tree, enum slip_compression compression, int level,
                     unsigned threads, slip_sink_fn *sink, void *user, struct slip_layer_info *ret,
                     struct slip_error *err)
{
    slip_cleanup(stream_release) struct stream s = {
        .packer = slip_packer_open(compression, level, threads, sink, user, err)
    };
    struct slip_packed packed;

    if (!s.packer)
        return -1;
    s.tar = SLIP_TAR_INIT(slip_packer_write, s.packer);
    for (size_t i = 0; i < tree->n; i++)
        if (put_entry(&s, &tree->entries[i], err) < 0)
            return -1;
    if (slip_tar_finish(&s.tar, err) < 0 || slip_packer_finish(s.packer, &packed, err) < 0)
        return -1;
    *ret = (struct slip_layer_info){
        .diff_id = packed.in,
        .digest = packed.out,
        .size = packed.out_size,
        .tar_size = packed.in_size,
    };
    return 0;
}
