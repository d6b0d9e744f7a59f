#include "build/container.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "build/builder.h"
#include "build/copytree.h"
#include "build/emulator.h"
#include "build/programs.h"
#include "build/work.h"
#include "layer/diff.h"
#include "slim/closure.h"
#include "store/record.h"
#include "util/fs.h"
#include "util/mem.h"

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* An image's layers as a stack, in an entered tier, with a fresh upper. */
struct opened {
    struct slip_build_options options;
    struct slip_builder b;
    struct slip_image image;
    struct slip_part *parts;
    struct slip_work work;
    struct slip_mounted mounted;
};

#define OPENED_INIT ((struct opened){ .work = SLIP_WORK_INIT, .mounted = SLIP_MOUNTED_INIT })

static void opened_release(struct opened *o)
{
    slip_mounted_release(&o->mounted);
    slip_work_release(&o->work);
    slip_image_release(&o->image);
    free(o->parts);
}

static int enter(struct opened *o, struct slip_sources *sources, const char *tier,
                 struct slip_events *events, struct slip_error *err)
{
    o->options = (struct slip_build_options){ .sources = sources, .events = events, .tier = tier };
    o->b = (struct slip_builder){ .options = &o->options,
                                  .sources = sources,
                                  .store = sources->store,
                                  .events = events,
                                  .mutex = PTHREAD_MUTEX_INITIALIZER };
    return slip_builder_enter(&o->b, err);
}

static int unpack_layers(struct opened *o, const char *name, struct slip_error *err)
{
    o->parts = slip_xcalloc(o->image.nlayers, sizeof *o->parts);
    for (size_t i = 0; i < o->image.nlayers; i++) {
        const struct slip_image_layer *l = &o->image.layers[i];
        o->parts[i] = (struct slip_part){
            .has_blob = true,
            .blob = { .diff_id = l->diff_id, .digest = l->digest, .size = l->size },
            .image = name,
        };
    }
    return slip_parts_unpack(&o->b, o->parts, o->image.nlayers, err);
}

static int open_image(struct opened *o, struct slip_sources *sources,
                      const struct slip_digest *manifest, const char *tier,
                      struct slip_events *events, struct slip_error *err)
{
    if (enter(o, sources, tier, events, err) < 0 ||
        slip_sources_load(sources, NULL, manifest, &o->image, err) < 0 ||
        unpack_layers(o, NULL, err) < 0 || slip_work_begin(&o->work, &o->b, NULL, err) < 0)
        return -1;
    for (size_t i = o->image.nlayers; i-- > 0;)
        if (slip_stack_push(&o->b, &o->parts[i], &o->work.stack, err) < 0)
            return -1;
    return 0;
}

int slip_image_prepare(struct slip_sources *sources, const char *name,
                       const struct slip_digest *manifest, const char *tier,
                       struct slip_events *events, struct slip_error *err)
{
    slip_cleanup(opened_release) struct opened o = OPENED_INIT;

    if (enter(&o, sources, tier, events, err) < 0 ||
        slip_sources_load(sources, name, manifest, &o.image, err) < 0)
        return -1;
    return unpack_layers(&o, name, err);
}

static int mount_image(struct opened *o, struct slip_error *err)
{
    struct slip_rootfs rootfs = slip_work_rootfs(&o->work);

    rootfs.upper = -1;
    return slip_rootfs_mount(&rootfs, &o->mounted, err);
}

static void make_argv(const struct opened *o, const struct slip_container *c,
                      struct slip_strv *argv)
{
    const json_t *config = json_object_get(o->image.config, "config");

    if (c->entrypoint && *c->entrypoint)
        slip_strv_add(argv, c->entrypoint);
    else if (!c->entrypoint)
        slip_json_to_strv(json_object_get(config, "Entrypoint"), argv);
    if (c->args && c->args->n)
        slip_strv_copy(argv, c->args);
    else if (!c->entrypoint)
        slip_json_to_strv(json_object_get(config, "Cmd"), argv);
}

static void make_env(const json_t *config, const struct slip_container *c, struct slip_strv *env)
{
    slip_json_to_strv(json_object_get(config, "Env"), env);
    if (!slip_strv_getenv(env, "PATH"))
        slip_strv_setenv(env, "PATH", default_path);
    for (size_t i = 0; c->env && i < c->env->n; i++) {
        slip_cleanup(slip_freep) char *key =
            slip_xstrndup(c->env->v[i], strcspn(c->env->v[i], "="));
        slip_strv_setenv(env, key, c->env->v[i] + strlen(key) + 1);
    }
}

