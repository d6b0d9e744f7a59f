#include "util/base64.h"

#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

void slip_base64_put(struct slip_buf *to, const void *p, size_t n)
{
    const unsigned char *from = p;

    while (n) { /* in pieces of whole groups, because EVP counts with int */
        size_t piece = n < 3u << 20 ? n : 3u << 20;
        char *at = slip_buf_reserve(to, piece / 3 * 4 + 5);
        to->len += (size_t)EVP_EncodeBlock((unsigned char *)at, from, (int)piece);
        from += piece;
        n -= piece;
    }
}

/* EVP_DecodeBlock() passes over blanks and takes '=' for a digit. */
static size_t padding(const char *text, size_t n)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t pad = 0;

    while (pad < 2 && pad < n && text[n - 1 - pad] == '=')
        pad++;
    for (size_t i = 0; i < n - pad; i++)
        if (!text[i] || !strchr(alphabet, text[i]))
            return n;
    return pad;
}

int slip_base64_get(struct slip_buf *to, const char *text, size_t n)
{
    size_t pad = padding(text, n);

    if (n % 4 || n > INT_MAX || pad > 2)
        return -1;
    if (n == 0)
        return 0;
    char *at = slip_buf_reserve(to, n / 4 * 3 + 1);
    int got = EVP_DecodeBlock((unsigned char *)at, (const unsigned char *)text, (int)n);
    if (got < 0)
        return -1;
    to->len += (size_t)got - pad;
    to->data[to->len] = '\0';
    return 0;
}
