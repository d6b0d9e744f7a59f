#include "slim/closure.h"

#include "compile.h"
#include "util/str.h"

/* What every script below starts with. The libraries hold nothing: only headers are read. The
 * loader holds the directories that it would look in, as glibc's does. */
static const char prelude[] =
    "set -e; R=$1; export LC_ALL=C\n"
    "into() { mkdir -p \"$R$(dirname \"$1\")\"; }\n"
    "lib() { p=$1; s=$2; shift 2; into $p; echo 'int x_'$(echo $s | tr -c 'a-z0-9\\n' _)';' |\n"
    "  cc -shared -nostdlib -fPIC -o $R$p -Wl,-soname,$s -Wl,--no-as-needed -x c - -x none \"$@\"; "
    "}\n"
    "prog() { p=$1; shift; into $p; echo 'void _start(void) {}' |\n"
    "  cc -nostdlib -nostartfiles -fPIE -pie -o $R$p -Wl,--dynamic-linker,/lib64/ld-test.so.1\\\n"
    "  -Wl,--no-as-needed,--allow-shlib-undefined,--enable-new-dtags -x c - -x none \"$@\"; }\n"
    "loader() { into $1; printf 'const char dirs[] = \"%s\";' \"$2\" |\n"
    "  cc -shared -nostdlib -fPIC -o $R$1 -Wl,-soname,ld-test.so.1 -x c -; }\n"
    "conf() { into /etc/ld.so.conf.d/x; echo 'include ld.so.conf.d/*.conf' > $R/etc/ld.so.conf\n"
    "  echo \"$1 # a comment\" > $R/etc/ld.so.conf.d/local.conf; }\n"
    "link() { into $2; ln -s $1 $R$2; }\n"
    "file() { into $1; printf \"$2\" > $R$1; chmod 755 $R$1; }\n"
    "versioned() { into $1; echo \"$3 { global: *; };\" > $R/map; echo 'void foo(void) {}' |\n"
    "  cc -shared -nostdlib -o $R$1 -Wl,-soname,$2 -Wl,--version-script=$R/map -x c -; }\n"
    "user() { into $1; echo 'void foo(void); void _start(void) { foo(); }' | cc -nostdlib -o $R$1 "
    "\\\n"
    "  -Wl,--dynamic-linker,/lib64/ld-test.so.1 -x c - -x none $2; }\n"
    "B='/lib/\\0/usr/lib/'\n";

#define LOADER "loader /lib64/ld-test.so.1 $B\n"
#define BASE "loader /base/lib64/ld-test.so.1 $B\n"
#define ELSE                                                                                  \
    "install the library in the builder, or install it with the project (the DLOPEN list is " \
    "for what no header names)"

