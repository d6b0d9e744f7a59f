/* assemble.c - what the target's steps left becomes layers, a configuration and a manifest. */
#include "build/builder.h"

#include <time.h>

#include "build/slim.h"
#include "build/view.h"
#include "image/descriptor.h"
#include "layer/diff.h"
#include "store/blob.h"
#include "store/record.h"
#include "util/mem.h"

static int to_draft(void *user, const void *p, size_t n, struct slip_error *err)
{
    return slip_draft_write(user, p, n, err);
}

void slip_report_key(const char *identity, char ret_hex[65])
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;

    slip_sha256_field(&sha, "slipway report 1");
    slip_sha256_field(&sha, identity);
    slip_key_finish(&sha, ret_hex);
}

/* The compression is part of what a layer blob is. */
static void blob_key(const struct slip_builder *b, const char *key, char ret[65])
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;

    slip_sha256_field(&sha, "slipway blob 1");
    slip_sha256_field(&sha, key);
    slip_sha256_number(&sha, b->options->compression);
    slip_sha256_number(&sha, (uint64_t)(int64_t)b->options->level);
    slip_sha256_number(&sha, (uint64_t)b->options->epoch);
    slip_key_finish(&sha, ret);
}

int slip_tree_to_blob(struct slip_builder *b, const struct slip_tree *tree, const char *key,
                      struct slip_part *ret, struct slip_error *err)
{
    slip_cleanup(slip_draft_release) struct slip_draft draft = SLIP_DRAFT_INIT;
    struct slip_digest digest;
    char full_key[65];

    blob_key(b, key, full_key);
    slip_cleanup(slip_json_decrefp) json_t *known = slip_record_get(b->store, full_key);
    if (known && slip_part_from_json(ret, known) == 0 && ret->has_blob &&
        slip_blob_has(b->store, &ret->blob.digest, err) == 1)
        return 0;
    if (slip_draft_open(&draft, b->store, err) < 0 ||
        slip_layer_write(tree, b->options->compression, b->options->level, 0, to_draft, &draft,
                         &ret->blob, err) < 0 ||
        slip_draft_commit(&draft, &ret->blob.digest, &digest, err) < 0)
        return -1;
    ret->has_blob = true;
    ret->compression = b->options->compression;
    ret->level = b->options->level;
    slip_cleanup(slip_json_decrefp) json_t *record = slip_part_json(ret);
    return slip_record_put(b->store, full_key, record, err);
}

/* A snapshot as a layer: what it changed against everything below it. */
static int snapshot_to_blob(struct slip_builder *b, const struct slip_step *below,
                            struct slip_part *part, struct slip_error *err)
{
    slip_cleanup(slip_tree_release) struct slip_tree tree = SLIP_TREE_INIT;
    slip_cleanup(slip_view_release) struct slip_view lower = SLIP_VIEW_INIT;
    slip_cleanup(slip_closep) int fs = slip_part_open(b, part, err);
    const struct slip_diff_options options = {
        .epoch = b->options->epoch,
        .emulated = b->tier == SLIP_TIER_SINGLE,
    };

    if (fs < 0 || slip_view_of_step(&lower, b, below, err) < 0 ||
        slip_diff(fs, lower.mounted.root, &options, &tree, err) < 0)
        return -1;
    slip_tree_finish(&tree, b->options->epoch);
    return slip_tree_to_blob(b, &tree, part->snapshot, part, err);
}

struct layers {
    struct slip_image_layer *v;
    size_t n, cap;
    json_t *history;
    char *author;         /* owned; of the base image, or NULL */
    char *arch, *variant; /* owned; what the image is for; NULL: this machine */
};

static void layers_release(struct layers *layers)
{
    free(layers->author);
    free(layers->arch);
    free(layers->variant);
    for (size_t i = 0; i < layers->n; i++)
        free(layers->v[i].media_type);
    free(layers->v);
    json_decref(layers->history);
}

static void add_layer(const struct slip_builder *b, struct layers *layers,
                      const struct slip_part *part)
{
    static const char *const types[] = {
        [SLIP_GZIP] = SLIP_OCI_LAYER_GZIP,
        [SLIP_ZSTD] = SLIP_OCI_LAYER_ZSTD,
        [SLIP_UNCOMPRESSED] = SLIP_OCI_LAYER,
    };

    layers->v = slip_xgrow(layers->v, layers->n, &layers->cap, sizeof *layers->v);
    layers->v[layers->n++] = (struct slip_image_layer){
        .digest = part->blob.digest,
        .diff_id = part->blob.diff_id,
        .size = part->blob.size,
        .media_type = slip_xstrdup(types[b->options->compression]),
    };
}

