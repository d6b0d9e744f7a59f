#include "image/bill.h"

#include <time.h>

#include "util/digest.h"
#include "util/mem.h"

static const struct {
    const char *name, *suffix, *media_type;
    json_t *(*make)(const json_t *bill);
} formats[] = {
    [SLIP_SPDX] = { "spdx", ".spdx.json", "application/spdx+json", slip_bill_spdx },
    [SLIP_CYCLONEDX] = { "cyclonedx", ".cdx.json", "application/vnd.cyclonedx+json",
                         slip_bill_cyclonedx },
};

int slip_bill_format_parse(const char *name)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(formats); i++)
        if (strcmp(name, formats[i].name) == 0)
            return (int)i;
    return -1;
}

const char *slip_bill_suffix(enum slip_bill_format format)
{
    return formats[format].suffix;
}

const char *slip_bill_media_type(enum slip_bill_format format)
{
    return formats[format].media_type;
}

char *slip_bill_text(const json_t *bill, enum slip_bill_format format)
{
    slip_cleanup(slip_json_decrefp) json_t *document = formats[format].make(bill);
    slip_cleanup(slip_freep) char *text = json_dumps(document, JSON_INDENT(2));

    return slip_xasprintf("%s\n", text ? text : "{}");
}

const char *slip_bill_created(const json_t *bill, char ret[32])
{
    time_t when = (time_t)json_integer_value(json_object_get(bill, "created"));
    struct tm utc;

    strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&when, &utc));
    return ret;
}

char *slip_bill_id(const char *kind, const char *label, const char *what)
{
    struct slip_buf id = SLIP_BUF_INIT;
    struct slip_digest digest;
    bool dash = true;

    slip_digest_of(what, strlen(what), &digest);
    slip_buf_printf(&id, "%s-", kind);
    for (const char *p = label; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= '0' && *p <= '9') || *p == '.';
        if (plain || !dash)
            slip_buf_putc(&id, plain ? *p : '-');
        dash = !plain;
    }
    slip_buf_printf(&id, "%s%.12s", dash ? "" : "-", digest.hex);
    return slip_buf_take(&id);
}
