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

static const struct slip_source *without_nul(const struct slip_source *src, struct slip_error *err)
{
    const char *nul = memchr(src->text, '\0', src->len);

    if (!nul)
        return src;
    slip_fail_at(err, (struct slip_span){ src, (size_t)(nul - src->text), 1 },
                 "a NUL byte cannot stand in a text file");
    return NULL;
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
    return without_nul(slip_source_text(arena, path, slip_buf_str(&text), text.len), err);
}

const struct slip_source *slip_source_read_in(struct slip_arena *arena, int root, const char *path,
                                              const char *name, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_closep) int fd = slip_open_in_root(root, path, O_RDONLY | O_NONBLOCK, 0);
    char by_fd[32];

    if (fd < 0) {
        slip_fail_errno(err, "cannot open '%s'", name);
        err->code = SLIP_EINPUT;
        return NULL;
    }
    if (slip_read_file(AT_FDCWD, slip_fd_path(fd, by_fd), SLIP_SOURCE_LIMIT, &text, err) < 0) {
        (void)slip_error_context(err, "'%s'", name);
        err->code = SLIP_EINPUT;
        return NULL;
    }
    return without_nul(slip_source_text(arena, name, slip_buf_str(&text), text.len), err);
}
