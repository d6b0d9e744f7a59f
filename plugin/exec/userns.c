#include "exec/userns.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/buf.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define SUBID_FILE_LIMIT ((size_t)4 << 20)

const struct slip_obstacle slip_obstacles[] = {
    { "user.max_user_namespaces", "/proc/sys/user/max_user_namespaces", 0,
      "allow them: 'sudo sysctl user.max_user_namespaces=15000', and a line in /etc/sysctl.d" },
    { "kernel.unprivileged_userns_clone", "/proc/sys/kernel/unprivileged_userns_clone", 0,
      "allow them: 'sudo sysctl kernel.unprivileged_userns_clone=1', and a line in /etc/sysctl.d" },
    { "kernel.apparmor_restrict_unprivileged_userns",
      "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1,
      "give slipway an AppArmor profile with 'userns,' (see /etc/apparmor.d for examples), or "
      "'sudo "
      "sysctl kernel.apparmor_restrict_unprivileged_userns=0'" },
};
const unsigned slip_nobstacles = SLIP_ARRAY_LEN(slip_obstacles);

/* "name:start:count"; 1 when the line is for this user and large enough. */
static int line_fits(char *line, const char *name, uid_t uid, struct slip_subids *ret)
{
    char *start = strchr(line, ':'), *count = start ? strchr(start + 1, ':') : NULL, who[16];
    struct slip_subids ids;

    if (!count)
        return 0;
    *start++ = *count++ = '\0';
    snprintf(who, sizeof who, "%u", (unsigned)uid);
    if (strcmp(line, who) != 0 && (!name || strcmp(line, name) != 0))
        return 0;
    if (slip_parse_uint(start, UINT32_MAX - 1, &ids.start) < 0 ||
        slip_parse_uint(count, UINT32_MAX - ids.start, &ids.count) < 0 ||
        ids.count < SLIP_IDS_WANTED)
        return 0;
    *ret = ids;
    return 1;
}

int slip_subids_find(const char *file, const char *name, uid_t uid, struct slip_subids *ret)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    char *save = NULL;

    if (slip_read_file(AT_FDCWD, file, SUBID_FILE_LIMIT, &text, &err) < 0 || !text.data)
        return 0;
    for (char *line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        if (line_fits(line, name, uid, ret))
            return 1;
    return 0;
}

static uint64_t count_ids(const char *path)
{
    slip_cleanup(slip_fclosep) FILE *f = fopen(path, "re");
    uint64_t inside, outside, n, sum = 0;

    while (f && fscanf(f, "%" SCNu64 " %" SCNu64 " %" SCNu64, &inside, &outside, &n) == 3)
        sum += n;
    return sum;
}

uint64_t slip_ids_mapped(void)
{
    uint64_t uids = count_ids("/proc/self/uid_map"), gids = count_ids("/proc/self/gid_map");

    return uids < gids ? uids : gids;
}

long slip_sysctl(const char *path)
{
    slip_cleanup(slip_fclosep) FILE *f = fopen(path, "re");
    long value;

    return f && fscanf(f, "%ld", &value) == 1 ? value : -1;
}

const struct slip_obstacle *slip_userns_obstacle(void)
{
    for (unsigned i = 0; i < slip_nobstacles; i++)
        if (slip_sysctl(slip_obstacles[i].path) == slip_obstacles[i].bad)
            return &slip_obstacles[i];
    return NULL;
}
