#include "slim/split.h"

#include <elf.h>

#include "compile.h"
#include "slim/layout.h"
#include "slim/strip.h"
#include "util/str.h"

static const char plain[] = "#include <stdio.h>\nint twice(int n)\n{\n    return 2 * n;\n}\n"
                            "int main(void) { return printf(\"%d\\n\", twice(4)) != 2; }\n";

/* `command` makes @prog from @in.c or @in.cc; a debugger must find `function` at `line`. */
static const struct row {
    const char *name, *command, *function;
    int result;
    bool lines;
    const char *line;
} rows[] = {
    { "a PIE", "cc -g -o @prog @in.c", "twice", SLIP_SPLIT_DONE, true, "Line 3 of" },
    { "a program at a fixed address", "cc -g -no-pie -o @prog @in.c", "twice", SLIP_SPLIT_DONE,
      true, "Line 3 of" },
    { "a static program", "cc -g -static -o @prog @in.c", "twice", SLIP_SPLIT_DONE, true,
      "Line 3 of" },
    { "a library", "cc -g -shared -fPIC -o @prog @in.c", "twice", SLIP_SPLIT_DONE, true,
      "Line 3 of" },
    { "RUNPATH that goes", "cc -g -Wl,-rpath,/build/lib -o @prog @in.c", "twice", SLIP_SPLIT_DONE,
      true, "Line 3 of" },
    { "compressed debug sections", "cc -g -gz -o @prog @in.c", "twice", SLIP_SPLIT_DONE, true,
      "Line 3 of" },
    { "DWARF 4", "cc -gdwarf-4 -o @prog @in.c", "twice", SLIP_SPLIT_DONE, true, "Line 3 of" },
    { "C++", "c++ -g -o @prog @in.cc", "thrice(int)", SLIP_SPLIT_DONE, true, "Line 1 of" },
    { "thread-local data and CET notes", "cc -g -fcf-protection=full -o @prog @tls.c", "twice",
      SLIP_SPLIT_DONE, true, "Line 2 of" },
    { "a Build-ID of 16 bytes", "cc -g -Wl,--build-id=md5 -o @prog @in.c", "twice", SLIP_SPLIT_DONE,
      true, "Line 3 of" },
    { "many sections", "cc -g -ffunction-sections -Wl,--unique=.text.* -o @prog @in.c", "twice",
      SLIP_SPLIT_DONE, true, "Line 3 of" },
    { "32 bits", "cc -m32 -g -nostdlib -static -o @prog @exit.c", "_start", SLIP_SPLIT_DONE, true,
      "Line 1 of" },
    { "names of functions only", "cc -o @prog @in.c", "twice", SLIP_SPLIT_DONE, false,
      "No line number information available for address" },
    { "stripped already", "cc -s -o @prog @in.c", NULL, SLIP_SPLIT_NOTHING, false, NULL },
    { "no Build-ID", "cc -g -Wl,--build-id=none -o @prog @in.c", NULL, SLIP_SPLIT_NO_ID, true,
      NULL },
    { "an object file", "cc -g -c -o @prog @in.c", NULL, SLIP_SPLIT_NOTHING, false, NULL },
};

static void read_file(const char *name, struct slip_buf *ret)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    slip_buf_clear(ret);
    assert_int_equal(slip_read_file(scratch_fd, name, (size_t)64 << 20, ret, &err), 0);
}

static void write_bytes(const char *name, const void *p, size_t n)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_freep) char *dir = slip_xstrndup(name, (size_t)(slip_path_base(name) - name));

    if (*dir)
        assert_int_equal(slip_mkdirs(scratch_fd, dir, 0755, &err), 0);
    assert_int_equal(slip_write_file(scratch_fd, name, p, n, 0755, false, &err), 0);
}

/* As an image would have them: @out and @out's debug file beneath @usr. */
static int make(const char *command, struct slip_split *ret)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf elf = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) void *stripped = NULL;
    static const char *const build_dirs[] = { "/build", NULL };
    const struct slip_strip_options options = { false, build_dirs };
    size_t len = 0;

    /* Not every compiler has the libraries for its other word size. */
    if (strstr(command, "-m32") && run(NULL, "%s", command) != 0)
        skip();
    must("%s", command);
    read_file("prog", &elf);
    int changed = slip_strip(elf.data, elf.len, "prog", &options, &stripped, &len, &err);
    assert_true(changed >= 0);
    const void *program = changed ? stripped : elf.data;
    len = changed ? len : elf.len;
    write_bytes("out", program, len);
    int rc = slip_split(elf.data, elf.len, program, len, "prog", ret, &err);
    if (rc < 0)
        fail_msg("%s", err.msg);
    return rc;
}

static void check_readelf(const char *path)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;

    if (!slip_proc_have("readelf"))
        return;
    must("rm -f @debug");
    must("cp @%s @debug", path);
    if (run(&out, "sh @quiet @debug") != 0 || strstr(slip_buf_str(&out), "arning") ||
        strstr(slip_buf_str(&out), "rror:"))
        fail_msg("%s", slip_buf_str(&out));
}

