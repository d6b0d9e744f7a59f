#include "build/emulator.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "image/descriptor.h"
#include "main.h"
#include "util/fs.h"
#include "util/str.h"

static char root_path[] = "/tmp/slipway-unit-XXXXXX";
static int root = -1;

/* Words are separated by blanks; @ is the emulator. */
static const struct row {
    const char *name, *argv, *cwd, *path, *want;
} rows[] = {
    { "a program in PATH", "prog a b", "/", "/none:/bin", "@ -0 prog /bin/prog a b" },
    { "an absolute path", "/bin/prog", "/", "/none", "@ -0 /bin/prog /bin/prog" },
    { "a path from the directory it starts in", "./prog x", "/bin", "/none",
      "@ -0 ./prog /bin/./prog x" },
    { "a script", "script y", "/", "/bin", "@ /bin/sh /bin/script y" },
    { "a script with an argument of its interpreter", "/bin/arg y z", "/", "/bin",
      "@ /bin/prog -ex /bin/arg y z" },
    { "a link", "link", "/", "/bin", "@ -0 link /bin/link" },
    { "nothing of that name", "nosuch", "/", "/bin", "nosuch" },
    { "a link out of the root", "out", "/", "/bin", "@ -0 out /bin/out" },
};

static void split(const char *text, struct slip_strv *ret)
{
    slip_cleanup(slip_freep) char *copy = slip_xstrdup(text);
    char *save = NULL;

    for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
        slip_strv_add(ret, w);
}

static void puts_in_front(void **state)
{
    const struct row *row = *state;
    struct slip_emulator emulator = { .fd = root, .target = "@" };
    slip_cleanup(slip_strv_release) struct slip_strv argv = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv want = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv env = SLIP_STRV_INIT;

    split(row->argv, &argv);
    split(row->want, &want);
    slip_strv_setenv(&env, "PATH", row->path);
    slip_emulator_argv(&emulator, root, row->cwd, &env, &argv);
    assert_int_equal(argv.n, want.n);
    for (size_t i = 0; i < want.n; i++)
        assert_string_equal(argv.v[i], want.v[i]);
}

/* This machine needs none; one that nobody emulates is an error that names the package. */
static void finds(void **state)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    struct slip_emulator emulator;
    const char *variant;

    (void)state;
    assert_int_equal(slip_emulator_find(NULL, &emulator, &err), 0);
    assert_int_equal(emulator.fd, -1);
    assert_int_equal(slip_emulator_find(slip_this_architecture(&variant), &emulator, &err), 0);
    assert_int_equal(emulator.fd, -1);
    assert_int_equal(slip_emulator_find("pdp11", &emulator, &err), -1);
    assert_int_equal(err.code, SLIP_EHOST);
    assert_non_null(strstr(err.msg, "the image is for linux/pdp11"));
    assert_non_null(strstr(err.hint, "qemu-user-static"));
}

static void put(const char *path, const char *text)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    assert_int_equal(slip_write_file(root, path, text, strlen(text), 0755, false, &err), 0);
}

int main(void)
{
    const struct CMUnitTest others[] = { cmocka_unit_test(finds) };
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    if (!mkdtemp(root_path))
        return 1;
    root = open(root_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0 || mkdirat(root, "bin", 0755) < 0 || symlinkat("prog", root, "bin/link") < 0 ||
        symlinkat("../../../../bin/sh", root, "bin/out") < 0)
        return 1;
    put("bin/prog", "\177ELF");
    put("bin/script", "#!/bin/sh\necho\n");
    put("bin/arg", "#! /bin/prog  -ex\n");
    int failed = SLIP_RUN_ROWS("emulator", rows, puts_in_front) +
                 cmocka_run_group_tests_name("emulator", others, NULL, NULL);
    return slip_remove_tree(AT_FDCWD, root_path, &err) < 0 || failed;
}
