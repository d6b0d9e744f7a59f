/* library.h - a shared library that is loaded when something needs it, and not at every start.
 *
 * The user of one keeps a struct of pointers to its functions, names them in a table, loads once
 * (pthread_once), and says so to packagers with SLIP_DLOPEN_NOTE. Depends on: util/error.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

struct slip_symbol {
    const char *name;
    size_t at; /* where its address goes, in the struct */
};

/* Fills `functions`. The library stays for the length of the program. SLIP_EHOST when it is not
 * there or lacks something; `package` is what Debian calls it. */
int slip_library_load(const char *soname, const char *package, const struct slip_symbol *symbols,
                      size_t n, void *functions, struct slip_error *err);

/* What a NEEDED entry would say: https://systemd.io/ELF_DLOPEN_METADATA/ */
#define SLIP_DLOPEN_NOTE(variable, json)                                             \
    __attribute__((used, section(".note.dlopen"), aligned(4))) static const struct { \
        uint32_t name_size, text_size, type;                                         \
        char name[4];                                                                \
        char text[(sizeof(json) + 3) / 4 * 4];                                       \
    } variable = { 4, (sizeof(json) + 3) / 4 * 4, 0x407c0c0a, "FDO", json }
