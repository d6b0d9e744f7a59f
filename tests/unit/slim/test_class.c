#include "slim/class.h"

#include <sys/stat.h>

#include "main.h"

static const struct row {
    const char *name, *path;
    mode_t mode;
    const char *link;
    const char *class;
} rows[] = {
    { "a program", "/usr/bin/hello", S_IFREG, NULL, "runtime" },
    { "a header", "/usr/include/foo.h", S_IFREG, NULL, "dev" },
    { "a header without ending", "/usr/local/include/c++/vector", S_IFREG, NULL, "dev" },
    { "the directory of headers", "/usr/include", S_IFDIR, NULL, "dev" },
    { "a program's own include file", "/usr/share/app/includes.conf", S_IFREG, NULL, "runtime" },
    { "pkg-config", "/usr/lib/x86_64-linux-gnu/pkgconfig/foo.pc", S_IFREG, NULL, "dev" },
    { "a CMake package", "/usr/lib/cmake/foo/fooConfig.cmake", S_IFREG, NULL, "dev" },
    { "a CMake package with a triplet", "/usr/lib/x86_64-linux-gnu/cmake/foo/foo-targets.cmake",
      S_IFREG, NULL, "dev" },
    { "a static library", "/usr/lib/libfoo.a", S_IFREG, NULL, "dev" },
    { "libtool's notes", "/usr/lib/libfoo.la", S_IFREG, NULL, "dev" },
    { "the linker's name", "/usr/lib/libfoo.so", S_IFLNK, "libfoo.so.1", "dev" },
    { "the linker's name, version in front", "/usr/lib/libbfd.so", S_IFLNK, "libbfd-2.40.so",
      "dev" },
    { "the loader's name", "/usr/lib/libfoo.so.1", S_IFLNK, "libfoo.so.1.2", "runtime" },
    { "the library", "/usr/lib/libfoo.so.1.2", S_IFREG, NULL, "runtime" },
    { "a plugin", "/usr/lib/foo/libplugin.so", S_IFREG, NULL, "runtime" },
    { "a link to a plugin", "/usr/lib/libplugin.so", S_IFLNK, "foo/libplugin.so", "runtime" },
    { "a name that only looks linked", "/usr/lib/libfoo.so", S_IFLNK, "libbar.so", "runtime" },
    { "a manual", "/usr/share/man/man1/hello.1", S_IFREG, NULL, "doc" },
    { "a manual beneath the prefix", "/opt/x/man/man1/hello.1", S_IFREG, NULL, "doc" },
    { "an info file", "/usr/share/info/hello.info", S_IFREG, NULL, "doc" },
    { "a header among examples", "/usr/share/doc/foo/examples/foo.h", S_IFREG, NULL, "doc" },
    { "detached symbols", "/usr/lib/debug/.build-id/ab/cd.debug", S_IFREG, NULL, "debug" },
    { "detached symbols beside it", "/usr/lib/libfoo.so.1.debug", S_IFREG, NULL, "debug" },
    { "curl-config", "/usr/bin/curl-config", S_IFREG, NULL, "dev" },
    { "a program that configures", "/usr/bin/app-configure", S_IFREG, NULL, "runtime" },
    { "a locale", "/usr/share/locale/de/LC_MESSAGES/hello.mo", S_IFREG, NULL, "runtime" },
    { "configuration", "/etc/hello.conf", S_IFREG, NULL, "runtime" },
};

static void is_of_class(void **state)
{
    const struct row *row = *state;
    unsigned bit = slip_class_of(row->path, row->mode, row->link);

    assert_string_equal(slip_class_name(bit), row->class);
    assert_int_equal(slip_class_parse(row->class), bit);
}

static const struct word {
    const char *name, *text;
    unsigned bit;
} words[] = {
    { "runtime is 1", "runtime", 1 }, { "dev is 2", "dev", 2 },       { "doc is 4", "doc", 4 },
    { "debug is 8", "debug", 8 },     { "another word", "devel", 0 }, { "nothing", "", 0 },
};

static void is_word(void **state)
{
    const struct word *word = *state;

    assert_int_equal(slip_class_parse(word->text), word->bit);
}

int main(void)
{
    return SLIP_RUN_ROWS("class", rows, is_of_class) + SLIP_RUN_ROWS("words", words, is_word);
}
