#include "build/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "image/reference.h"
#include "util/buf.h"
#include "util/fs.h"
#include "util/source.h"

static const char heading[] =
    "# Which images the names in this project stand for. Written by 'slipway lock'.\n";

/* One line, without its end; blanks around it are gone. */
static int take_line(struct slip_lockfile *lock, struct slip_arena *arena, struct slip_span line,
                     struct slip_error *err)
{
    const char *text = line.src->text + line.off;
    size_t name_len = strcspn(text, " \t\n");
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;
    slip_cleanup(slip_error_release) struct slip_error why = SLIP_ERROR_INIT;
    struct slip_span name = { line.src, line.off, name_len };
    struct slip_span rest = { line.src, line.off + name_len, line.len - name_len };
    struct slip_digest digest;

    if (slip_reference_parse(&ref, name, err) < 0)
        return -1;
    while (rest.len && strchr(" \t", rest.src->text[rest.off]))
        rest.off++, rest.len--;
    slip_cleanup(slip_freep) char *said = slip_xstrndup(rest.src->text + rest.off, rest.len);
    if (slip_digest_parse(said, &digest, &why) < 0) {
        slip_fail_at(err, rest.len ? rest : name, "%s",
                     rest.len ? why.msg : "a name must be followed by its digest");
        return slip_error_hint(err, "'slipway lock --update' writes the file anew");
    }
    slip_cleanup(slip_freep) char *full = slip_reference_text(&ref);
    if (slip_lockfile_get(lock, full))
        return slip_fail_at(err, name, "'%s' is pinned twice", full);
    slip_lockfile_set(lock, arena, full, &digest);
    return 0;
}

int slip_lockfile_read(struct slip_lockfile *lock, struct slip_arena *arena, const char *path,
                       struct slip_error *err)
{
    lock->path = slip_arena_strdup(arena, path);
    if (access(path, F_OK) < 0 && errno == ENOENT)
        return 0;
    const struct slip_source *source = slip_source_read(arena, lock->path, err);
    if (!source)
        return -1;
    for (size_t at = 0; at < source->len;) {
        const char *line = source->text + at;
        size_t whole = strcspn(line, "\n"), from = strspn(line, " \t"), to = whole;
        while (to > from && strchr(" \t\r", line[to - 1]))
            to--;
        const struct slip_span span = { source, at + from, to > from ? to - from : 0 };
        if (span.len && line[from] != '#' && take_line(lock, arena, span, err) < 0)
            return -1;
        at += whole + (line[whole] == '\n');
    }
    return 1;
}

const struct slip_digest *slip_lockfile_get(const struct slip_lockfile *lock, const char *reference)
{
    return slip_map_get(&lock->pins, reference);
}

void slip_lockfile_set(struct slip_lockfile *lock, struct slip_arena *arena, const char *reference,
                       const struct slip_digest *digest)
{
    struct slip_digest *kept = slip_arena_alloc(arena, sizeof *kept);

    *kept = *digest;
    slip_map_set(&lock->pins, reference, kept);
}

int slip_lockfile_write(const struct slip_lockfile *lock, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    char digest[72];

    for (size_t i = 0; i < lock->pins.n; i++)
        slip_strv_add(&names, lock->pins.entries[i].key);
    slip_strv_sort(&names);
    slip_buf_puts(&text, heading);
    for (size_t i = 0; i < names.n; i++)
        slip_buf_printf(&text, "%s %s\n", names.v[i],
                        slip_digest_name(slip_lockfile_get(lock, names.v[i]), digest));
    return slip_write_file_if_changed(AT_FDCWD, lock->path, slip_buf_str(&text), text.len, 0644,
                                      err) < 0
               ? -1
               : 0;
}

void slip_lockfile_release(struct slip_lockfile *lock)
{
    slip_map_release(&lock->pins);
    *lock = SLIP_LOCKFILE_INIT;
}
