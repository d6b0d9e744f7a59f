#include "util/source.h"

#include <fcntl.h>

#include "util/buf.h"
#include "util/fs.h"

const struct slip_source *slip_source_text(struct slip_arena *arena, const char *name,
                                           const char *text, size_t len)
{
    struct slip_source *src = slip_arena_alloc(arena, sizeof *src);
    char *copy = slip_arena_alloc(arena, len + 1);

    memcpy(copy, text, len);
    *src = (struct slip_source){ slip_arena_strdup(arena, name), copy, len };
    return src;
}

const struct slip_source *slip_source_read(struct slip_arena *arena, const char *path,
                                           struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    if (strcmp(path, "-") == 0) {
        char chunk[4096];
        for (ssize_t n; (n = slip_read_full(STDIN_FILENO, chunk, sizeof chunk)) != 0;) {
            if (n < 0) {
                slip_fail_errno(err, "cannot read standard input");
                return NULL;
            }
            slip_buf_put(&text, chunk, (size_t)n);
            if (text.len > SLIP_SOURCE_LIMIT) {
                slip_fail(err, SLIP_EINPUT, "standard input is too long");
                return NULL;
            }
        }
        path = "<stdin>";
    } else if (slip_read_file(AT_FDCWD, path, SLIP_SOURCE_LIMIT, &text, err) < 0) {
        err->code = SLIP_EINPUT;
        return NULL;
    }
    const struct slip_source *src = slip_source_text(arena, path, slip_buf_str(&text), text.len);
    const char *nul = memchr(src->text, '\0', src->len);
    if (nul) {
        struct slip_span at = { src, (size_t)(nul - src->text), 1 };
        slip_fail_at(err, at, "a NUL byte cannot stand in a text file");
        return NULL;
    }
    return src;
}
