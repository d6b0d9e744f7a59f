#include "build/programs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slim/closure.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/walk.h"

#define ELF_AT_LEAST 64 /* bytes of a header */

/* Of "/usr/bin/x" and "/opt/x/sbin/y": the directory says so. */
static bool is_among_programs(const char *path)
{
    static const char *const names[] = { "/bin/", "/sbin/", "/libexec/" };
    size_t n = (size_t)(slip_path_base(path) - path);

    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        if (n >= strlen(names[i]) &&
            memcmp(path + n - strlen(names[i]), names[i], strlen(names[i])) == 0)
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

struct list {
    int root;
    struct slip_programs *ret;
};

static int note(void *user, int dir, const char *name, const char *path, const struct stat *st,
                struct slip_error *err)
{
    const struct list *list = user;

    (void)err;
    if (!S_ISREG(st->st_mode))
        return 0;
    bool script = is_among_programs(path) && is_script(dir, name, st);
    if (script)
        slip_strv_add(&list->ret->scripts, path);
    if (script || (st->st_size >= ELF_AT_LEAST && slip_is_elf(list->root, path) == 1))
        slip_strv_add(&list->ret->all, path);
    return 0;
}

int slip_programs_list(int root, struct slip_programs *ret, struct slip_error *err)
{
    struct list list = { .root = root, .ret = ret };

    return slip_walk(root, note, &list, err);
}

void slip_programs_release(struct slip_programs *programs)
{
    slip_strv_release(&programs->all);
    slip_strv_release(&programs->scripts);
}
