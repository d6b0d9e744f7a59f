#include "util/secret.h"

#include <string.h>
#include <strings.h>

#include "util/mem.h"

static bool has_part(const char *name, const char *const *words, size_t nwords)
{
    for (const char *p = name; *p;) {
        size_t n = strcspn(p, "_");
        for (size_t i = 0; i < nwords; i++)
            if (strlen(words[i]) == n && strncasecmp(words[i], p, n) == 0)
                return true;
        p += n + (p[n] == '_');
    }
    return false;
}

bool slip_name_sounds_secret(const char *name)
{
    static const char *const secret[] = {
        "apikey",   "auth",  "credential", "credentials", "key",
        "password", "pword", "passwd",     "secret",      "token"
    };
    static const char *const harmless[] = { "public" };

    return has_part(name, secret, SLIP_ARRAY_LEN(secret)) &&
           !has_part(name, harmless, SLIP_ARRAY_LEN(harmless));
}
