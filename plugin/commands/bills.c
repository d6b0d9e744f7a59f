#include "commands/bills.h"

#include <fcntl.h>

#include "build/bill.h"
#include "util/fs.h"
#include "util/str.h"

int slip_bills_format(const char *text, enum slip_bill_format *ret, struct slip_error *err)
{
    static const char *const names[] = { "spdx", "cyclonedx" };
    int format = slip_bill_format_parse(text);

    if (format >= 0) {
        *ret = (enum slip_bill_format)format;
        return 0;
    }
    slip_fail(err, SLIP_EUSAGE, "there is no bill of materials in format '%s'", text);
    const char *near = slip_suggest(text, names, SLIP_ARRAY_LEN(names));
    return near ? slip_error_hint(err, "did you mean '%s'?", near)
                : slip_error_hint(err, "spdx and cyclonedx are");
}

int slip_bills_of_recipe(const struct slip_front *front, struct slip_attest *attest,
                         struct slip_error *err)
{
    const char *text = front->is_recipe ? front->recipe.image.sbom.text : NULL;

    if (!text || attest->sbom)
        return 0;
    attest->sbom = true;
    return slip_bills_format(text, &attest->format, err);
}

/* build/app.oci, build/app.tar: build/app.spdx.json. */
static char *beside(const char *dest, enum slip_bill_format format)
{
    static const char *const ends[] = { ".oci", ".tar" };
    size_t n = strlen(dest);

    while (n > 1 && dest[n - 1] == '/')
        n--;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(ends); i++)
        if (n > 4 && strncmp(dest + n - 4, ends[i], 4) == 0) {
            n -= 4;
            break;
        }
    return slip_xasprintf("%.*s%s", (int)n, dest, slip_bill_suffix(format));
}

int slip_bills_write(enum slip_bill_format format, struct slip_session *s,
                     const struct slip_outputs *outputs, const struct slip_digest *manifest,
                     const char *name, struct slip_events *events, struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *bill =
        slip_bill(&s->sources, manifest, name, events, err);

    if (!bill)
        return -1;
    slip_cleanup(slip_freep) char *text = slip_bill_text(bill, format);
    for (size_t i = 0; i < outputs->n; i++) {
        const struct slip_output *o = &outputs->v[i];
        if ((o->type != SLIP_OUT_OCI && o->type != SLIP_OUT_ARCHIVE) || strcmp(o->dest, "-") == 0)
            continue;
        slip_cleanup(slip_freep) char *path = beside(o->dest, format);
        if (slip_write_file_if_changed(AT_FDCWD, path, text, strlen(text), 0644, err) < 0)
            return -1;
    }
    return 0;
}
