/* resource.h - the files that belong to the program: templates, slipway.mk, the CMake package.
 * Looked up beside the program (<prefix>/share), which is also where a build tree has them.
 * SLIPWAY_DATA names another directory like <prefix>/share.
 */
#pragma once

#include "util/error.h"

/* "templates", "slipway.mk" or "cmake" to an absolute path; NULL with *err. Caller frees. */
char *slip_resource_path(const char *name, struct slip_error *err);
