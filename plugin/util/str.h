/* str.h - words about words: suggestions, quoting, splitting, numbers with units.
 * Depends on: util/buf, util/error.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/error.h"

bool slip_starts_with(const char *s, const char *prefix);
bool slip_ends_with(const char *s, const char *suffix);

/* The candidate nearest to `word` (edit distance, case ignored), or NULL when none is near enough
 * to be what was meant. */
const char *slip_suggest(const char *word, const char *const *candidates, size_t n);

/* Splits as a POSIX shell would, quotes and backslashes included, without any expansion.
 * -1 with the span of an unclosed quote. `at` is where `text` stands in its source. */
int slip_shell_split(const char *text, size_t len, struct slip_span at, struct slip_strv *ret,
                     struct slip_error *err);
/* Appends `word` so that a POSIX shell reads it back as one word. */
void slip_shell_quote(struct slip_buf *out, const char *word);

/* "512", "64k", "2.5M", "1GiB" to bytes; units are powers of 1024. */
int slip_parse_size(const char *text, uint64_t *ret, struct slip_error *err);
/* The same, but kB, MB, GB and TB are powers of 1000, as sizes are shown: "20MB" is less than "20M"
 * and "20MiB". */
int slip_parse_file_size(const char *text, uint64_t *ret, struct slip_error *err);
/* Bytes for people: "2.1 MB" (powers of 1000, as docker shows). Returns `out`. */
const char *slip_format_size(uint64_t bytes, char out[16]);
/* All digits, no sign, no overflow: 0, else -1. */
int slip_parse_uint(const char *text, uint64_t max, uint64_t *ret);
