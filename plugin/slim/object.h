/* object.h - what a relocatable object defines, and whether a program holds that very code.
 * Not trusted: every size is checked. Depends on: slim/layout.
 */
#pragma once

#include "slim/layout.h"
#include "util/map.h"

struct slip_object {
    struct slip_layout layout;
    Elf64_Shdr symtab, strtab;
    size_t nsymbols;
    unsigned char *comdat; /* owned: by section, whether others may have it as well */
    bool only_lto;         /* no code but for link time optimisation */
};

#define SLIP_OBJECT_INIT ((struct slip_object){ 0 })

/* A function or an object with bytes in the file. */
struct slip_object_symbol {
    const char *name; /* borrowed from the object */
    size_t section;
    uint64_t at, size; /* in the section; `at` in memory for a program */
    bool is_function;
};

/* 1, or 0 when it is no object with a symbol table. `data` is borrowed and not written to. */
int slip_object_open(struct slip_object *object, const void *data, size_t len);
/* The i-th symbol (i < nsymbols) if it stands for bytes that only this object defines: global, not
 * weak, in no COMDAT group. */
bool slip_object_symbol(const struct slip_object *object, size_t i, struct slip_object_symbol *ret);
/* Whether `bytes` (symbol->size of them) are that symbol after linking: equal but for what
 * relocations reach. */
bool slip_object_same(const struct slip_object *object, const struct slip_object_symbol *symbol,
                      const unsigned char *bytes);
void slip_object_release(struct slip_object *object);

/* The symbol table of a program or object: false when it has none that lies in the file. */
bool slip_object_symtab(const struct slip_layout *layout, Elf64_Shdr *ret_symtab,
                        Elf64_Shdr *ret_strtab);
