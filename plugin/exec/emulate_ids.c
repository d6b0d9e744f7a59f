#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "exec/emulate.h"
#include "exec/emulate_calls.h"
#include "util/mem.h"

#define CREDS_LIMIT 4096

/* Entries are only ever added, and complete before `count` tells of them: reading needs no lock.
 * Entry 0 is root without groups. */
static struct slip_creds table[CREDS_LIMIT];
static atomic_uint count = 1;
static pthread_mutex_t adding = PTHREAD_MUTEX_INITIALIZER;

static unsigned first; /* the command's own */

static bool is_same(const struct slip_creds *a, const struct slip_creds *b)
{
    return memcmp(a->uid, b->uid, sizeof a->uid) == 0 &&
           memcmp(a->gid, b->gid, sizeof a->gid) == 0 && a->keeper == b->keeper &&
           a->ngroups == b->ngroups &&
           (!a->ngroups || memcmp(a->groups, b->groups, a->ngroups * sizeof *a->groups) == 0);
}

/* The entry for these; -1 when the table is full. */
static int find_or_add(const struct slip_creds *creds)
{
    (void)pthread_mutex_lock(&adding);
    unsigned n = atomic_load(&count), i = 0;
    while (i < n && !is_same(&table[i], creds))
        i++;
    if (i == n && n < CREDS_LIMIT) {
        table[n] = *creds;
        if (creds->ngroups) {
            table[n].groups = slip_xcalloc(creds->ngroups, sizeof *creds->groups);
            memcpy(table[n].groups, creds->groups, creds->ngroups * sizeof *creds->groups);
        }
        atomic_store(&count, n + 1);
    }
    (void)pthread_mutex_unlock(&adding);
    return i < CREDS_LIMIT ? (int)i : -1;
}

void slip_emulate_identity(const struct slip_identity *identity)
{
    struct slip_creds creds = { .ngroups = identity->ngroups };
    unsigned groups[SLIP_GROUPS_LIMIT];

    for (size_t i = 0; i < 4; i++) {
        creds.uid[i] = identity->uid;
        creds.gid[i] = identity->gid;
    }
    for (size_t i = 0; i < identity->ngroups; i++)
        groups[i] = identity->groups[i];
    creds.groups = groups;
    int entry = find_or_add(&creds);
    first = entry < 0 ? 0 : (unsigned)entry;
}

static int assume(pid_t pid, unsigned entry)
{
    struct rlimit limit;

    if (prlimit(pid, RLIMIT_LOCKS, NULL, &limit) < 0)
        return -1;
    limit.rlim_cur = limit.rlim_max - entry;
    return prlimit(pid, RLIMIT_LOCKS, &limit, NULL);
}

int slip_emulate_assume(void)
{
    return assume(0, first);
}

const struct slip_creds *slip_emulate_creds(const struct slip_call *call)
{
    struct rlimit limit;

    if (prlimit(call->tid, RLIMIT_LOCKS, NULL, &limit) < 0)
        return &table[0];
    rlim_t entry = limit.rlim_max - limit.rlim_cur;
    return &table[entry < atomic_load(&count) ? entry : 0];
}

static void change(struct slip_call *call, const struct slip_creds *creds)
{
    int entry = find_or_add(creds);

    if (entry < 0 || assume(call->tid, (unsigned)entry) < 0)
        slip_call_fail(call, EAGAIN);
}