static void splits(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_split_release) struct slip_split split = SLIP_SPLIT_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;

    int rc = make(row->command, &split);
    assert_int_equal(rc, row->result);
    assert_int_equal(split.lines, row->lines);
    if (rc != SLIP_SPLIT_DONE)
        return;
    slip_cleanup(slip_freep) char *path = slip_split_path(split.id);
    write_bytes(path, split.data, split.len);
    check_readelf(path);
    if (!slip_proc_have("gdb"))
        return;
    write_scratch("ask",
                  "#!/bin/sh\nLC_ALL=C exec gdb -nx -q -batch -ex \"set debug-file-directory "
                  "$1/usr/lib/debug\" -ex \"file $1/out\" -ex \"info line $2\" 2>&1\n",
                  0755);
    (void)run(&out, "sh @ask %s %s", scratch, row->function);
    if (!strstr(slip_buf_str(&out), row->line))
        fail_msg("%s", slip_buf_str(&out));
}

/* The debug file is small where the program is large: nothing that is loaded is in it. */
static void leaves_code_out(void **state)
{
    slip_cleanup(slip_split_release) struct slip_split split = SLIP_SPLIT_INIT;
    struct slip_layout l;
    Elf64_Shdr sh;
    const char *why;

    (void)state;
    assert_int_equal(make("cc -g -o @prog @big.c", &split), SLIP_SPLIT_DONE);
    assert_true(split.len < (size_t)1 << 20);
    assert_int_equal(slip_layout_open(&l, split.data, split.len, &why), 1);
    for (size_t i = 1; slip_layout_section(&l, i, &sh); i++)
        assert_true(!(sh.sh_flags & SHF_ALLOC) || sh.sh_type == SHT_NOBITS ||
                    sh.sh_type == SHT_NOTE);
}

/* What dwz has taken out of several files stands in another one, which is named. */
static void names_the_shared_file(void **state)
{
    slip_cleanup(slip_split_release) struct slip_split split = SLIP_SPLIT_INIT;
    static const char link[] = "/usr/lib/debug/.dwz/shared\0\x01\x02\x03\x04";

    (void)state;
    if (!slip_proc_have("objcopy"))
        skip();
    write_bytes("link", link, sizeof link - 1);
    must("cc -g -o @prog @in.c");
    must("objcopy --add-section .gnu_debugaltlink=%s/link @prog", scratch);
    assert_int_equal(make("true", &split), SLIP_SPLIT_DONE);
    assert_string_equal(split.shared, "/usr/lib/debug/.dwz/shared");
    assert_string_equal(split.shared_id, "01020304");
}

/* Every damage to the headers is an error or an answer, never a read outside the file. */
static void survives_damage(void **state)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf elf = SLIP_BUF_INIT;
    static const unsigned char values[] = { 0, 1, 0x7f, 0xff };
    struct slip_layout l;
    const char *why;

    (void)state;
    must("cc -g -o @prog @in.c");
    read_file("prog", &elf);
    assert_int_equal(slip_layout_open(&l, elf.data, elf.len, &why), 1);
    size_t head = slip_layout_ehsize(&l) + l.phnum * slip_layout_phsize(&l);
    size_t total = head + l.shnum * slip_layout_shsize(&l);
    for (size_t i = 4; i < total; i++)
        for (size_t v = 0; v < SLIP_ARRAY_LEN(values); v++) {
            slip_cleanup(slip_split_release) struct slip_split split = SLIP_SPLIT_INIT;
            slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
            char *at = elf.data + (i < head ? i : (size_t)l.eh.e_shoff + i - head), had = *at;
            *at = (char)values[v];
            (void)slip_split(elf.data, elf.len, elf.data, elf.len, "prog", &split, &ignored);
            *at = had;
        }
    slip_cleanup(slip_split_release) struct slip_split split = SLIP_SPLIT_INIT;
    assert_int_equal(slip_split(elf.data, elf.len - 1, elf.data, elf.len, "prog", &split, &err),
                     -1);
    assert_string_equal(err.msg,
                        "'prog' is a damaged ELF file: its header tables lie outside the file");
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(leaves_code_out),
        cmocka_unit_test(names_the_shared_file),
        cmocka_unit_test(survives_damage),
    };

    need_compiler();
    if (scratch_setup(NULL) < 0)
        return 1;
    write_scratch("quiet", "LC_ALL=C exec readelf -SlnsW \"$1\" 2>&1\n", 0755);
    write_scratch("in.c", plain, 0644);
    write_scratch("in.cc",
                  "int thrice(int n) { return 3 * n; }\nint main() { return thrice(0); }\n", 0644);
    write_scratch("tls.c",
                  "static __thread int kept = 4;\nint twice(int n) { return n * kept; }\n"
                  "int main(void) { return twice(0); }\n",
                  0644);
    write_scratch("exit.c",
                  "void _start(void) { __asm__(\"movl $1, %eax; movl $7, %ebx; int $0x80\"); }\n",
                  0644);
    write_scratch("big.c", "const char data[1 << 22] = { 1 };\nint main(void) { return 0; }\n",
                  0644);
    int failed = SLIP_RUN_ROWS("split", rows, splits) +
                 cmocka_run_group_tests_name("split", others, NULL, NULL);
    return scratch_teardown(NULL) < 0 || failed;
}
