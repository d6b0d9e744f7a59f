/* process.h - one program put together as its loader would do it: breadth first, each name once.
 *
 * open, then run; load adds what the program opens by itself; release. What is found goes to the
 * world's closure. Depends on: util/.
 */
#pragma once

#include "slim/world.h"

struct slip_process {
    struct slip_world *world;              /* borrowed */
    const struct slip_loader *loader;      /* borrowed; the builder's */
    const struct slip_loader *base_loader; /* borrowed; NULL: nothing is taken from a base */
    struct slip_strv builtin;              /* real paths where the image's loader itself looks */
    struct slip_node {
        const struct slip_member *member; /* borrowed */
        enum slip_where where;
        char *origin;  /* owned: what $ORIGIN means */
        size_t parent; /* who asked for it; its own number for the program */
        bool interp;
    } * nodes;
    size_t n, cap;
    size_t next, hidden;   /* nodes before these have been seen to */
    struct slip_map names; /* file name or soname to number + 1 */
};

#define SLIP_PROCESS_INIT ((struct slip_process){ 0 })

/* `main` is a program, or a library by itself; `like` stands for its kind when it is NULL. */
int slip_process_open(struct slip_process *process, struct slip_world *world,
                      struct slip_member *main, struct slip_error *err);
/* Loads everything that is needed by what is loaded. */
int slip_process_run(struct slip_process *process, struct slip_error *err);
/* Adds a library by soname or absolute path: as `label` ("dlopen") asked for by `asker`. 1, or 0
 * when it is nowhere. Run must follow. */
int slip_process_load(struct slip_process *process, size_t asker, const char *name,
                      const char *label, struct slip_error *err);
/* 0: every symbol version that a file wants of a library is there. 1: not in a library of the
 * base, but in the builder's, which the world takes from now on: put the process together again. */
int slip_process_check(struct slip_process *process, struct slip_error *err);
void slip_process_release(struct slip_process *process);
