#include "exec/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "exec/overlay.h"
#include "exec/owner.h"
#include "exec/resolve.h"
#include "exec/stack.h"
#include "util/buf.h"
#include "util/fs.h"
#include "util/mem.h"

#define RESOLV_LIMIT ((size_t)64 << 10)

static const char *const stub_dirs[] = { "/dev/", "/proc/", "/sys/", "/tmp/", "/run/" };
static const char *const etc_files[] = { "/etc/resolv.conf", "/etc/hosts", "/etc/hostname" };

static bool is_dir(const struct slip_sandbox_mount *mount)
{
    struct stat st;

    if (mount->kind == SLIP_SANDBOX_BIND)
        return fstat(mount->source, &st) == 0 && S_ISDIR(st.st_mode);
    return mount->kind != SLIP_SANDBOX_FILE;
}

/* A tmpfs that shall have the mode of what it covers. */
static bool takes_mode(const struct slip_sandbox_mount *mount)
{
    return mount->kind == SLIP_SANDBOX_TMPFS && !mount->mode;
}

/* `end` as slip_stack_mount() reads it. */
static void add_stub(struct slip_strv *stubs, const char *path, const char *end)
{
    slip_cleanup(slip_freep) char *clean = slip_path_clean(path);
    slip_cleanup(slip_freep) char *stub = slip_xasprintf("%s%s", clean, end);

    if (!slip_strv_has(stubs, stub))
        slip_strv_add(stubs, stub);
}

static void list_stubs(const struct slip_sandbox *spec, struct slip_strv *stubs)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(stub_dirs); i++)
        slip_strv_add(stubs, stub_dirs[i]);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(etc_files); i++)
        slip_strv_add(stubs, etc_files[i]);
    for (size_t i = 0; i < spec->nmounts; i++)
        add_stub(stubs, spec->mounts[i].target,
                 takes_mode(&spec->mounts[i]) ? "//"
                 : is_dir(&spec->mounts[i])   ? "/"
                                              : "");
}

static const char *end_of(const char *stub)
{
    const char *end = stub + strlen(stub);

    while (end > stub && end[-1] == '/')
        end--;
    return end;
}

/* Targets that are still missing, by where they lead. 1: some were added. */
static int add_missing(int root, struct slip_strv *stubs)
{
    size_t n = stubs->n;

    for (size_t i = 0; i < n; i++) {
        slip_cleanup(slip_closep) int fd = slip_open_in_root(root, stubs->v[i], O_PATH, 0);
        if (fd >= 0 || errno != ENOENT)
            continue;
        slip_cleanup(slip_freep) char *place = slip_resolve_missing(root, stubs->v[i]);
        if (place)
            add_stub(stubs, place, end_of(stubs->v[i]));
    }
    return stubs->n > n;
}

static int mount_root(struct slip_stage *stage, const struct slip_sandbox *spec,
                      struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv stubs = SLIP_STRV_INIT;
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

    list_stubs(spec, &stubs);
    if (slip_stack_mount(&spec->rootfs, &stubs, &stage->mounted, err) < 0)
        return -1;
    if (add_missing(stage->mounted.root, &stubs)) {
        slip_mounted_release(&stage->mounted);
        stage->mounted = SLIP_MOUNTED_INIT;
        if (slip_stack_mount(&spec->rootfs, &stubs, &stage->mounted, err) < 0)
            return -1;
    }
    stage->root = open_tree(stage->mounted.root, "",
                            OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
    if (stage->root < 0 ||
        (spec->root_readonly &&
         mount_setattr(stage->root, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) < 0))
        return slip_fail_errno(err, "cannot hand over the root");
    return 0;
}

static struct slip_piece *add_piece(struct slip_stage *stage, const char *target, bool dir)
{
    stage->pieces = slip_xgrow(stage->pieces, stage->npieces, &stage->cap, sizeof *stage->pieces);
    struct slip_piece *piece = &stage->pieces[stage->npieces++];
    *piece = (struct slip_piece){ .tree = -1, .is_dir = dir, .target = slip_path_clean(target) };
    return piece;
}

/* A detached copy of what `fd` shows, with these attributes. */
static int clone_tree(int fd, unsigned set)
{
    struct mount_attr attr = { .attr_set = set };
    int tree =
        open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);

    if (tree >= 0 &&
        mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) < 0) {
        int saved = errno;
        (void)close(tree);
        errno = saved;
        return -1;
    }
    return tree;
}

