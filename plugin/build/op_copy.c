#include "build/builder.h"

#include <errno.h>
#include <fcntl.h>

#include "archive/sniff.h"
#include "build/copytree.h"
#include "build/mode.h"
#include "build/pick.h"
#include "build/view.h"
#include "exec/passwd.h"
#include "layer/apply.h"
#include "layer/diff.h"
#include "layer/owner.h"
#include "plan/ignore.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

/* The source side of one COPY while it runs. */
struct source {
    int root;                     /* borrowed from one of the next */
    const struct slip_scan *scan; /* context */
    struct slip_view view;        /* stage or image */
    struct slip_work nothing;     /* the empty directory that a stage without files is */
    struct slip_ignore *exclude;
    size_t excluded_from; /* --exclude is about what follows this byte of a path */
};

static void source_release(struct source *source)
{
    slip_view_release(&source->view);
    slip_work_release(&source->nothing);
    slip_ignore_free(source->exclude);
}

static int open_source(struct slip_builder *b, const struct slip_copy *copy, struct source *source,
                       struct slip_error *err)
{
    if (copy->input.origin == SLIP_FROM_CONTEXT) {
        source->scan = slip_builder_scan(b, &copy->input, err);
        source->root = source->scan ? source->scan->fd : -1;
        return source->scan ? 0 : -1;
    }
    if (copy->input.origin == SLIP_FROM_INLINE)
        return 0;
    if (slip_view_of_input(&source->view, b, &copy->input, err) < 0)
        return -1;
    source->root = source->view.mounted.root;
    if (source->root < 0) {
        if (slip_work_begin(&source->nothing, b, NULL, err) < 0)
            return -1;
        source->root = source->nothing.draft.fs;
    }
    return 0;
}

/* --exclude: patterns are relative to the directory that is copied, or to the base of --parents. */
static bool excluded(const struct source *source, const char *path, bool is_dir)
{
    const char *below = path + source->excluded_from;

    return source->exclude && slip_ignore_match(source->exclude, below, is_dir) &&
           !(is_dir && slip_ignore_may_descend(source->exclude, below));
}

/* What the scan left out is not copied; then what --exclude names. */
static int keep(void *user, const char *path, bool is_dir)
{
    const struct source *source = user;

    if (excluded(source, path, is_dir))
        return 0;
    return !source->scan || (is_dir ? slip_scan_holds(source->scan, path)
                                    : slip_scan_find(source->scan, path) != NULL);
}

struct target {
    int root;
    char *dest; /* where the destination's links lead; a trailing '/' is still there */
    bool set_owner;
    uid_t uid;
    gid_t gid;
};

static void target_release(struct target *target)
{
    free(target->dest);
}

/* Where a file of that name goes: into the destination when that is a directory, by its slash or
 * because it is there; else it becomes the destination, and so do all files of the instruction, one
 * after the other. */
static char *file_destination(const struct target *target, const char *name)
{
    struct stat st;

    if (slip_ends_with(target->dest, "/") ||
        (slip_lstat_in_root(target->root, target->dest, &st) == 0 && S_ISDIR(st.st_mode)))
        return slip_xasprintf("%s/%s", target->dest, name);
    return slip_xstrdup(target->dest);
}

/* The side of the target that all trees of the instruction share. */
static struct slip_copy_tree tree_to(const struct slip_builder *b, const struct target *target)
{
    return (struct slip_copy_tree){
        .to = target->root,
        .set_owner = target->set_owner,
        .uid = target->uid,
        .gid = target->gid,
        .emulated = b->tier == SLIP_TIER_SINGLE,
    };
}

/* mkdir -p in the target; an O_PATH fd, or -1. */
static int make_dirs(const struct slip_builder *b, const struct target *target, const char *path,
                     struct slip_error *err)
{
    const struct slip_copy_tree tree = tree_to(b, target);
    const struct slip_new_dir how = slip_copy_new_dir(&tree);

    return slip_mkdirs_in_root(target->root, path, &how, err);
}