/* What tells one exec(2) of a process from the next: where its stack begins. 0: cannot be told. */
static uint64_t program_of(const struct slip_call *call)
{
    char path[SLIP_CALL_PREFIX], text[1024];
    uint64_t stack = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", call->tid);
    slip_cleanup(slip_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    const char *p = strrchr(text, ')'); /* the end of field 2 */
    for (int field = 2; p && field < 28; field++)
        p = strchr(p + 1, ' ');
    return p && sscanf(p, "%" SCNu64, &stack) == 1 ? stack : 0;
}

/* Root, or between PR_SET_KEEPCAPS and the next exec: setpriv(1) changes its user before its
 * groups.
 */
static bool is_privileged(const struct slip_call *call, const struct slip_creds *creds)
{
    return creds->uid[SLIP_ID_EFFECTIVE] == 0 ||
           (creds->keeper && creds->keeper == program_of(call));
}

void slip_emulate_keep_caps(struct slip_call *call)
{
    struct slip_creds creds = *slip_emulate_creds(call);

    if (is_privileged(call, &creds)) {
        creds.keeper = call->args[1] ? program_of(call) : 0;
        change(call, &creds);
    }
    call->go_on = true; /* the kernel keeps the flag that PR_GET_KEEPCAPS shows */
}

void slip_emulate_get_id(struct slip_call *call)
{
    const struct slip_creds *creds = slip_emulate_creds(call);

    switch (call->nr) {
    case SYS_getuid:
        return slip_call_return(call, creds->uid[SLIP_ID_REAL]);
    case SYS_geteuid:
        return slip_call_return(call, creds->uid[SLIP_ID_EFFECTIVE]);
    case SYS_getgid:
        return slip_call_return(call, creds->gid[SLIP_ID_REAL]);
    default:
        return slip_call_return(call, creds->gid[SLIP_ID_EFFECTIVE]);
    }
}

void slip_emulate_get_res_ids(struct slip_call *call)
{
    const struct slip_creds *creds = slip_emulate_creds(call);
    const unsigned *ids = call->nr == SYS_getresuid ? creds->uid : creds->gid;

    for (size_t i = 0; i < 3; i++)
        if (slip_call_write(call, call->args[i], &ids[i], sizeof ids[i]) < 0)
            return slip_call_fail(call, EFAULT);
}

void slip_emulate_get_groups(struct slip_call *call)
{
    const struct slip_creds *creds = slip_emulate_creds(call);
    int room = (int)call->args[0];

    if (room < 0 || (room > 0 && (size_t)room < creds->ngroups))
        return slip_call_fail(call, EINVAL);
    if (room > 0 && creds->ngroups &&
        slip_call_write(call, call->args[1], creds->groups,
                        creds->ngroups * sizeof *creds->groups) < 0)
        return slip_call_fail(call, EFAULT);
    slip_call_return(call, (int64_t)creds->ngroups);
}

void slip_emulate_set_groups(struct slip_call *call)
{
    struct slip_creds creds = *slip_emulate_creds(call);
    unsigned groups[SLIP_GROUPS_LIMIT];
    size_t n = call->args[0];

    if (!is_privileged(call, &creds))
        return slip_call_fail(call, EPERM);
    if (n > SLIP_GROUPS_LIMIT)
        return slip_call_fail(call, EINVAL);
    if (n && slip_call_read(call, call->args[1], groups, n * sizeof *groups) < 0)
        return slip_call_fail(call, EFAULT);
    creds.ngroups = n;
    creds.groups = groups;
    change(call, &creds);
}

#define UNCHANGED UINT32_MAX

/* One of the first `n` of real, effective, saved, file system. */
static bool holds(const unsigned *ids, size_t n, unsigned id)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id)
            return true;
    return false;
}

static int set_one(unsigned ids[4], bool privileged, unsigned id)
{
    if (id == UNCHANGED)
        return EINVAL;
    if (privileged)
        ids[SLIP_ID_REAL] = ids[SLIP_ID_SAVED] = id;
    else if (id != ids[SLIP_ID_REAL] && id != ids[SLIP_ID_SAVED])
        return EPERM;
    ids[SLIP_ID_EFFECTIVE] = id;
    return 0;
}

static int set_two(unsigned ids[4], bool privileged, unsigned real, unsigned effective)
{
    unsigned old = ids[SLIP_ID_REAL];

    if (!privileged && ((real != UNCHANGED && !holds(ids, 2, real)) ||
                        (effective != UNCHANGED && !holds(ids, 3, effective))))
        return EPERM;
    if (real != UNCHANGED)
        ids[SLIP_ID_REAL] = real;
    if (effective != UNCHANGED)
        ids[SLIP_ID_EFFECTIVE] = effective;
    if (real != UNCHANGED || (effective != UNCHANGED && effective != old))
        ids[SLIP_ID_SAVED] = ids[SLIP_ID_EFFECTIVE];
    return 0;
}

static int set_three(unsigned ids[4], bool privileged, const uint64_t *args)
{
    for (size_t i = 0; i < 3 && !privileged; i++)
        if ((unsigned)args[i] != UNCHANGED && !holds(ids, 3, (unsigned)args[i]))
            return EPERM;
    for (size_t i = 0; i < 3; i++)
        if ((unsigned)args[i] != UNCHANGED)
            ids[i] = (unsigned)args[i];
    return 0;
}

void slip_emulate_set_id(struct slip_call *call)
{
    struct slip_creds creds = *slip_emulate_creds(call);
    bool privileged = is_privileged(call, &creds), of_user = false;
    unsigned a = (unsigned)call->args[0], b = (unsigned)call->args[1], old;
    int error = 0;

    switch (call->nr) {
    case SYS_setuid:
    case SYS_setreuid:
    case SYS_setresuid:
    case SYS_setfsuid:
        of_user = true;
    }
    unsigned *ids = of_user ? creds.uid : creds.gid;
    switch (call->nr) {
    case SYS_setuid:
    case SYS_setgid:
        error = set_one(ids, privileged, a);
        break;
    case SYS_setreuid:
    case SYS_setregid:
        error = set_two(ids, privileged, a, b);
        break;
    case SYS_setresuid:
    case SYS_setresgid:
        error = set_three(ids, privileged, call->args);
        break;
    default: /* setfsuid, setfsgid: answers who it was, whether it works or not */
        old = ids[SLIP_ID_FS];
        if (a != UNCHANGED && (privileged || holds(ids, 4, a)))
            ids[SLIP_ID_FS] = a;
        change(call, &creds);
        return slip_call_return(call, old);
    }
    if (error)
        return slip_call_fail(call, error);
    ids[SLIP_ID_FS] = ids[SLIP_ID_EFFECTIVE];
    change(call, &creds);
}
