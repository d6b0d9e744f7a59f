/* rune.h - one character of UTF-8. Depends on: libc. Private to plan/. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The character at s, which is not at its end; its length in bytes is returned. A byte that
 * begins none counts as a character by itself, different from all real ones. */
static inline size_t slip_rune(const char *s, uint32_t *ret)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t n = p[0] < 0xc2 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 1;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);

    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            n = 0;
        else
            c = c << 6 | (p[i] & 0x3f);
        if (n == 0)
            break;
    }
    if (n == 0 || (n == 1 && p[0] >= 0x80)) {
        *ret = 0x110000u + p[0];
        return 1;
    }
    *ret = c;
    return n;
}
