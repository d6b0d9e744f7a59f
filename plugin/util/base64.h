/* base64.h - bytes as text (RFC 4648, section 4: padded, in one line). Depends on: libcrypto. */
#pragma once

#include <stddef.h>

#include "util/buf.h"

/* Appends. */
void slip_base64_put(struct slip_buf *to, const void *p, size_t n);
/* Appends what `text` stands for. 0; -1 when it is no base64: anything but the alphabet, whole
 * groups and padding at the end. */
int slip_base64_get(struct slip_buf *to, const char *text, size_t n);
