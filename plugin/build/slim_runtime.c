#include "build/slim.h"

#include <errno.h>
#include <fcntl.h>

#include "build/installer.h"
#include "slim/class.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"
#include "util/walk.h"

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static struct slip_entry *add(struct slip_slim_job *job, enum slip_holding holding,
                              const char *path, mode_t mode)
{
    while (*path == '/')
        path++;
    struct slip_entry *e = slip_tree_add(&job->layers[holding], path, mode);
    e->mtime = job->b->options->epoch;
    return e;
}

static void add_text(struct slip_slim_job *job, const char *path, mode_t mode, const char *text)
{
    struct slip_entry *e = add(job, SLIP_HOLD_DISTRIBUTION, path, S_IFREG | mode);

    e->content = slip_xstrdup(text);
    e->size = strlen(text);
}

static void add_link(struct slip_slim_job *job, enum slip_holding holding, const char *path,
                     const char *target)
{
    add(job, holding, path, S_IFLNK | 0777)->link = slip_xstrdup(target);
}

/* A file as it is, with a normal mode. */
static int add_from(struct slip_slim_job *job, int root, enum slip_holding holding,
                    const char *path, const char *source, uint64_t *ret_size,
                    struct slip_error *err)
{
    struct stat st;

    if (slip_lstat_in_root(root, source, &st) < 0)
        return slip_fail_errno(err, "cannot read '%s' in the builder", source);
    struct slip_entry *e = add(job, holding, path, S_IFREG | (st.st_mode & 0100 ? 0755 : 0644));
    e->size = (uint64_t)st.st_size;
    e->root = root;
    e->source = slip_xstrdup(source);
    if (ret_size)
        *ret_size = e->size;
    return 0;
}

static int add_from_view(struct slip_slim_job *job, enum slip_holding holding, const char *path,
                         struct slip_error *err)
{
    return add_from(job, job->view.mounted.root, holding, path, path, NULL, err);
}

/* The loader would not look there without the builder's ld.so.cache: a link where it does. */
static void add_loader_link(struct slip_slim_job *job, enum slip_holding holding,
                            const char *soname, const char *path)
{
    slip_cleanup(slip_freep) char *link =
        slip_xasprintf("%s/%s", job->closure.loader_dir + 1, soname);

    add_link(job, holding, link, path);
    json_array_append_new(job->files,
                          json_pack("{s:o, s:i, s:s, s:s, s:o}", "path", json_sprintf("/%s", link),
                                    "size", 0, "class", "runtime", "rule", "loader-link", "why",
                                    json_sprintf("the loader looks here for %s", soname)));
}

static void report_needed(struct slip_slim_job *job, const struct slip_needed *n, uint64_t size)
{
    bool top_level = n->link && !strchr(n->path + 1, '/');
    slip_cleanup(slip_freep) char *chain =
        top_level ? slip_xasprintf("a link on the way to what %s needs", n->why)
                  : slip_closure_chain(&job->closure, n->path);
    /* What is no name of a library says how the file came in: "interpreter", "dlopen". */
    bool named = strstr(n->soname, ".so") || strchr(n->soname, '/');
    json_t *row = json_pack(
        "{s:s, s:I, s:s, s:s, s:o}", "path", n->path, "size", (json_int_t)size, "class", "runtime",
        "rule",
        top_level ? "link"
        : named   ? "needed"
                  : n->soname,
        "why", chain ? json_string(chain) : json_sprintf("%s needed by %s", n->soname, n->why));

    if (n->package)
        json_object_set_new(row, "package", json_string(n->package));
    json_array_append_new(job->files, row);
}

static int add_needed(struct slip_slim_job *job, const struct slip_needed *n,
                      struct slip_error *err)
{
    enum slip_holding holding = slip_slim_holding(&job->closure, n);
    uint64_t size = 0;

    if (slip_slim_is_installed(job, n->path + 1))
        return 0; /* a link of the project's own, met on the way to one of its libraries */
    if (n->link)
        add_link(job, holding, n->path, n->link);
    else if (add_from(job, job->root, holding, n->path, n->source ? n->source : n->path, &size,
                      err) < 0)
        return -1;
    report_needed(job, n, size);
    if (!n->by_default && !n->by_runpath && slip_ends_with(n->path, n->soname))
        add_loader_link(job, holding, n->soname, n->path);
    return 0;
}

