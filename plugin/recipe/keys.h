/* keys.h - every section and every key of a recipe, in one table.
 *
 * The table drives the reading (where a value goes, how it is written, what it may be), the
 * suggestions after a misspelt name, and the reference that `slipway help recipe` prints.
 * Depends on: recipe/value, util/.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "recipe/value.h"
#include "util/buf.h"
#include "util/error.h"

/* What stands behind a key, and the type of the member that it fills. */
enum slip_key_type {
    SLIP_KEY_WORD,    /* slip_value: one value without blanks */
    SLIP_KEY_TEXT,    /* slip_value: one value */
    SLIP_KEY_CHOICE,  /* slip_value: one of `choices` */
    SLIP_KEY_YESNO,   /* slip_value: "yes" or "no" */
    SLIP_KEY_NUMBER,  /* slip_value */
    SLIP_KEY_SIZE,    /* slip_value: in bytes */
    SLIP_KEY_PATH,    /* slip_value: made absolute from the directory of its file */
    SLIP_KEY_BASE,    /* slip_value: what a stage stands on; a path in it is made absolute */
    SLIP_KEY_LIST,    /* slip_values */
    SLIP_KEY_LINES,   /* slip_values */
    SLIP_KEY_PAIRS,   /* slip_values */
    SLIP_KEY_FACTS,   /* slip_values: pairs without variables */
    SLIP_KEY_COMMAND, /* slip_values: an argv */
    SLIP_KEY_SCRIPT,  /* slip_script */
};

typedef int slip_key_check(const struct slip_value *value, struct slip_error *err);

struct slip_key {
    const char *name;
    enum slip_key_type type;
    size_t offset;         /* of the member in the section's struct */
    const char *choices;   /* CHOICE and LIST: what may be written, blanks between; or NULL */
    slip_key_check *check; /* each value must pass; or NULL */
    const char *help;      /* one or two sentences */
};

enum slip_section_kind {
    SLIP_SECTION_ONE,   /* [image]: once; several are one */
    SLIP_SECTION_NAMED, /* [stage NAME]: one for each name */
    SLIP_SECTION_ANY,   /* [copy], [copy NAME]: each one without a name is a new one */
    SLIP_SECTION_FREE,  /* [args]: the user chooses the keys */
};

struct slip_section {
    const char *name;
    enum slip_section_kind kind;
    size_t offset; /* ONE and FREE: of the section's struct in the recipe */
    const struct slip_key *keys;
    size_t n;
    const char *help;
};

extern const struct slip_section slip_sections[];
extern const size_t slip_nsections;

/* NULL with *err filled, a suggestion included, when there is none. */
const struct slip_section *slip_section_find(struct slip_span name, struct slip_error *err);
const struct slip_key *slip_key_find(const struct slip_section *section, struct slip_span key,
                                     struct slip_error *err);

/* The whole reference, as text of at most 80 columns. */
void slip_recipe_help(struct slip_buf *out);
