/* ctest.h - the tests of a CMake build tree, as `ctest --show-only=json-v1` lists them, for an
 * image: written as CTest rows of their own, and run one by one in the image.
 *
 * A test runs with the image's files read-only, the source tree read-only and the build tree as an
 * overlay at their own paths, an empty /tmp, no network, as user 0 of the sandbox, which is the
 * caller. So its program is that of the build tree and its libraries are those of the image; what
 * it writes is forgotten, also between tests of one fixture. Kept to: COMMAND, WORKING_DIRECTORY,
 * ENVIRONMENT, ENVIRONMENT_MODIFICATION, WILL_FAIL, SKIP_RETURN_CODE here; labels, time limits,
 * regular expressions, order, locks and fixtures by ctest, from the rows. Not: REQUIRED_FILES,
 * TIMEOUT_AFTER_MATCH, RESOURCE_GROUPS.
 * Depends on: build/container.
 */
#pragma once

#include "commands/command.h"

struct slip_ctest {
    const char *list; /* file of the list */
    const char *name; /* what the rows' names begin with */
    const char *tree; /* build tree */
    const char *source;
    struct slip_strv labels;       /* owned; only tests with one of them; none: all */
    struct slip_strv library_dirs; /* owned; of the image, before the programs' own RUNPATH */
    json_t *tests;                 /* owned, once read */
};

#define SLIP_CTEST_INIT ((struct slip_ctest){ 0 })

int slip_ctest_read(struct slip_ctest *ctest, struct slip_error *err);
/* Rows for TEST_INCLUDE_FILES that call this program for each test of `image`. */
int slip_ctest_write(const struct slip_ctest *ctest, const char *image, const char *to,
                     struct slip_error *err);
/* Runs one of them; answers an exit status that ctest understands, or -1. */
int slip_ctest_run(const struct slip_ctest *ctest, struct slip_session *s,
                   const struct slip_digest *manifest, const char *test, struct slip_error *err);
void slip_ctest_release(struct slip_ctest *ctest);

/* The value of a property of a test, or NULL. Borrowed. */
const json_t *slip_ctest_property(const json_t *test, const char *name);
