/* passwd.h - who `USER` is, by the image's own /etc/passwd and /etc/group.
 *
 * Both files come from outside: they are opened beneath the root, must be regular, and are read up
 * to 1 MiB; never through NSS, which would run the image's code or ask the host. As Docker does:
 * a number need not be listed, and then has group 0; `user:group` has that group only.
 * Depends on: util/.
 */
#pragma once

#include <sys/types.h>

#include "util/error.h"

#define SLIP_GROUPS_LIMIT 1024

struct slip_identity {
    uid_t uid;
    gid_t gid;
    size_t ngroups; /* supplementary, without gid */
    gid_t groups[SLIP_GROUPS_LIMIT];
    char *home; /* owned */
};

/* `user`: "", "name", "uid", "user:group". */
int slip_identity_find(int root, const char *user, struct slip_identity *ret,
                       struct slip_error *err);
/* The owner that `--chown` names. Unlike above a number is never the name of somebody; alone, it is
 * the group too; a part left empty is root. */
int slip_identity_owner(int root, const char *owner, uid_t *ret_uid, gid_t *ret_gid,
                        struct slip_error *err);
void slip_identity_release(struct slip_identity *identity);
