/* slim.h - what the parts of COPY --installed share: op_slim.c runs them, slim_installed.c sorts
 * what was installed, slim_runtime.c adds what it needs, slim_layers.c says what goes into which
 * layer, slim_packages.c where it comes from, slim_hints.c what is missing all the same;
 * slim_debug.c is --debug-files.
 */
#pragma once

#include "build/builder.h"
#include "build/view.h"
#include "layer/tree.h"
#include "slim/closure.h"
#include "slim/loader.h"

struct slip_slim_job {
    struct slip_builder *b;
    struct slip_node *node;
    const struct slip_copy *copy;
    struct slip_view view;  /* the builder's root, DESTDIR on top */
    struct slip_view cross; /* what programs of another machine see in its place */
    int root;               /* borrowed: of the one or the other, where libraries are looked for */
    struct slip_strv sysroots; /* directories of the builder that `cross` consists of */
    struct slip_view base;     /* what the image stands on; root -1: nothing */
    struct slip_tree app;      /* the project's own files, until they are sorted into layers */
    struct slip_tree layers[SLIP_HOLDINGS]; /* by enum slip_holding */
    struct slip_strv build_dirs; /* where the sources and what is built stand; not in the image */
    struct slip_strv lib_dirs; /* absolute directories that hold shared libraries of the project */
    struct slip_machine machine; /* of the project's programs; all NULL when it has none */
    char *interp;                /* owned: the loader that they ask for, or NULL */
    struct slip_closure closure;
    bool only_usual_users; /* the image's /etc/passwd is the one that every such image has */
    struct slip_sha256 identity;
    json_t *files;    /* report: why each file is there */
    json_t *left_out; /* and by which rule what was installed is not */
    json_t *origin;   /* report: "packages", "archives", "documents" and "unknown" of a
                      bill (image/bill.h) */
};

#define SLIP_SLIM_JOB_INIT   \
    ((struct slip_slim_job){ \
        .view = SLIP_VIEW_INIT, .cross = SLIP_VIEW_INIT, .base = SLIP_VIEW_INIT })

/* op_slim.c, in this order. open: the job of a step, and the builder's root as it would be after
 * installation, what stands beneath DESTDIR on top. write: a finished tree as a layer, its content
 * as part of the identity; `holds` are bits of enum slip_holding. close: after all that went well
 * (`rc` is 0) the node's identity, and the report of what it holds; a failure gets the step's
 * place. Returns rc. */
int slip_slim_open(struct slip_slim_job *job, struct slip_builder *b, struct slip_node *node,
                   struct slip_error *err);
int slip_slim_write(struct slip_slim_job *job, const struct slip_tree *tree, unsigned holds,
                    struct slip_part *ret, struct slip_error *err);
int slip_slim_close(struct slip_slim_job *job, int rc, struct slip_error *err);
void slip_slim_release(struct slip_slim_job *job);

int slip_slim_installed(struct slip_slim_job *job, struct slip_error *err);
/* slim_platform.c: job->machine, and the node's. */
int slip_slim_platform(struct slip_slim_job *job, struct slip_error *err);
/* slim_sysroot.c: job->root and sysroots; what to say when the closure fails, which is -1; the
 * packages of what came from a sysroot; where a file of the image stands in the builder (owned by
 * the caller). */
int slip_slim_sysroot(struct slip_slim_job *job, struct slip_error *err);
int slip_slim_sysroot_hint(const struct slip_slim_job *job, struct slip_error *err);
void slip_slim_sysroot_owners(struct slip_slim_job *job);
char *slip_slim_builder_path(const struct slip_slim_job *job, const char *path);
int slip_slim_closure(struct slip_slim_job *job, struct slip_error *err);
int slip_slim_runtime(struct slip_slim_job *job, struct slip_error *err);
/* slim_packages.c: which packages the files come from, and the database that says so in the image.
 */
void slip_slim_packages(struct slip_slim_job *job);
/* slim_archives.c: which static libraries went into the programs, and what documents tell that the
 * project brought along: "archives", "documents" and "packages" of job->origin. */
void slip_slim_archives(struct slip_slim_job *job);
/* slim_hints.c, when the layers are sorted: says what programs will miss, or with STRICT fails;
 * what is met or acknowledged is dropped from the closure's hints. */
int slip_slim_hints(struct slip_slim_job *job, struct slip_error *err);
json_t *slip_slim_hints_json(const struct slip_slim_job *job);
/* A path as it is after the links in the layers; relative. Caller frees. */
char *slip_slim_resolve(const struct slip_slim_job *job, const char *path);
int slip_slim_check_entrypoint(struct slip_slim_job *job, struct slip_error *err);

/* slim_layers.c: the entry at a path in the uppermost layer that has one, and which that is; NULL
 * when none has. The step that the runtime stands on in the end: no stage of this build. */
const struct slip_entry *slip_slim_find(const struct slip_slim_job *job, const char *path,
                                        size_t *ret_layer);
const struct slip_step *slip_slim_base(const struct slip_slim_job *job);
/* Whether the project itself installed something at `path` (relative). */
bool slip_slim_is_installed(const struct slip_slim_job *job, const char *path);

/* Where a link at `path` leads by its text; both relative. Caller frees. */
char *slip_slim_link_target(const char *path, const char *link);

/* Which layer a file of the closure belongs to: libraries of the distribution are what a package
 * owns; where nothing has an owner, what is not in /usr/local or /opt. */
enum slip_holding slip_slim_holding(const struct slip_closure *closure,
                                    const struct slip_needed *needed);
/* Sorts what was installed into the layers, and joins layers while they are more than the image
 * may have. Their numbers change no more: a layer is empty, or what its `ret_holds` says is in it.
 * Adds "layer" to the rows of the report. */
void slip_slim_sort(struct slip_slim_job *job, unsigned ret_holds[SLIP_HOLDINGS]);
/* slim_installed.c: the bytes of an installed file as it was installed; owned by the caller. */
char *slip_slim_read(const struct slip_entry *entry, uint64_t size, struct slip_error *err);

/* The key under which explain finds the report of a COPY --installed. */
void slip_report_key(const char *identity, char ret_hex[65]);
/* Writes a finished tree as a layer blob, or finds the one that `key` remembers. */
int slip_tree_to_blob(struct slip_builder *b, const struct slip_tree *tree, const char *key,
                      struct slip_part *ret, struct slip_error *err);