struct mounts {
    struct slip_sandbox_mount *v;
    size_t n;
};

static void mounts_release(struct mounts *mounts)
{
    for (size_t i = 0; i < mounts->n; i++) {
        slip_closep(&mounts->v[i].source);
        slip_closep(&mounts->v[i].upper);
        slip_closep(&mounts->v[i].work);
    }
    free(mounts->v);
}

static int make_scratch(int scratch, const char *kind, size_t i, struct slip_error *err)
{
    char name[32];

    snprintf(name, sizeof name, "%s%zu", kind, i);
    int fd = mkdirat(scratch, name, 0755) < 0
                 ? -1
                 : openat(scratch, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? slip_fail_errno(err, "cannot make a work directory") : fd;
}

/* What is written goes beside the container's own upper, and with it when it ends. The top of the
 * overlay shows the mode of the upper directory. */
static int lay_over(const struct opened *o, size_t i, struct slip_sandbox_mount *mount,
                    struct slip_error *err)
{
    struct stat st;

    mount->kind = SLIP_SANDBOX_OVERLAY;
    mount->upper = make_scratch(o->work.scratch, "upper", i, err);
    mount->work = mount->upper < 0 ? -1 : make_scratch(o->work.scratch, "work", i, err);
    if (mount->work < 0)
        return -1;
    if (fstat(mount->source, &st) < 0 || fchmod(mount->upper, st.st_mode & 07777) < 0)
        return slip_fail_errno(err, "cannot lay an overlay over '%s'", mount->target);
    return 0;
}

static int open_volume(const struct opened *o, const struct slip_volume *volume, size_t i,
                       struct slip_sandbox_mount *mount, struct slip_error *err)
{
    *mount = (struct slip_sandbox_mount){
        .kind = SLIP_SANDBOX_BIND,
        .target = volume->target,
        .source = open(volume->host,
                       volume->overlay ? O_RDONLY | O_DIRECTORY | O_CLOEXEC : O_PATH | O_CLOEXEC),
        .upper = -1,
        .work = -1,
        .readonly = volume->readonly,
    };
    if (mount->source < 0)
        return slip_fail_errno(err, "cannot mount '%s'", volume->host);
    return volume->overlay ? lay_over(o, i, mount, err) : 0;
}

static int open_volumes(const struct opened *o, const struct slip_container *c, struct mounts *ret,
                        struct slip_error *err)
{
    size_t ntmpfs = c->tmpfs ? c->tmpfs->n : 0;

    ret->v = slip_xcalloc(c->nvolumes + ntmpfs + 1, sizeof *ret->v);
    for (size_t i = 0; i < ntmpfs; i++)
        ret->v[ret->n++] = (struct slip_sandbox_mount){ .kind = SLIP_SANDBOX_TMPFS,
                                                        .target = c->tmpfs->v[i],
                                                        .source = -1,
                                                        .upper = -1,
                                                        .work = -1 };
    for (size_t i = 0; i < c->nvolumes; i++)
        if (open_volume(o, &c->volumes[i], i, &ret->v[ret->n++], err) < 0)
            return -1;
    return 0;
}

static const char *text_of(const json_t *config, const char *key, const char *otherwise)
{
    const char *text = slip_json_str(config, key);

    return text && *text ? text : otherwise;
}

/* For an image of another machine: an emulator, and argv with it in front. */
static int emulate(struct opened *o, const char *cwd, const struct slip_strv *env,
                   struct slip_strv *argv, struct mounts *mounts, struct slip_emulator *emulator,
                   struct slip_error *err)
{
    if (slip_emulator_find(slip_json_str(o->image.config, "architecture"), emulator, err) < 0)
        return -1;
    if (emulator->fd < 0)
        return 0;
    if (mount_image(o, err) < 0)
        return -1;
    slip_emulator_argv(emulator, o->mounted.root, cwd, env, argv);
    slip_mounted_release(&o->mounted); /* the sandbox mounts the same layers */
    mounts->v[mounts->n++] = slip_emulator_mount(emulator);
    emulator->fd = -1; /* the mounts own it now */
    return 0;
}

int slip_container_run(struct slip_sources *sources, const struct slip_digest *manifest,
                       const struct slip_container *c, struct slip_exit *ret,
                       struct slip_error *err)
{
    slip_cleanup(opened_release) struct opened o = OPENED_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv argv = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv env = SLIP_STRV_INIT;
    slip_cleanup(mounts_release) struct mounts mounts = { 0 };
    struct slip_emulator emulator;

    if (open_image(&o, sources, manifest, c->tier, c->events, err) < 0 ||
        open_volumes(&o, c, &mounts, err) < 0)
        return -1;
    const json_t *config = json_object_get(o.image.config, "config");
    make_argv(&o, c, &argv);
    make_env(config, c, &env);
    if (argv.n == 0) {
        slip_fail(err, SLIP_EINPUT, "the image has no entrypoint and no command");
        return slip_error_hint(err, "name a program: slipway run IMAGE PROGRAM...");
    }
    const char *cwd = c->workdir ? c->workdir : text_of(config, "WorkingDir", "/");
    if (emulate(&o, cwd, &env, &argv, &mounts, &emulator, err) < 0)
        return -1;
    const struct slip_sandbox spec = {
        .rootfs = slip_work_rootfs(&o.work),
        .mounts = mounts.v,
        .nmounts = mounts.n,
        .argv = (const char *const *)argv.v,
        .env = (const char *const *)env.v,
        .cwd = cwd,
        .user = c->user ? c->user : text_of(config, "User", ""),
        .network = c->host_network ? SLIP_SANDBOX_NET_HOST : SLIP_SANDBOX_NET_NONE,
        .interactive = !c->output,
        .root_readonly = c->readonly,
        .output = c->output,
        .user_data = c->user_data,
        .keep_fd = -1,
        .keep_fd2 = -1,
        .cancel = c->cancel,
    };
    return slip_sandbox_run(&spec, ret, err);
}

static int copy_image(struct opened *o, const char *to_path, struct slip_error *err)
{
    slip_cleanup(slip_closep) int to = open(to_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (to < 0)
        return slip_fail_errno(err, "cannot open '%s'", to_path);
    const struct slip_copy_tree copy = {
        .from = o->mounted.root,
        .source = "",
        .to = to,
        .dest = "",
        .xattrs = true,
        .emulated = o->b.tier == SLIP_TIER_SINGLE,
    };
    return slip_copy_tree(&copy, err);
}

/* Empties a directory that was there, or removes one that was not. */
static void undo_unpack(const char *dir, bool was_there)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (!was_there) {
        (void)slip_remove_tree(AT_FDCWD, dir, &ignored);
        return;
    }
    if (fd < 0 || slip_list_dir(fd, ".", &names, &ignored) < 0)
        return;
    for (size_t i = 0; i < names.n; i++)
        (void)slip_remove_tree(fd, names.v[i], &ignored);
}

/* 1: an empty directory is there. 0: nothing is, but its parents. */
static int look_at_dest(const char *dest, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_freep) char *parent = slip_xasprintf("%s/..", dest);

    if (access(dest, F_OK) < 0) {
        slip_cleanup(slip_freep) char *clean = slip_path_clean(parent);
        return slip_mkdirs(AT_FDCWD, clean, 0755, err);
    }
    if (slip_list_dir(AT_FDCWD, dest, &names, err) < 0)
        return -1;
    if (names.n == 0)
        return 1;
    slip_fail(err, SLIP_EUSAGE, "'%s' is not empty", dest);
    return slip_error_hint(err, "name a directory that is new or empty");
}

