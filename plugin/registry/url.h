/* url.h - where an address leads, compared with where another does. Only for this room.
 * Depends on: registry/curl.
 */
#pragma once

#include <stdbool.h>

#include "registry/curl.h"

/* Scheme, host and port are the same. */
bool slip_url_same_origin(const struct slip_curl *curl, const char *a, const char *b);
/* From https to anything else. */
bool slip_url_is_downgrade(const struct slip_curl *curl, const char *from, const char *to);
/* `location` as seen from `base`. NULL: it is no URL. Caller frees. */
char *slip_url_resolve(const struct slip_curl *curl, const char *base, const char *location);
/* What a host sent, fit for a terminal: control characters become '?'. In place. */
void slip_make_printable(char *text);
