#include "archive/ustar.h"

#include <stdbool.h>
#include <stddef.h>

int slip_ustar_number(const char *field, size_t width, const char *what, int64_t min, int64_t max,
                      int64_t *ret, struct slip_error *err)
{
    const unsigned char *p = (const unsigned char *)field, *end = p + width;
    int64_t value = 0;
    bool good = true;

    if (*p & 0x80) {
        value = *p & 0x40 ? -1 : 0; /* two's complement */
        value = value * 64 + (*p & 0x3f);
        for (p++; p < end && good; p++) {
            good = value < ((int64_t)1 << 54) && value > -((int64_t)1 << 54);
            value = good ? value * 256 + *p : 0;
        }
    } else {
        while (p < end && *p == ' ')
            p++;
        for (; p < end && *p >= '0' && *p <= '7'; p++)
            value = value * 8 + (*p - '0'); /* at most 12 digits */
        for (; p < end && good; p++)
            good = *p == ' ' || *p == '\0';
    }
    if (!good || value < min || value > max)
        return slip_fail(err, SLIP_EINPUT, "the header's %s is not one", what);
    *ret = value;
    return 0;
}

int slip_ustar_check(const struct slip_ustar *h, struct slip_error *err)
{
    const unsigned char *p = (const unsigned char *)h;
    int64_t want, sum = 0, old = 0; /* some old tars added signed bytes */

    if (slip_ustar_number(h->chksum, sizeof h->chksum, "checksum", 0, INT32_MAX, &want, err) < 0)
        return slip_fail(err, SLIP_EINPUT, "not a tar archive, or a damaged one (no checksum)");
    for (size_t i = 0; i < sizeof *h; i++) {
        bool field =
            i >= offsetof(struct slip_ustar, chksum) && i < offsetof(struct slip_ustar, typeflag);
        sum += field ? ' ' : p[i];
        old += field ? ' ' : (signed char)p[i];
    }
    if (sum != want && old != want)
        return slip_fail(err, SLIP_EINPUT, "not a tar archive, or a damaged one (wrong checksum)");
    return 0;
}
