#include "registry/curl.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "util/library.h"
#include "util/mem.h"

#define LIBRARY "libcurl.so.4"

SLIP_DLOPEN_NOTE(note, "[{\"feature\":\"registry\",\"description\":\"Pull from and push to "
                       "registries\",\"priority\":\"recommended\",\"soname\":[\"" LIBRARY "\"]}]");

static struct slip_curl api;
static int status = -1;
static struct slip_error trouble; /* kept for the length of the program */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    static const struct slip_symbol symbols[] = {
#define ROW(member, symbol) { symbol, offsetof(struct slip_curl, member) }
        ROW(global_init, "curl_global_init"),
        ROW(easy_init, "curl_easy_init"),
        ROW(easy_reset, "curl_easy_reset"),
        ROW(easy_set, "curl_easy_setopt"),
        ROW(easy_perform, "curl_easy_perform"),
        ROW(easy_info, "curl_easy_getinfo"),
        ROW(easy_cleanup, "curl_easy_cleanup"),
        ROW(easy_strerror, "curl_easy_strerror"),
        ROW(slist_append, "curl_slist_append"),
        ROW(slist_free, "curl_slist_free_all"),
        ROW(url, "curl_url"),
        ROW(url_cleanup, "curl_url_cleanup"),
        ROW(url_set, "curl_url_set"),
        ROW(url_get, "curl_url_get"),
        ROW(easy_escape, "curl_easy_escape"),
        ROW(free, "curl_free"),
        ROW(getdate, "curl_getdate"),
#undef ROW
    };

    status =
        slip_library_load(LIBRARY, "libcurl4", symbols, SLIP_ARRAY_LEN(symbols), &api, &trouble);
    if (status == 0 && api.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        status = slip_fail(&trouble, SLIP_EHOST, "libcurl cannot be initialised");
}

const struct slip_curl *slip_curl_load(struct slip_error *err)
{
    pthread_once(&once, load);
    if (status == 0)
        return &api;
    slip_fail(err, trouble.code, "registries cannot be asked: %s", trouble.msg);
    if (trouble.hint)
        slip_error_hint(err, "%s", trouble.hint);
    return NULL;
}
