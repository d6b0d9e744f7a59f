#include "build/explain.h"

#include "build/slim.h"
#include "store/record.h"

json_t *slip_explain(struct slip_store *store, const struct slip_digest *manifest,
                     struct slip_error *err)
{
    char key[65];
    json_t *all = json_object(), *files = json_array(), *hints = json_array();
    size_t i;
    json_t *identity;

    json_object_set_new(all, "files", files);
    json_object_set_new(all, "hints", hints);
    slip_report_key(manifest->hex, key);
    slip_cleanup(slip_json_decrefp) json_t *record = slip_record_get(store, key);
    json_array_foreach (json_object_get(record, "reports"), i, identity) {
        slip_report_key(json_string_value(identity), key);
        slip_cleanup(slip_json_decrefp) json_t *report = slip_record_get(store, key);
        json_array_extend(files, json_object_get(report, "files"));
        json_array_extend(hints, json_object_get(report, "hints"));
    }
    if (json_array_size(files))
        return all;
    json_decref(all);
    slip_fail(err, SLIP_EINPUT, "nothing is noted about sha256:%.12s", manifest->hex);
    slip_error_hint(err, "images that were built here by a recipe, CMake or make can be explained");
    return NULL;
}
