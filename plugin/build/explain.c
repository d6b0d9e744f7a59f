#include "build/explain.h"

#include "build/slim.h"
#include "store/record.h"

static void add_files(struct slip_store *store, const struct slip_digest *manifest, json_t *files,
                      json_t *hints)
{
    char key[65];
    size_t i;
    json_t *identity;

    slip_report_key(manifest->hex, key);
    slip_cleanup(slip_json_decrefp) json_t *record = slip_record_get(store, key);
    json_array_foreach (json_object_get(record, "reports"), i, identity) {
        slip_report_key(json_string_value(identity), key);
        slip_cleanup(slip_json_decrefp) json_t *report = slip_record_get(store, key);
        json_array_extend(files, json_object_get(report, "files"));
        json_array_extend(hints, json_object_get(report, "hints"));
    }
}

json_t *slip_explain(struct slip_store *store, const struct slip_digest *manifest,
                     struct slip_error *err)
{
    char key[65];
    json_t *all = json_object(), *files = json_array(), *hints = json_array();

    json_object_set_new(all, "files", files);
    json_object_set_new(all, "hints", hints);
    if (manifest)
        add_files(store, manifest, files, hints);
    slip_journal_key(manifest ? manifest->hex : "", key);
    json_t *build = slip_record_get(store, key);
    if (build)
        json_object_set_new(all, "build", build);
    if (build || json_array_size(files))
        return all;
    json_decref(all);
    if (!manifest) {
        slip_fail(err, SLIP_EINPUT, "no build is noted in store '%s'", store->path);
        return NULL;
    }
    slip_fail(err, SLIP_EINPUT, "nothing is noted about sha256:%.12s", manifest->hex);
    slip_error_hint(err, "images that were built here can be explained");
    return NULL;
}
