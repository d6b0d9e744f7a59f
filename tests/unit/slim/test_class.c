#include "slim/class.h"

#include <sys/stat.h>

#include "main.h"

static const struct row {
    const char *name, *path;
    mode_t mode;
    const char *link;
    const char *class, *rule;
} rows[] = {
    { "a program", "/usr/bin/hello", S_IFREG, NULL, "runtime", "program" },
    { "a helper program", "/usr/libexec/hello/helper", S_IFREG, NULL, "runtime", "program" },
    { "a header", "/usr/include/foo.h", S_IFREG, NULL, "dev", "headers" },
    { "a header without ending", "/usr/local/include/c++/vector", S_IFREG, NULL, "dev", "headers" },
    { "a header elsewhere", "/usr/lib/glib-2.0/include/glibconfig.h", S_IFREG, NULL, "dev",
      "headers" },
    { "the directory of headers", "/usr/include", S_IFDIR, NULL, "dev", "headers" },
    { "a program's own include file", "/usr/share/app/includes.conf", S_IFREG, NULL, "runtime",
      "data" },
    { "a directory of a program's own", "/usr/share/app/include/menu.html", S_IFREG, NULL,
      "runtime", "data" },
    { "included configuration", "/etc/app/include/site.conf", S_IFREG, NULL, "runtime",
      "configuration" },
    { "pkg-config", "/usr/lib/x86_64-linux-gnu/pkgconfig/foo.pc", S_IFREG, NULL, "dev",
      "pkg-config" },
    { "pkg-config of no architecture", "/usr/share/pkgconfig/foo.pc", S_IFREG, NULL, "dev",
      "pkg-config" },
    { "a CMake package", "/usr/lib/cmake/foo/fooConfig.cmake", S_IFREG, NULL, "dev",
      "cmake-package" },
    { "a CMake package with a triplet", "/usr/lib/x86_64-linux-gnu/cmake/foo/foo-targets.cmake",
      S_IFREG, NULL, "dev", "cmake-package" },
    { "a template in a CMake package", "/usr/lib/x86_64-linux-gnu/cmake/foo/foo.in", S_IFREG, NULL,
      "dev", "cmake-package" },
    { "a CMake that was installed by pip", "/usr/lib/python3/dist-packages/cmake/data/bin/cmake",
      S_IFREG, NULL, "runtime", "program" },
    { "a macro for autoconf", "/usr/share/aclocal/foo.m4", S_IFREG, NULL, "dev", "aclocal" },
    { "a description for vala", "/usr/share/vala/vapi/foo.vapi", S_IFREG, NULL, "dev", "vala" },
    { "a description for introspection", "/usr/share/gir-1.0/Foo-1.0.gir", S_IFREG, NULL, "dev",
      "gir" },
    { "what programs read of it", "/usr/lib/x86_64-linux-gnu/girepository-1.0/Foo-1.0.typelib",
      S_IFREG, NULL, "runtime", "data" },
    { "Qt's description", "/usr/lib/x86_64-linux-gnu/qt5/mkspecs/modules/foo.pri", S_IFREG, NULL,
      "dev", "qmake" },
    { "macros of rpm", "/usr/lib/rpm/macros.d/macros.foo", S_IFREG, NULL, "dev", "rpm-macros" },
    { "a static library", "/usr/lib/libfoo.a", S_IFREG, NULL, "dev", "static-library" },
    { "libtool's notes", "/usr/lib/libfoo.la", S_IFREG, NULL, "dev", "libtool" },
    { "an object file", "/usr/lib/x86_64-linux-gnu/crtfoo.o", S_IFREG, NULL, "dev", "object-file" },
    { "a program for the kernel", "/usr/lib/foo/probe.bpf.o", S_IFREG, NULL, "runtime",
      "bpf-object" },
    { "Python's way to build", "/usr/lib/python3.11/config-3.11-x86_64-linux-gnu/Makefile", S_IFREG,
      NULL, "dev", "python-config" },
    { "a module of Python", "/usr/lib/python3/dist-packages/foo.py", S_IFREG, NULL, "runtime",
      "data" },
    { "a module of Python in C",
      "/usr/lib/python3/dist-packages/_foo.cpython-311-x86_64-linux-gnu.so", S_IFREG, NULL,
      "runtime", "shared-library" },
    { "the linker's name", "/usr/lib/libfoo.so", S_IFLNK, "libfoo.so.1", "dev",
      "development-link" },
    { "the linker's name with a triplet", "/usr/lib/aarch64-linux-gnu/libfoo.so", S_IFLNK,
      "libfoo.so.1.2", "dev", "development-link" },
    { "the linker's name, version in front", "/usr/lib/libbfd.so", S_IFLNK, "libbfd-2.40.so", "dev",
      "development-link" },
    { "such a link beside plugins", "/usr/lib/foo/libplugin.so", S_IFLNK, "libplugin.so.0",
      "runtime", "shared-library" },
    { "the loader's name", "/usr/lib/libfoo.so.1", S_IFLNK, "libfoo.so.1.2", "runtime",
      "shared-library" },
    { "the library", "/usr/lib/libfoo.so.1.2", S_IFREG, NULL, "runtime", "shared-library" },
    { "a library without a version", "/usr/lib/libfoo.so", S_IFREG, NULL, "runtime",
      "shared-library" },
    { "a plugin", "/usr/lib/foo/libplugin.so", S_IFREG, NULL, "runtime", "shared-library" },
    { "a plugin of another name", "/usr/lib/foo/bar.so", S_IFREG, NULL, "runtime",
      "shared-library" },
    { "a link to a plugin", "/usr/lib/libplugin.so", S_IFLNK, "foo/libplugin.so", "runtime",
      "shared-library" },
    { "a name that only looks linked", "/usr/lib/libfoo.so", S_IFLNK, "libbar.so", "runtime",
      "shared-library" },
    { "a manual", "/usr/share/man/man1/hello.1", S_IFREG, NULL, "doc", "manual" },
    { "a translated manual", "/usr/share/man/de/man1/hello.1.gz", S_IFREG, NULL, "doc", "manual" },
    { "a manual beneath the prefix", "/opt/x/man/man1/hello.1", S_IFREG, NULL, "doc", "manual" },
    { "an info file", "/usr/share/info/hello.info", S_IFREG, NULL, "doc", "info" },
    { "a README", "/usr/share/doc/foo/README", S_IFREG, NULL, "doc", "documentation" },
    { "a header among examples", "/usr/share/doc/foo/examples/foo.h", S_IFREG, NULL, "doc",
      "documentation" },
    { "an example", "/usr/share/foo/examples/foo.conf", S_IFREG, NULL, "doc", "examples" },
    { "a completion for bash", "/usr/share/bash-completion/completions/foo", S_IFREG, NULL, "doc",
      "shell-completion" },
    { "a completion for zsh", "/usr/share/zsh/site-functions/_foo", S_IFREG, NULL, "doc",
      "shell-completion" },
    { "a completion for fish", "/usr/share/fish/vendor_completions.d/foo.fish", S_IFREG, NULL,
      "doc", "shell-completion" },
    { "a unit of systemd", "/usr/lib/systemd/system/foo.service", S_IFREG, NULL, "runtime",
      "systemd-unit" },
    { "detached symbols", "/usr/lib/debug/.build-id/ab/cd.debug", S_IFREG, NULL, "debug",
      "debug-directory" },
    { "detached symbols beside it", "/usr/lib/libfoo.so.1.debug", S_IFREG, NULL, "debug",
      "debug-file" },
    { "split DWARF", "/usr/bin/foo.dwp", S_IFREG, NULL, "debug", "debug-file" },
    { "a script of the debugger", "/usr/share/gdb/auto-load/usr/lib/libfoo.so.1-gdb.py", S_IFREG,
      NULL, "debug", "debugger-script" },
    { "curl-config", "/usr/bin/curl-config", S_IFREG, NULL, "dev", "development-tool" },
    { "a program that configures", "/usr/bin/app-configure", S_IFREG, NULL, "runtime", "program" },
    { "a locale", "/usr/share/locale/de/LC_MESSAGES/hello.mo", S_IFREG, NULL, "runtime", "locale" },
    { "configuration", "/etc/hello.conf", S_IFREG, NULL, "runtime", "configuration" },
};

