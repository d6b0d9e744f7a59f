/* slim.h - what the parts of COPY --installed share: op_slim.c runs them, slim_installed.c sorts
 * what was installed, slim_runtime.c adds what it needs, slim_layers.c says what goes into which
 * layer, slim_hints.c what is missing all the same.
 */
#pragma once

#include "build/builder.h"
#include "build/view.h"
#include "layer/tree.h"
#include "slim/closure.h"

struct slip_slim_job {
    struct slip_builder *b;
    struct slip_node *node;
    const struct slip_copy *copy;
    struct slip_view view; /* the builder's root, DESTDIR on top */
    struct slip_view base; /* what the image stands on; root -1: nothing */
    struct slip_tree app;  /* the project's own files, until they are sorted into layers */
    struct slip_tree layers[SLIP_HOLDINGS]; /* by enum slip_holding */
    struct slip_strv lib_dirs; /* absolute directories that hold shared libraries of the project */
    struct slip_closure closure;
    struct slip_sha256 identity;
    json_t *files;    /* report: why each file is there */
    json_t *left_out; /* and by which rule what was installed is not */
};

int slip_slim_installed(struct slip_slim_job *job, struct slip_error *err);
int slip_slim_closure(struct slip_slim_job *job, struct slip_error *err);
int slip_slim_runtime(struct slip_slim_job *job, struct slip_error *err);
/* slim_hints.c, when the layers are sorted: says what programs will miss, or with STRICT fails;
 * what is met or acknowledged is dropped from the closure's hints. */
int slip_slim_hints(struct slip_slim_job *job, struct slip_error *err);
json_t *slip_slim_hints_json(const struct slip_slim_job *job);
/* A path as it is after the links in the layers; relative. Caller frees. */
char *slip_slim_resolve(const struct slip_slim_job *job, const char *path);
int slip_slim_check_entrypoint(struct slip_slim_job *job, struct slip_error *err);

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

/* The key under which explain finds the report of a COPY --installed. */
void slip_report_key(const char *identity, char ret_hex[65]);
/* Writes a finished tree as a layer blob, or finds the one that `key` remembers. */
int slip_tree_to_blob(struct slip_builder *b, const struct slip_tree *tree, const char *key,
                      struct slip_part *ret, struct slip_error *err);