int slip_image_unpack(struct slip_sources *sources, const struct slip_digest *manifest,
                      const char *dest, struct slip_events *events, struct slip_error *err)
{
    slip_cleanup(opened_release) struct opened o = OPENED_INIT;
    slip_cleanup(slip_freep) char *absolute = slip_path_absolute(dest);
    slip_cleanup(slip_freep) char *aside = slip_xasprintf("%s.%d.part", absolute, getpid());
    int there = look_at_dest(absolute, err);

    if (there < 0 || open_image(&o, sources, manifest, NULL, events, err) < 0 ||
        mount_image(&o, err) < 0)
        return -1;
    /* Somebody may stand in a directory that is there, or have mounted it: it is filled, and
     * emptied when that fails. */
    const char *to = there ? absolute : aside;
    if (!there && mkdir(to, 0755) < 0)
        return slip_fail_errno(err, "cannot make '%s'", to);
    int rc = copy_image(&o, to, err);
    if (rc == 0 && !there && rename(aside, absolute) < 0)
        rc = slip_fail_errno(err, "cannot make '%s'", dest);
    if (rc < 0)
        undo_unpack(to, there);
    return rc;
}

static int to_fd(void *user, const void *p, size_t n, struct slip_error *err)
{
    if (slip_write_all(*(int *)user, p, n) < 0)
        return slip_fail_errno(err, "cannot write the archive");
    return 0;
}

