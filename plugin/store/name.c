#include "store/name.h"

#include <string.h>

#include "util/buf.h"
#include "util/digest.h"

#define NAME_LIMIT 240 /* NAME_MAX is 255 */
#define CUT_LIMIT (NAME_LIMIT - 2 - 64)

bool slip_name_is_id(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

char *slip_name_escape(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    struct slip_buf out = SLIP_BUF_INIT;
    size_t cut = 0; /* the longest prefix that leaves room for a digest, no escape torn apart */

    for (const char *p = text; *p && out.len <= NAME_LIMIT; p++) {
        if (strchr(plain, *p) && (*p != '.' || p != text))
            slip_buf_putc(&out, *p);
        else
            slip_buf_printf(&out, "%%%02X", (unsigned char)*p);
        if (out.len <= CUT_LIMIT)
            cut = out.len;
    }
    if (out.len > NAME_LIMIT) {
        struct slip_digest digest;
        slip_digest_of(text, strlen(text), &digest);
        out.len = cut;
        slip_buf_printf(&out, "%%-%s", digest.hex);
    }
    return slip_buf_take(&out);
}
