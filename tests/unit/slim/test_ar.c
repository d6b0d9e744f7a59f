/* Archives by hand: what the reader makes of each, and of what is damaged. */
#include "../main.h"

#include <sys/mman.h>

#include "slim/ar.h"

#define HEADER(name, size) name "0           0     0     644     " size "`\n"
#define A_O HEADER("a.o/            ", "4         ") "abcd"

struct row {
    const char *name;
    const char *bytes;
    size_t len;
    const char
        *seen; /* members as "name@offset+size", symbols as "name:offset"; NULL: no archive */
    const char *error;
};

#define BYTES(s) s, sizeof(s) - 1

static const struct row rows[] = {
    { "no members", BYTES("!<arch>\n"), "", NULL },
    { "one member", BYTES("!<arch>\n" A_O), "a.o@68+4 ", NULL },
    { "an odd one, padded", BYTES("!<arch>\n" HEADER("b.o/            ", "3         ") "abc\n" A_O),
      "b.o@68+3 a.o@132+4 ", NULL },
    { "an odd one at the end, not padded",
      BYTES("!<arch>\n" HEADER("b.o/            ", "3         ") "abc"), "b.o@68+3 ", NULL },
    { "an index",
      BYTES("!<arch>\n" HEADER("/               ", "12        ") "\0\0\0\1\0\0\0\x50"
                                                                 "add\0" A_O),
      "a.o@140+4 add:80 ", NULL },
    { "an index of 64 bits",
      BYTES(
          "!<arch>\n" HEADER("/SYM64/         ", "20        ") "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\x58"
                                                               "add\0" A_O),
      "a.o@148+4 add:88 ", NULL },
    { "long names",
      BYTES("!<arch>\n" HEADER(
          "//              ",
          "30        ") "first-name-that-is-long.o/\nx/\n" HEADER("/0              ",
                                                                    "0         ")
                HEADER("/27             ", "0         ")),
      "first-name-that-is-long.o@158+0 x@218+0 ", NULL },
    { "a thin archive has its members elsewhere",
      BYTES("!<thin>\n" HEADER("//              ",
                               "8         ") "sub/a.o/" HEADER("/0              ", "999999    ")),
      "sub/a.o@0+999999 ", NULL },
    { "something else",
      BYTES("\x7f"
            "ELF...."),
      NULL, NULL },
    { "too short", BYTES("!<arch>"), NULL, NULL },
    { "a header that is cut off", BYTES("!<arch>\na.o/   "), "",
      "'x.a': the archive is damaged at byte 8" },
    { "a member that is cut off",
      BYTES("!<arch>\n" HEADER("a.o/            ", "5         ") "abcd"), "",
      "the archive is damaged at byte 8" },
    { "a size that is none", BYTES("!<arch>\n" HEADER("a.o/            ", "-1        ")), "",
      "'x.a': the archive is damaged at byte 8" },
    { "an index larger than the file",
      BYTES("!<arch>\n" HEADER("/               ", "9999999999") "\0\0\0\1"), "",
      "'x.a': the archive is damaged at byte 68" },
    { "more symbols than the index holds",
      BYTES("!<arch>\n" HEADER("/               ", "8         ") "\xff\xff\xff\xff"
                                                                 "a\0\0\0"),
      "", "the archive is damaged at byte 8" },
    { "a symbol without an end",
      BYTES("!<arch>\n" HEADER("/               ", "10        ") "\0\0\0\1\0\0\0\x08"
                                                                 "ab"),
      "", "the archive is damaged at byte 8" },
    { "a long name that is nowhere",
      BYTES("!<arch>\n" HEADER("//              ", "4         ") "a/\n\n" HEADER("/400            ",
                                                                                 "0         ")),
      "", "the archive is damaged at byte 72" },
};

static void on_symbol(void *user, const char *name, uint64_t member)
{
    slip_buf_printf(user, "%s:%llu ", name, (unsigned long long)member);
}

static int read_all(const struct slip_ar *ar, struct slip_buf *seen, struct slip_error *err)
{
    uint64_t at = ar->first;

    for (;;) {
        slip_cleanup(slip_ar_member_release) struct slip_ar_member m = SLIP_AR_MEMBER_INIT;
        int rc = slip_ar_member(ar, at, &m, err);
        if (rc <= 0)
            return rc < 0 ? -1 : slip_ar_symbols(ar, on_symbol, seen, err) < 0 ? -1 : 0;
        slip_buf_printf(seen, "%s@%llu+%llu ", m.name, (unsigned long long)m.at,
                        (unsigned long long)m.size);
        at = m.next;
    }
}

static void archive_is_read(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_ar_release) struct slip_ar ar = SLIP_AR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf seen = SLIP_BUF_INIT;
    slip_cleanup(slip_closep) int fd = memfd_create("archive", MFD_CLOEXEC);

    assert_int_equal(write(fd, row->bytes, row->len), row->len);
    int rc = slip_ar_open(&ar, fd, "x.a", &err);
    if (!row->seen) {
        assert_int_equal(rc, 0);
        return;
    }
    if (rc == 1)
        rc = read_all(&ar, &seen, &err) < 0 ? -1 : 1;
    assert_int_equal(rc, row->error ? -1 : 1);
    if (row->error)
        assert_string_equal(err.msg, row->error);
    else
        assert_string_equal(slip_buf_str(&seen), row->seen);
}

int main(void)
{
    return SLIP_RUN_ROWS("ar", rows, archive_is_read);
}
