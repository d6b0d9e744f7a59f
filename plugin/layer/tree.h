/* tree.h - the entries of one layer: what is in it, where its bytes come from, what it removes.
 *
 * A tree is made by hand (slim runtime layers), or from an overlay upper directory (diff.h), and
 * becomes a layer stream (stream.h). Entries are sorted bytewise by path before they are written;
 * parents come first. Every path is relative ("usr/bin/x"), clean, and unique.
 * Depends on: util/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/buf.h"
#include "util/error.h"

struct slip_xattr {
    char *name;  /* owned */
    char *value; /* owned */
    size_t len;
};

struct slip_entry {
    char *path;  /* owned; whiteouts: the path that goes away, without ".wh." */
    mode_t mode; /* type and permissions */
    uid_t uid;   /* as the image shall say, emulation already undone */
    gid_t gid;
    int64_t mtime; /* seconds, already clamped */
    uint64_t size; /* regular files */
    dev_t rdev;    /* devices */
    char *link;    /* owned: symlink target; hard link: path of the earlier entry */
    bool hardlink;
    bool whiteout;             /* removes `path` of the layers below */
    bool opaque;               /* directory that hides everything below it */
    struct slip_xattr *xattrs; /* owned; sorted by name */
    size_t nxattrs;
    /* Bytes of a regular file: `content` when set, else the file `source` beneath `root`. */
    char *content; /* owned */
    int root;      /* borrowed directory fd */
    char *source;  /* owned; path beneath root, opened with slip_open_in_root; NULL: `path` */
};

struct slip_tree {
    struct slip_entry *entries; /* owned */
    size_t n, cap;
};

#define SLIP_TREE_INIT ((struct slip_tree){ 0 })

/* Appends a zeroed entry with root -1 and returns it; valid until the next add. */
struct slip_entry *slip_tree_add(struct slip_tree *tree, const char *path, mode_t mode);
/* Appends what an entry of another tree says, and leaves that one without anything to release. */
void slip_tree_take(struct slip_tree *tree, struct slip_entry *entry);
/* Takes the entry that was added last away again. */
void slip_tree_drop_last(struct slip_tree *tree);
/* Sorts, drops exact duplicates by path (the last one added wins), and adds missing parent
 * directories (0755, 0:0, `mtime`). */
void slip_tree_finish(struct slip_tree *tree, int64_t mtime);
const struct slip_entry *slip_tree_find(const struct slip_tree *tree,
                                        const char *path); /* sorted */
/* Content, names, modes, owners, links, xattrs; never times. Reads every file. */
int slip_tree_digest(const struct slip_tree *tree, char ret_hex[65], struct slip_error *err);
uint64_t slip_tree_bytes(const struct slip_tree *tree); /* sum of sizes */
void slip_tree_release(struct slip_tree *tree);
