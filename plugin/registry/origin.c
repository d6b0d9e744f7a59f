#include "registry/origin.h"

#include "store/record.h"
#include "util/json.h"
#include "util/mem.h"

#define KEPT 8u

static void origin_key(const struct slip_digest *blob, char ret[65])
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    struct slip_digest key;

    slip_sha256_field(&sha, "slipway origin 1");
    slip_sha256_field(&sha, blob->hex);
    slip_sha256_finish(&sha, &key);
    memcpy(ret, key.hex, 65);
}

int slip_origin_list(struct slip_store *store, const struct slip_digest *blob,
                     struct slip_strv *ret, struct slip_error *err)
{
    char key[65];

    (void)err;
    origin_key(blob, key);
    slip_cleanup(slip_json_decrefp) json_t *record = slip_record_get(store, key);
    slip_json_to_strv(json_object_get(record, "repositories"), ret);
    return 0;
}

int slip_origin_add(struct slip_store *store, const struct slip_digest *blob,
                    const char *repository, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv had = SLIP_STRV_INIT;
    slip_cleanup(slip_json_decrefp) json_t *record = json_object();
    json_t *list = json_array();
    char key[65];

    json_object_set_new(record, "repositories", list);
    if (slip_origin_list(store, blob, &had, err) < 0)
        return -1;
    if (had.n && strcmp(had.v[0], repository) == 0)
        return 0;
    json_array_append_new(list, json_string(repository));
    for (size_t i = 0; i < had.n && json_array_size(list) < KEPT; i++)
        if (strcmp(had.v[i], repository) != 0)
            json_array_append_new(list, json_string(had.v[i]));
    origin_key(blob, key);
    return slip_record_put(store, key, record, err);
}