int slip_image_flatten(struct slip_sources *sources, const struct slip_digest *manifest, int fd,
                       struct slip_events *events, struct slip_error *err)
{
    slip_cleanup(opened_release) struct opened o = OPENED_INIT;
    slip_cleanup(slip_tree_release) struct slip_tree tree = SLIP_TREE_INIT;
    struct slip_layer_info info;

    if (open_image(&o, sources, manifest, NULL, events, err) < 0 || mount_image(&o, err) < 0)
        return -1;
    /* Seen through the mount there are no whiteouts left: everything is content. */
    const struct slip_diff_options options = {
        .epoch = INT64_MAX,
        .emulated = o.b.tier == SLIP_TIER_SINGLE,
    };
    if (slip_diff(o.mounted.root, -1, &options, &tree, err) < 0)
        return -1;
    slip_tree_finish(&tree, 0);
    return slip_layer_write(&tree, SLIP_UNCOMPRESSED, 0, 0, to_fd, &fd, &info, err);
}

int slip_image_look(struct slip_sources *sources, const struct slip_digest *manifest,
                    struct slip_events *events,
                    int (*look)(void *user, int root, const struct slip_image *image,
                                struct slip_error *err),
                    void *user, struct slip_error *err)
{
    slip_cleanup(opened_release) struct opened o = OPENED_INIT;

    if (open_image(&o, sources, manifest, NULL, events, err) < 0 || mount_image(&o, err) < 0)
        return -1;
    return look(user, o.mounted.root, &o.image, err);
}

/* The directories of LD_LIBRARY_PATH in the image's environment. */
static void library_path(const struct slip_image *image, struct slip_strv *ret)
{
    slip_cleanup(slip_strv_release) struct slip_strv env = SLIP_STRV_INIT;
    char *save = NULL;

    slip_json_to_strv(json_object_get(json_object_get(image->config, "config"), "Env"), &env);
    const char *value = slip_strv_getenv(&env, "LD_LIBRARY_PATH");
    slip_cleanup(slip_freep) char *dirs = slip_xstrdup(value ? value : "");
    for (char *dir = strtok_r(dirs, ":;", &save); dir; dir = strtok_r(NULL, ":;", &save))
        slip_strv_add(ret, dir);
}

/* What the closure says of scripts; one that the image starts with is an error. */
static int check_scripts(const struct opened *o, const struct slip_programs *programs,
                         const struct slip_closure *closure, struct slip_strv *ret,
                         struct slip_error *err)
{
    const json_t *config = json_object_get(o->image.config, "config");
    const char *first = json_string_value(json_array_get(json_object_get(config, "Entrypoint"), 0));

    if (!first)
        first = json_string_value(json_array_get(json_object_get(config, "Cmd"), 0));
    for (size_t i = 0; i < closure->nhints; i++) {
        const struct slip_hint *hint = &closure->hints[i];
        if (!slip_strv_has(&programs->scripts, hint->path))
            continue;
        if (first && strcmp(first, hint->path) == 0)
            return slip_fail(err, SLIP_ESTEP, "%s, which the image starts with, %s", hint->path,
                             hint->text);
        slip_strv_addf(ret, "%s %s", hint->path, hint->text);
    }
    return 0;
}

int slip_image_link_check(struct slip_sources *sources, const struct slip_digest *manifest,
                          struct slip_events *events, struct slip_strv *ret_scripts,
                          struct slip_error *err)
{
    slip_cleanup(opened_release) struct opened o = OPENED_INIT;
    slip_cleanup(slip_programs_release) struct slip_programs programs = SLIP_PROGRAMS_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv dirs = SLIP_STRV_INIT;
    slip_cleanup(slip_closure_release) struct slip_closure closure = SLIP_CLOSURE_INIT;

    if (open_image(&o, sources, manifest, NULL, events, err) < 0 || mount_image(&o, err) < 0 ||
        slip_programs_list(o.mounted.root, &programs, err) < 0)
        return -1;
    library_path(&o.image, &dirs);
    const struct slip_closure_options options = {
        .root = o.mounted.root,
        .extra_dirs = (const char *const *)dirs.v,
        .as_image = true,
        .base_root = -1,
    };
    if (slip_closure_compute(&closure, &programs.all, &options, err) < 0) {
        err->code = SLIP_ESTEP;
        return -1;
    }
    if (check_scripts(&o, &programs, &closure, ret_scripts, err) < 0)
        return -1;
    return (int)(programs.all.n - programs.scripts.n);
}

