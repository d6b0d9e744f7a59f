/* plugins.h - what well-known libraries open by themselves, which no header says.
 *
 * A table: a library in the process, or a function that the program calls, and where its modules
 * stand. Modules are never added unasked: which of them a program wants is its own business, and
 * some bring half a desktop along. What is said is how to ask, and only when the builder has them.
 *
 * Not in it, because there is nothing to do: libgcc_s and the name services of an old glibc, which
 * are added (hints.h); ICU's data, which is in libicudata, a NEEDED library; OpenSSL's default and
 * base providers, which are in libcrypto. Depends on: util/.
 */
#pragma once

#include "slim/process.h"

/* Whether the table asks for it; for slip_elf_read(). */
bool slip_plugin_symbol(const char *name);
/* Adds a hint for every row that holds for the process, unless the closure has a file of the row's
 * pattern: then the user knows. */
void slip_plugins_hint(const struct slip_process *process);
