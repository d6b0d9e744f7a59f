/* class.h - which class an installed file is of: runtime, dev, doc or debug.
 * As distribution packagers sort them: headers, pkg-config, CMake packages, static libraries and
 * unversioned library links are dev; manuals, info and doc directories are doc; *.debug and
 * /usr/lib/debug are debug; the rest is runtime. Depends on: util/.
 */
#pragma once

#include <sys/types.h>

/* Bits as in plan/plan.h enum slip_class (1 runtime, 2 dev, 4 doc, 8 debug). `link` is the target
 * of a symbolic link or NULL. `path` is absolute. */
unsigned slip_class_of(const char *path, mode_t mode, const char *link);
/* "runtime", "dev", "doc", "debug" to the bit; 0 when it is none of them. */
unsigned slip_class_parse(const char *name);
const char *slip_class_name(unsigned bit);
