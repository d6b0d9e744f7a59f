/* userns.h - what this host gives of user namespaces, and what it puts in their way.
 * Depends on: nothing but the kernel's files.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* Container images use ids up to 65535. */
#define SLIP_IDS_WANTED 65536u

/* One line of /etc/subuid or /etc/subgid. */
struct slip_subids {
    uint64_t start, count;
};

/* 1: `file` gives `name` (may be NULL) or `uid` at least SLIP_IDS_WANTED ids in one piece.
 * 0: it does not, or there is no such file. */
int slip_subids_find(const char *file, const char *name, uid_t uid, struct slip_subids *ret);

/* How many user ids, and as many group ids, the user namespace of this process maps; UINT32_MAX or
 * more is the initial namespace. */
uint64_t slip_ids_mapped(void);

/* The number in a file below /proc/sys; -1 when there is none. */
long slip_sysctl(const char *path);

/* A setting that forbids user namespaces, and how to change it. */
struct slip_obstacle {
    const char *sysctl; /* "user.max_user_namespaces" */
    const char *path;   /* where the kernel shows it */
    long bad;           /* the value that forbids */
    const char *fix;
};

extern const struct slip_obstacle slip_obstacles[];
extern const unsigned slip_nobstacles;

/* The first one that this host has in the way, or NULL. */
const struct slip_obstacle *slip_userns_obstacle(void);