/* What the user calls the base of the runtime. */
static const char *base_name(const struct slip_slim_job *job)
{
    const struct slip_step *step = job->node->step->parent;

    while (step->parent)
        step = step->parent;
    return step->base.input.name && *step->base.input.name ? step->base.input.name : NULL;
}

/* The message begins with the place that installed the file it is about, when CMake knows. */
static void blame(struct slip_slim_job *job, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *target = NULL;
    struct slip_span at;

    slip_cleanup(slip_freep) char *maker =
        job->closure.missing
            ? slip_installer_maker(job->b, job->copy->input.stage, job->closure.missing)
            : NULL;

    if (maker) {
        free(err->hint);
        err->hint = slip_xasprintf("the project's own target '%s' makes it: install(TARGETS %s)",
                                   maker, maker);
    }
    if (!job->closure.culprit ||
        !slip_installer_find(job->b, job->copy->input.stage, job->closure.culprit, &at, &target))
        return;
    slip_error_context(err, "target '%s'", target);
    err->at = at;
}

int slip_slim_closure(struct slip_slim_job *job, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv roots = SLIP_STRV_INIT;

    if (!job->copy->slim->closure)
        return 0;
    for (size_t i = 0; i < job->app.n; i++) {
        const struct slip_entry *e = &job->app.entries[i];
        if (S_ISREG(e->mode) &&
            ((e->mode & 0100) || slip_is_elf(job->view.mounted.root, e->source) == 1))
            slip_strv_addf(&roots, "/%s", e->path);
    }
    /* The base's root, when the runtime does not start from nothing. */
    if (slip_view_of_step(&job->base, job->b, job->node->step->parent, err) < 0)
        return -1;
    const struct slip_closure_options options = {
        .root = job->root,
        .extra_dirs = (const char *const *)job->lib_dirs.v,
        .dlopen = job->copy->slim->dlopen,
        .base_root = job->base.mounted.root,
        .base_name = base_name(job),
        .build_dirs = (const char *const *)job->build_dirs.v,
    };
    if (slip_closure_compute(&job->closure, &roots, &options, err) < 0) {
        blame(job, err);
        return slip_slim_sysroot_hint(job, err);
    }
    slip_slim_sysroot_owners(job);
    for (size_t i = 0; i < job->closure.nfiles; i++)
        if (add_needed(job, &job->closure.files[i], err) < 0)
            return -1;
    return 0;
}

/* Libraries of the project itself in directories the loader would not search. */
static void link_own_libraries(struct slip_slim_job *job)
{
    for (size_t i = 0; i < job->app.n; i++) {
        const struct slip_entry *e = &job->app.entries[i];
        slip_cleanup(slip_freep) char *path = slip_xasprintf("/%s", e->path);
        const char *base = slip_path_base(path);
        if (!S_ISDIR(e->mode) && slip_closure_wants(&job->closure, base, path))
            add_loader_link(job, SLIP_HOLD_OWN, base, path);
    }
}

static const char *user_name(const struct slip_slim_job *job, char out[64])
{
    const char *user = slip_json_str(job->node->step->stage->config, "User");
    static const char *const known[] = { "root", "nobody", "nonroot" };

    if (!user || !*user || (*user >= '0' && *user <= '9'))
        return NULL;
    snprintf(out, 64, "%.*s", (int)strcspn(user, ":"), user);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(known); i++)
        if (strcmp(out, known[i]) == 0)
            return NULL;
    return strspn(out, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(out) ? out : NULL;
}

