/* class.h - which class an installed file is of: runtime, dev, doc or debug; and by which rule.
 *
 * As Debian's and Fedora's packagers sort files into packages: headers, pkg-config and CMake
 * packages, static libraries and the linker's names of libraries are dev; manuals, info, examples
 * and documentation are doc, and so are completions for a shell, which no image has a person at;
 * detached symbols are debug; the rest is runtime. A rule's name is stable: reports carry it, and
 * people and scripts look for it. Depends on: util/.
 */
#pragma once

#include <sys/types.h>

/* Bits as in plan/plan.h enum slip_class (1 runtime, 2 dev, 4 doc, 8 debug). `link` is the target
 * of a symbolic link or NULL. `path` is absolute. *ret_rule is static: "headers", "pkg-config"...
 */
unsigned slip_class_of(const char *path, mode_t mode, const char *link, const char **ret_rule);

/* 1: `path` is called like the linker's name of a library ("/usr/lib/libfoo.so"), so that a file
 * that is no ELF file is a script for the linker: dev, by this rule. */
#define SLIP_RULE_LINKER_SCRIPT "linker-script"
int slip_class_may_be_script(const char *path, mode_t mode);

/* What the user says: patterns "CLASS=GLOB", NULL-terminated, or NULL. A glob is the shell's, in
 * which '*' also stands for '/'; of several that fit, the longest decides. The bit, 0 for "none"
 * (never in the image), -1 when none fits. *ret_glob points into the pattern. */
int slip_class_declared(const char *const *patterns, const char *path, const char **ret_glob);

/* "runtime", "dev", "doc", "debug" to the bit; 0 when it is none of them. */
unsigned slip_class_parse(const char *name);
/* "none" for no bit. */
const char *slip_class_name(unsigned bit);
