#include "commands/ignorefile.h"

#include <errno.h>
#include <fcntl.h>

#include "plan/ignore.h"
#include "util/fs.h"

#define IGNORE_LIMIT ((size_t)1 << 20)

static const char *const suffixes[] = { ".dockerignore", ".containerignore" };

/* 1: read. 0: there is no such file in the directory. */
static int read_in(const char *dir, const char *name, struct slip_buf *text, struct slip_error *err)
{
    slip_cleanup(slip_closep) int root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    slip_cleanup(slip_closep) int fd = root < 0 ? -1 : slip_open_in_root(root, name, O_RDONLY, 0);
    char path[32];

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (fd < 0)
        return slip_fail_errno(err, "cannot open the ignore file '%s/%s'", dir, name);
    if (slip_read_file(AT_FDCWD, slip_fd_path(fd, path), IGNORE_LIMIT, text, err) < 0)
        return slip_error_context(err, "cannot read the ignore file '%s/%s'", dir, name);
    return 1;
}

/* Looks for `front` with one of the suffixes. 1 with the name, 0. */
static int find(const char *dir, const char *front, struct slip_buf *text, char **ret_name,
                struct slip_error *err)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(suffixes); i++) {
        slip_cleanup(slip_freep) char *name = slip_xasprintf("%s%s", front, suffixes[i]);
        int found = read_in(dir, name, text, err);
        if (found > 0)
            *ret_name = SLIP_TAKE_PTR(name);
        if (found)
            return found;
    }
    return 0;
}

static const char *const *split(struct slip_arena *arena, struct slip_buf *text)
{
    slip_cleanup(slip_strv_release) struct slip_strv lines = SLIP_STRV_INIT;

    for (const char *p = slip_buf_str(text); *p;) {
        size_t n = strcspn(p, "\n");
        slip_strv_addn(&lines, p, n);
        p += n + (p[n] == '\n');
    }
    const char **v = slip_arena_alloc(arena, (lines.n + 1) * sizeof *v);
    for (size_t i = 0; i < lines.n; i++)
        v[i] = slip_arena_strdup(arena, lines.v[i]);
    return v;
}

int slip_ignore_file_read(struct slip_arena *arena, const char *context, const char *dockerfile,
                          struct slip_ignore_file *ret, struct slip_strv *inputs,
                          struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *name = NULL;
    slip_cleanup(slip_freep) char *dir = NULL;
    int found = 0;

    *ret = (struct slip_ignore_file){ 0 };
    if (dockerfile) {
        const char *base = slip_path_base(dockerfile);
        slip_cleanup(slip_freep) char *beside =
            slip_xstrndup(dockerfile, (size_t)(base - dockerfile));
        dir = slip_path_absolute(*beside ? beside : ".");
        found = find(dir, base, &text, &name, err);
    }
    if (!found) {
        free(dir);
        dir = slip_path_absolute(context);
        found = find(dir, "", &text, &name, err);
    }
    if (found <= 0)
        return found;
    struct slip_ignore *rules;
    ret->lines = split(arena, &text);
    ret->name = slip_arena_strdup(arena, name);
    if (slip_ignore_compile(ret->lines, &rules, err) < 0)
        return slip_error_context(err, "'%s'", name);
    slip_ignore_free(rules);
    slip_strv_add_take(inputs, slip_path_join(dir, name));
    return 0;
}