/* What programs take for granted in any root file system (as distroless images have it). */
static void add_runtime_files(struct slip_slim_job *job)
{
    char name[64];
    const char *user = user_name(job, name);
    slip_cleanup(slip_freep) char *passwd =
        slip_xasprintf("root:x:0:0:root:/root:/sbin/nologin\n"
                       "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n"
                       "%s:x:65532:65532:%s:/home/nonroot:/sbin/nologin\n",
                       user ? user : "nonroot", user ? user : "nonroot");
    slip_cleanup(slip_freep) char *group =
        slip_xasprintf("root:x:0:\nnobody:x:65534:\n%s:x:65532:\n", user ? user : "nonroot");

    job->only_usual_users = !user && !slip_slim_is_installed(job, "etc/passwd");
    add_text(job, "etc/passwd", 0644, passwd);
    add_text(job, "etc/group", 0644, group);
    add_text(job, "etc/nsswitch.conf", 0644, "passwd: files\ngroup: files\nhosts: files dns\n");
    add(job, SLIP_HOLD_DISTRIBUTION, "tmp", S_IFDIR | 01777);
    struct slip_entry *home = add(job, SLIP_HOLD_DISTRIBUTION, "home/nonroot", S_IFDIR | 0700);
    home->uid = home->gid = 65532;
}

struct below {
    struct slip_slim_job *job;
    const char *top; /* absolute */
};

static int add_below(void *user, int dir, const char *name, const char *path, const struct stat *st,
                     struct slip_error *err)
{
    const struct below *b = user;
    slip_cleanup(slip_freep) char *below = slip_xasprintf("%s%s", b->top, path);
    char target[4096];
    ssize_t n = S_ISLNK(st->st_mode) ? readlinkat(dir, name, target, sizeof target - 1) : -1;

    if (n >= 0) {
        target[n] = '\0';
        add_link(b->job, SLIP_HOLD_DATA, below, target);
    }
    return S_ISREG(st->st_mode) ? add_from_view(b->job, SLIP_HOLD_DATA, below, err) : 0;
}

static int add_directory(struct slip_slim_job *job, const char *path, struct slip_error *err)
{
    struct below below = { job, path };
    slip_cleanup(slip_closep) int dir =
        slip_open_in_root(job->view.mounted.root, path, O_RDONLY | O_DIRECTORY, 0);

    if (dir < 0)
        return slip_fail_errno(err, "cannot open '%s' in the builder", path);
    return slip_walk(dir, add_below, &below, err) < 0 ? slip_error_context(err, "'%s'", path) : 0;
}

static int add_data(struct slip_slim_job *job, const char *name, struct slip_error *err)
{
    static const char bundle[] = "/etc/ssl/certs/ca-certificates.crt";
    static const char *const known[] = { "ca-certificates", "tzdata" };
    struct stat st;

    if (strcmp(name, "ca-certificates") == 0) {
        if (slip_lstat_in_root(job->view.mounted.root, bundle, &st) < 0) {
            slip_fail(err, SLIP_EINPUT, "DATA ca-certificates: the builder has no '%s'", bundle);
            return slip_error_hint(err, "add the package ca-certificates to the toolchain");
        }
        add_link(job, SLIP_HOLD_DATA, "usr/lib/ssl/certs", "/etc/ssl/certs");
        add_link(job, SLIP_HOLD_DATA, "usr/lib/ssl/cert.pem", bundle);
        return add_from_view(job, SLIP_HOLD_DATA, bundle, err);
    }
    if (strcmp(name, "tzdata") == 0) {
        if (slip_lstat_in_root(job->view.mounted.root, "/usr/share/zoneinfo", &st) < 0) {
            slip_fail(err, SLIP_EINPUT, "DATA tzdata: the builder has no '/usr/share/zoneinfo'");
            return slip_error_hint(err, "add the package tzdata to the toolchain");
        }
        return add_directory(job, "/usr/share/zoneinfo", err);
    }
    if (name[0] == '/') { /* any file or directory of the builder */
        if (slip_lstat_in_root(job->view.mounted.root, name, &st) < 0) {
            slip_fail_errno(err, "DATA %s: not in the builder", name);
            err->code = SLIP_EINPUT;
            return -1;
        }
        return S_ISDIR(st.st_mode) ? add_directory(job, name, err)
                                   : add_from_view(job, SLIP_HOLD_DATA, name, err);
    }
    slip_fail(err, SLIP_EINPUT, "there is no DATA '%s'", name);
    const char *near = slip_suggest(name, known, SLIP_ARRAY_LEN(known));
    return near ? slip_error_hint(err, "did you mean '%s'?", near)
                : slip_error_hint(err, "ca-certificates, tzdata, or an absolute path in the "
                                       "builder");
}

