#include "build/builder.h"

#include "store/blob.h"
#include "store/record.h"
#include "store/snapshot.h"
#include "util/mem.h"

json_t *slip_part_json(const struct slip_part *part)
{
    json_t *json = json_object();

    if (part->snapshot[0])
        json_object_set_new(json, "snapshot", json_string(part->snapshot));
    if (part->has_blob) {
        json_object_set_new(json, "digest", json_string(part->blob.digest.hex));
        json_object_set_new(json, "diff_id", json_string(part->blob.diff_id.hex));
        json_object_set_new(json, "size", json_integer((json_int_t)part->blob.size));
        json_object_set_new(json, "tar_size", json_integer((json_int_t)part->blob.tar_size));
        if (part->compression != SLIP_GZIP)
            json_object_set_new(json, "compression", json_integer(part->compression));
        if (part->level)
            json_object_set_new(json, "level", json_integer(part->level));
    }
    if (part->holds)
        json_object_set_new(json, "holds", json_integer((json_int_t)part->holds));
    return json;
}

static int copy_hex(char to[65], const char *hex)
{
    if (!hex || strlen(hex) != 64 || strspn(hex, "0123456789abcdef") != 64)
        return -1;
    memcpy(to, hex, 65);
    return 0;
}

int slip_part_from_json(struct slip_part *part, const json_t *json)
{
    const char *snapshot = slip_json_str(json, "snapshot");

    *part = (struct slip_part){ .has_blob = slip_json_str(json, "digest") != NULL };
    if (snapshot && copy_hex(part->snapshot, snapshot) < 0)
        return -1;
    part->holds =
        (unsigned)json_integer_value(json_object_get(json, "holds")) & ((1u << SLIP_HOLDINGS) - 1);
    if (part->has_blob) {
        if (copy_hex(part->blob.digest.hex, slip_json_str(json, "digest")) < 0 ||
            copy_hex(part->blob.diff_id.hex, slip_json_str(json, "diff_id")) < 0)
            return -1;
        part->blob.size = (uint64_t)json_integer_value(json_object_get(json, "size"));
        part->blob.tar_size = (uint64_t)json_integer_value(json_object_get(json, "tar_size"));
        part->compression =
            (enum slip_compression)json_integer_value(json_object_get(json, "compression"));
        part->level = (int)json_integer_value(json_object_get(json, "level"));
    }
    return part->has_blob || snapshot ? 0 : -1;
}

/* A record that speaks of something that is gone is a miss. */
static int part_is_there(struct slip_builder *b, const struct slip_part *part)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;

    if (part->snapshot[0] && slip_snapshot_has(b->store, part->snapshot))
        return 1;
    return part->has_blob && slip_blob_has(b->store, &part->blob.digest, &ignored) == 1;
}

static const char *text_of(const json_t *record, const char *key)
{
    const char *text = slip_json_str(record, key);

    return text ? text : "";
}

int slip_result_lookup(struct slip_builder *b, struct slip_node *node)
{
    slip_cleanup(slip_json_decrefp) json_t *record = slip_record_get(b->store, node->def);
    const json_t *parts = json_object_get(record, "parts");
    const char *tier = slip_json_str(record, "tier");

    if (!record || json_array_size(parts) > SLIP_ARRAY_LEN(node->parts))
        return 0;
    for (size_t i = 0; i < json_array_size(parts); i++)
        if (slip_part_from_json(&node->parts[i], json_array_get(parts, i)) < 0 ||
            !part_is_there(b, &node->parts[i]) ||
            /* A directory made for another tier holds other owners; its blob serves all. */
            (node->parts[i].snapshot[0] && !node->parts[i].has_blob &&
             (!tier || strcmp(tier, b->tier_name) != 0)))
            return 0;
    if (copy_hex(node->identity, slip_json_str(record, "identity")) < 0)
        return 0;
    node->nparts = json_array_size(parts);
    snprintf(node->arch, sizeof node->arch, "%s", text_of(record, "arch"));
    snprintf(node->variant, sizeof node->variant, "%s", text_of(record, "variant"));
    if (tier && strcmp(tier, b->tier_name) != 0)
        for (size_t i = 0; i < node->nparts; i++)
            node->parts[i].snapshot[0] = '\0';
    return 1;
}

int slip_result_record(struct slip_builder *b, const struct slip_node *node, struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *record = json_object();
    json_t *parts = json_array();

    for (size_t i = 0; i < node->nparts; i++)
        json_array_append_new(parts, slip_part_json(&node->parts[i]));
    json_object_set_new(record, "identity", json_string(node->identity));
    json_object_set_new(record, "tier", json_string(b->tier_name));
    json_object_set_new(record, "parts", parts);
    json_object_set_new(record, "text", json_string(node->step->text));
    if (node->arch[0])
        json_object_set_new(record, "arch", json_string(node->arch));
    if (node->variant[0])
        json_object_set_new(record, "variant", json_string(node->variant));
    return slip_record_put(b->store, node->def, record, err);
}
