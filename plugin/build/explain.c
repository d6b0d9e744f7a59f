#include "build/explain.h"

#include "build/slim.h"
#include "store/record.h"
#include "util/str.h"

static const char *const lists[] = { "files", "left_out", "hints" };

static void add_reports(struct slip_store *store, const struct slip_digest *manifest, json_t *all)
{
    char key[65];
    size_t i;
    json_t *identity;

    slip_report_key(manifest->hex, key);
    slip_cleanup(slip_json_decrefp) json_t *record = slip_record_get(store, key);
    json_array_foreach (json_object_get(record, "reports"), i, identity) {
        slip_report_key(json_string_value(identity), key);
        slip_cleanup(slip_json_decrefp) json_t *report = slip_record_get(store, key);
        for (size_t k = 0; k < SLIP_ARRAY_LEN(lists); k++) {
            json_t *rows = json_object_get(report, lists[k]);
            if (json_is_array(rows))
                json_array_extend(json_object_get(all, lists[k]), rows);
        }
    }
}

json_t *slip_explain(struct slip_store *store, const struct slip_digest *manifest,
                     struct slip_error *err)
{
    char key[65];
    json_t *all = json_object();

    for (size_t i = 0; i < SLIP_ARRAY_LEN(lists); i++)
        json_object_set_new(all, lists[i], json_array());
    if (manifest)
        add_reports(store, manifest, all);
    slip_journal_key(manifest ? manifest->hex : "", key);
    json_t *build = slip_record_get(store, key);
    if (build)
        json_object_set_new(all, "build", build);
    if (build || json_array_size(json_object_get(all, "files")))
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