static void report_added(struct slip_slim_job *job, enum slip_holding holding, size_t from,
                         const char *rule, const char *why)
{
    for (size_t i = from; i < job->layers[holding].n; i++) {
        const struct slip_entry *e = &job->layers[holding].entries[i];
        json_array_append_new(job->files,
                              json_pack("{s:o, s:I, s:s, s:s, s:s}", "path",
                                        json_sprintf("/%s", e->path), "size", (json_int_t)e->size,
                                        "class", "runtime", "rule", rule, "why", why));
    }
}

int slip_slim_runtime(struct slip_slim_job *job, struct slip_error *err)
{
    const struct slip_slim *slim = job->copy->slim;

    link_own_libraries(job);
    size_t before = job->layers[SLIP_HOLD_DISTRIBUTION].n;
    if (slim->runtime_files)
        add_runtime_files(job);
    report_added(job, SLIP_HOLD_DISTRIBUTION, before, "runtime-file",
                 "programs expect it in any root file system");
    for (const char *const *d = slim->data; d && *d; d++) {
        slip_cleanup(slip_freep) char *why = slip_xasprintf("data: %s", *d);
        slip_cleanup(slip_freep) char *rule = slip_xasprintf("data:%s", *d);
        before = job->layers[SLIP_HOLD_DATA].n;
        if (add_data(job, *d, err) < 0)
            return -1;
        report_added(job, SLIP_HOLD_DATA, before, rule, why);
    }
    return 0;
}

/* Where the entrypoint stands, or NULL. */
static char *find_program(const struct slip_slim_job *job, const char *program)
{
    if (strchr(program, '/'))
        return slip_slim_find(job, program, NULL) ? slip_xstrdup(program) : NULL;
    for (const char *p = default_path; *p;) {
        size_t n = strcspn(p, ":");
        slip_cleanup(slip_freep) char *path = slip_xasprintf("%.*s/%s", (int)n, p, program);
        if (slip_slim_find(job, path, NULL))
            return SLIP_TAKE_PTR(path);
        p += n + (p[n] == ':');
    }
    return NULL;
}

/* Other scripts may never be called; this one is what the image is for. */
static int check_script(const struct slip_slim_job *job, const char *path, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *real = slip_slim_resolve(job, path);

    for (size_t i = 0; i < job->closure.nhints; i++) {
        const struct slip_hint *hint = &job->closure.hints[i];
        if (!hint->is_script || strcmp(hint->path + 1, real) != 0)
            continue;
        slip_fail(err, SLIP_EINPUT,
                  "the entrypoint '/%s' is a script for '%s', which is not in the image", real,
                  hint->need);
        return slip_error_hint(err, "take a BASE that has it, or install it with the project");
    }
    return 0;
}

static int no_entrypoint(const struct slip_slim_job *job, const char *program,
                         struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    for (size_t i = 0; i < SLIP_HOLDINGS; i++)
        for (size_t k = 0; k < job->layers[i].n; k++) {
            const struct slip_entry *e = &job->layers[i].entries[k];
            if (!S_ISDIR(e->mode) && (e->mode & 0100) && !strstr(e->path, ".so"))
                slip_strv_add(&names, strchr(program, '/') ? e->path : slip_path_base(e->path));
        }
    const char *near = slip_suggest(program, (const char *const *)names.v, names.n);
    slip_fail(err, SLIP_EINPUT, "the entrypoint '%s' is not in the image", program);
    if (near)
        return slip_error_hint(err, "did you mean '%s'?", near);
    return slip_error_hint(err, "%s",
                           names.n ? "name an installed program; 'slipway explain' "
                                     "lists what the image holds"
                                   : "the project installs no program");
}

int slip_slim_check_entrypoint(struct slip_slim_job *job, struct slip_error *err)
{
    const char *program = job->copy->slim->entrypoint;
    slip_cleanup(slip_freep) char *path = program && *program ? find_program(job, program) : NULL;

    if (path)
        return check_script(job, path, err);
    if (!program || !*program || slip_node_of(job->b, job->node->step->parent)->base.n ||
        job->node->step->parent->op != SLIP_OP_BASE)
        return 0; /* a base may bring the program itself */
    return no_entrypoint(job, program, err);
}
