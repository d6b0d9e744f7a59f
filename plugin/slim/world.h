/* world.h - the files that a closure is computed from, each read once: the builder's root, what
 * was installed in it, and the base that the image will stand on.
 * Depends on: util/.
 */
#pragma once

#include "slim/closure.h"
#include "slim/elf.h"
#include "slim/loader.h"
#include "slim/trail.h"
#include "util/map.h"

/* A file that was looked at. */
struct slip_member {
    char *path; /* owned: free of links */
    int is_elf; /* 1, 0, or -1: damaged, `damage` says how */
    char *damage;
    struct slip_elf elf;
    uint64_t *exports; /* owned: sorted hashes of the names that it defines; NULL: not looked yet */
    size_t nexports;
    bool done; /* a root that has been put together as a process */
};

struct slip_world {
    const struct slip_closure_options *options;
    struct slip_closure *closure;
    struct slip_map members[2]; /* by real path: of the builder, of the base */
    struct slip_map loaders;    /* by a key of open_loader's */
    struct slip_map installed;  /* the roots: their own paths and real paths, to their member */
    struct slip_map offered;    /* file name or soname of an installed library, to its path */
    struct slip_map seen;       /* soname to the path where a process found it */
    struct slip_map recorded;   /* path of closure->files, to itself */
    struct slip_map refused;    /* real paths of the base that are too old, to themselves */
};

enum slip_where { SLIP_IN_BUILDER, SLIP_IN_BASE };

/* A library that was found, and how. */
struct slip_found {
    struct slip_member *member; /* borrowed from the world */
    enum slip_where where;
    char *origin; /* owned: directory through which it was found */
    struct slip_trail trail;
    bool by_runpath, by_path; /* by_path: no search, the name said where */
};

#define SLIP_FOUND_INIT ((struct slip_found){ 0 })

void slip_found_release(struct slip_found *found);

void slip_world_open(struct slip_world *world, const struct slip_closure_options *options,
                     struct slip_closure *closure);
void slip_world_release(struct slip_world *world);

/* 1: a file of the same kind as `like` (any ELF file when NULL) stands at the absolute `path`.
 * 0: not there, or of another kind. */
int slip_world_try(struct slip_world *world, enum slip_where where, const char *path,
                   const struct slip_elf *like, struct slip_found *ret, struct slip_error *err);
/* The file at the end of a trail, read now or before. Never NULL; see is_elf. */
struct slip_member *slip_world_member(struct slip_world *world, enum slip_where where,
                                      const char *real);
const struct slip_loader *slip_world_loader(struct slip_world *world, enum slip_where where,
                                            const char *interp, const struct slip_elf *like);

/* Adds what was found, and the links on the way, to the closure, unless it is a root or known.
 * `why` is the path of what asked for it. */
void slip_world_record(struct slip_world *world, const struct slip_trail *trail, const char *why,
                       const char *soname, bool by_default, bool by_runpath);
