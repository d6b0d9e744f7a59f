#include "registry/url.h"

#include <strings.h>

#include "util/mem.h"
#include "util/str.h"

/* A part of a URL, the port even where it is not written; "" when there is none. Caller frees. */
static char *part_of(const struct slip_curl *curl, const char *text, CURLUPart part)
{
    CURLU *url = curl->url();
    char *value = NULL;

    if (url && curl->url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK)
        (void)curl->url_get(url, part, &value, CURLU_DEFAULT_PORT);
    char *copy = slip_xstrdup(value ? value : "");
    curl->free(value);
    curl->url_cleanup(url);
    return copy;
}

bool slip_url_same_origin(const struct slip_curl *curl, const char *a, const char *b)
{
    static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT };
    bool same = true;

    for (size_t i = 0; same && i < SLIP_ARRAY_LEN(parts); i++) {
        slip_cleanup(slip_freep) char *pa = part_of(curl, a, parts[i]);
        slip_cleanup(slip_freep) char *pb = part_of(curl, b, parts[i]);
        same = *pa && strcasecmp(pa, pb) == 0;
    }
    return same;
}

bool slip_url_is_downgrade(const struct slip_curl *curl, const char *from, const char *to)
{
    slip_cleanup(slip_freep) char *before = part_of(curl, from, CURLUPART_SCHEME);
    slip_cleanup(slip_freep) char *after = part_of(curl, to, CURLUPART_SCHEME);

    return strcasecmp(before, "https") == 0 && strcasecmp(after, "https") != 0;
}

char *slip_url_resolve(const struct slip_curl *curl, const char *base, const char *location)
{
    CURLU *url = curl->url();
    char *text = NULL, *ret = NULL;

    if (url && curl->url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK &&
        curl->url_set(url, CURLUPART_URL, location, 0) == CURLUE_OK &&
        curl->url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK)
        ret = slip_xstrdup(text);
    curl->free(text);
    curl->url_cleanup(url);
    return ret;
}

void slip_make_printable(char *text)
{
    for (; text && *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}
