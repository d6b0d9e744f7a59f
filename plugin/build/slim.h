/* slim.h - what the parts of COPY --installed share: op_slim.c runs them, slim_installed.c sorts
 * what was installed, slim_runtime.c adds what it needs.
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
    struct slip_view view;       /* the builder's root, DESTDIR on top */
    struct slip_tree app;        /* the project's own files */
    struct slip_tree libs;       /* what they need */
    struct slip_strv build_dirs; /* where the sources and what is built stand; not in the image */
    struct slip_strv lib_dirs; /* absolute directories that hold shared libraries of the project */
    struct slip_closure closure;
    struct slip_sha256 identity;
    json_t *files; /* report: why each file is there */
};

int slip_slim_installed(struct slip_slim_job *job, struct slip_error *err);
int slip_slim_closure(struct slip_slim_job *job, struct slip_error *err);
int slip_slim_runtime(struct slip_slim_job *job, struct slip_error *err);
int slip_slim_check_entrypoint(struct slip_slim_job *job, struct slip_error *err);

/* The key under which explain finds the report of a COPY --installed. */
void slip_report_key(const char *identity, char ret_hex[65]);
/* Writes a finished tree as a layer blob, or finds the one that `key` remembers. */
int slip_tree_to_blob(struct slip_builder *b, const struct slip_tree *tree, const char *key,
                      struct slip_part *ret, struct slip_error *err);
