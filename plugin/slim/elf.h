/* elf.h - what one ELF file says about how it wants to be loaded.
 *
 * Read from the program headers and the dynamic segment, as the loader does, so that a file
 * without section headers is understood as well. The file is not trusted: every offset is checked
 * and every list has a ceiling. Depends on: util/, libelf.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/error.h"

/* A version of a library that the file was linked against: GLIBC_2.34 of libc.so.6. */
struct slip_elf_version {
    char *file;     /* owned: soname */
    char *name;     /* owned */
    bool weak;      /* the loader only warns */
    unsigned index; /* by which symbols name it */
};

/* One entry of a `.note.dlopen` note: any one of `sonames` will do. */
struct slip_elf_dlopen {
    struct slip_strv sonames;
    char *feature;  /* owned; "" when not given */
    char *priority; /* owned: "required", "recommended" or "suggested" */
};

struct slip_elf {
    uint16_t machine; /* EM_X86_64 ... */
    unsigned char bits, byte_order;
    bool dynamic; /* has a dynamic segment: what has none is a static program */
    bool pie;     /* DF_1_PIE: a program even without an interpreter */
    bool no_default_dirs;
    char *interp, *soname, *rpath, *runpath; /* owned, NULL when absent */
    struct slip_strv needed;   /* DT_NEEDED, and DT_FILTER, which must be there as well */
    struct slip_strv optional; /* DT_AUXILIARY, DT_AUDIT, DT_DEPAUDIT: the loader goes on without */
    struct slip_strv defines;  /* versions it has */
    struct slip_strv symbols;  /* of those that were asked for: what it imports; of a static program
                                  what it contains */
    struct slip_elf_version *versions; /* owned */
    size_t nversions, versions_cap;
    struct slip_elf_dlopen *dlopens; /* owned */
    size_t ndlopens, dlopens_cap;
};

#define SLIP_ELF_INIT ((struct slip_elf){ 0 })

/* Whether a symbol is worth remembering in slip_elf.symbols. */
typedef bool slip_elf_symbol_fn(const char *name);

/* 1: *ret describes a program or a shared library. 0: something else (a script, an object file,
 * an archive). -1: damaged, or cannot be read. `path` is for messages. */
int slip_elf_read(int fd, const char *path, slip_elf_symbol_fn *wanted, struct slip_elf *ret,
                  struct slip_error *err);
/* The same from memory, which is not written to. */
int slip_elf_parse(const void *p, size_t len, const char *path, slip_elf_symbol_fn *wanted,
                   struct slip_elf *ret, struct slip_error *err);
void slip_elf_release(struct slip_elf *elf);

/* A dynamic symbol that the loader would look at. */
struct slip_elf_symbol {
    const char *name;                       /* borrowed until the callback returns */
    const struct slip_elf_version *version; /* of an import that has one, else NULL; borrowed */
    bool defined, weak;
};

typedef void slip_elf_each_fn(void *user, const struct slip_elf_symbol *symbol);

/* Calls `each` for every named dynamic symbol that is not local; a file without any has none. */
int slip_elf_each_symbol(int fd, const char *path, slip_elf_each_fn *each, void *user,
                         struct slip_error *err);

/* Both can live in one process. */
bool slip_elf_matches(const struct slip_elf *a, const struct slip_elf *b);
bool slip_elf_defines(const struct slip_elf *elf, const char *version);
/* The newest version of the same family that it has: GLIBC_2.36 for GLIBC_2.38. Borrowed; NULL. */
const char *slip_elf_newest(const struct slip_elf *elf, const char *version);
