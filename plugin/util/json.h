/* json.h - jansson with our errors and one way of printing.
 *
 * Objects keep the order in which keys were set, so what is printed is deterministic when the
 * code is. Numbers from outside are checked by the getters. Depends on: jansson, util/error.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/error.h"

static inline void slip_json_decrefp(json_t **json)
{
    json_decref(*json);
}

/* Parses one document; duplicate keys and trailing text are errors. `what` names it in the error.
 */
json_t *slip_json_parse(const char *text, size_t len, const char *what, struct slip_error *err);
/* A string of JSON; bytes that are not UTF-8, as in names of files, become '?'. */
json_t *slip_json_any(const char *text);
/* Compact text, keys in insertion order, no trailing newline. Caller frees. */
char *slip_json_text(const json_t *json);
/* The string under `key`, or NULL when it is absent or another type. Borrowed. */
const char *slip_json_str(const json_t *object, const char *key);
/* A size: a non-negative integer under `key`; -1 with *err when absent or not one. */
int slip_json_size(const json_t *object, const char *key, uint64_t *ret, struct slip_error *err);
json_t *slip_json_from_strv(const struct slip_strv *list);
/* Appends the strings of an array; other elements are skipped. */
void slip_json_to_strv(const json_t *array, struct slip_strv *ret);