/* In tier single the attribute of exec/owner.h stands for it, which tmpfs keeps since Linux 6.6;
 * the one id there is reads the file whoever it says it is. */
static int give_file(int fd, const struct slip_sandbox_mount *mount)
{
    const struct slip_emulated owner = { .uid = mount->uid, .gid = mount->gid };
    enum slip_tier tier;

    if (!mount->uid && !mount->gid)
        return 0;
    if (slip_tier_entered(&tier) && tier == SLIP_TIER_SINGLE)
        return slip_emulated_set_fd(fd, &owner, mount->mode) < 0 && errno != EOPNOTSUPP ? -1 : 0;
    return fchown(fd, mount->uid, mount->gid);
}

/* A file on the tmpfs of this root: a detached tree, or -1. */
static int make_file(struct slip_stage *stage, const struct slip_sandbox_mount *mount,
                     struct slip_error *err)
{
    slip_cleanup(slip_closep) int dir = slip_stack_files(&stage->mounted, err);
    slip_cleanup(slip_freep) char *name = slip_xasprintf("%zu", stage->npieces);
    unsigned attr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

    if (dir < 0)
        return -1;
    slip_cleanup(slip_closep) int fd =
        openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || slip_write_all(fd, mount->text, mount->size) < 0 || give_file(fd, mount) < 0 ||
        fchmod(fd, mount->mode) < 0)
        return slip_fail_errno(err, "cannot write it");
    int tree = clone_tree(fd, mount->mode & 0111 ? attr : attr | MOUNT_ATTR_NOEXEC);
    return tree < 0 ? slip_fail_errno(err, "cannot hand it over") : tree;
}

static int make_overlay(struct slip_stage *stage, const struct slip_sandbox_mount *mount,
                        struct slip_error *err)
{
    const struct slip_overlay overlay = {
        .lower = &mount->source,
        .nlower = 1,
        .upper = mount->upper,
        .work = mount->work,
    };
    slip_cleanup(slip_freep) char *name = slip_xasprintf("overlay-%zu", stage->npieces);
    slip_cleanup(slip_closep) int own =
        openat(stage->mounted.scratch, stage->mounted.name, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (own < 0 || mkdirat(own, name, 0755) < 0)
        return slip_fail_errno(err, "cannot make a mount point");
    if (slip_overlay_mount(&overlay, own, name, err) < 0)
        return -1;
    slip_cleanup(slip_closep) int merged = openat(own, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int tree = merged < 0 ? -1 : clone_tree(merged, mount->readonly ? MOUNT_ATTR_RDONLY : 0);
    return tree < 0 ? slip_fail_errno(err, "cannot hand it over") : tree;
}

static int make_tmpfs(const struct slip_stage *stage, const struct slip_sandbox_mount *mount,
                      struct slip_error *err)
{
    slip_cleanup(slip_closep) int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
    slip_cleanup(slip_closep) int covered =
        slip_open_in_root(stage->mounted.root, mount->target, O_PATH | O_DIRECTORY, 0);
    struct stat st = { .st_mode = 01777 };
    char mode[16], size[32];

    if (covered >= 0 && fstat(covered, &st) < 0)
        return slip_fail_errno(err, "cannot look at the directory that it covers");
    snprintf(mode, sizeof mode, "0%o", (mount->mode ? mount->mode : st.st_mode) & 07777);
    snprintf(size, sizeof size, "%" PRIu64, mount->size);
    if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "mode", mode, 0) < 0 ||
        (mount->size && fsconfig(fs, FSCONFIG_SET_STRING, "size", size, 0) < 0) ||
        fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return slip_fail_errno(err, "cannot make a tmpfs");
    int tree =
        fsmount(fs, FSMOUNT_CLOEXEC,
                MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (mount->readonly ? MOUNT_ATTR_RDONLY : 0));
    return tree < 0 ? slip_fail_errno(err, "cannot make a tmpfs") : tree;
}

static int make_bind(const struct slip_sandbox_mount *mount, struct slip_error *err)
{
    int tree = clone_tree(mount->source, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID |
                                             (mount->readonly ? MOUNT_ATTR_RDONLY : 0));

    return tree < 0 ? slip_fail_errno(err, "cannot hand it over") : tree;
}

static int add_mount(struct slip_stage *stage, const struct slip_sandbox_mount *mount,
                     struct slip_error *err)
{
    struct slip_piece *piece = add_piece(stage, mount->target, is_dir(mount));

