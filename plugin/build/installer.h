/* installer.h - which CMake target, by which install() line, put a file where it was installed.
 *
 * For messages only. CMake's File API knows, from the second configuring of a build tree on (the
 * module asks for it; CMake 3.27 answers at the first). Before that, the text of the project's
 * CMakeLists.txt files is searched for the install(TARGETS) that names the target of that name.
 * Depends on: plan/, util/.
 */
#pragma once

#include "build/builder.h"

/* The place of the install() command for the file at `path` (absolute, in the image), installed by
 * `stage`. True with *ret_at, and *ret_target (owned) the target's name; false when nobody knows.
 */
bool slip_installer_find(struct slip_builder *b, const struct slip_stage *stage, const char *path,
                         struct slip_span *ret_at, char **ret_target);
/* The target of the project that makes a library of that file name, by the text of its
 * CMakeLists.txt files. Owned; NULL when there is none. */
char *slip_installer_maker(struct slip_builder *b, const struct slip_stage *stage,
                           const char *soname);
