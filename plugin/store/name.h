/* name.h - what may be a file name in the store. Only for this room. Depends on: util/. */
#pragma once

#include <stdbool.h>

/* Exactly 64 lower-case hex digits: a digest or a key. */
bool slip_name_is_id(const char *text);

/* A file name for any text: letters, digits, '-', '_' and inner dots stand for themselves, other
 * bytes are %XX; a text too long for that is cut and ends in '%-' and its SHA-256. Different texts
 * have different names. Caller frees. */
char *slip_name_escape(const char *text);
