#include "registry/curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/mem.h"

#define LIBRARY "libcurl.so.4"

/* Says to packagers what no NEEDED entry says: https://systemd.io/ELF_DLOPEN_METADATA/ */
__attribute__((used, section(".note.dlopen"), aligned(4))) static const struct {
    uint32_t name_size, text_size, type;
    char name[4];
    char text[124];
} note = {
    .name_size = sizeof note.name,
    .text_size = sizeof note.text,
    .type = 0x407c0c0a,
    .name = "FDO",
    .text = "[{\"feature\":\"registry\",\"description\":\"Pull from and push to registries\","
            "\"priority\":\"recommended\",\"soname\":[\"" LIBRARY "\"]}]",
};

static struct slip_curl api;
static bool loaded;
static char *trouble; /* kept for the length of the program */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    static const struct {
        const char *name;
        size_t at;
    } symbols[] = {
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
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

    if (!library) {
        trouble = slip_xstrdup(dlerror());
        return;
    }
    for (size_t i = 0; i < SLIP_ARRAY_LEN(symbols); i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (!symbol) {
            trouble = slip_xasprintf(LIBRARY " has no %s", symbols[i].name);
            return;
        }
        memcpy((char *)&api + symbols[i].at, &symbol, sizeof symbol);
    }
    loaded = api.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!loaded)
        trouble = slip_xstrdup("libcurl cannot be initialised");
}

const struct slip_curl *slip_curl_load(struct slip_error *err)
{
    pthread_once(&once, load);
    if (loaded)
        return &api;
    slip_fail(err, SLIP_EHOST, "registries cannot be asked without libcurl: %s", trouble);
    slip_error_hint(err, "on Debian: apt-get install libcurl4");
    return NULL;
}
