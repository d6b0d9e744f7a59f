#include "commands/epoch.h"

#include <stdlib.h>

#include "commands/git.h"
#include "util/str.h"

int slip_epoch_find(const char *dir, int64_t otherwise, int64_t *ret, struct slip_error *err)
{
    const char *given = getenv("SOURCE_DATE_EPOCH");
    uint64_t value = 0;

    if (given && *given) {
        if (slip_parse_uint(given, INT64_MAX / 2000000000, &value) < 0)
            return slip_fail(err, SLIP_EUSAGE, "SOURCE_DATE_EPOCH is not a time in seconds: '%s'",
                             given);
        *ret = (int64_t)value;
        return 0;
    }
    *ret = slip_git_time(dir);
    if (!*ret)
        *ret = otherwise;
    return 0;
}
