/* closure.h - what programs need to run, read from their ELF headers, never by running them.
 *
 * From a set of files inside a root, follows PT_INTERP, DT_NEEDED, DT_RPATH and DT_RUNPATH
 * ($ORIGIN, $LIB, $PLATFORM), ld.so.conf, the loader's default directories and `.note.dlopen`
 * (required entries), and checks symbol versions. Everything is looked up beneath the root fd.
 *
 * With a base, what it has is left out. Its C library is never replaced: what needs a newer one is
 * an error. Of other libraries (libstdc++, say) the builder's takes the place of one that is too
 * old, as an upgrade of its package would, and a hint says so.
 * Depends on: util/, libelf.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"
#include "util/error.h"
#include "util/map.h"

/* One file that belongs to the closure, or a link on the way to it. */
struct slip_needed {
    char *path;      /* owned: absolute, where it belongs in the image */
    char *source;    /* owned: where it was found in the root, when that is elsewhere, else NULL */
    char *link;      /* owned: its target when it is a symbolic link, else NULL */
    char *why;       /* owned: path of what asked for it first */
    char *soname;    /* owned: the name it was asked by ("libc.so.6"), or "interpreter", "dlopen" */
    char *package;   /* owned: dpkg package that owns it, or NULL */
    bool by_default; /* the loader finds it without RUNPATH and without ld.so.cache */
    bool by_runpath; /* found through RUNPATH of the one that asked */
};

/* Something a program will probably want at run time and no header says. */
struct slip_hint {
    char *path;  /* owned: the program */
    char *need;  /* owned: one word ("ca-certificates", "tzdata", "dlopen", "/bin/sh"), by which it
                    can be acknowledged */
    char *cause; /* owned: "calls dlopen()"; NULL when `text` says it */
    char *text;  /* owned: one sentence: why, what is missing, what to write */
    struct slip_strv names; /* what the program's own texts name: libraries, users, programs */
    bool is_script;         /* `need` is the interpreter that the script at `path` asks for */
    bool is_met;            /* the image has it; known when the image is (slim/hints.h) */
};

void slip_hint_release(struct slip_hint *hint);

struct slip_closure {
    struct slip_needed *files; /* sorted by path; without the roots themselves */
    size_t nfiles, files_cap;
    struct slip_hint *hints; /* sorted by path and need */
    size_t nhints, hints_cap;
    struct slip_strv wanted; /* "<soname> <path>", for slip_closure_wants() */
    char *culprit;           /* owned: after a failure, the root that it is about, or NULL */
    char *missing;           /* owned: and the library that is nowhere, by its soname, or NULL */
    char *loader_dir; /* owned: where the programs' loader looks by itself ("/usr/lib"); NULL when
                         all of them are static */
};

#define SLIP_CLOSURE_INIT ((struct slip_closure){ 0 })

struct slip_closure_options {
    int root;                      /* root fd in which libraries are looked up */
    const char *const *extra_dirs; /* absolute directories searched like ld.so.conf's, or NULL */
    const char *const *dlopen;     /* sonames or path globs to add with their closures, or NULL */
    /* The root is an image as it will run: programs find only what their loader finds, which knows
     * ld.so.conf by ld.so.cache alone; what they may want besides was hinted at when it was made,
     * and is not looked for. Else the root is where an image comes from, and libraries
     * among the roots count as found wherever they are. */
    bool as_image;
    /* The runtime's base. What it has is not added, and its symbol versions are checked. A program
     * whose loader the base does not have takes nothing from it. */
    int base_root;         /* -1: scratch */
    const char *base_name; /* for messages: what the user calls the base; NULL: "the base" */
    /* Absolute directories of the builder that only exist while it builds, or NULL. A library in
     * them counts when it was installed there, and is missing otherwise. */
    const char *const *build_dirs;
};

#define SLIP_CLOSURE_OPTIONS_INIT ((struct slip_closure_options){ .root = -1, .base_root = -1 })

/* `roots` are absolute paths in options->root: programs, libraries, scripts (#! interpreters are
 * followed and reported as a hint when missing). A library that is nowhere is an error that names
 * the file, who needs it, and the Debian package when it can be told. */
int slip_closure_compute(struct slip_closure *closure, const struct slip_strv *roots,
                         const struct slip_closure_options *options, struct slip_error *err);
/* hello -> libpq.so.5 -> libz.so.1, for explain. Caller frees; NULL if `path` is not in it. */
char *slip_closure_chain(const struct slip_closure *closure, const char *path);
/* 1 when a program asks for the root at `path` (a library, or a link to one) by `soname` and its
 * loader would find it only with the builder's ld.so.conf or extra_dirs: the image must tell it.
 * Libraries that are no roots say so themselves (by_default, by_runpath). */
int slip_closure_wants(const struct slip_closure *closure, const char *soname, const char *path);
void slip_needed_release(struct slip_needed *needed);
void slip_closure_release(struct slip_closure *closure);

/* 1 when the file at `path` in `root` is ELF, 0 when not, -1 when it cannot be read. */
int slip_is_elf(int root, const char *path);