/* 1: unpacked. 0: it is no archive. -1. */
static int add_archive(struct slip_builder *b, int from, const char *path,
                       const struct target *target, struct slip_error *err)
{
    const struct slip_apply_options options = {
        .emulated = b->tier == SLIP_TIER_SINGLE,
        .keep_times = true,
        .keep_root = true,
    };
    slip_cleanup(slip_closep) int fd = slip_open_in_root(from, path, O_RDONLY, 0);
    int is = fd < 0 ? slip_fail_errno(err, "cannot open '%s'", path) : slip_is_archive(fd, err);

    if (is <= 0)
        return is;
    slip_cleanup(slip_closep) int made = make_dirs(b, target, target->dest, err);
    slip_cleanup(slip_closep) int dir =
        made < 0 ? -1 : slip_open_in_root(target->root, target->dest, O_RDONLY | O_DIRECTORY, 0);
    if (made < 0)
        return -1;
    if (dir < 0)
        return slip_fail_errno(err, "cannot open '%s'", target->dest);
    if (slip_apply(fd, dir, &options, NULL, err) < 0)
        return slip_error_context(err, "cannot unpack '%s'", path);
    return 1;
}

/* The place of something that is copied. */
static char *destination(const struct slip_copy *copy, const struct target *target,
                         const struct slip_picked *picked, bool is_dir)
{
    if (copy->parents)
        return slip_xasprintf("%s/%s", target->dest, picked->path + picked->kept);
    if (is_dir)
        return slip_xstrdup(target->dest);
    return file_destination(target, slip_path_base(picked->path));
}

static int copy_tree(struct slip_builder *b, const struct slip_copy *copy, struct source *source,
                     const struct target *target, const struct slip_picked *picked,
                     const char *real, bool is_dir, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *dest = destination(copy, target, picked, is_dir);
    struct slip_copy_tree tree = tree_to(b, target);

    tree.from = source->root;
    tree.source = real;
    tree.dest = dest;
    tree.chmod = copy->chmod;
    tree.git_modes = source->scan && source->scan->in_git;
    tree.xattrs = !source->scan;
    tree.keep = source->scan || source->exclude ? keep : NULL;
    tree.user = source;
    if (copy->parents) {
        struct slip_copy_tree parents = tree;
        parents.source = picked->path;
        parents.dest = target->dest;
        if (slip_copy_parents(&parents, picked->kept, err) < 0)
            return -1;
    }
    return slip_copy_tree(&tree, err);
}

static int copy_path(struct slip_builder *b, const struct slip_copy *copy, struct source *source,
                     const struct target *target, const struct slip_picked *picked,
                     struct slip_error *err)
{
    slip_cleanup(slip_freep) char *followed = slip_follow_in_root(source->root, picked->path);
    const char *real = followed ? followed + 1 : picked->path; /* a named link is followed */
    slip_cleanup(slip_closep) int at = slip_open_in_root(source->root, real, O_PATH, 0);
    struct stat st;

    if (at < 0 || fstat(at, &st) < 0)
        return slip_fail_errno(err, "cannot open '%s'", picked->path);
    if (source->scan && !slip_scan_holds(source->scan, real)) {
        if (picked->by_wildcard) /* as if it were not there */
            return 0;
        return slip_fail(err, SLIP_EINPUT, "'%s' is a link to what the ignore file leaves out",
                         picked->path);
    }
    bool is_dir = S_ISDIR(st.st_mode);
    size_t name = (size_t)(slip_path_base(picked->path) - picked->path);
    source->excluded_from = copy->parents ? picked->kept : name;
    if ((copy->parents || (picked->by_wildcard && !is_dir)) &&
        excluded(source, picked->path, is_dir))
        return 0;
    if (!copy->parents && is_dir)
        source->excluded_from = strlen(real) + (*real != '\0');
    int unpacked =
        copy->add && S_ISREG(st.st_mode) ? add_archive(b, source->root, real, target, err) : 0;
    if (unpacked)
        return unpacked < 0 ? -1 : 0;
    return copy_tree(b, copy, source, target, picked, real, is_dir, err);
}

static int give(const struct slip_builder *b, const struct target *target, int dir,
                const char *name)
{
    slip_cleanup(slip_closep) int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 || !target->set_owner)
        return fd;
    return (b->tier == SLIP_TIER_SINGLE ? slip_owner_give : fchown)(fd, target->uid, target->gid);
}

static int write_inlines(struct slip_builder *b, const struct slip_copy *copy,
                         const struct target *target, struct slip_error *err)
{
    for (size_t i = 0; i < copy->ninlines; i++) {
        const struct slip_inline *file = &copy->inlines[i];
        mode_t mode = 0644;
        slip_cleanup(slip_freep) char *path = file_destination(target, file->name);
        const char *name = slip_path_base(path);
        slip_cleanup(slip_freep) char *parent = slip_xstrndup(path, (size_t)(name - path));
        slip_cleanup(slip_closep) int dir = make_dirs(b, target, parent, err);
        if (dir < 0)
            return -1;
        if (copy->chmod)
            slip_chmod_apply(copy->chmod, mode, &mode);
        if (slip_write_file(dir, name, file->text, strlen(file->text), mode & 07777, false, err) <
                0 ||
            give(b, target, dir, name) < 0)
            return slip_error_context(err, "cannot write '%s'", path);
    }
    return 0;
}

