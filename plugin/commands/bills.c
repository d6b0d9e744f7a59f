#include "commands/bills.h"

#include <fcntl.h>

#include "build/bill.h"
#include "image/referrer.h"
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

int slip_bills_read(const struct slip_front *front, const char *option, struct slip_bills *ret,
                    struct slip_error *err)
{
    const char *text = option ? option : front->is_recipe ? front->recipe.image.sbom.text : NULL;

    *ret = SLIP_BILLS_INIT;
    if (!text || strcmp(text, "false") == 0)
        return 0;
    ret->wanted = true;
    return strcmp(text, "true") == 0 ? 0 : slip_bills_format(text, &ret->format, err);
}

static int attach(struct slip_session *s, const struct slip_digest *manifest,
                  enum slip_bill_format format, const char *text, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *title = slip_xasprintf("sbom%s", slip_bill_suffix(format));
    const struct slip_referrer_spec spec = {
        .subject = manifest,
        .artifact_type = slip_bill_media_type(format),
        .title = title,
        .bytes = text,
        .len = strlen(text),
    };
    struct slip_digest ignored;

    return slip_referrer_store(&s->store, &spec, &ignored, err);
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

int slip_bills_write(const struct slip_bills *bills, struct slip_session *s,
                     const struct slip_outputs *outputs, const struct slip_digest *manifest,
                     const struct slip_strv *names, struct slip_events *events,
                     struct slip_error *err)
{
    if (!bills->wanted)
        return 0;
    slip_cleanup(slip_json_decrefp) json_t *bill =
        slip_bill(&s->sources, manifest, names->n ? names->v[0] : NULL, events, err);
    if (!bill)
        return slip_error_context(err, "cannot make the bill of materials");
    slip_cleanup(slip_freep) char *text = slip_bill_text(bill, bills->format);
    if (attach(s, manifest, bills->format, text, err) < 0)
        return -1;
    for (size_t i = 0; i < outputs->n; i++) {
        const struct slip_output *o = &outputs->v[i];
        if ((o->type != SLIP_OUT_OCI && o->type != SLIP_OUT_ARCHIVE) || strcmp(o->dest, "-") == 0)
            continue;
        slip_cleanup(slip_freep) char *path = beside(o->dest, bills->format);
        slip_cleanup(slip_freep) char *dir =
            slip_xstrndup(path, (size_t)(slip_path_base(path) - path));
        if (*dir && slip_mkdirs(AT_FDCWD, dir, 0755, err) < 0)
            return -1;
        if (slip_write_file_if_changed(AT_FDCWD, path, text, strlen(text), 0644, err) < 0)
            return -1;
    }
    return 0;
}
