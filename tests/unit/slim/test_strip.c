#include "slim/strip.h"

#include <elf.h>

#include "compile.h"
#include "slim/layout.h"
#include "util/str.h"

static const char *const build_dirs[] = { "/build", "/nowhere/src/", NULL };

static const char plain[] = "#include <stdio.h>\nint main(void) { puts(\"it runs\"); return 0; }\n";
static const char library[] = "int shared_name(void) { return 42; }\nint foo(void) { return 1; }\n";
static const char exceptions[] = "#include <cstdio>\n#include <stdexcept>\n"
                                 "int main() { try { throw std::runtime_error(\"it runs\"); }\n"
                                 "catch (std::exception &e) { std::puts(e.what()); } }\n";

/* `command` makes @prog from @in.c, @in.cc or @lib.c. */
static const struct row {
    const char *name, *command;
    bool runs;
    bool keep_symbols;
    int result;
    const char *runpath; /* what is left of it; "" none, NULL not looked at */
} rows[] = {
    { "a PIE", "cc -g -o @prog @in.c", true, false, 1, NULL },
    { "a program at a fixed address", "cc -g -no-pie -o @prog @in.c", true, false, 1, NULL },
    { "a static program", "cc -g -static -o @prog @in.c", true, false, 1, NULL },
    { "a static PIE", "cc -g -static-pie -o @prog @in.c", true, false, 1, NULL },
    { "C++ with exceptions", "c++ -g -o @prog @in.cc", true, false, 1, NULL },
    { "CET notes", "cc -g -fcf-protection=full -o @prog @in.c", true, false, 1, NULL },
    { "relocations kept by the linker", "cc -g -Wl,--emit-relocs -o @prog @in.c", true, false, 1,
      NULL },
    { "compressed debug sections", "cc -g -gz -o @prog @in.c", true, false, 1, NULL },
    { "32 bits", "cc -m32 -g -nostdlib -static -o @prog @exit.c", true, false, 1, NULL },
    { "32 bits, RUNPATH",
      "cc -m32 -g -nostdlib -shared -fPIC -Wl,-rpath,/build/lib:/opt/x -o @prog @bare.c", false,
      false, 1, "/opt/x" },
    { "many sections", "cc -g -ffunction-sections -Wl,--unique=.text.* -o @prog @in.c", true, false,
      1, NULL },
    { "a library with versions",
      "cc -g -shared -fPIC -Wl,-soname,libx.so.1 -Wl,--version-script=@map -o @prog @lib.c", false,
      false, 1, NULL },
    { "nothing left to drop", "cc -s -fno-ident -Wl,-R,/opt/x -o @prog @bare.c -nostdlib -static",
      false, false, 0, NULL },
    { "symbols are kept when told", "cc -g -o @prog @in.c", true, true, 0, NULL },
    { "RUNPATH is all of the build", "cc -g -Wl,-rpath,/build/lib -o @prog @in.c", true, false, 1,
      "" },
    { "RPATH too", "cc -g -Wl,--disable-new-dtags -Wl,-rpath,/build/lib -o @prog @in.c", true,
      false, 1, "" },
    { "RUNPATH without stripping", "cc -g -Wl,-rpath,/build/lib -o @prog @in.c", true, true, 1,
      "" },
    { "the first entry goes", "cc -g -Wl,-rpath,/build/lib:/opt/x -o @prog @in.c", true, false, 1,
      "/opt/x" },
    { "the last entry goes", "cc -g -Wl,-rpath,$ORIGIN/../lib:/nowhere/src -o @prog @in.c", true,
      false, 1, "$ORIGIN/../lib" },
    { "a name that only begins alike stays", "cc -g -Wl,-rpath,/builder/lib -o @prog @in.c", true,
      false, 1, "/builder/lib" },
    { "padding goes with it", "cc -g -Wl,-rpath,/build/a::::/opt/y:::: -o @prog @in.c", true, false,
      1, "/opt/y" },
    { "its end is also a symbol's name",
      "cc -g -shared -fPIC -Wl,-rpath,/build/shared_name -o @prog @lib.c", false, false, 1, "" },
    { "what is left ends as a symbol's name",
      "cc -g -shared -fPIC -Wl,-rpath,/build/a:/opt/shared_name -o @prog @lib.c", false, false, 1,
      "/opt/shared_name" },
};

static void read_prog(const char *name, struct slip_buf *ret)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    slip_buf_clear(ret);
    assert_int_equal(slip_read_file(scratch_fd, name, (size_t)64 << 20, ret, &err), 0);
}

static void write_prog(const char *name, const void *p, size_t n)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    assert_int_equal(slip_write_file(scratch_fd, name, p, n, 0755, false, &err), 0);
}

