/* loader.h - where a dynamic loader would look for a library, glibc's and musl's.
 *
 * Only lists are made here; whether something is there is for who walks them. The loader's
 * built-in directories are read from the loader itself, because every distribution has its own.
 * ld.so.cache is not read: it is only what ld.so.conf led to some time ago. Variants for newer
 * processors (glibc-hwcaps) are left out on purpose: an image shall run on any.
 * Depends on: util/.
 */
#pragma once

#include <stdbool.h>

#include "slim/elf.h"
#include "util/buf.h"

struct slip_loader {
    bool musl;
    char *interp;          /* owned: path of the loader, or NULL when there is none in the root */
    char *lib;             /* owned: what $LIB means, "lib/x86_64-linux-gnu" */
    const char *platform;  /* what $PLATFORM means; borrowed, static */
    struct slip_strv conf; /* extra directories, then ld.so.conf's or /etc/ld-musl-*.path's */
    struct slip_strv builtin; /* where it looks without any of these */
    struct slip_strv search;  /* all it looks through, in order, after RPATH and RUNPATH */
};

#define SLIP_LOADER_INIT ((struct slip_loader){ 0 })

/* The loader for files like `elf`: `interp` is its path, or NULL for the usual one of the machine.
 * `extra` (NULL or NULL-terminated) goes before ld.so.conf's directories; with `needs_cache` these
 * count only when there is an ld.so.cache, which is what glibc's loader really reads. */
void slip_loader_open(struct slip_loader *loader, int root, const char *interp,
                      const struct slip_elf *elf, const char *const *extra, bool needs_cache);
void slip_loader_release(struct slip_loader *loader);

/* Appends the directories of an RPATH or RUNPATH, for an object that lies in `origin`. Empty
 * entries (the current directory) are left out. */
void slip_loader_expand(const struct slip_loader *loader, const char *path, const char *origin,
                        struct slip_strv *ret);
/* musl has libpthread, libm and others within its loader. */
bool slip_loader_contains(const struct slip_loader *loader, const char *soname);

/* What an architecture is called elsewhere. All static. */
struct slip_machine {
    const char *arch, *variant; /* in images: "arm", "v7"; most have no variant: NULL */
    const char *triplet;        /* Debian's: "arm-linux-gnueabihf" */
};

/* False when nothing is known of such machines. */
bool slip_loader_machine(const struct slip_elf *elf, struct slip_machine *ret);

/* Whether a soname belongs to the C library itself, whose parts only fit each other. */
bool slip_loader_is_libc(const char *soname);
/* What `elf` is made for, in words: "64-bit x86_64". Owned. */
char *slip_loader_kind(const struct slip_elf *elf);

/* A loader that exists in `root`, for when no program says which; NULL without one. Owned. */
char *slip_loader_find(int root);