static const struct row {
    const char *name, *script;
    const char *roots;         /* blank-separated */
    const char *dlopen, *base; /* blank-separated; NULL for none */
    const char *build;         /* directories of the build tree */
    const char *files;         /* as show() tells them */
    const char *error;         /* message, and hint after a newline */
} rows[] = {
    { .name = "a static program needs nothing",
      .script =
          "into /bin/x; echo 'void _start(void) {}' | cc -nostdlib -static -o $R/bin/x -x c -",
      .roots = "/bin/x",
      .files = "" },
    { .name = "a chain of NEEDED",
      .script = LOADER "lib /usr/lib/libb.so.1 libb.so.1\n"
                       "lib /usr/lib/liba.so.1 liba.so.1 $R/usr/lib/libb.so.1\n"
                       "prog /usr/bin/x $R/usr/lib/liba.so.1\n",
      .roots = "/usr/bin/x",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/usr/lib/liba.so.1 liba.so.1 D\n"
               "/usr/lib/libb.so.1 libb.so.1 D x -> liba.so.1 -> libb.so.1\n" },
    { .name = "a circle of NEEDED ends",
      .script = LOADER "lib /usr/lib/liba.so.1 liba.so.1\n"
                       "lib /usr/lib/libb.so.1 libb.so.1 $R/usr/lib/liba.so.1\n"
                       "lib /usr/lib/liba.so.1 liba.so.1 $R/usr/lib/libb.so.1\n"
                       "prog /usr/bin/x $R/usr/lib/liba.so.1\n",
      .roots = "/usr/bin/x",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/usr/lib/liba.so.1 liba.so.1 D\n"
               "/usr/lib/libb.so.1 libb.so.1 D x -> liba.so.1 -> libb.so.1\n" },
    { .name = "links to the file come along",
      .script = LOADER "lib /usr/lib/liba.so.1.2 liba.so.1\n"
                       "link liba.so.1.2 /usr/lib/liba.so.1\n"
                       "prog /usr/bin/x $R/usr/lib/liba.so.1\n",
      .roots = "/usr/bin/x",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/usr/lib/liba.so.1 -> liba.so.1.2 liba.so.1 D\n"
               "/usr/lib/liba.so.1.2 liba.so.1 D\n" },
    { .name = "a merged /usr keeps its shape",
      .script = "mkdir -p $R/usr/lib64 $R/usr/lib; ln -s usr/lib64 $R/lib64; ln -s usr/lib $R/lib\n"
                "loader /usr/lib/ld-real.so $B\n"
                "link /lib/ld-real.so /usr/lib64/ld-test.so.1\n"
                "lib /usr/lib/liba.so.1 liba.so.1; prog /usr/bin/x $R/usr/lib/liba.so.1\n",
      .roots = "/usr/bin/x",
      .files = "/lib -> usr/lib interpreter D\n"
               "/lib64 -> usr/lib64 interpreter D\n"
               "/usr/lib/ld-real.so interpreter D\n"
               "/usr/lib/liba.so.1 liba.so.1 D\n"
               "/usr/lib64/ld-test.so.1 -> /lib/ld-real.so interpreter D\n" },
    { .name = "RUNPATH with $ORIGIN",
      .script = LOADER "lib /opt/app/lib/liba.so.1 liba.so.1\n"
                       "prog /opt/app/bin/x -Wl,-rpath,'$ORIGIN/../lib' $R/opt/app/lib/liba.so.1\n",
      .roots = "/opt/app/bin/x",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/opt/app/lib/liba.so.1 liba.so.1 R\n" },
    { .name = "RUNPATH with $LIB",
      .script = "loader /lib64/ld-test.so.1 '/lib/some-triplet/\\0/usr/lib/some-triplet/'\n"
                "lib /opt/lib/some-triplet/liba.so.1 liba.so.1\n"
                "prog /bin/x -Wl,-rpath,'/opt/${LIB}' $R/opt/lib/some-triplet/liba.so.1\n",
      .roots = "/bin/x",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/opt/lib/some-triplet/liba.so.1 liba.so.1 R\n" },
    { .name = "RPATH is inherited, RUNPATH is not",
      .script = LOADER "lib /opt/libb.so.1 libb.so.1\n"
                       "lib /opt/liba.so.1 liba.so.1 $R/opt/libb.so.1\n"
                       "prog /bin/old -Wl,--disable-new-dtags,-rpath,/opt $R/opt/liba.so.1\n"
                       "prog /bin/new -Wl,-rpath,/opt $R/opt/liba.so.1\n",
      .roots = "/bin/old /bin/new",
      .error = "opt/liba.so.1 needs 'libb.so.1', which is nowhere in the builder (new -> "
               "liba.so.1 -> libb.so.1)\n"
               "install the library in the builder, or install it with the project (the DLOPEN "
               "list is for what no header names)" },
    { .name = "RPATH alone is enough for all",
      .script = LOADER "lib /opt/libb.so.1 libb.so.1\n"
                       "lib /opt/liba.so.1 liba.so.1 $R/opt/libb.so.1\n"
                       "prog /bin/old -Wl,--disable-new-dtags,-rpath,/opt $R/opt/liba.so.1\n",
      .roots = "/bin/old",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/opt/liba.so.1 liba.so.1 R\n"
               "/opt/libb.so.1 libb.so.1 R old -> liba.so.1 -> libb.so.1\n" },
    { .name = "ld.so.conf and what it includes",
      .script = LOADER "conf /usr/local/lib\n"
                       "lib /usr/local/lib/liba.so.1 liba.so.1; lib /usr/lib/liba.so.1 liba.so.1\n"
                       "prog /usr/bin/x $R/usr/lib/liba.so.1\n",
      .roots = "/usr/bin/x",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/usr/local/lib/liba.so.1 liba.so.1 -\n" },
    { .name = "the first one loaded serves all",
      .script = LOADER "lib /usr/lib/libz.so.1 libz.so.1; lib /opt/libz.so.1 libz.so.1\n"
                       "lib /usr/lib/liba.so.1 liba.so.1 $R/usr/lib/libz.so.1\n"
                       "prog /bin/x -Wl,-rpath,/opt $R/usr/lib/liba.so.1 $R/opt/libz.so.1\n",
      .roots = "/bin/x",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/opt/libz.so.1 libz.so.1 R\n"
               "/usr/lib/liba.so.1 liba.so.1 D\n" },
    { .name = "another architecture is passed over",
      .script = LOADER "lib /usr/lib/liba.so.1 liba.so.1; prog /bin/x $R/usr/lib/liba.so.1\n"
                       "conf /opt/cross; into /opt/cross/liba.so.1\n"
                       "sed 's/^\\(.ELF.*\\)/\\1/' $R/usr/lib/liba.so.1 > $R/opt/cross/liba.so.1\n"
                       "printf '\\363' | dd of=$R/opt/cross/liba.so.1 bs=1 seek=18 conv=notrunc "
                       "2>/dev/null\n",
      .roots = "/bin/x",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/usr/lib/liba.so.1 liba.so.1 D\n" },
    { .name = "missing: RUNPATH that leads nowhere",
      .script = LOADER "lib /gone/libfoo.so.2 libfoo.so.2\n"
                       "prog /usr/local/bin/hello -Wl,-rpath,/src/build/lib $R/gone/libfoo.so.2\n"
                       "rm -r $R/gone\n",
      .roots = "/usr/local/bin/hello",
      .error = "usr/local/bin/hello needs 'libfoo.so.2', which is nowhere in the builder\n"
               "its RUNPATH names '/src/build/lib', which does not exist there" },
    { .name = "missing: Debian's name for it",
      .script = LOADER "mkdir -p $R/var/lib/dpkg/info; lib /gone/libfoo.so.2 libfoo.so.2\n"
                       "prog /usr/local/bin/hello $R/gone/libfoo.so.2; rm -r $R/gone\n",
      .roots = "/usr/local/bin/hello",
      .error = "usr/local/bin/hello needs 'libfoo.so.2', which is nowhere in the builder\n"
               "Debian would call its package 'libfoo2': add it to the toolchain's PACKAGES, or "
               "install the library in the builder" },
    { .name = "missing: a package that apt knows",
      .script = LOADER "mkdir -p $R/var/lib/dpkg/info $R/var/lib/apt/lists\n"
                       "printf 'Package: libfoo2-dev\\n\\nPackage: libfoo2t64\\n' > "
                       "$R/var/lib/apt/lists/deb_Packages\n"
                       "lib /gone/libfoo.so.2 libfoo.so.2\n"
                       "prog /usr/local/bin/hello $R/gone/libfoo.so.2; rm -r $R/gone\n",
      .roots = "/usr/local/bin/hello",
      .error = "usr/local/bin/hello needs 'libfoo.so.2', which is nowhere in the builder\n"
               "add the package 'libfoo2t64' to the toolchain's PACKAGES" },
    { .name = "missing: where the loader does not look",
      .script = LOADER "mkdir -p $R/var/lib/dpkg/info; lib /usr/lib/deep/libfoo.so.2 libfoo.so.2\n"
                       "echo /usr/lib/deep/libfoo.so.2 > $R/var/lib/dpkg/info/foo:amd64.list\n"
                       "prog /bin/hello $R/usr/lib/deep/libfoo.so.2\n",
      .roots = "/bin/hello",
      .error = "bin/hello needs 'libfoo.so.2', which is nowhere in the builder\n"
               "the package 'foo' has it as '/usr/lib/deep/libfoo.so.2', where the loader does not "
               "look by itself: link with -Wl,-rpath,/usr/lib/deep" },
    { .name = "missing: the loader",
      .script = "prog /bin/hello\n",
      .roots = "/bin/hello",
      .error = "bin/hello asks for the loader '/lib64/ld-test.so.1', which is nowhere in the "
               "builder\n"
               "it was linked for another system: build it in this toolchain, or link it "
               "statically" },
    { .name = "a version that the library lacks",
      .script = LOADER "echo 'FOO_1 {}; FOO_1.10 {}; FOO_2 { global: *; };' > $R/new.map\n"
                       "echo 'FOO_1 { }; FOO_1.10 { global: *; };' > $R/old.map\n"
                       "mkdir -p $R/usr/lib\n"
                       "echo 'void foo(void) {}' | cc -shared -nostdlib -o $R/usr/lib/libfoo.so.1 "
                       "-Wl,-soname,libfoo.so.1 -Wl,--version-script=$R/new.map -x c -\n"
                       "into /bin/x; echo 'void foo(void); void _start(void) { foo(); }' | cc "
                       "-nostdlib -o $R/bin/x -Wl,--dynamic-linker,/lib64/ld-test.so.1 -x c - -x "
                       "none $R/usr/lib/libfoo.so.1\n"
                       "echo 'void foo(void) {}' | cc -shared -nostdlib -o $R/usr/lib/libfoo.so.1 "
                       "-Wl,-soname,libfoo.so.1 -Wl,--version-script=$R/old.map -x c -\n",
      .roots = "/bin/x",
      .error = "bin/x needs FOO_2 of 'libfoo.so.1', but '/usr/lib/libfoo.so.1' has nothing newer "
               "than FOO_1.10\n"
               "it was linked against another 'libfoo.so.1' than the one found first: look at its "
               "RUNPATH and at the builder's ld.so.conf" },
    { .name = "a version that is there without the symbol",
      .script = LOADER "into /usr/lib/libfoo.so.1; echo 'FOO_1 { global: *; };' > $R/map\n"
                       "make() { echo \"void $1(void) {}\" | cc -shared -nostdlib -o "
                       "$R/usr/lib/libfoo.so.1 -Wl,-soname,libfoo.so.1 "
                       "-Wl,--version-script=$R/map -x c -; }\n"
                       "make foo; user /bin/x $R/usr/lib/libfoo.so.1; make bar\n",
      .roots = "/bin/x",
      .error = "bin/x needs the symbol 'foo' (FOO_1) of 'libfoo.so.1', which has it no more\n"
               "it was linked against another 'libfoo.so.1': build it again in this toolchain" },
    { .name = "an installed library calls what nothing has",
      .script =
          LOADER "into /usr/lib/liba.so.1; echo 'void gone(void); __attribute__((weak)) void "
                 "may(void); void b(void); void a(void) { gone(); may(); b(); }' | cc -shared "
                 "-nostdlib -fPIC -o $R/usr/lib/liba.so.1 -Wl,-soname,liba.so.1 -x c -\n"
                 "into /usr/lib/libb.so.1; echo 'void b(void) {} void unused(void); void c(void) "
                 "{ unused(); }' | cc -shared -nostdlib -fPIC -o $R/usr/lib/libb.so.1 "
                 "-Wl,-soname,libb.so.1 -x c -\n"
                 "prog /bin/x $R/usr/lib/liba.so.1 $R/usr/lib/libb.so.1\n",
      .roots = "/bin/x /usr/lib/liba.so.1",
      .files =
          "/lib64/ld-test.so.1 interpreter D\n"
          "/usr/lib/libb.so.1 libb.so.1 D\n"
          "hint /usr/lib/liba.so.1 symbols: uses gone, which no library that it is linked with "
          "has, and fails when it gets there: link with -Wl,--no-undefined to see what is "
          "missing, or ACKNOWLEDGE symbols\n" },
    { .name = "the base's C library is too old",
      .script = LOADER BASE "versioned /usr/lib/libc.so.6 libc.so.6 C_2.38\n"
                            "user /bin/x $R/usr/lib/libc.so.6\n"
                            "versioned /base/usr/lib/libc.so.6 libc.so.6 C_2.36\n",
      .roots = "/bin/x",
      .base = "base",
      .error = "bin/x needs C_2.38 of 'libc.so.6', but '/usr/lib/libc.so.6' of the base 'old:1' "
               "has nothing newer than C_2.36\n"
               "the base is older than the toolchain: take a newer base, a toolchain made from "
               "this base, or BASE scratch" },
    { .name = "a part of the C library that only the builder has",
      .script = LOADER BASE "versioned /usr/lib/libc.so.6 libc.so.6 GLIBC_2.36\n"
                            "lib /usr/lib/libm.so.6 libm.so.6\n"
                            "user /bin/x \"-Wl,--no-as-needed $R/usr/lib/libm.so.6 "
                            "$R/usr/lib/libc.so.6\"\n"
                            "mkdir -p $R/base/usr/lib; cp $R/usr/lib/libc.so.6 $R/base/usr/lib\n",
      .roots = "/bin/x",
      .base = "base",
      .files = "/usr/lib/libm.so.6 libm.so.6 D\n" },
    { .name = "a part of another C library",
      .script = LOADER BASE "versioned /usr/lib/libc.so.6 libc.so.6 GLIBC_2.36\n"
                            "lib /usr/lib/libm.so.6 libm.so.6\n"
                            "user /bin/x \"-Wl,--no-as-needed $R/usr/lib/libm.so.6 "
                            "$R/usr/lib/libc.so.6\"\n"
                            "versioned /base/usr/lib/libc.so.6 libc.so.6 GLIBC_2.38\n",
      .roots = "/bin/x",
      .base = "base",
      .error = "bin/x needs 'libm.so.6': the base has the C library GLIBC_2.38 without its part "
               "'libm.so.6', and the builder's is of GLIBC_2.36\n"
               "take a base with a whole C library, a toolchain made from this base, or BASE "
               "scratch" },
    { .name = "another library of the base is too old",
      .script = LOADER BASE "versioned /usr/lib/libfoo.so.1 libfoo.so.1 FOO_2.38\n"
                            "user /bin/x $R/usr/lib/libfoo.so.1\n"
                            "versioned /base/usr/lib/libfoo.so.1 libfoo.so.1 FOO_2.36\n",
      .roots = "/bin/x",
      .base = "base",
      .files = "/usr/lib/libfoo.so.1 libfoo.so.1 D\n"
               "hint /bin/x libfoo.so.1: needs FOO_2.38 of libfoo.so.1, which the base's "
               "'/usr/lib/libfoo.so.1' has not: the builder's takes its place\n" },
    { .name = "links to directories: the base has directories",
      .script = "mkdir -p $R/usr/lib64 $R/usr/lib; ln -s usr/lib64 $R/lib64; ln -s usr/lib $R/lib\n"
                "loader /usr/lib/ld-real.so $B; link /lib/ld-real.so /usr/lib64/ld-test.so.1\n"
                "lib /usr/lib/liba.so.1 liba.so.1; prog /usr/bin/x $R/usr/lib/liba.so.1\n"
                "mkdir -p $R/base/lib $R/base/usr/lib\n",
      .roots = "/usr/bin/x",
      .base = "base",
      .files = "/lib/ld-real.so -> /usr/lib/ld-real.so interpreter D\n"
               "/lib/liba.so.1 -> /usr/lib/liba.so.1 liba.so.1 D\n"
               "/lib64 -> usr/lib64 interpreter D\n"
               "/usr/lib/ld-real.so interpreter D\n"
               "/usr/lib/liba.so.1 liba.so.1 D\n"
               "/usr/lib64/ld-test.so.1 -> /lib/ld-real.so interpreter D\n" },
    { .name = "directories: the base has links to them",
      .script = LOADER "lib /lib/libb.so.1 libb.so.1; lib /lib/liba.so.1.2 liba.so.1 "
                       "$R/lib/libb.so.1\n"
                       "link liba.so.1.2 /lib/liba.so.1; prog /usr/bin/x $R/lib/liba.so.1.2\n"
                       "mkdir -p $R/base/usr/lib; ln -s usr/lib $R/base/lib\n",
      .roots = "/usr/bin/x",
      .base = "base",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/usr/lib/liba.so.1 -> liba.so.1.2 liba.so.1 D\n"
               "/usr/lib/liba.so.1.2 liba.so.1 D\n"
               "/usr/lib/libb.so.1 libb.so.1 D x -> liba.so.1 -> libb.so.1\n" },
    { .name = "the base's loader has other directories",
      .script = LOADER "lib /usr/lib/liba.so.1 liba.so.1; prog /bin/x $R/usr/lib/liba.so.1\n"
                       "loader /base/lib64/ld-test.so.1 '/lib64/\\0/usr/lib64/'\n",
      .roots = "/bin/x",
      .base = "base",
      .files = "/usr/lib/liba.so.1 liba.so.1 -\n" },
    { .name = "what the base has is not added",
      .script = LOADER "lib /usr/lib/libc.so.9 libc.so.9; lib /usr/lib/liba.so.1 liba.so.1 "
                       "$R/usr/lib/libc.so.9\n"
                       "prog /bin/x $R/usr/lib/liba.so.1 $R/usr/lib/libc.so.9\n"
                       "mkdir -p $R/base/lib64 $R/base/usr/lib; cp $R/lib64/* $R/base/lib64\n"
                       "cp $R/usr/lib/libc.so.9 $R/base/usr/lib\n",
      .roots = "/bin/x",
      .base = "base",
      .files = "/usr/lib/liba.so.1 liba.so.1 D\n" },
    { .name = "a base of another C library gives nothing",
      .script = LOADER "lib /usr/lib/liba.so.1 liba.so.1; prog /bin/x $R/usr/lib/liba.so.1\n"
                       "mkdir -p $R/base/usr/lib; cp $R/usr/lib/liba.so.1 $R/base/usr/lib\n",
      .roots = "/bin/x",
      .base = "base",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/usr/lib/liba.so.1 liba.so.1 D\n" },
    { .name = "installed libraries serve installed programs",
      .script = LOADER "lib /usr/local/lib/liba.so.1.0 liba.so.1\n"
                       "link liba.so.1.0 /usr/local/lib/liba.so.1\n"
                       "lib /usr/lib/liba.so.1 liba.so.1\n"
                       "prog /usr/local/bin/x $R/usr/lib/liba.so.1\n",
      .roots = "/usr/local/bin/x /usr/local/lib/liba.so.1 /usr/local/lib/liba.so.1.0",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "wants liba.so.1 /usr/local/lib/liba.so.1\n" },
    { .name = "RUNPATH leads to an installed library",
      .script = LOADER "lib /opt/lib/liba.so.1 liba.so.1\n"
                       "prog /opt/bin/x -Wl,-rpath,/opt/lib $R/opt/lib/liba.so.1\n",
      .roots = "/opt/bin/x /opt/lib/liba.so.1",
      .files = "/lib64/ld-test.so.1 interpreter D\n" },
    { .name = "a library by itself relies on its program",
      .script = LOADER "lib /opt/x/libb.so.1 libb.so.1\n"
                       "lib /opt/x/plugin.so plugin.so $R/opt/x/libb.so.1\n"
                       "prog /bin/x -Wl,-rpath,/opt/x $R/opt/x/libb.so.1\n",
      .roots = "/opt/x/plugin.so /bin/x",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/opt/x/libb.so.1 libb.so.1 R\n" },
    { .name = "an installed link to a program of the builder",
      .script = LOADER "lib /usr/lib/liba.so.1 liba.so.1; prog /usr/bin/tool "
                       "$R/usr/lib/liba.so.1\n"
                       "link /usr/bin/tool /opt/bin/t\n",
      .roots = "/opt/bin/t",
      .files = "/lib64/ld-test.so.1 interpreter D t -> tool -> ld-test.so.1\n"
               "/usr/bin/tool tool -\n"
               "/usr/lib/liba.so.1 liba.so.1 D t -> tool -> liba.so.1\n" },
    { .name = "dlopen: a name without version is kept",
      .script = LOADER "lib /usr/lib/libssl.so.3 libssl.so.3; link libssl.so.3 "
                       "/usr/lib/libssl.so\n"
                       "prog /bin/x\n",
      .roots = "/bin/x",
      .dlopen = "libssl.so",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/usr/lib/libssl.so -> libssl.so.3 dlopen D\n"
               "/usr/lib/libssl.so.3 dlopen D x -> libssl.so.3\n" },
    { .name = "dlopen: a pattern brings closures and lists",
      .script = LOADER "lib /usr/lib/libz.so.1 libz.so.1; lib /usr/lib/mods/a.so a.so "
                       "$R/usr/lib/libz.so.1; file /usr/lib/mods/a.list 'a'\n"
                       "prog /bin/x\n",
      .roots = "/bin/x",
      .dlopen = "/usr/lib/mods/a*",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/usr/lib/libz.so.1 libz.so.1 D x -> a.so -> libz.so.1\n"
               "/usr/lib/mods/a.list dlopen D x -> a.list\n"
               "/usr/lib/mods/a.so dlopen D x -> a.so\n" },
    { .name = "dlopen: nothing of that name",
      .script = LOADER "prog /bin/x\n",
      .roots = "/bin/x",
      .dlopen = "libnope.so.1",
      .error = "'libnope.so.1' of the dlopen list is nowhere in the builder" },
    { .name = "dlopen: nothing like it",
      .script = LOADER "prog /bin/x\n",
      .roots = "/bin/x",
      .dlopen = "/usr/lib/mods/*.so",
      .error = "'/usr/lib/mods/*.so' of the dlopen list matches no file in the builder\n"
               "patterns are absolute paths inside the builder's root" },
    { .name = "dlopen: a name that is nearly right",
      .script = LOADER "lib /usr/lib/libssl.so.3 libssl.so.3; lib /usr/lib/libc.so.6 libc.so.6\n"
                       "prog /bin/x\n",
      .roots = "/bin/x",
      .dlopen = "libssl.so.1.1",
      .error = "'libssl.so.1.1' of the dlopen list is nowhere in the builder\n"
               "did you mean 'libssl.so.3'?" },
    { .name = "dlopen: a pattern that is nearly right",
      .script = LOADER "lib /usr/lib/mods/a.so a.so; prog /bin/x\n",
      .roots = "/bin/x",
      .dlopen = "/usr/lib/mod/*.so",
      .error = "'/usr/lib/mod/*.so' of the dlopen list matches no file in the builder\n"
               "did you mean '/usr/lib/mods/*.so'?" },
    { .name = "dlopen: a pattern and what is there instead",
      .script = LOADER "lib /usr/lib/mods/a.so a.so; prog /bin/x\n",
      .roots = "/bin/x",
      .dlopen = "/usr/lib/mods/*.plugin",
      .error = "'/usr/lib/mods/*.plugin' of the dlopen list matches no file in the builder\n"
               "in '/usr/lib/mods/' there is a.so" },
    { .name = "plugins of a known library: how to ask for them",
      .script = LOADER "lib /usr/lib/libpam.so.0 libpam.so.0\n"
                       "prog /bin/x $R/usr/lib/libpam.so.0\n"
                       "for m in unix deny; do lib /usr/lib/security/pam_$m.so pam_$m.so; done\n",
      .roots = "/bin/x",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/usr/lib/libpam.so.0 libpam.so.0 D\n"
               "hint /bin/x pam: PAM opens the modules that /etc/pam.d names; they are not in the "
               "image: put '/usr/lib/security/pam_*.so', or those of its 2 files that it wants, on "
               "the DLOPEN list, or ACKNOWLEDGE pam\n" },
    { .name = "plugins of a known library: one was asked for",
      .script = LOADER "lib /usr/lib/libpam.so.0 libpam.so.0\n"
                       "prog /bin/x $R/usr/lib/libpam.so.0\n"
                       "for m in unix deny; do lib /usr/lib/security/pam_$m.so pam_$m.so; done\n",
      .roots = "/bin/x",
      .dlopen = "/usr/lib/security/pam_deny.so",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/usr/lib/libpam.so.0 libpam.so.0 D\n"
               "/usr/lib/security/pam_deny.so dlopen D x -> pam_deny.so\n" },
    { .name = "plugins of a known library: the builder has none",
      .script = LOADER "lib /usr/lib/libpam.so.0 libpam.so.0\n"
                       "prog /bin/x $R/usr/lib/libpam.so.0\n",
      .roots = "/bin/x",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/usr/lib/libpam.so.0 libpam.so.0 D\n" },
    { .name = "a note of what is opened and required",
      .script = LOADER "lib /usr/lib/libbz2.so.1 libbz2.so.1\n"
                       "printf '%s' '.section .note.dlopen,\"a\",%note\n.balign 4\n.long "
                       "4,2f-1f,0x407c0c0a\n.asciz \"FDO\"\n1:.asciz \"[{\\\"soname\\\":"
                       "[\\\"libnone.so.9\\\",\\\"libbz2.so.1\\\"],\\\"priority\\\":"
                       "\\\"required\\\"},{\\\"soname\\\":[\\\"libzstd.so.1\\\"],"
                       "\\\"feature\\\":\\\"zstd\\\"}]\"\n2:.balign 4\n.section "
                       ".note.GNU-stack,\"\",%progbits\n' > $R/note.s\n"
                       "cc -c -o $R/note.o $R/note.s; prog /bin/x $R/note.o\n",
      .roots = "/bin/x",
      .files =
          "/lib64/ld-test.so.1 interpreter D\n"
          "/usr/lib/libbz2.so.1 dlopen D x -> libbz2.so.1\n"
          "hint /bin/x dlopen: opens by itself what its note names: libzstd.so.1 for zstd "
          "(recommended); put what you want of it on the DLOPEN list, or ACKNOWLEDGE dlopen\n" },
    { .name = "scripts",
      .script = "file /bin/a '#!/bin/sh\\n'; file /bin/sh 'x'; file /bin/b '#!/usr/bin/env -S K=1 "
                "python3 -u\\n'; file /bin/c '#! /usr/bin/perl -w\\n'; file /bin/d 'no script'\n"
                "file /base/usr/bin/env x; file /usr/bin/perl x\n",
      .roots = "/bin/a /bin/b /bin/c /bin/d /bin/sh",
      .base = "base",
      .files = "hint /bin/b python3: is a script for 'python3', and the image has none; take a "
               "BASE that has it (package python3), leave the script out with CLASS_OF none "
               "/bin/b, or ACKNOWLEDGE python3\n"
               "hint /bin/c /usr/bin/perl: is a script for '/usr/bin/perl', and the image has "
               "none; take a BASE that has it (package perl), leave the script out with CLASS_OF "
               "none /bin/c, or ACKNOWLEDGE /usr/bin/perl\n" },
    { .name = "packages, with a merged /usr",
      .script = "mkdir -p $R/usr/lib64 $R/usr/lib $R/var/lib/dpkg/info; ln -s usr/lib64 $R/lib64\n"
                "ln -s usr/lib $R/lib; loader /usr/lib64/ld-test.so.1 $B\n"
                "lib /usr/lib/liba.so.1 liba.so.1; prog /usr/bin/x $R/usr/lib/liba.so.1\n"
                "printf '/.\\n/lib\\n/lib/liba.so.1\\n' > $R/var/lib/dpkg/info/liba1:amd64.list\n"
                "printf '/.\\n/lib64/ld-test.so.1' > $R/var/lib/dpkg/info/libc6.list\n",
      .roots = "/usr/bin/x",
      .files = "/lib -> usr/lib liba.so.1 D\n"
               "/lib64 -> usr/lib64 interpreter D\n"
               "/usr/lib/liba.so.1 liba.so.1 D [liba1]\n"
               "/usr/lib64/ld-test.so.1 interpreter D [libc6]\n" },
    { .name = "musl: its loader holds the C library",
      .script = "loader /lib/ld-musl-x86_64.so.1 ''; lib /lib/libc.so libc.so\n"
                "lib /lib/libc.musl-x86_64.so.1 libc.musl-x86_64.so.1\n"
                "lib /lib/libz.so.1 libz.so.1 $R/lib/libc.so $R/lib/libc.musl-x86_64.so.1\n"
                "rm $R/lib/libc.so\n"
                "lib /opt/libq.so.1 libq.so.1; lib /usr/lib/libq.so.1 libq.so.1\n"
                "file /etc/ld-musl-x86_64.path '/lib:/opt\\n/usr/lib\\n'\n"
                "prog /bin/x -Wl,--dynamic-linker,/lib/ld-musl-x86_64.so.1 $R/lib/libz.so.1 "
                "$R/opt/libq.so.1\n",
      .roots = "/bin/x",
      .files = "/lib/ld-musl-x86_64.so.1 interpreter D\n"
               "/lib/libz.so.1 libz.so.1 D\n"
               "/opt/libq.so.1 libq.so.1 -\n" },
    { .name = "a damaged file is a hint",
      .script = "prog /share/whole; head -c 100 $R/share/whole > $R/share/cut\n",
      .roots = "/share/cut",
      .files = "hint /share/cut damaged: '/share/cut' is a damaged ELF file: its program headers "
               "lie outside the file\n" },
    { .name = "a damaged library is an error",
      .script = LOADER "lib /usr/lib/liba.so.1 liba.so.1; prog /bin/x $R/usr/lib/liba.so.1\n"
                       "head -c 100 $R/usr/lib/liba.so.1 > $R/cut; mv $R/cut "
                       "$R/usr/lib/liba.so.1\n",
      .roots = "/bin/x",
      .error = "bin/x needs 'liba.so.1': '/usr/lib/liba.so.1' is a damaged ELF file: its program "
               "headers lie outside the file" },
    { .name = "links do not leave the root",
      .script = LOADER "lib /usr/lib/liba.so.1 liba.so.1; prog /bin/x $R/usr/lib/liba.so.1\n"
                       "rm $R/usr/lib/liba.so.1; link ../../../../../../../../etc/passwd "
                       "/usr/lib/liba.so.1\n",
      .roots = "/bin/x",
      .error = "bin/x needs 'liba.so.1', which is nowhere in the builder\n"
               "'/usr/lib/liba.so.1' is a link to '../../../../../../../../etc/passwd', which does "
               "not exist" },
    { .name = "missing: only in the build tree",
      .script = LOADER "lib /src/b/libfoo.so.2 libfoo.so.2\n"
                       "prog /bin/x -Wl,-rpath,/src/b $R/src/b/libfoo.so.2\n",
      .roots = "/bin/x",
      .build = "/sr /src",
      .error = "bin/x needs 'libfoo.so.2', which is nowhere in the builder\n"
               "its RUNPATH leads into the build tree ('/src/b'), which no image has: install the "
               "library with the project" },
    { .name = "installed into the build tree",
      .script = LOADER "lib /src/b/libfoo.so.2 libfoo.so.2\n"
                       "prog /src/b/x -Wl,-rpath,/src/b $R/src/b/libfoo.so.2\n",
      .roots = "/src/b/x /src/b/libfoo.so.2",
      .build = "/src",
      .files = "/lib64/ld-test.so.1 interpreter D\n" },
    { .name = "missing: a link to nothing",
      .script = LOADER "lib /usr/lib/liba.so.1.2 liba.so.1; prog /bin/x $R/usr/lib/liba.so.1.2\n"
                       "link liba.so.1.2 /usr/lib/liba.so.1; rm $R/usr/lib/liba.so.1.2\n",
      .roots = "/bin/x",
      .error = "bin/x needs 'liba.so.1', which is nowhere in the builder\n"
               "'/usr/lib/liba.so.1' is a link to 'liba.so.1.2', which does not exist" },
    { .name = "missing: of another class",
      .script = LOADER "lib /usr/lib/liba.so.1 liba.so.1; prog /bin/x $R/usr/lib/liba.so.1\n"
                       "lib /usr/lib/liba.so.1 liba.so.1 -m32\n",
      .roots = "/bin/x",
      .error = "bin/x needs 'liba.so.1', which is nowhere in the builder\n"
               "'/usr/lib/liba.so.1' is there, but it is 32-bit i386, and the program is 64-bit "
               "x86_64" },
    { .name = "missing: no library by that name",
      .script = LOADER "lib /usr/lib/liba.so.1 liba.so.1; prog /bin/x $R/usr/lib/liba.so.1\n"
                       "file /usr/lib/liba.so.1 'INPUT(liba.a)'\n",
      .roots = "/bin/x",
      .error = "bin/x needs 'liba.so.1', which is nowhere in the builder\n"
               "'/usr/lib/liba.so.1' is there, but it is no library" },
    { .name = "missing: only for newer processors",
      .script = LOADER "lib /usr/lib/liba.so.1 liba.so.1; prog /bin/x $R/usr/lib/liba.so.1\n"
                       "mkdir -p $R/usr/lib/glibc-hwcaps/x86-64-v3\n"
                       "mv $R/usr/lib/liba.so.1 $R/usr/lib/glibc-hwcaps/x86-64-v3\n",
      .roots = "/bin/x",
      .error = "bin/x needs 'liba.so.1', which is nowhere in the builder\n"
               "'/usr/lib/glibc-hwcaps/x86-64-v3/liba.so.1' is only for newer processors, and an "
               "image runs on any: install the plain library as well" },
    { .name = "a variant for newer processors is left out",
      .script = LOADER "lib /usr/lib/liba.so.1 liba.so.1; prog /bin/x $R/usr/lib/liba.so.1\n"
                       "lib /usr/lib/glibc-hwcaps/x86-64-v3/liba.so.1 liba.so.1\n",
      .roots = "/bin/x",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/usr/lib/liba.so.1 liba.so.1 D\n" },
    { .name = "missing: where no loader looks",
      .script = LOADER "lib /opt/vendor/lib/liba.so.1 liba.so.1\n"
                       "prog /bin/x $R/opt/vendor/lib/liba.so.1\n",
      .roots = "/bin/x",
      .error = "bin/x needs 'liba.so.1', which is nowhere in the builder\n"
               "'/opt/vendor/lib/liba.so.1' has that name, where no loader looks by itself: link "
               "with -Wl,-rpath,/opt/vendor/lib" },
    { .name = "missing: linked by path",
      .script =
          LOADER "into /src/liba.so; echo 'int x_a;' | cc -shared -nostdlib -o $R/src/liba.so "
                 "-x c -\n"
                 "into /bin/x; cd $R; prog /bin/x src/liba.so\n",
      .roots = "/bin/x",
      .error = "bin/x needs 'src/liba.so', which is nowhere in the builder\n"
               "it was linked by its path, because the library has no soname: give it one "
               "(SOVERSION, or -Wl,-soname), and link again" },
    { .name = "missing: the base has it for another C library",
      .script = LOADER "lib /usr/lib/liba.so.1 liba.so.1; prog /bin/x $R/usr/lib/liba.so.1\n"
                       "into /base/lib/ld-musl-x86_64.so.1; mkdir -p $R/base/usr/lib\n"
                       "mv $R/usr/lib/liba.so.1 $R/base/usr/lib\n"
                       "cp $R/lib64/ld-test.so.1 $R/base/lib/ld-musl-x86_64.so.1\n",
      .roots = "/bin/x",
      .base = "base",
      .error =
          "bin/x needs 'liba.so.1', which is neither in the builder nor in the base\n"
          "the base 'old:1' has '/usr/lib/liba.so.1', but for another C library: its loader is "
          "'/lib/ld-musl-x86_64.so.1', and the program asks for '/lib64/ld-test.so.1'" },
    { .name = "NEEDED with $ORIGIN",
      .script = LOADER "lib /opt/lib/liba.so.1 '$ORIGIN/../lib/liba.so.1'\n"
                       "prog /opt/bin/x $R/opt/lib/liba.so.1\n",
      .roots = "/opt/bin/x",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/opt/lib/liba.so.1 $ORIGIN/../lib/liba.so.1 D\n" },
    { .name = "auxiliary libraries and audit libraries may be absent, filters not",
      .script =
          LOADER "lib /usr/lib/libaux.so.1 libaux.so.1; lib /usr/lib/libaud.so.1 libaud.so.1\n"
                 "lib /usr/lib/libf.so.1 libf.so.1\n"
                 "lib /usr/lib/liba.so.1 liba.so.1 -Wl,-f,libaux.so.1,-f,libnone.so.1\n"
                 "lib /usr/lib/libb.so.1 libb.so.1 -Wl,-F,libf.so.1\n"
                 "prog /bin/x -Wl,--audit,libno.so.1:libaud.so.1 $R/usr/lib/liba.so.1 "
                 "$R/usr/lib/libb.so.1\n"
                 "lib /usr/lib/libc.so.1 libc.so.1 -Wl,-F,libgone.so.1\n"
                 "prog /bin/y $R/usr/lib/libc.so.1\n",
      .roots = "/bin/x",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/usr/lib/liba.so.1 liba.so.1 D\n"
               "/usr/lib/libaud.so.1 libaud.so.1 D\n"
               "/usr/lib/libaux.so.1 libaux.so.1 D x -> liba.so.1 -> libaux.so.1\n"
               "/usr/lib/libb.so.1 libb.so.1 D\n"
               "/usr/lib/libf.so.1 libf.so.1 D x -> libb.so.1 -> libf.so.1\n" },
    { .name = "a filter that is absent",
      .script = LOADER "lib /usr/lib/liba.so.1 liba.so.1 -Wl,-F,libgone.so.1\n"
                       "prog /bin/x $R/usr/lib/liba.so.1\n",
      .roots = "/bin/x",
      .error = "usr/lib/liba.so.1 needs 'libgone.so.1', which is nowhere in the builder (x -> "
               "liba.so.1 -> libgone.so.1)\n" ELSE },
    { .name = "DF_1_NODEFLIB: only what ld.so.conf adds",
      .script = LOADER "conf /usr/lib; echo /extra >> $R/etc/ld.so.conf.d/local.conf\n"
                       "lib /extra/liba.so.1 liba.so.1; lib /usr/lib/liba.so.1 liba.so.1\n"
                       "prog /bin/x -Wl,-z,nodefaultlib $R/usr/lib/liba.so.1\n",
      .roots = "/bin/x",
      .files = "/extra/liba.so.1 liba.so.1 -\n"
               "/lib64/ld-test.so.1 interpreter D\n" },
    { .name = "32 bits and 64 bits in one root",
      .script =
          LOADER "loader /lib64/ld-test.so.1 $B; conf /usr/lib32\n"
                 "lib /usr/lib32/liba.so.1 liba.so.1 -m32; lib /usr/lib/liba.so.1 liba.so.1\n"
                 "prog /bin/x $R/usr/lib/liba.so.1\n"
                 "into /lib/ld-32.so.1; printf 'const char dirs[] = \"/usr/lib/\";' | cc -m32 "
                 "-shared -nostdlib -fPIC -o $R/lib/ld-32.so.1 -x c -\n"
                 "prog /bin/y -m32 -Wl,--dynamic-linker,/lib/ld-32.so.1 "
                 "$R/usr/lib32/liba.so.1\n",
      .roots = "/bin/x /bin/y",
      .files = "/lib/ld-32.so.1 interpreter D\n"
               "/lib64/ld-test.so.1 interpreter D\n"
               "/usr/lib/liba.so.1 liba.so.1 D\n"
               "/usr/lib32/liba.so.1 liba.so.1 -\n" },
    { .name = "another machine with its bytes the other way round",
      .script = "cc=aarch64-linux-gnu-gcc; command -v $cc >/dev/null || exit 77\n"
                "cc() { $cc -mbig-endian \"$@\"; }; loader /lib64/ld-test.so.1 $B\n"
                "lib /usr/lib/libb.so.1 libb.so.1\n"
                "lib /usr/lib/liba.so.1 liba.so.1 $R/usr/lib/libb.so.1\n"
                "prog /bin/x -Wl,-rpath,'$ORIGIN' $R/usr/lib/liba.so.1\n"
                "unset -f cc; lib /bin/liba.so.1 liba.so.1\n",
      .roots = "/bin/x",
      .files = "/lib64/ld-test.so.1 interpreter D\n"
               "/usr/lib/liba.so.1 liba.so.1 D\n"
               "/usr/lib/libb.so.1 libb.so.1 D x -> liba.so.1 -> libb.so.1\n" },
};

static void split(const char *words, struct slip_strv *ret)
{
    slip_cleanup(slip_freep) char *copy = slip_xstrdup(words ? words : "");
    char *save = NULL;

    for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
        slip_strv_add(ret, w);
}

/* One line a file: path, link, soname, D by default, R by RUNPATH, the chain where it is longer
 * than its program and itself, package. */
static char *show(const struct slip_closure *c)
{
    struct slip_buf out = SLIP_BUF_INIT;

    for (size_t i = 0; i < c->nfiles; i++) {
        const struct slip_needed *f = &c->files[i];
        slip_cleanup(slip_freep) char *chain = slip_closure_chain(c, f->path);
        const char *arrow = strstr(chain, " -> ");
        bool tell = strcmp(f->soname, "dlopen") == 0 || (arrow && strstr(arrow + 1, " -> "));
        slip_buf_printf(&out, "%s%s%s %s %s", f->path, f->link ? " -> " : "",
                        f->link ? f->link : "", f->soname,
                        f->by_runpath   ? "R"
                        : f->by_default ? "D"
                                        : "-");
        if (tell && !f->link)
            slip_buf_printf(&out, " %s", chain);
        if (f->package)
            slip_buf_printf(&out, " [%s]", f->package);
        slip_buf_putc(&out, '\n');
    }
    for (size_t i = 0; i < c->wanted.n; i++)
        slip_buf_printf(&out, "wants %s\n", c->wanted.v[i]);
    for (size_t i = 0; i < c->nhints; i++)
        slip_buf_printf(&out, "hint %s %s: %s\n", c->hints[i].path, c->hints[i].need,
                        c->hints[i].text);
    return slip_buf_take(&out);
}

static void make_root(const char *script)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_freep) char *whole = slip_xasprintf("%s%s", prelude, script);

    assert_int_equal(slip_remove_tree(scratch_fd, "root", &err), 0);
    assert_int_equal(mkdirat(scratch_fd, "root", 0755), 0);
    write_scratch("script", whole, 0644);
    int status = run(NULL, "sh @script @root");
    if (status == 77)
        skip();
    assert_int_equal(status, 0);
}

static void computes(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_closure_release) struct slip_closure c = SLIP_CLOSURE_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv roots = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv dlopen = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv build = SLIP_STRV_INIT;

    make_root(row->script);
    slip_cleanup(slip_closep) int root = openat(scratch_fd, "root", O_PATH | O_DIRECTORY);
    slip_cleanup(slip_closep) int base =
        row->base ? openat(root, row->base, O_PATH | O_DIRECTORY) : -1;
    split(row->roots, &roots);
    split(row->dlopen, &dlopen);
    split(row->build, &build);
    struct slip_closure_options options = SLIP_CLOSURE_OPTIONS_INIT;
    options.root = root;
    options.base_root = base;
    options.base_name = "old:1";
    options.build_dirs = (const char *const *)build.v;
    options.dlopen = (const char *const *)dlopen.v;

    int rc = slip_closure_compute(&c, &roots, &options, &err);
    if (row->error) {
        slip_cleanup(slip_freep) char *text = slip_xasprintf(
            "%s%s%s", err.msg ? err.msg : "", err.hint ? "\n" : "", err.hint ? err.hint : "");
        assert_string_equal(text, row->error);
        assert_int_equal(rc, -1);
        return;
    }
    if (rc < 0)
        fail_msg("%s", err.msg);
    slip_cleanup(slip_freep) char *shown = show(&c);
    assert_string_equal(shown, row->files);
}

/* Programs of this machine against what its own loader says. Only here is ldd run. */
static const struct real {
    const char *name, *path;
} reals[] = {
    { "git", "/usr/bin/git" },          { "python", "/usr/bin/python3" },
    { "the compiler", "/usr/bin/c++" }, { "the shell", "/bin/sh" },
    { "gdb", "/usr/bin/gdb" },
};

static void agrees_with_ldd(void **state)
{
    const struct real *real = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_closure_release) struct slip_closure c = SLIP_CLOSURE_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv roots = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv ours = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv theirs = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    slip_cleanup(slip_closep) int root = open("/", O_PATH | O_DIRECTORY);
    struct slip_closure_options options = SLIP_CLOSURE_OPTIONS_INIT;
    char *save = NULL;

    slip_cleanup(slip_freep) char *program = realpath(real->path, NULL);
    if (!program || !slip_proc_have("ldd"))
        skip();
    options.root = root;
    slip_strv_add(&roots, program);
    if (slip_closure_compute(&c, &roots, &options, &err) < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(run(&out, "ldd %s", program), 0);
    for (char *l = strtok_r(out.data, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
        char *path = strchr(l, '/');
        if (!path)
            continue;
        path[strcspn(path, " ")] = '\0';
        slip_cleanup(slip_freep) char *at = realpath(path, NULL);
        if (at && !slip_strv_has(&theirs, at))
            slip_strv_add(&theirs, at);
    }
    /* What glibc opens for threads stands in no header; ldd cannot know it. */
    for (size_t i = 0; i < c.nfiles; i++)
        if (!c.files[i].link && strcmp(c.files[i].soname, "dlopen") != 0)
            slip_strv_add(&ours, c.files[i].path);
    slip_strv_sort(&ours);
    slip_strv_sort(&theirs);
    assert_true(theirs.n > 0);
    for (size_t i = 0; i < ours.n && i < theirs.n; i++)
        assert_string_equal(ours.v[i], theirs.v[i]);
    assert_int_equal(ours.n, theirs.n);
}

static void knows_elf(void **state)
{
    slip_cleanup(slip_closep) int root = open("/", O_PATH | O_DIRECTORY);

    (void)state;
    assert_int_equal(slip_is_elf(root, "/bin/sh"), 1);
    assert_int_equal(slip_is_elf(root, "/etc/passwd"), 0);
    assert_int_equal(slip_is_elf(root, "/etc"), 0);
    assert_int_equal(slip_is_elf(root, "/no/such/file"), -1);
}

int main(void)
{
    const struct CMUnitTest others[] = { cmocka_unit_test(knows_elf) };

    need_compiler();
    if (scratch_setup(NULL) < 0)
        return 1;
    int failed = SLIP_RUN_ROWS("closure", rows, computes) +
                 SLIP_RUN_ROWS("against ldd", reals, agrees_with_ldd) +
                 cmocka_run_group_tests_name("closure", others, NULL, NULL);
    return scratch_teardown(NULL) < 0 || failed;
}
