/* show.h - a tree as text, one line for each entry, for goldens and comparisons. */
#pragma once

#include <sys/stat.h>

#include "layer/tree.h"

static inline void show_entry(struct slip_buf *out, const struct slip_entry *e)
{
    if (e->whiteout) {
        slip_buf_printf(out, "whiteout %s\n", e->path);
        return;
    }
    slip_buf_printf(out, "%06o %u:%u %s%s", e->mode, e->uid, e->gid, e->path,
                    e->opaque ? " opaque" : "");
    if (S_ISREG(e->mode) && !e->hardlink)
        slip_buf_printf(out, " [%llu]", (unsigned long long)e->size);
    if (S_ISCHR(e->mode) || S_ISBLK(e->mode))
        slip_buf_printf(out, " dev %llx", (unsigned long long)e->rdev);
    if (e->link)
        slip_buf_printf(out, " %s %s", e->hardlink ? "=" : "->", e->link);
    for (size_t i = 0; i < e->nxattrs && !e->hardlink; i++)
        slip_buf_printf(out, " %s=%.*s", e->xattrs[i].name, (int)e->xattrs[i].len,
                        e->xattrs[i].value);
    slip_buf_putc(out, '\n');
}

static inline char *show_tree(const struct slip_tree *tree)
{
    struct slip_buf out = SLIP_BUF_INIT;

    for (size_t i = 0; i < tree->n; i++)
        show_entry(&out, &tree->entries[i]);
    return slip_buf_take(&out);
}