static void is_of_class(void **state)
{
    const struct row *row = *state;
    const char *rule;
    unsigned bit = slip_class_of(row->path, row->mode, row->link, &rule);

    assert_string_equal(slip_class_name(bit), row->class);
    assert_string_equal(rule, row->rule);
    assert_int_equal(slip_class_parse(row->class), bit);
}

/* Of several globs the longest decides, in whatever order they stand. */
static const struct declared {
    const char *name, *path;
    int class;
    const char *glob;
} declared[] = {
    { "no glob fits", "/usr/bin/foo", -1, NULL },
    { "a glob over directories", "/usr/share/foo/a/b", 4, "/usr/share/foo/*" },
    { "the longer one", "/usr/share/foo/keep/b", 1, "/usr/share/foo/keep/*" },
    { "never in the image", "/usr/bin/foo-test", 0, "*-test" },
};

static void is_declared(void **state)
{
    static const char *const patterns[] = { "runtime=/usr/share/foo/keep/*", "doc=/usr/share/foo/*",
                                            "none=*-test", NULL };
    const struct declared *row = *state;
    const char *glob = NULL;

    assert_int_equal(slip_class_declared(patterns, row->path, &glob), row->class);
    if (row->glob)
        assert_string_equal(glob, row->glob);
    assert_int_equal(slip_class_declared(NULL, row->path, &glob), -1);
}

static const struct script {
    const char *name, *path;
    mode_t mode;
    int may_be;
} scripts[] = {
    { "where the linker looks", "/usr/lib/libncurses.so", S_IFREG, 1 },
    { "with a version", "/usr/lib/libncurses.so.6", S_IFREG, 0 },
    { "a link", "/usr/lib/libncurses.so", S_IFLNK, 0 },
    { "a plugin", "/usr/lib/foo/libbar.so", S_IFREG, 0 },
};

static void may_be_script(void **state)
{
    const struct script *row = *state;

    assert_int_equal(slip_class_may_be_script(row->path, row->mode), row->may_be);
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
    return SLIP_RUN_ROWS("class", rows, is_of_class) +
           SLIP_RUN_ROWS("declared", declared, is_declared) +
           SLIP_RUN_ROWS("scripts", scripts, may_be_script) +
           SLIP_RUN_ROWS("words", words, is_word);
}
