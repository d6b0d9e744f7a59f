#include "archive/filter.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#include "util/library.h"
#include "util/mem.h"

#define LIBRARY "libarchive.so.13"

SLIP_DLOPEN_NOTE(note,
                 "[{\"feature\":\"archive\",\"description\":\"Read archives in xz, bzip2, lz4 and "
                 "older compressions\",\"priority\":\"recommended\",\"soname\":[\"" LIBRARY
                 "\"]}]");

static struct library {
    struct archive *(*read_new)(void);
    int (*support_xz)(struct archive *a);
    int (*support_lzma)(struct archive *a);
    int (*support_bzip2)(struct archive *a);
    int (*support_lz4)(struct archive *a);
    int (*support_compress)(struct archive *a);
    int (*support_raw)(struct archive *a);
    int (*support_empty)(struct archive *a);
    int (*open)(struct archive *a, void *user, archive_open_callback *open,
                archive_read_callback *read, archive_close_callback *close);
    int (*next_header)(struct archive *a, struct archive_entry **ret);
    la_ssize_t (*read_data)(struct archive *a, void *to, size_t n);
    const char *(*error_string)(struct archive *a);
    void (*set_error)(struct archive *a, int number, const char *fmt, ...);
    int (*free)(struct archive *a);
} api;

static int status = -1;
static struct slip_error trouble; /* kept for the length of the program */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    static const struct slip_symbol symbols[] = {
#define ROW(member, symbol) { "archive_" symbol, offsetof(struct library, member) }
        ROW(read_new, "read_new"),
        ROW(support_xz, "read_support_filter_xz"),
        ROW(support_lzma, "read_support_filter_lzma"),
        ROW(support_bzip2, "read_support_filter_bzip2"),
        ROW(support_lz4, "read_support_filter_lz4"),
        ROW(support_compress, "read_support_filter_compress"),
        ROW(support_raw, "read_support_format_raw"),
        ROW(support_empty, "read_support_format_empty"),
        ROW(open, "read_open"),
        ROW(next_header, "read_next_header"),
        ROW(read_data, "read_data"),
        ROW(error_string, "error_string"),
        ROW(set_error, "set_error"),
        ROW(free, "read_free"),
#undef ROW
    };

    status = slip_library_load(LIBRARY, "libarchive13", symbols, SLIP_ARRAY_LEN(symbols), &api,
                               &trouble);
}

struct slip_filter {
    struct archive *archive; /* owned */
    slip_filter_feed *feed;
    void *user;
    bool over;
};

static la_ssize_t on_read(struct archive *a, void *user, const void **ret)
{
    struct slip_filter *f = user;
    size_t n = 0;

    if (f->feed(f->user, ret, &n) == 0)
        return (la_ssize_t)n;
    api.set_error(a, errno, "cannot read");
    return -1;
}

static int damaged(struct slip_filter *f, struct slip_error *err)
{
    const char *why = api.error_string(f->archive);

    return slip_fail(err, SLIP_EINPUT, "the compressed data is damaged: %s",
                     why ? why : "no reason given");
}

static int begin(struct slip_filter *f, struct slip_error *err)
{
    struct archive_entry *entry;
    struct archive *a = f->archive = api.read_new();

    if (!a || api.support_xz(a) < ARCHIVE_WARN || api.support_lzma(a) < ARCHIVE_WARN ||
        api.support_bzip2(a) < ARCHIVE_WARN || api.support_lz4(a) < ARCHIVE_WARN ||
        api.support_compress(a) < ARCHIVE_WARN || api.support_raw(a) < ARCHIVE_WARN ||
        api.support_empty(a) < ARCHIVE_WARN)
        return slip_fail(err, SLIP_ESYSTEM, "cannot set up libarchive");
    if (api.open(a, f, NULL, on_read, NULL) != ARCHIVE_OK)
        return damaged(f, err);
    int rc = api.next_header(a, &entry);
    f->over = rc == ARCHIVE_EOF; /* an empty file */
    return rc == ARCHIVE_OK || rc == ARCHIVE_EOF ? 0 : damaged(f, err);
}

struct slip_filter *slip_filter_new(slip_filter_feed *feed, void *user, struct slip_error *err)
{
    pthread_once(&once, load);
    if (status < 0) {
        slip_fail(err, trouble.code, "cannot read what is compressed so: %s", trouble.msg);
        if (trouble.hint)
            slip_error_hint(err, "%s", trouble.hint);
        return NULL;
    }
    struct slip_filter *f = slip_xcalloc(1, sizeof *f);
    *f = (struct slip_filter){ .feed = feed, .user = user };
    if (begin(f, err) == 0)
        return f;
    slip_filter_free(f);
    return NULL;
}

ssize_t slip_filter_read(struct slip_filter *f, void *to, size_t n, struct slip_error *err)
{
    while (!f->over) {
        la_ssize_t got = api.read_data(f->archive, to, n);
        if (got >= 0)
            return got;
        if (got != ARCHIVE_RETRY)
            return damaged(f, err);
    }
    return 0;
}

void slip_filter_free(struct slip_filter *f)
{
    if (!f)
        return;
    if (f->archive)
        api.free(f->archive);
    free(f);
}
