/* sample.h - a store in a sandbox, and small images in it. */
#pragma once

#include "archive/pack.h"
#include "image/image.h"
#include "sandbox.h"
#include "store/blob.h"

struct sample {
    struct sandbox *box;
    struct slip_store store;
    struct slip_error err;
};

static inline int sample_begin(void **state)
{
    struct sample *s = slip_xcalloc(1, sizeof *s);
    void *box = NULL;

    if (sandbox_begin(&box) < 0)
        return -1;
    s->box = box;
    s->store = SLIP_STORE_INIT;
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/store", s->box->path);
    *state = s;
    return slip_store_open(&s->store, path, &s->err);
}

static inline int sample_end(void **state)
{
    struct sample *s = *state;
    void *box = s->box;

    slip_store_close(&s->store);
    slip_error_release(&s->err);
    free(s);
    return sandbox_end(&box);
}

#define SAMPLE_TEST(f) cmocka_unit_test_setup_teardown(f, sample_begin, sample_end)

/* A layer with one file; `text` makes it differ from others. */
static inline struct slip_image_layer sample_layer(struct sample *s, const char *text,
                                                   enum slip_compression compression)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    slip_cleanup(slip_packer_freep) struct slip_packer *p =
        slip_packer_open(compression, 1, 1, collect, &out, &s->err);
    slip_cleanup(slip_tar_release) struct slip_tar tar = SLIP_TAR_INIT(slip_packer_write, p);
    slip_cleanup(slip_freep) char *name = slip_xasprintf("file-%s", text);
    struct slip_image_layer layer = { .media_type = NULL };
    struct slip_packed packed;

    ASSERT_OK(s, slip_tar_begin(&tar,
                                &(struct slip_tar_entry){
                                    .path = name, .mode = S_IFREG | 0644, .size = strlen(text) },
                                &s->err));
    ASSERT_OK(s, slip_tar_body(&tar, text, strlen(text), &s->err));
    ASSERT_OK(s, slip_tar_finish(&tar, &s->err));
    ASSERT_OK(s, slip_packer_finish(p, &packed, &s->err));
    ASSERT_OK(s, slip_blob_put(&s->store, out.data, out.len, &layer.digest, &s->err));
    layer.diff_id = packed.in;
    layer.size = out.len;
    return layer;
}

/* An image of two layers; "one" stands for its name in the layers. */
static inline struct slip_digest sample_image(struct sample *s, const char *name)
{
    const struct slip_image_layer layers[] = {
        sample_layer(s, "base", SLIP_GZIP),
        sample_layer(s, name, SLIP_GZIP),
    };
    slip_cleanup(slip_json_decrefp) json_t *config = json_object();
    slip_cleanup(slip_json_decrefp) json_t *history = json_array();
    struct slip_digest digest;

    json_object_set_new(config, "Entrypoint", json_pack("[s]", "/bin/app"));
    json_object_set_new(config, "Env", json_pack("[s]", "PATH=/bin"));
    json_array_append_new(history, json_pack("{s:s}", "created_by", "base"));
    json_array_append_new(history, json_pack("{s:s}", "created_by", name));
    const struct slip_image_spec spec = { .layers = layers,
                                          .nlayers = 2,
                                          .config = config,
                                          .history = history,
                                          .architecture = "amd64",
                                          .created = 1700000000 };
    ASSERT_OK(s, slip_image_store(&s->store, &spec, &digest, &s->err));
    return digest;
}

/* A second, empty store beside the first. */
static inline void sample_other_store(struct sample *s, struct slip_store *other)
{
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/other", s->box->path);

    *other = SLIP_STORE_INIT;
    ASSERT_OK(s, slip_store_open(other, path, &s->err));
}
