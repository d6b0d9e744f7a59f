/* dlopen.h - `.note.dlopen`: libraries that a program opens by itself, told in JSON.
 * (systemd.io/ELF_DLOPEN_METADATA). Depends on: util/json.
 */
#pragma once

#include <stddef.h>

#include "slim/elf.h"

#define SLIP_DLOPEN_NOTE 0x407c0c0au

/* Appends what one note says to elf->dlopens. A note that cannot be understood says nothing: it is
 * advice, and the program runs without it. */
void slip_dlopen_parse(const char *json, size_t len, struct slip_elf *elf);