static void add_history(const struct slip_builder *b, struct layers *layers, const char *text,
                        unsigned holds, bool empty)
{
    char when[32];
    time_t epoch = (time_t)b->options->epoch;
    struct tm utc;
    slip_cleanup(slip_freep) char *names = slip_holding_names(holds);
    json_t *row = json_object();

    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&epoch, &utc));
    json_object_set_new(row, "created", json_string(when));
    json_object_set_new(row, "created_by", json_string(text));
    json_object_set_new(row, "comment",
                        holds ? json_sprintf("slipway: %s", names) : json_string("slipway"));
    if (empty)
        json_object_set_new(row, "empty_layer", json_true());
    json_array_append_new(layers->history, row);
}

static char *copy_text(const json_t *json, const char *key)
{
    const char *text = slip_json_str(json, key);

    return text ? slip_xstrdup(text) : NULL;
}

/* Layers and history of an image that the target starts from, as they are. */
static int add_base(struct slip_builder *b, const struct slip_step *step, struct layers *layers,
                    struct slip_error *err)
{
    slip_cleanup(slip_resolved_release) struct slip_resolved base = SLIP_RESOLVED_INIT;

    if (slip_base_resolve(b->sources, &step->base.input, &base, err) < 0 ||
        (base.is_image &&
         slip_sources_complete(b->sources, step->base.input.name, &base.image, err) < 0))
        return -1;
    if (!base.is_image) {
        struct slip_node *node = slip_node_of(b, step);
        for (size_t i = 0; i < node->base.n; i++) {
            struct slip_part *part = &node->base.parts[i];
            if (snapshot_to_blob(b, NULL, part, err) < 0)
                return -1;
            add_layer(b, layers, part);
            add_history(b, layers, step->text, 0, false);
        }
        return 0;
    }
    for (size_t i = 0; i < base.image.nlayers; i++) {
        struct slip_image_layer *l = &base.image.layers[i];
        layers->v = slip_xgrow(layers->v, layers->n, &layers->cap, sizeof *layers->v);
        layers->v[layers->n] = *l;
        layers->v[layers->n++].media_type = slip_xstrdup(slip_layer_oci_type(l->media_type));
    }
    layers->author = copy_text(base.image.config, "author");
    layers->arch = copy_text(base.image.config, "architecture");
    layers->variant = copy_text(base.image.config, "variant");
    const json_t *history = json_object_get(base.image.config, "history");
    if (json_is_array(history))
        json_array_extend(layers->history, (json_t *)(uintptr_t)history);
    return 0;
}

static int add_step(struct slip_builder *b, const struct slip_step *step, const char *text,
                    struct layers *layers, struct slip_error *err)
{
    struct slip_node *node = slip_node_of(b, step);

    for (size_t i = 0; i < node->nparts; i++) {
        struct slip_part *part = &node->parts[i];
        if (!part->has_blob && (snapshot_to_blob(b, step->parent, part, err) < 0 ||
                                slip_result_record(b, node, err) < 0))
            return -1;
        if (slip_part_repack(b, part, err) < 0)
            return -1;
        add_layer(b, layers, part);
        add_history(b, layers, text, part->holds, false);
    }
    if (node->nparts == 0) /* it changed no file */
        add_history(b, layers, text, 0, true);
    return 0;
}

/* The steps of a stage, those of the stage it starts from first. */
static int add_stage(struct slip_builder *b, const struct slip_stage *stage, struct layers *layers,
                     struct slip_error *err)
{
    const struct slip_step *base = stage->steps[0];

    if (base->base.input.origin == SLIP_FROM_STAGE) {
        if (add_stage(b, base->base.input.stage, layers, err) < 0)
            return -1;
    } else if (add_base(b, base, layers, err) < 0) {
        return -1;
    }
    size_t next = 1;
    for (size_t i = 0; i < json_array_size(stage->history); i++) {
        const json_t *row = json_array_get(stage->history, i);
        const char *text = slip_json_str(row, "created_by");
        if (json_is_true(json_object_get(row, "empty_layer")))
            add_history(b, layers, text, 0, true);
        else if (next < stage->nsteps && add_step(b, stage->steps[next++], text, layers, err) < 0)
            return -1;
    }
    return 0;
}

