/* debts.h - what an overlay layer directory still owes when its archive is unpacked alone.
 *
 * Layers are unpacked side by side, before the layers below them are there; but an archive means
 * what it would do on top of those (OCI image-spec, layer.md). Most archives name every parent
 * directory and link only within, and owe nothing. Others leave open:
 *
 * - a directory that they imply by a name: what the layers below have there may be a directory
 *   with an owner and a mode, or a link that leads elsewhere;
 * - a hard link to a file that only the layers below have; an empty file keeps its place.
 *
 * slip_apply() notes the debts, slip_debts_settle() pays them once what is below can be seen. A
 * directory that owed something belongs on top of those layers and on no others.
 * Depends on: layer/apply, util/.
 */
#pragma once

#include <sys/stat.h>

#include "layer/apply.h"
#include "util/map.h"

struct slip_debts {
    struct slip_map dirs; /* implied directories, as the layer has them; value NULL: paid */
    struct slip_debt_link {
        char *path, *target; /* owned */
    } * links;
    size_t nlinks, cap;
    struct slip_map inodes; /* of the empty files, to targets */
    uint64_t bytes;         /* that may still be unpacked */
};

#define SLIP_DEBTS_INIT ((struct slip_debts){ 0 })

bool slip_debts_any(const struct slip_debts *debts);
/* `root` and `options` are those of slip_apply(); `lower` is a read-only view of all layers below
 * (slip_mounted.root). A link to what is not below either is refused. */
int slip_debts_settle(struct slip_debts *debts, int root, int lower,
                      const struct slip_apply_options *options, struct slip_error *err);
void slip_debts_release(struct slip_debts *debts);

/* For slip_apply(). */
void slip_debts_add_dir(struct slip_debts *debts, const char *path);
void slip_debts_drop_dir(struct slip_debts *debts, const char *path);
/* `fd` is the empty file at `path`, which is marked so that it can be told again. 0, or -1 with
 * errno (EMLINK: there are too many). */
int slip_debts_add_link(struct slip_debts *debts, const char *path, const char *target, int fd);
/* The target of an empty file, or NULL when `st` is not of one. */
const char *slip_debts_target(const struct slip_debts *debts, const struct stat *st);

/* The path of `name` in directory `dir`, both beneath `root` and free of links. NULL with errno. */
char *slip_debts_path(int root, int dir, const char *name);
