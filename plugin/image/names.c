#include "image/names.h"

#include <string.h>

#include "image/layout_referrers.h"
#include "image/reference.h"
#include "util/mem.h"

static int add_named(json_t *manifests, const struct slip_descriptor *d, const char *name,
                     struct slip_error *err)
{
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;
    json_t *entry = slip_descriptor_json(d->media_type, &d->digest, d->size), *notes;

    json_array_append_new(manifests, entry);
    if (!name)
        return 0;
    if (slip_reference_from(&ref, name, err) < 0)
        return -1;
    notes = json_object();
    slip_cleanup(slip_freep) char *full = slip_reference_text(&ref);
    json_object_set_new(notes, SLIP_ANNOTATION_NAME, json_string(full));
    if (ref.tag)
        json_object_set_new(notes, SLIP_ANNOTATION_TAG, json_string(ref.tag));
    json_object_set_new(entry, "annotations", notes);
    return 0;
}

int slip_names_index(struct slip_store *store, const struct slip_digest *manifest,
                     const char *const *names, char **ret_text, struct slip_error *err)
{
    slip_cleanup(slip_document_release) struct slip_document doc = SLIP_DOCUMENT_INIT;
    slip_cleanup(slip_json_decrefp) json_t *index = json_object();
    json_t *manifests = json_array();

    json_object_set_new(index, "schemaVersion", json_integer(2));
    json_object_set_new(index, "mediaType", json_string(SLIP_OCI_INDEX));
    json_object_set_new(index, "manifests", manifests);
    if (slip_document_load(&doc, store, manifest, err) < 0)
        return -1;
    const struct slip_descriptor d = { *manifest, doc.text.len, doc.media_type };
    if (!names || !names[0]) {
        if (add_named(manifests, &d, NULL, err) < 0)
            return -1;
    }
    for (size_t i = 0; names && names[i]; i++)
        if (add_named(manifests, &d, names[i], err) < 0)
            return -1;
    *ret_text = slip_json_text(index);
    return 0;
}

static char *full_name(const char *name)
{
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;

    return slip_reference_from(&ref, name, &ignored) == 0 ? slip_reference_text(&ref) : NULL;
}

static bool same_name(const char *a, const char *b)
{
    slip_cleanup(slip_freep) char *x = full_name(a);
    slip_cleanup(slip_freep) char *y = full_name(b);

    return x && y && strcmp(x, y) == 0;
}

bool slip_names_match(const char *said, const char *wanted)
{
    static const char local[] = "localhost/";
    const char *colon = strrchr(said, ':');

    if (strcmp(said, wanted) == 0 ||
        (colon && !strchr(wanted, '/') && strcmp(colon + 1, wanted) == 0))
        return true;
    if (!strpbrk(said, ":/") && !strpbrk(wanted, ":/"))
        return false; /* two tags, not two names */
    return same_name(said, wanted) ||
           (strncmp(said, local, strlen(local)) == 0 && same_name(said + strlen(local), wanted));
}

static bool is_called(const json_t *entry, const char *tag)
{
    const json_t *notes = json_object_get(entry, "annotations");
    const char *name = slip_json_str(notes, SLIP_ANNOTATION_NAME);
    const char *short_name = slip_json_str(notes, SLIP_ANNOTATION_TAG);

    return (short_name && slip_names_match(short_name, tag)) ||
           (name && slip_names_match(name, tag));
}

static void add_name(struct slip_buf *list, const json_t *entry)
{
    const json_t *notes = json_object_get(entry, "annotations");
    const char *tag = slip_json_str(notes, SLIP_ANNOTATION_TAG);
    const char *name = slip_json_str(notes, SLIP_ANNOTATION_NAME);

    if (tag || name)
        slip_buf_printf(list, "%s'%s'", list->len ? ", " : "", tag ? tag : name);
}

int slip_names_find(const json_t *index, const char *what, const char *tag,
                    struct slip_descriptor *ret, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf there = SLIP_BUF_INIT;
    const json_t *entry;
    size_t i, found = 0;

    json_array_foreach (json_object_get(index, "manifests"), i, entry) {
        struct slip_descriptor d;
        if (slip_descriptor_parse(entry, &d, err) < 0)
            return slip_error_context(err, "%s", what);
        if (slip_layout_is_attached(entry))
            continue;
        add_name(&there, entry);
        if (tag && !is_called(entry, tag))
            continue;
        if (!found || !slip_digest_equal(&d.digest, &ret->digest))
            found++;
        *ret = d;
    }
    if (found == 1)
        return 0;
    if (!found && tag)
        slip_fail(err, SLIP_EINPUT, "%s has no image '%s'", what, tag);
    else
        slip_fail(err, SLIP_EINPUT, found ? "%s has several images" : "%s has no image", what);
    return there.len ? slip_error_hint(err, "%s: %s", found ? "say which by its tag" : "it has",
                                       slip_buf_str(&there))
                     : -1;
}

char *slip_names_repo_tag(const char *name, struct slip_error *err)
{
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;

    if (slip_reference_from(&ref, name, err) < 0)
        return NULL;
    free(SLIP_TAKE_PTR(ref.digest));
    return slip_reference_familiar(&ref);
}
