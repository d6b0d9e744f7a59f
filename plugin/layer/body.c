#include "layer/body.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "util/fs.h"
#include "util/mem.h"

bool slip_body_is(const struct slip_entry *entry)
{
    return S_ISREG(entry->mode) && !entry->hardlink && !entry->whiteout;
}

int slip_body_changed(const struct slip_entry *entry, struct slip_error *err)
{
    slip_fail(err, SLIP_EINPUT, "'%s' changed while it was read", entry->path);
    return slip_error_hint(err, "let whatever writes to it finish, and build again");
}

int slip_body_open(const struct slip_entry *entry, struct slip_error *err)
{
    const char *path = entry->source ? entry->source : entry->path;
    struct stat st;

    /* Not blocking: what was a file when the tree was made may be a pipe by now. */
    slip_cleanup(slip_closep) int fd =
        slip_open_in_root(entry->root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0 || fstat(fd, &st) < 0)
        return slip_fail_errno(err, "cannot read '%s'", path);
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != entry->size)
        return slip_body_changed(entry, err);
    return SLIP_TAKE_FD(fd);
}
