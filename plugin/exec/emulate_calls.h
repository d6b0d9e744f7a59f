/* emulate_calls.h - the answers, one function per family; for exec/emulate.c.
 *
 * Each fills in the answer of a call whose `go_on` is false, error and value 0.
 */
#pragma once

#include "exec/call.h"

/* emulate_ids.c */
void slip_emulate_get_id(struct slip_call *call);
void slip_emulate_get_res_ids(struct slip_call *call);
void slip_emulate_get_groups(struct slip_call *call);
void slip_emulate_set_groups(struct slip_call *call);
void slip_emulate_set_id(struct slip_call *call);
void slip_emulate_keep_caps(struct slip_call *call);

struct slip_creds {
    unsigned uid[4], gid[4]; /* real, effective, saved, file system */
    size_t ngroups;
    unsigned *groups; /* owned by the table */
    uint64_t keeper;  /* program that asked to keep its capabilities over setuid(2); or 0 */
};

enum { SLIP_ID_REAL, SLIP_ID_EFFECTIVE, SLIP_ID_SAVED, SLIP_ID_FS };

/* Who the caller is; valid for ever. */
const struct slip_creds *slip_emulate_creds(const struct slip_call *call);

/* emulate_files.c */
void slip_emulate_stat(struct slip_call *call);
void slip_emulate_statx(struct slip_call *call);
void slip_emulate_chown(struct slip_call *call);
void slip_emulate_list_xattrs(struct slip_call *call);

/* emulate_births.c */
void slip_emulate_open(struct slip_call *call);
void slip_emulate_mkdir(struct slip_call *call);
void slip_emulate_mknod(struct slip_call *call);
