/* licence.h - what a package says about its licence, as an SPDX expression; nothing is guessed.
 *
 * A name that means exactly one SPDX licence becomes its identifier. Any other stays as it is said,
 * as a LicenseRef: names of Debian's copyright files are local to the file ("BSD-like"), so the
 * reference holds the package's name. Depends on: util/.
 */
#pragma once

#include "util/buf.h"

/* The SPDX expression for an expression that is meant to be one (apk, rpm,
 * SPDX-License-Identifier), or NULL when a word in it is no identifier that is known here. Owned.
 */
char *slip_licence_expression(const char *text);

/* Reads a machine-readable copyright file (DEP-5, copyright-format 1.0): the licences of all its
 * Files paragraphs, each once, joined by AND, sorted. NULL when it is not in that format or says
 * nothing. `package` goes into the LicenseRefs. Owned. */
char *slip_licence_dep5(const char *text, size_t len, const char *package);
/* The same for /usr/share/doc/PACKAGE/copyright in a root. */
char *slip_licence_of_package(int root, const char *package);