    switch (mount->kind) {
    case SLIP_SANDBOX_BIND:
        piece->tree = make_bind(mount, err);
        break;
    case SLIP_SANDBOX_OVERLAY:
        piece->tree = make_overlay(stage, mount, err);
        break;
    case SLIP_SANDBOX_TMPFS:
        piece->tree = make_tmpfs(stage, mount, err);
        break;
    case SLIP_SANDBOX_FILE:
        piece->tree = make_file(stage, mount, err);
        break;
    }
    return piece->tree < 0 ? slip_error_context(err, "mount of '%s'", mount->target) : 0;
}

static int add_etc_file(struct slip_stage *stage, const char *target, const char *text,
                        struct slip_error *err)
{
    const struct slip_sandbox_mount file = { .kind = SLIP_SANDBOX_FILE,
                                             .target = target,
                                             .text = text,
                                             .size = strlen(text),
                                             .mode = 0644 };

    return add_mount(stage, &file, err);
}

static int add_etc(struct slip_stage *stage, const struct slip_sandbox *spec,
                   struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf resolv = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error no_file = SLIP_ERROR_INIT;
    const char *host = spec->hostname ? spec->hostname : "slipway";
    slip_cleanup(slip_freep) char *hosts =
        slip_xasprintf("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
                       "127.0.1.1\t%s\n",
                       host);
    slip_cleanup(slip_freep) char *hostname = slip_xasprintf("%s\n", host);

    /* without a network, the host's servers would only be something to depend on */
    if (spec->network == SLIP_SANDBOX_NET_HOST)
        (void)slip_read_file(AT_FDCWD, "/etc/resolv.conf", RESOLV_LIMIT, &resolv, &no_file);
    if (add_etc_file(stage, etc_files[0], slip_buf_str(&resolv), err) < 0 ||
        add_etc_file(stage, etc_files[1], hosts, err) < 0)
        return -1;
    return add_etc_file(stage, etc_files[2], hostname, err);
}

int slip_stage_open(struct slip_stage *stage, const struct slip_sandbox *spec,
                    struct slip_error *err)
{
    for (size_t i = 0; i < spec->nmounts; i++)
        if (spec->mounts[i].target[0] != '/')
            return slip_fail(err, SLIP_EINPUT, "mount target '%s' is not an absolute path",
                             spec->mounts[i].target);
    if (mount_root(stage, spec, err) < 0 || add_etc(stage, spec, err) < 0)
        return -1;
    for (size_t i = 0; i < spec->nmounts; i++)
        if (add_mount(stage, &spec->mounts[i], err) < 0)
            return -1;
    return 0;
}

void slip_stage_close_trees(struct slip_stage *stage)
{
    for (size_t i = 0; i < stage->npieces; i++) {
        slip_closep(&stage->pieces[i].tree);
        free(stage->pieces[i].target);
    }
    free(stage->pieces);
    stage->pieces = NULL;
    stage->npieces = stage->cap = 0;
    slip_cleanup(slip_closep) SLIP_UNUSED int root = SLIP_TAKE_FD(stage->root);
}

void slip_stage_release(struct slip_stage *stage)
{
    slip_stage_close_trees(stage);
    slip_mounted_release(&stage->mounted);
    *stage = SLIP_STAGE_INIT;
}
