/* linked.h - which static libraries went into which programs, told by their code.
 *
 * No build system is asked: the programs, not stripped yet, have their symbols, and so have the
 * members of an archive. A member went into a program when a function or an object that it defines
 * is there under its name, of its size, and with its bytes but for those that relocations change.
 * So a library that only has the same names does not count, and what the linker left out neither;
 * nor does a member count in a program that has one of its functions in another size. What the
 * linker rewrites (link time optimisation, relaxation on RISC-V) cannot be seen; of members that
 * hold no code but for the optimiser, the names decide.
 *
 * One place in a program comes from one archive: of several that fit, the one that explains most
 * has it. Life: add programs; offer archives; choose; read; release. Depends on: slim/ar,
 * slim/layout.
 */
#pragma once

#include "slim/ar.h"
#include "util/map.h"

/* An archive, and what of it is in the programs. */
struct slip_linked_archive {
    char *path;     /* owned: as it is shown */
    unsigned rank;  /* those of a lower one are believed first */
    bool is_object; /* never among the chosen */
    size_t total;   /* members it has */
    struct slip_linked_claim {
        size_t symbol, member; /* by number: a place in a program, a member of the archive */
    } * claims;                /* owned */
    size_t n, cap;
    /* After choosing. */
    size_t members;        /* that are in some program */
    struct slip_strv into; /* paths of programs, sorted */
};

struct slip_linked {
    struct slip_linked_program *programs; /* owned */
    size_t nprograms, programs_cap;
    struct slip_map symbols;          /* name to the number + 1 of its first place */
    struct slip_linked_place *places; /* owned: where programs define a name */
    size_t nplaces, places_cap;
    struct slip_linked_archive *archives; /* owned; after choosing: those that count, by path */
    size_t narchives, archives_cap;
};

#define SLIP_LINKED_INIT ((struct slip_linked){ 0 })

/* 1: a program or shared library that can be asked. 0: it has no symbol table, or is none. */
int slip_linked_add(struct slip_linked *linked, const char *path, const void *elf, size_t len);
/* Compares the archive at `path` in `root` (an fd) with all programs. One that is damaged, or no
 * archive, says nothing. */
void slip_linked_offer(struct slip_linked *linked, int root, const char *path, const char *shown,
                       unsigned rank);
/* The same for an object file that may have been linked by itself: what it explains, no archive of
 * a higher rank does. */
void slip_linked_offer_object(struct slip_linked *linked, int root, const char *path,
                              unsigned rank);
void slip_linked_choose(struct slip_linked *linked);
void slip_linked_release(struct slip_linked *linked);
