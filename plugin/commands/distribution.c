#include "commands/distribution.h"

#include <fcntl.h>
#include <string.h>

#include "util/fs.h"
#include "util/mem.h"

#define LIMIT ((size_t)1 << 16)
#define FALLBACK "debian:12"

/* The value of KEY=value or KEY="value" on a line of its own; "" when there is none. */
static char *value_of(const char *text, const char *key)
{
    size_t n = strlen(key);

    for (const char *p = text; p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
        if (strncmp(p, key, n) != 0 || p[n] != '=')
            continue;
        p += n + 1 + (p[n + 1] == '"');
        return slip_xstrndup(p, strcspn(p, "\"\n"));
    }
    return slip_xstrdup("");
}

char *slip_distribution_image(void)
{
    static const char *const images[] = { "debian", "ubuntu", "fedora" };
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    if (slip_read_file(AT_FDCWD, "/etc/os-release", LIMIT, &text, &ignored) < 0)
        return slip_xstrdup(FALLBACK);
    slip_cleanup(slip_freep) char *id = value_of(slip_buf_str(&text), "ID");
    slip_cleanup(slip_freep) char *version = value_of(slip_buf_str(&text), "VERSION_ID");
    for (size_t i = 0; i < SLIP_ARRAY_LEN(images); i++)
        if (strcmp(id, images[i]) == 0 && *version)
            return slip_xasprintf("%s:%s", id, version);
    return slip_xstrdup(FALLBACK);
}
