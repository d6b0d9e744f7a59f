/* makings.h - what a step's key is made from, so that a miss can say what is new.
 *
 * Everything that decides about a step goes through here: it is hashed, and when somebody wants to
 * know, also noted as a row, "kind name" to a value. Values that are long are noted as a digest,
 * and so are those of variables whose name sounds like a secret; secrets themselves never come
 * here. Digests are cut short: enough to tell two apart, and no text that would keep an object of
 * the store alive (store/gc.h).
 *
 *   kind        name, value
 *   argument    of ARG, its value             variable   of ENV, its value
 *   hidden      of one whose name sounds like a secret, a digest
 *   file        path, mode and digest or link
 *   directory   path, digest: instead of its files, where there are too many
 *   image       as written, digest            stage      name, what came out
 *   and one word for each other thing an instruction says; see the table in makings.c
 *
 * Depends on: util/.
 */
#pragma once

#include <sys/types.h>

#include "util/digest.h"
#include "util/json.h"

struct slip_makings {
    struct slip_sha256 sha;
    json_t *rows; /* borrowed object; NULL: only the key is wanted */
};

#define SLIP_MAKINGS_INIT ((struct slip_makings){ 0 })

/* Hash and note. `name` may be "" where a kind has only one row. */
void slip_made_of(struct slip_makings *m, const char *kind, const char *name, const char *value);
void slip_made_of_number(struct slip_makings *m, const char *kind, const char *name, uint64_t n);
void slip_made_of_list(struct slip_makings *m, const char *kind, const char *const *v);
/* Only notes: what is in the key by another way, or explains a row of it. */
void slip_made_note(struct slip_makings *m, const char *kind, const char *name, const char *value);
void slip_makings_finish(struct slip_makings *m, char ret_hex[65]);
void slip_makings_release(struct slip_makings *m);

/* Text as JSON can hold it: bytes that are not UTF-8 become \xNN. New reference. */
json_t *slip_shown_text(const char *text);
/* The first difference in words ("the content of file 'a.c' changed"), and how many more there
 * are; NULL when there is none. Caller frees. */
char *slip_makings_difference(const json_t *before, const json_t *now);
