/* fuzz_ignore.c - any text as an ignore file, matched against its own lines and against paths made
 * of them. Where nothing may be entered, nothing below may be wanted. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/ignore.h"
#include "util/buf.h"
#include "util/error.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINES_MAX 64

static void check(const struct slip_ignore *ignore, const char *path)
{
    static const char *const below[] = { "x", "a/b", "..c", ".d/e.o" };

    (void)slip_ignore_match(ignore, path, true);
    bool out = slip_ignore_match(ignore, path, false),
         enter = slip_ignore_may_descend(ignore, path);
    if (!out && !enter)
        abort();
    for (size_t i = 0; !enter && i < SLIP_ARRAY_LEN(below); i++) {
        slip_cleanup(slip_freep) char *name = slip_xasprintf("%s/%s", path, below[i]);
        if (!slip_ignore_match(ignore, name, false)) {
            fprintf(stderr, "'%s' is wanted, but '%s' may not be entered\n", name, path);
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv lines = SLIP_STRV_INIT;
    struct slip_ignore *ignore = NULL;

    slip_cleanup(slip_freep) char *text = slip_xstrndup((const char *)data, size);
    for (const char *p = text; *p && lines.n < LINES_MAX;) {
        size_t n = strcspn(p, "\n");
        slip_strv_addn(&lines, p, n);
        p += n + (p[n] == '\n');
    }
    if (slip_ignore_compile((const char *const *)lines.v, &ignore, &err) < 0)
        return 0;
    for (size_t i = 0; i < lines.n; i++) {
        const char *path = lines.v[i] + strspn(lines.v[i], "!/# ");
        if (*path)
            check(ignore, path);
        slip_cleanup(slip_freep) char *inner = slip_xasprintf("a/%s", path);
        check(ignore, inner);
    }
    slip_ignore_free(ignore);
    return 0;
}