static int find_owner(const struct slip_copy *copy, struct target *target, struct slip_error *err)
{
    mode_t ignored;

    if (copy->chmod && slip_chmod_apply(copy->chmod, 0644, &ignored) < 0) {
        slip_fail(err, SLIP_EINPUT, "'%s' is not a mode", copy->chmod);
        return slip_error_hint(err, "write it as 0755 or as u=rwX,go=rX");
    }
    /* From a context everything becomes root's; from a stage owners stay, unless --chown. */
    target->set_owner = copy->chown || copy->input.origin == SLIP_FROM_CONTEXT;
    if (!copy->chown)
        return 0;
    return slip_identity_owner(target->root, copy->chown, &target->uid, &target->gid, err);
}

static int find_dest(const struct slip_copy *copy, struct target *target, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *dest = slip_follow_in_root(target->root, copy->dest);

    if (!dest)
        return slip_fail_errno(err, "cannot follow the links of '%s'", copy->dest);
    bool slash = slip_ends_with(copy->dest, "/") && !slip_ends_with(dest, "/");
    target->dest = slip_xasprintf("%s%s", dest, slash ? "/" : "");
    return 0;
}

static int copy_all(struct slip_builder *b, const struct slip_copy *copy, struct source *source,
                    const struct target *target, struct slip_error *err)
{
    slip_cleanup(slip_picks_release) struct slip_picks picks = SLIP_PICKS_INIT;

    if (slip_pick(source->root, source->scan, copy, &picks, err) < 0)
        return -1;
    if (copy->parents) { /* the destination is a directory, also when nothing goes there */
        slip_cleanup(slip_closep) int made = make_dirs(b, target, target->dest, err);
        if (made < 0)
            return -1;
    }
    for (size_t i = 0; i < picks.n; i++)
        if (copy_path(b, copy, source, target, &picks.v[i], err) < 0)
            return -1;
    return write_inlines(b, copy, target, err);
}

/* The content that came out, so that what follows is rebuilt only when it differs. */
static int identify(struct slip_builder *b, struct slip_node *node, int upper,
                    struct slip_error *err)
{
    slip_cleanup(slip_tree_release) struct slip_tree tree = SLIP_TREE_INIT;
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    const struct slip_diff_options options = {
        .epoch = b->options->epoch,
        .emulated = b->tier == SLIP_TIER_SINGLE,
    };
    char content[65];

    if (slip_diff(upper, -1, &options, &tree, err) < 0)
        return -1;
    slip_tree_finish(&tree, b->options->epoch);
    if (slip_tree_digest(&tree, content, err) < 0)
        return -1;
    slip_sha256_field(&sha, "slipway copied 1");
    slip_sha256_field(&sha, slip_node_of(b, node->step->parent)->identity);
    slip_sha256_field(&sha, content);
    slip_key_finish(&sha, node->identity);
    return 0;
}

int slip_op_copy(struct slip_builder *b, struct slip_node *node, struct slip_error *err)
{
    const struct slip_copy *copy = &node->step->copy;
    slip_cleanup(slip_work_release) struct slip_work work = SLIP_WORK_INIT;
    slip_cleanup(slip_mounted_release) struct slip_mounted mounted = SLIP_MOUNTED_INIT;
    slip_cleanup(source_release) struct source source = { .root = -1,
                                                          .view = SLIP_VIEW_INIT,
                                                          .nothing = SLIP_WORK_INIT };

    if (copy->exclude && copy->exclude[0] &&
        slip_ignore_compile(copy->exclude, &source.exclude, err) < 0)
        return -1;
    if (slip_work_begin(&work, b, node->step->parent, err) < 0 ||
        open_source(b, copy, &source, err) < 0)
        return -1;
    const struct slip_rootfs rootfs = slip_work_rootfs(&work);
    if (slip_rootfs_mount(&rootfs, &mounted, err) < 0)
        return -1;
    slip_cleanup(target_release) struct target target = { .root = mounted.root };
    if (find_owner(copy, &target, err) < 0 || find_dest(copy, &target, err) < 0 ||
        copy_all(b, copy, &source, &target, err) < 0)
        return -1;
    slip_mounted_release(&mounted);
    if (identify(b, node, work.draft.fs, err) < 0)
        return -1;
    return slip_work_publish(&work, b, node, err);
}