/* The key under which a failed step keeps what a shell needs. */
static void failure_key(const char *id, char ret[65])
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;

    slip_sha256_field(&sha, "slipway failure 1");
    slip_sha256_field(&sha, id);
    slip_key_finish(&sha, ret);
}

void slip_failure_id(const struct slip_node *node, char ret[13])
{
    memcpy(ret, node->def, 12);
    ret[12] = '\0';
}

int slip_failure_record(struct slip_builder *b, const struct slip_node *node,
                        const struct slip_part *upper, struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *record = json_object();
    slip_cleanup(slip_strv_release) struct slip_strv env = SLIP_STRV_INIT;
    json_t *parts = json_array();
    const struct slip_run *run = &node->step->run;
    bool host = false;
    char id[13], key[65];

    if (upper)
        json_array_append_new(parts, slip_part_json(upper));
    for (const struct slip_step *s = node->step->parent; s;) {
        const struct slip_node *n = slip_node_of(b, s);
        for (size_t i = n->nparts; i-- > 0;)
            json_array_append_new(parts, slip_part_json(&n->parts[i]));
        for (size_t i = n->base.n; i-- > 0;)
            json_array_append_new(parts, slip_part_json(&n->base.parts[i]));
        host |= n->base.host;
        const struct slip_stage *from =
            s->op == SLIP_OP_BASE && s->base.input.origin == SLIP_FROM_STAGE ? s->base.input.stage
                                                                             : NULL;
        s = from ? from->steps[from->nsteps - 1] : s->parent;
    }
    for (const char *const *e = run->env; e && *e; e++)
        slip_strv_add(&env, *e);
    json_object_set_new(record, "parts", parts);
    json_object_set_new(record, "host", json_boolean(host));
    json_object_set_new(record, "env", slip_json_from_strv(&env));
    json_object_set_new(record, "cwd", json_string(run->cwd));
    json_object_set_new(record, "user", json_string(run->user));
    json_object_set_new(record, "text", json_string(node->step->text));
    slip_failure_id(node, id);
    failure_key(id, key);
    return slip_record_put(b->store, key, record, err);
}

int slip_container_at_failure(struct slip_sources *sources, const char *id,
                              const struct slip_container *c, struct slip_exit *ret,
                              struct slip_error *err)
{
    slip_cleanup(opened_release) struct opened o = OPENED_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv env = SLIP_STRV_INIT;
    char key[65];

    failure_key(id, key);
    slip_cleanup(slip_json_decrefp) json_t *record = slip_record_get(sources->store, key);
    if (!record) {
        slip_fail(err, SLIP_EUSAGE, "no failed step '%s' is remembered", id);
        return slip_error_hint(err, "the message of the failed build names it");
    }
    if (enter(&o, sources, c->tier, c->events, err) < 0 ||
        slip_work_begin(&o.work, &o.b, NULL, err) < 0)
        return -1;
    const json_t *parts = json_object_get(record, "parts");
    struct slip_stack *stack = &o.work.stack;
    for (size_t i = 0; i < json_array_size(parts); i++) {
        struct slip_part part;
        if (slip_part_from_json(&part, json_array_get(parts, i)) < 0)
            return slip_fail(err, SLIP_EINTEGRITY, "the record of the failed step is damaged");
        if (slip_stack_push(&o.b, &part, stack, err) < 0)
            return -1;
    }
    stack->host = json_is_true(json_object_get(record, "host"));
    slip_json_to_strv(json_object_get(record, "env"), &env);
    const char *const shell[] = { "/bin/sh", NULL };
    const struct slip_sandbox spec = {
        .rootfs = slip_work_rootfs(&o.work),
        .argv = c->args && c->args->n ? (const char *const *)c->args->v : shell,
        .env = (const char *const *)env.v,
        .cwd = text_of(record, "cwd", "/"),
        .user = c->user ? c->user : text_of(record, "user", ""),
        .network = SLIP_SANDBOX_NET_HOST,
        .interactive = true,
        .keep_fd = -1,
        .keep_fd2 = -1,
        .cancel = c->cancel,
    };
    return slip_sandbox_run(&spec, ret, err);
}
