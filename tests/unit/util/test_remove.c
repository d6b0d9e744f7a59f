#include "util/fs.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "main.h"

#define DEEP 2500

static void put(int dir, const char *name)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    close(fd);
}

static void plant_nothing(int dir)
{
    (void)dir;
}

static void plant_file(int dir)
{
    put(dir, "tree");
}

static void plant_link(int dir)
{
    put(dir, "kept/file");
    assert_int_equal(symlinkat("kept", dir, "tree"), 0);
}

static void plant_links(int dir)
{
    put(dir, "kept/file");
    assert_int_equal(mkdirat(dir, "tree", 0700), 0);
    assert_int_equal(symlinkat("../kept", dir, "tree/link"), 0);
    assert_int_equal(linkat(dir, "kept/file", dir, "tree/hard", 0), 0);
    assert_int_equal(mkfifoat(dir, "tree/fifo", 0600), 0);
}

static void plant_sealed(int dir)
{
    static const mode_t modes[] = { 0, 0400, 0500, 0100, 0600, 0200 };

    assert_int_equal(mkdirat(dir, "tree", 0700), 0);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(modes); i++) {
        slip_cleanup(slip_freep) char *name = slip_xasprintf("tree/%zu", i);
        slip_cleanup(slip_freep) char *file = slip_xasprintf("%s/file", name);
        slip_cleanup(slip_freep) char *inner = slip_xasprintf("%s/inner", name);
        assert_int_equal(mkdirat(dir, name, 0700), 0);
        put(dir, file);
        assert_int_equal(mkdirat(dir, inner, 0), 0);
        assert_int_equal(fchmodat(dir, name, modes[i], 0), 0);
    }
    assert_int_equal(fchmodat(dir, "tree", 0, 0), 0);
}

static void plant_deep(int dir)
{
    int at = dup(dir);

    for (int i = 0; i < DEEP; i++) {
        const char *name = i ? "d" : "tree";
        assert_int_equal(mkdirat(at, name, 0700), 0);
        int next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        if (i % 100 == 50)
            put(next, "file");
        if (i % 100 == 99)
            assert_int_equal(fchmod(at, 0), 0);
        close(at);
        at = next;
    }
    close(at);
}

static const struct row {
    const char *name;
    void (*plant)(int dir);
} rows[] = {
    { "nothing", plant_nothing },
    { "a file", plant_file },
    { "a link to a directory", plant_link },
    { "links out of it", plant_links },
    { "sealed directories", plant_sealed },
    { "deeper than files can be open", plant_deep },
};

static void plant_and_remove(const struct row *row)
{
    char path[] = "/tmp/slip-remove-XXXXXX";
    struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv left = SLIP_STRV_INIT;

    assert_non_null(mkdtemp(path));
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(dir, "kept", 0700), 0);
    row->plant(dir);
    assert_int_equal(slip_remove_tree(dir, "tree", &err), 0);
    assert_int_equal(slip_list_dir(dir, ".", &left, &err), 0);
    assert_int_equal(left.n, 1);
    if (row->plant == plant_link || row->plant == plant_links)
        assert_int_equal(faccessat(dir, "kept/file", F_OK, 0), 0);
    assert_int_equal(slip_remove_tree(AT_FDCWD, path, &err), 0);
    close(dir);
}

/* In a child that is not root, since permission bits do not stop root. */
static void leaves_nothing(void **state)
{
    const struct rlimit limit = { 256, 256 };
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0 ||
            (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0)))
            _exit(2);
        plant_and_remove(*state);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void)
{
    return SLIP_RUN_ROWS("remove", rows, leaves_nothing);
}
