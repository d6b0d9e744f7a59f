#include "layer/debts.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define MAX_LINKS 65536u
#define MARK 01000 /* a mode that no archive gives a file: inodes are used again */

bool slip_debts_any(const struct slip_debts *debts)
{
    for (size_t i = 0; i < debts->dirs.n; i++)
        if (debts->dirs.entries[i].value)
            return true;
    return debts->nlinks > 0;
}

void slip_debts_add_dir(struct slip_debts *debts, const char *path)
{
    slip_map_set(&debts->dirs, path, debts);
}

void slip_debts_drop_dir(struct slip_debts *debts, const char *path)
{
    if (slip_map_get(&debts->dirs, path))
        slip_map_set(&debts->dirs, path, NULL);
}

static const char *inode_key(ino_t inode, char out[24])
{
    snprintf(out, 24, "%ju", (uintmax_t)inode);
    return out;
}

int slip_debts_add_link(struct slip_debts *debts, const char *path, const char *target, int fd)
{
    struct stat st;
    char key[24];

    if (debts->nlinks == MAX_LINKS) {
        errno = EMLINK;
        return -1;
    }
    if (fchmod(fd, MARK) < 0 || fstat(fd, &st) < 0)
        return -1;
    debts->links = slip_xgrow(debts->links, debts->nlinks, &debts->cap, sizeof *debts->links);
    struct slip_debt_link *link = &debts->links[debts->nlinks++];
    *link = (struct slip_debt_link){ slip_xstrdup(path), slip_xstrdup(target) };
    slip_map_set(&debts->inodes, inode_key(st.st_ino, key), link->target);
    return 0;
}

const char *slip_debts_target(const struct slip_debts *debts, const struct stat *st)
{
    char key[24];

    if (!S_ISREG(st->st_mode) || (st->st_mode & 07777) != MARK || st->st_size)
        return NULL;
    return slip_map_get(&debts->inodes, inode_key(st->st_ino, key));
}

char *slip_debts_path(int root, int dir, const char *name)
{
    char link[32], top[PATH_MAX], at[PATH_MAX];
    ssize_t n = readlink(slip_fd_path(root, link), top, sizeof top - 1);
    ssize_t m = n < 0 ? -1 : readlink(slip_fd_path(dir, link), at, sizeof at - 1);

    if (m < 0)
        return NULL;
    if (n == 1) /* "/" of a process or of a mount */
        n = 0;
    if (m == sizeof at - 1 || m < n || memcmp(at, top, (size_t)n) != 0) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    at[m] = '\0';
    const char *below = at + n + (at[n] == '/');
    return slip_xasprintf("%s%s%s", below, *below && *name ? "/" : "", name);
}

void slip_debts_release(struct slip_debts *debts)
{
    for (size_t i = 0; i < debts->nlinks; i++) {
        free(debts->links[i].path);
        free(debts->links[i].target);
    }
    free(debts->links);
    slip_map_release(&debts->dirs);
    slip_map_release(&debts->inodes);
    *debts = SLIP_DEBTS_INIT;
}
