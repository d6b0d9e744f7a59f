/* rules.h - the lint rules by name: BuildKit's, and those of our own.
 * What each is about stands at https://docs.docker.com/reference/build-checks/.
 * Depends on: libc. Used by: dockerfile/, commands/.
 */
#pragma once

#include <stdbool.h>

struct slip_lint_rule {
    const char *name;        /* "StageNameCasing" */
    const char *description; /* what the rule asks for, in a sentence */
    const char *page;        /* "stage-name-casing"; NULL: a rule of our own */
    bool experimental;       /* only found where check=experimental= asks for it */
};

/* NULL when there is none; letter case does not matter. */
const struct slip_lint_rule *slip_lint_rule_find(const char *name);
