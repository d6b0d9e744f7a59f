/* curl.h - libcurl, loaded when the first request is made.
 *
 * Linking it would cost every start of the program several milliseconds, and most builds ask
 * nobody. Only for this room. Depends on: util/error, the headers of libcurl.
 */
#pragma once

#include <curl/curl.h>

#include "util/error.h"

struct slip_curl {
    CURLcode (*global_init)(long flags);
    CURL *(*easy_init)(void);
    void (*easy_reset)(CURL *handle);
    CURLcode (*easy_set)(CURL *handle, CURLoption option, ...);
    CURLcode (*easy_perform)(CURL *handle);
    CURLcode (*easy_info)(CURL *handle, CURLINFO info, ...);
    void (*easy_cleanup)(CURL *handle);
    const char *(*easy_strerror)(CURLcode code);
    struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
    void (*slist_free)(struct curl_slist *list);
    CURLU *(*url)(void);
    void (*url_cleanup)(CURLU *url);
    CURLUcode (*url_set)(CURLU *url, CURLUPart part, const char *text, unsigned flags);
    CURLUcode (*url_get)(const CURLU *url, CURLUPart part, char **ret, unsigned flags);
    char *(*easy_escape)(CURL *handle, const char *text, int len);
    void (*free)(void *p);
    time_t (*getdate)(const char *text, const time_t *unused);
};

/* NULL with *err (SLIP_EHOST) when it is not installed. May be called from several threads. */
const struct slip_curl *slip_curl_load(struct slip_error *err);
