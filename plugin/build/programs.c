#include "build/programs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slim/closure.h"
#include "util/fs.h"
#include "util/mem.h"

/* "usr/bin", "opt/x/sbin": the last part says so. */
static bool holds_programs(const char *dir)
{
    static const char *const names[] = { "bin", "sbin", "libexec" };
    const char *base = slip_path_base(dir);

    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        if (strcmp(base, names[i]) == 0)
            return true;
    return false;
}

static bool is_script(int dir, const char *name, const struct stat *st)
{
    char start[2] = "";

    if (!(st->st_mode & 0111))
        return false;
    slip_cleanup(slip_closep) int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 && read(fd, start, 2) == 2 && memcmp(start, "#!", 2) == 0;
}

static int list(int root, const char *dir, struct slip_programs *ret, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_closep) int fd = slip_open_beneath(root, dir, O_RDONLY | O_DIRECTORY, 0);

    if (fd < 0)
        return slip_fail_errno(err, "cannot open '/%s'", dir);
    if (slip_list_dir(fd, ".", &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        slip_cleanup(slip_freep) char *path =
            slip_xasprintf("%s%s%s", dir, *dir ? "/" : "", names.v[i]);
        struct stat st;
        if (fstatat(fd, names.v[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
            return slip_fail_errno(err, "cannot look at '/%s'", path);
        if (S_ISDIR(st.st_mode) && list(root, path, ret, err) < 0)
            return -1;
        if (!S_ISREG(st.st_mode))
            continue;
        if (st.st_size >= 64 && slip_is_elf(root, path) == 1) {
            slip_strv_addf(&ret->all, "/%s", path);
        } else if (holds_programs(dir) && is_script(fd, names.v[i], &st)) {
            slip_strv_addf(&ret->all, "/%s", path);
            slip_strv_addf(&ret->scripts, "/%s", path);
        }
    }
    return 0;
}

int slip_programs_list(int root, struct slip_programs *ret, struct slip_error *err)
{
    return list(root, "", ret, err);
}

void slip_programs_release(struct slip_programs *programs)
{
    slip_strv_release(&programs->all);
    slip_strv_release(&programs->scripts);
}