void slip_image_key(struct slip_builder *b, char ret_hex[65])
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    const struct slip_stage *target = b->plan->target;
    slip_cleanup(slip_freep) char *config = slip_json_text(target->config);
    slip_cleanup(slip_freep) char *annotations =
        b->options->annotations ? slip_json_text(b->options->annotations) : NULL;

    slip_sha256_field(&sha, "slipway image 1");
    slip_sha256_field(&sha, slip_node_of_stage(b, target)->identity);
    slip_sha256_field(&sha, config);
    slip_sha256_field(&sha, target->author);
    for (const struct slip_stage *st = target; st; st = st->steps[0]->base.input.stage) {
        slip_cleanup(slip_freep) char *history = slip_json_text(st->history);
        slip_sha256_field(&sha, history);
    }
    slip_sha256_field(&sha, annotations);
    slip_sha256_number(&sha, (uint64_t)b->options->epoch);
    slip_sha256_number(&sha, b->options->compression);
    slip_sha256_number(&sha, (uint64_t)(int64_t)b->options->level);
    slip_sha256_field(&sha, target->steps[0]->base.platform);
    for (size_t i = 0; i < target->nsteps; i++)
        slip_sha256_field(&sha, target->steps[i]->text);
    slip_key_finish(&sha, ret_hex);
}

/* For explain: which reports speak of this image. */
static int record_reports(struct slip_builder *b, const struct slip_digest *manifest,
                          struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *record = json_object();
    json_t *reports = json_array();
    char key[65];

    for (const struct slip_stage *st = b->plan->target; st; st = st->steps[0]->base.input.stage)
        for (size_t i = st->nsteps; i-- > 0;)
            if (st->steps[i]->op == SLIP_OP_COPY && st->steps[i]->copy.slim)
                json_array_insert_new(reports, 0,
                                      json_string(slip_node_of(b, st->steps[i])->identity));
    json_object_set_new(record, "reports", reports);
    slip_report_key(manifest->hex, key);
    return slip_record_put(b->store, key, record, err);
}

static void set_platform(struct layers *layers, const char *arch, size_t n, const char *variant)
{
    free(layers->arch);
    free(layers->variant);
    layers->arch = slip_xstrndup(arch, n);
    layers->variant = variant && *variant ? slip_xstrdup(variant) : NULL;
}

/* What was asked for, "linux/arm/v7"; else what the programs in it are made for; else what the base
 * is; else this machine. COPY --installed has seen to it that the first two agree. */
static void find_platform(struct slip_builder *b, struct layers *layers)
{
    const struct slip_stage *target = b->plan->target;
    const char *asked = target->steps[0]->base.platform;
    const char *arch = asked ? strchr(asked, '/') : NULL;

    for (const struct slip_stage *st = target; st; st = st->steps[0]->base.input.stage)
        for (size_t i = 0; i < st->nsteps; i++) {
            const struct slip_node *node = slip_node_of(b, st->steps[i]);
            if (node->arch[0])
                set_platform(layers, node->arch, strlen(node->arch), node->variant);
        }
    if (!arch)
        return;
    size_t n = strcspn(++arch, "/");
    if (arch[n] || !layers->arch || strncmp(layers->arch, arch, n) != 0 || layers->arch[n])
        set_platform(layers, arch, n, arch[n] ? arch + n + 1 : NULL);
}

int slip_assemble(struct slip_builder *b, struct slip_digest *ret_manifest, struct slip_error *err)
{
    slip_cleanup(layers_release) struct layers layers = { .history = json_array() };
    const struct slip_stage *target = b->plan->target;

    if (add_stage(b, target, &layers, err) < 0)
        return -1;
    find_platform(b, &layers);
    const struct slip_image_spec spec = {
        .architecture = layers.arch,
        .variant = layers.variant,
        .layers = layers.v,
        .nlayers = layers.n,
        .config = target->config,
        .history = layers.history,
        .author = target->author ? target->author : layers.author,
        .created = b->options->epoch,
        .annotations = b->options->annotations,
    };
    if (slip_image_store(b->store, &spec, ret_manifest, err) < 0)
        return -1;
    return record_reports(b, ret_manifest, err);
}
