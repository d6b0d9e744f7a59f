#include "slim/apk.h"

#include <limits.h>

#include "slim/licence.h"
#include "slim/trail.h"
#include "util/mem.h"

#define DATABASE_LIMIT ((size_t)256 << 20)
#define PACKAGES_MAX ((size_t)1 << 20)

struct parse {
    struct slip_packages *ret;
    struct slip_package package; /* the paragraph that is being read */
    char *dir;                   /* owned: of the last F line */
    slip_apk_file_fn *file;
    void *user;
};

static void end_paragraph(struct parse *p)
{
    struct slip_package *k = &p->package;

    if (k->name && k->version && p->ret->n < PACKAGES_MAX) {
        k->type = "apk";
        slip_packages_add(p->ret, k);
    }
    slip_package_release(k);
    free(SLIP_TAKE_PTR(p->dir));
}

static void set(char **to, const char *value, size_t len)
{
    free(*to);
    *to = len ? slip_xstrndup(value, len) : NULL;
}

static void take_licence(struct parse *p, const char *value, size_t len)
{
    slip_cleanup(slip_freep) char *said = slip_xstrndup(value, len);

    free(p->package.licence);
    p->package.licence = slip_licence_expression(said);
}

static void tell_file(struct parse *p, const char *name, size_t len)
{
    if (!p->file || !p->package.name || !p->dir)
        return;
    slip_cleanup(slip_freep) char *path =
        slip_xasprintf("/%s%s%.*s", p->dir, *p->dir ? "/" : "", (int)len, name);
    p->file(p->user, path, p->package.name);
}

static void take_line(struct parse *p, const char *line, size_t len)
{
    struct slip_package *k = &p->package;

    if (len < 2 || line[1] != ':' || len > PATH_MAX)
        return;
    const char *value = line + 2;
    len -= 2;
    switch (line[0]) {
    case 'P':
        set(&k->name, value, len);
        break;
    case 'V':
        set(&k->version, value, len);
        break;
    case 'A':
        set(&k->arch, value, len);
        break;
    case 'o':
        set(&k->source, value, len);
        break;
    case 'm':
        set(&k->maintainer, value, len);
        break;
    case 'U':
        set(&k->homepage, value, len);
        break;
    case 'L':
        take_licence(p, value, len);
        break;
    case 'F':
        free(p->dir);
        p->dir = slip_xstrndup(value, len);
        break;
    case 'R':
        tell_file(p, value, len);
        break;
    default:
        break;
    }
}

void slip_apk_parse(const char *text, size_t len, struct slip_packages *ret, slip_apk_file_fn *file,
                    void *user)
{
    struct parse p = { .ret = ret, .file = file, .user = user };
    const char *end = text + len;

    while (text < end) {
        const char *nl = memchr(text, '\n', (size_t)(end - text));
        const char *stop = nl ? nl : end;
        if (stop == text)
            end_paragraph(&p);
        else
            take_line(&p, text, (size_t)(stop - text));
        text = nl ? nl + 1 : end;
    }
    end_paragraph(&p);
}

void slip_apk_read(int root, struct slip_packages *ret, slip_apk_file_fn *file, void *user)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    if (slip_trail_read(root, "/lib/apk/db/installed", DATABASE_LIMIT, &text))
        slip_apk_parse(slip_buf_str(&text), text.len, ret, file, user);
}

static void put_field(struct slip_buf *out, char letter, const char *text)
{
    if (text)
        slip_buf_printf(out, "%c:%s\n", letter, text);
}

void slip_apk_paragraph(const struct slip_package *k, const struct slip_strv *paths,
                        struct slip_buf *out)
{
    const char *dir = "";
    size_t dir_len = 0;

    put_field(out, 'P', k->name);
    put_field(out, 'V', k->version);
    put_field(out, 'A', k->arch);
    put_field(out, 'U', k->homepage);
    put_field(out, 'L', k->licence);
    put_field(out, 'o', k->source);
    put_field(out, 'm', k->maintainer);
    for (size_t i = 0; i < paths->n; i++) {
        const char *path = paths->v[i] + 1, *base = strrchr(path, '/');
        size_t n = base ? (size_t)(base - path) : 0;
        if (i == 0 || n != dir_len || strncmp(path, dir, n) != 0)
            slip_buf_printf(out, "F:%.*s\n", (int)n, path);
        put_field(out, 'R', base ? base + 1 : path);
        dir = path;
        dir_len = n;
    }
    slip_buf_putc(out, '\n');
}
