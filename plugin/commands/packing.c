#include "commands/packing.h"

#include "util/mem.h"
#include "util/str.h"

static const struct {
    const char *name;
    enum slip_compression compression;
    int highest;
} known[] = {
    { "gzip", SLIP_GZIP, 12 },
    { "zstd", SLIP_ZSTD, 19 },
    { "none", SLIP_UNCOMPRESSED, 0 },
    { "uncompressed", SLIP_UNCOMPRESSED, 0 },
};

int slip_packing_say(struct slip_packing *packing, const char *text, struct slip_error *err)
{
    const char *names[SLIP_ARRAY_LEN(known)];

    for (size_t i = 0; i < SLIP_ARRAY_LEN(known); i++) {
        names[i] = known[i].name;
        if (strcmp(text, known[i].name) != 0)
            continue;
        if (packing->has_compression && packing->compression != known[i].compression) {
            slip_fail(err, SLIP_EUSAGE, "two outputs ask for different compressions");
            return slip_error_hint(err, "all outputs of one build are the same image; build twice");
        }
        packing->has_compression = true;
        packing->compression = known[i].compression;
        return 0;
    }
    const char *near = slip_suggest(text, names, SLIP_ARRAY_LEN(names));
    slip_fail(err, SLIP_EUSAGE, "there is no compression '%s'", text);
    return near ? slip_error_hint(err, "did you mean '%s'?", near)
                : slip_error_hint(err, "gzip, zstd and none are known");
}

int slip_packing_say_level(struct slip_packing *packing, const char *text, struct slip_error *err)
{
    uint64_t level;

    if (slip_parse_uint(text, 99, &level) < 0 || level == 0)
        return slip_fail(err, SLIP_EUSAGE, "a compression level is a number like 9, not '%s'",
                         text);
    if (packing->has_level && packing->level != (int)level)
        return slip_fail(err, SLIP_EUSAGE, "two outputs ask for different compression levels");
    packing->has_level = true;
    packing->level = (int)level;
    return 0;
}

int slip_packing_check(const struct slip_packing *packing, struct slip_error *err)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(known); i++) {
        if (packing->compression != known[i].compression || packing->level <= known[i].highest)
            continue;
        if (packing->compression == SLIP_UNCOMPRESSED)
            return slip_fail(err, SLIP_EUSAGE, "layers that are not compressed have no level");
        slip_fail(err, SLIP_EUSAGE, "%s has no level %d", known[i].name, packing->level);
        return slip_error_hint(err, "its levels are 1 to %d", known[i].highest);
    }
    return 0;
}
