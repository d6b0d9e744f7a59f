#include "build/emulator.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "image/descriptor.h"
#include "slim/elf.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define LINE_LIMIT 256 /* of "#!", as the kernel has it */
#define STATUS_LIMIT ((size_t)4096)

/* What QEMU calls an architecture of images. */
static const char *emulated_name(const char *arch)
{
    static const char *const names[][2] = { { "amd64", "x86_64" },
                                            { "arm64", "aarch64" },
                                            { "386", "i386" },
                                            { "loong64", "loongarch64" },
                                            { "mips64le", "mips64el" } };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        if (strcmp(names[i][0], arch) == 0)
            return names[i][1];
    return arch;
}

static bool runs_here(const char *arch)
{
    const char *variant, *own = slip_this_architecture(&variant);

    return strcmp(arch, own) == 0 || (strcmp(arch, "386") == 0 && strcmp(own, "amd64") == 0) ||
           (strcmp(arch, "arm") == 0 && strcmp(own, "arm64") == 0);
}

/* Flag F: the kernel holds the emulator open, so that no root needs to have it. */
static bool kernel_knows(const char *name)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_freep) char *path = slip_xasprintf("/proc/sys/fs/binfmt_misc/qemu-%s", name);
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    if (slip_read_file(AT_FDCWD, path, STATUS_LIMIT, &text, &ignored) < 0)
        return false;
    const char *flags = strstr(slip_buf_str(&text), "flags: ");
    return slip_starts_with(slip_buf_str(&text), "enabled") && flags &&
           memchr(flags, 'F', strcspn(flags, "\n"));
}

static bool no_symbol(const char *name)
{
    (void)name;
    return false;
}

/* One that needs nothing of this machine's root. */
static int open_static(const char *path)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_elf_release) struct slip_elf elf = SLIP_ELF_INIT;
    slip_cleanup(slip_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || slip_elf_read(fd, path, no_symbol, &elf, &ignored) != 1 || elf.interp)
        return -1;
    return SLIP_TAKE_FD(fd);
}

int slip_emulator_find(const char *arch, struct slip_emulator *ret, struct slip_error *err)
{
    static const char *const forms[] = { "/usr/bin/qemu-%s-static", "/usr/local/bin/qemu-%s-static",
                                         "/usr/bin/qemu-%s", "/usr/local/bin/qemu-%s" };
    const char *variant;

    *ret = SLIP_EMULATOR_INIT;
    if (!arch || runs_here(arch) || kernel_knows(emulated_name(arch)))
        return 0;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(forms) && ret->fd < 0; i++) {
        const char *name = emulated_name(arch), *blank = strstr(forms[i], "%s");
        slip_cleanup(slip_freep) char *path =
            slip_xasprintf("%.*s%s%s", (int)(blank - forms[i]), forms[i], name, blank + 2);
        ret->fd = open_static(path);
    }
    if (ret->fd >= 0) {
        snprintf(ret->target, sizeof ret->target, "/.slipway-qemu-%.24s", emulated_name(arch));
        return 0;
    }
    slip_fail(err, SLIP_EHOST,
              "the image is for linux/%s, which this machine (linux/%s) cannot run", arch,
              slip_this_architecture(&variant));
    return slip_error_hint(err, "the package qemu-user-static lets it run such programs");
}

/* The path of argv[0] in the root; NULL when it is not there. */
static char *find_program(int root, const char *program, const char *cwd, const char *path)
{
    struct stat st;

    if (strchr(program, '/')) {
        char *whole = program[0] == '/' ? slip_xstrdup(program) : slip_path_join(cwd, program);
        if (slip_lstat_in_root(root, whole, &st) == 0)
            return whole;
        free(whole);
        return NULL;
    }
    for (const char *p = path ? path : ""; *p;) {
        size_t n = strcspn(p, ":");
        slip_cleanup(slip_freep) char *whole = slip_xasprintf("%.*s/%s", (int)n, p, program);
        if (n && slip_lstat_in_root(root, whole, &st) == 0)
            return SLIP_TAKE_PTR(whole);
        p += n + (p[n] == ':');
    }
    return NULL;
}

/* "#!/bin/sh -e": the words go to *ret. */
static void add_interpreter(int root, const char *path, struct slip_strv *ret)
{
    slip_cleanup(slip_closep) int fd = slip_open_in_root(root, path, O_RDONLY | O_NONBLOCK, 0);
    char line[LINE_LIMIT + 1];
    ssize_t n = fd < 0 ? -1 : pread(fd, line, LINE_LIMIT, 0);

    if (n < 2 || line[0] != '#' || line[1] != '!')
        return;
    line[n] = '\0';
    line[strcspn(line, "\n")] = '\0';
    char *word = line + 2 + strspn(line + 2, " \t");
    size_t len = strcspn(word, " \t");
    char *rest = word + len + strspn(word + len, " \t");
    slip_strv_addf(ret, "%.*s", (int)len, word);
    if (*rest)
        slip_strv_add(ret, rest);
}

void slip_emulator_argv(const struct slip_emulator *emulator, int root, const char *cwd,
                        const struct slip_strv *env, struct slip_strv *argv)
{
    slip_cleanup(slip_strv_release) struct slip_strv now = SLIP_STRV_INIT;

    if (emulator->fd < 0 || !argv->n)
        return;
    slip_cleanup(slip_freep) char *program =
        find_program(root, argv->v[0], cwd, slip_strv_getenv(env, "PATH"));
    if (!program)
        return;
    slip_strv_add(&now, emulator->target);
    add_interpreter(root, program, &now);
    if (now.n == 1) {
        slip_strv_add(&now, "-0");
        slip_strv_add(&now, argv->v[0]);
    }
    slip_strv_add(&now, program);
    for (size_t i = 1; i < argv->n; i++)
        slip_strv_add(&now, argv->v[i]);
    slip_strv_release(argv);
    *argv = now;
    now = SLIP_STRV_INIT;
}

struct slip_sandbox_mount slip_emulator_mount(const struct slip_emulator *emulator)
{
    return (struct slip_sandbox_mount){
        .kind = SLIP_SANDBOX_BIND,
        .target = emulator->target,
        .source = emulator->fd,
        .upper = -1,
        .work = -1,
        .readonly = true,
    };
}

void slip_emulator_release(struct slip_emulator *emulator)
{
    slip_closep(&emulator->fd);
    *emulator = SLIP_EMULATOR_INIT;
}