/* readelf finds nothing to warn of, the code can be read, and the names of the loader are whole. */
static void check_tools(const struct row *row)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;

    if (!slip_proc_have("readelf") || !slip_proc_have("objdump"))
        return;
    write_scratch("quiet",
                  "#!/bin/sh\nout=$(LC_ALL=C readelf -aW \"$1\" 2>&1) || exit 1\n"
                  "case $out in *[Ww]arning*|*rror:*|*corrupt*) echo \"$out\" | "
                  "grep -i 'warning\\|error\\|corrupt'; exit 1;; esac\n"
                  "objdump -d \"$1\" >/dev/null || exit 1\n"
                  "readelf -dW \"$1\" | sed -n 's/.*R.*PATH.*\\[\\(.*\\)\\]/\\1/p'\n",
                  0755);
    int status = run(&out, "sh @quiet @out");
    if (status != 0)
        fail_msg("%s", slip_buf_str(&out));
    if (row->runpath) {
        slip_cleanup(slip_freep) char *line =
            *row->runpath ? slip_xasprintf("%s\n", row->runpath) : slip_xstrdup("");
        assert_string_equal(slip_buf_str(&out), line);
    }
}

static void check_size(size_t len)
{
    struct stat st;

    if (!slip_proc_have("strip"))
        return;
    must("cp @prog @reference");
    must("strip -s @reference");
    assert_int_equal(fstatat(scratch_fd, "reference", &st, 0), 0);
    assert_true(len <= (size_t)st.st_size + 256);
}

static void strips(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf elf = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf before = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf after = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) void *out = NULL, *again = NULL;
    const struct slip_strip_options options = { row->keep_symbols, build_dirs };
    size_t len = 0, again_len = 0;

    /* Not every compiler has the libraries for its other word size. */
    if (strstr(row->command, "-m32") && run(NULL, "%s", row->command) != 0)
        skip();
    must("%s", row->command);
    read_prog("prog", &elf);
    int rc = slip_strip(elf.data, elf.len, "prog", &options, &out, &len, &err);
    if (rc < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(rc, row->result);
    if (rc == 0)
        return;
    write_prog("out", out, len);
    if (row->runpath)
        assert_null(memmem(out, len, "/build/lib", strlen("/build/lib")));
    check_tools(row);
    if (!row->keep_symbols)
        check_size(len);
    if (row->runs) {
        int status = run(&before, "@prog");
        assert_int_equal(run(&after, "@out"), status);
        assert_string_equal(slip_buf_str(&after), slip_buf_str(&before));
    }
    /* What came out has nothing more to give. */
    assert_int_equal(slip_strip(out, len, "out", &options, &again, &again_len, &err), 0);
}

/* Builds that differ only in where they were made become the same file. */
static void forgets_the_build(void **state)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_freep) void *out[2] = { NULL, NULL };
    slip_cleanup(slip_freep) void *second = NULL;
    const struct slip_strip_options options = { false, build_dirs };
    size_t len[2] = { 0, 0 };

    (void)state;
    write_scratch("one/in.c", plain, 0644);
    write_scratch("two/longer/in.c", plain, 0644);
    must("cc -g -Wl,-rpath,/build/one -o @one/prog @one/in.c");
    must("cc -g -Wl,-rpath,/build/two -o @two/longer/prog @two/longer/in.c");
    for (size_t i = 0; i < 2; i++) {
        slip_cleanup(slip_buf_release) struct slip_buf elf = SLIP_BUF_INIT;
        read_prog(i ? "two/longer/prog" : "one/prog", &elf);
        assert_int_equal(slip_strip(elf.data, elf.len, "prog", &options, &out[i], &len[i], &err),
                         1);
    }
    second = out[1];
    assert_int_equal(len[0], len[1]);
    assert_memory_equal(out[0], second, len[0]);
}

/* Files that are not programs, and programs that are no longer whole. */
static const struct odd {
    const char *name, *bytes;
    size_t len;
    int result;
    const char *error;
} odds[] = {
    { "nothing", "", 0, 0, NULL },
    { "a script", "#!/bin/sh\n", 10, 0, NULL },
    { "an archive", "!<arch>\n", 8, 0, NULL },
    { "the first bytes of one", "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16, -1,
      "'odd' is a damaged ELF file: it is cut off" },
};

static void leaves_alone(void **state)
{
    const struct odd *odd = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_freep) void *out = NULL;
    const struct slip_strip_options options = { false, build_dirs };
    size_t len;

    assert_int_equal(slip_strip(odd->bytes, odd->len, "odd", &options, &out, &len, &err),
                     odd->result);
    if (odd->error)
        assert_string_equal(err.msg, odd->error);
}

