/* assign.h - puts what a file says into the recipe, by the key table.
 * Depends on: recipe/keys, recipe/recipe, util/.
 */
#pragma once

#include "recipe/keys.h"
#include "recipe/recipe.h"

/* Where in the recipe we are while a file is read. */
struct slip_assign {
    struct slip_recipe *recipe;
    const char *dir; /* of the file: relative paths start here */
    const struct slip_section *section;
    void *to; /* the section's struct */
};

/* [section] or [section NAME]: finds it or makes it. */
int slip_assign_section(struct slip_assign *assign, struct slip_span name, struct slip_error *err);
/* key = value in the section. */
int slip_assign_key(struct slip_assign *assign, const struct slip_assignment *from,
                    struct slip_error *err);

/* Was any key of a section with one struct given, other than those named in `except` (blanks
 * between; may be NULL)? *ret_at is its place. */
bool slip_assign_given(const struct slip_recipe *recipe, const char *section, const char *except,
                       struct slip_span *ret_at);
