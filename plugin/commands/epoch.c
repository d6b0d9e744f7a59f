#include "commands/epoch.h"

#include <inttypes.h>

#include "util/fs.h"
#include "util/mem.h"
#include "util/proc.h"
#include "util/str.h"

/* True when some directory from `dir` upwards holds .git. */
static bool in_checkout(const char *dir)
{
    slip_cleanup(slip_freep) char *path = slip_path_absolute(dir);

    for (;;) {
        slip_cleanup(slip_freep) char *git = slip_path_join(path, ".git");
        if (access(git, F_OK) == 0)
            return true;
        char *slash = strrchr(path, '/');
        if (!slash || !path[1])
            return false;
        slash[slash == path] = '\0';
    }
}

int slip_epoch_find(const char *dir, int64_t *ret, struct slip_error *err)
{
    const char *given = getenv("SOURCE_DATE_EPOCH");
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    uint64_t value = 0;
    int status;

    *ret = 0;
    if (given && *given) {
        if (slip_parse_uint(given, INT64_MAX / 2000000000, &value) < 0)
            return slip_fail(err, SLIP_EUSAGE, "SOURCE_DATE_EPOCH is not a time in seconds: '%s'",
                             given);
        *ret = (int64_t)value;
        return 0;
    }
    if (!dir || !in_checkout(dir) || !slip_proc_have("git"))
        return 0;
    char *const argv[] = { (char[]){ "git" },
                           (char[]){ "-C" },
                           (char *)(uintptr_t)dir,
                           (char[]){ "log" },
                           (char[]){ "-1" },
                           (char[]){ "--format=%ct" },
                           NULL };
    /* A checkout without a commit, or one that git does not trust, has no time to give. */
    if (slip_proc_run(argv, &out, &status, &ignored) < 0 || status != 0)
        return 0;
    slip_cleanup(slip_freep) char *line =
        slip_xstrndup(slip_buf_str(&out), strcspn(slip_buf_str(&out), "\n"));
    if (slip_parse_uint(line, INT64_MAX / 2000000000, &value) == 0)
        *ret = (int64_t)value;
    return 0;
}