static void object_files_stay(void **state)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf elf = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) void *out = NULL;
    const struct slip_strip_options options = { false, build_dirs };
    size_t len;

    (void)state;
    must("cc -g -c -o @in.o @in.c");
    read_prog("in.o", &elf);
    assert_int_equal(slip_strip(elf.data, elf.len, "in.o", &options, &out, &len, &err), 0);
}

/* A self-extracting program keeps what hangs behind it; a file cut short is told from a whole one.
 */
static void payload_stays(void **state)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf elf = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) void *out = NULL;
    const struct slip_strip_options options = { false, NULL };
    size_t len;

    (void)state;
    must("cc -g -o @prog @in.c");
    read_prog("prog", &elf);
    size_t whole = elf.len;
    slip_buf_puts(&elf, "PK payload");
    assert_int_equal(slip_strip(elf.data, elf.len, "prog", &options, &out, &len, &err), 0);
    assert_int_equal(slip_strip(elf.data, whole - 1, "prog", &options, &out, &len, &err), -1);
    assert_string_equal(err.msg,
                        "'prog' is a damaged ELF file: its header tables lie outside the file");
}

/* Rewrites a little-endian 64-bit program as a big-endian one, header by header: enough for what
 * strip reads, and proof that it does not care. */
static void other_byte_order(void **state)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf elf = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) void *out = NULL;
    const struct slip_strip_options options = { false, NULL };
    struct slip_layout big, small;
    const char *why;
    size_t len;

    (void)state;
    /* ELF header, one PT_LOAD of 256 bytes, then .text, .symtab and the names; all big-endian. */
    static const char names[] = "\0.text\0.symtab\0.shstrtab";
    const Elf64_Shdr sections[] = {
        { 0 },
        { .sh_name = 1,
          .sh_type = SHT_PROGBITS,
          .sh_flags = SHF_ALLOC,
          .sh_offset = 128,
          .sh_size = 16 },
        { .sh_name = 7, .sh_type = SHT_SYMTAB, .sh_offset = 144, .sh_size = 24 },
        { .sh_name = 15, .sh_type = SHT_STRTAB, .sh_offset = 168, .sh_size = sizeof names },
    };
    memset(slip_buf_reserve(&elf, 512), 0, 512);
    elf.len = 512;
    memcpy(elf.data, "\177ELF\2\2\1", 7);
    big = (struct slip_layout){
        .data = (unsigned char *)elf.data, .len = 512, .wide = true, .big = true
    };
    memcpy(big.eh.e_ident, elf.data, EI_NIDENT);
    big.eh.e_type = ET_EXEC;
    big.eh.e_machine = EM_S390;
    big.eh.e_shoff = 256;
    big.eh.e_shentsize = sizeof(Elf64_Shdr);
    big.eh.e_shnum = 4;
    big.eh.e_shstrndx = 3;
    assert_true(slip_layout_put_ehdr(&big));
    for (size_t i = 0; i < 4; i++)
        assert_true(slip_layout_put_shdr(&big, 256 + i * 64, &sections[i]));
    memcpy(elf.data + 168, names, sizeof names);
    memcpy(elf.data + 128, "sixteen bytes of", 16);

    assert_int_equal((unsigned char)elf.data[18], 0);
    assert_int_equal((unsigned char)elf.data[19], EM_S390);
    assert_int_equal(slip_strip(elf.data, elf.len, "big", &options, &out, &len, &err), 1);
    assert_int_equal(slip_layout_open(&small, out, len, &why), 1);
    assert_int_equal(small.shnum, 3);
    assert_memory_equal((char *)out + 128, "sixteen bytes of", 16);
    Elf64_Shdr text;
    assert_true(slip_layout_section(&small, 1, &text));
    assert_int_equal(text.sh_offset, 128);
    assert_int_equal(text.sh_flags, SHF_ALLOC);
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(forgets_the_build),
        cmocka_unit_test(object_files_stay),
        cmocka_unit_test(payload_stays),
        cmocka_unit_test(other_byte_order),
    };

    need_compiler();
    if (scratch_setup(NULL) < 0)
        return 1;
    write_scratch("in.c", plain, 0644);
    write_scratch("in.cc", exceptions, 0644);
    write_scratch("lib.c", library, 0644);
    write_scratch("bare.c", "void _start(void) { for (;;) ; }\n", 0644);
    write_scratch("exit.c",
                  "void _start(void) { __asm__(\"movl $1, %eax; movl $7, %ebx; int $0x80\"); }\n",
                  0644);
    write_scratch("map", "X_1 { global: foo; };\nX_2 { global: shared_name; local: *; } X_1;\n",
                  0644);
    int failed = SLIP_RUN_ROWS("strip", rows, strips) +
                 SLIP_RUN_ROWS("not programs", odds, leaves_alone) +
                 cmocka_run_group_tests_name("strip", others, NULL, NULL);
    return scratch_teardown(NULL) < 0 || failed;
}
