#include "image/companion.h"
#include "image/referrer.h"
#include "image/layout.h"
#include "image/layout_referrers.h"
#include "sample.h"
#include "store/gc.h"
#include "store/record.h"

static struct slip_digest attach(struct sample *s, const struct slip_digest *subject,
                                 const char *type, const char *text)
{
    const struct slip_referrer_spec spec = {
        .subject = subject, .artifact_type = type, .bytes = text, .len = strlen(text)
    };
    struct slip_digest digest;

    ASSERT_OK(s, slip_referrer_store(&s->store, &spec, &digest, &s->err));
    return digest;
}

static size_t attached(struct sample *s, const struct slip_digest *subject)
{
    slip_cleanup(slip_json_decrefp) json_t *list = slip_referrers_list(&s->store, subject);

    return json_array_size(list);
}

static void same_document_is_one_referrer(void **state)
{
    struct sample *s = *state;
    struct slip_digest a = sample_image(s, "a"), b = sample_image(s, "b");
    struct slip_digest one = attach(s, &a, "text/x", "hello");
    struct slip_digest again = attach(s, &a, "text/x", "hello");
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    assert_true(slip_digest_equal(&one, &again));
    attach(s, &a, "text/y", "hello");
    assert_int_equal(attached(s, &a), 2);
    assert_int_equal(attached(s, &b), 0);
    ASSERT_OK(s, slip_referrer_text(&s->store, &one, 100, &text, &s->err));
    assert_string_equal(slip_buf_str(&text), "hello");
    /* What refers to another image is not attached to this one. */
    assert_int_equal(slip_referrer_add(&s->store, &b, &one, &s->err), -1);
    slip_error_release(&s->err);
    assert_int_equal(slip_referrer_add(&s->store, &b, &a, &s->err), -1);
}

static void name_keeps_what_is_attached(void **state)
{
    const struct slip_gc_options options = { .keep_bytes = 0, .keep_seconds = 0 };
    struct sample *s = *state;
    struct slip_digest named = sample_image(s, "a"), lost = sample_image(s, "b");
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/store", s->box->path);
    const struct timespec pause = { .tv_nsec = 20000000 }; /* more than the grain of file times */
    struct slip_gc_result result;

    attach(s, &named, "text/x", "hello");
    attach(s, &lost, "text/x", "bye");
    ASSERT_OK(s, slip_ref_set(&s->store, "a:1", &named, &s->err));
    slip_store_close(&s->store); /* what a living process has found stays */
    (void)nanosleep(&pause, NULL);
    s->store = SLIP_STORE_INIT;
    ASSERT_OK(s, slip_store_open(&s->store, path, &s->err));
    ASSERT_OK(s, slip_store_gc(&s->store, &options, &result, &s->err));
    assert_int_equal(attached(s, &named), 1);
    assert_int_equal(attached(s, &lost), 0);
}

static void layout_carries_them(void **state)
{
    struct sample *s = *state;
    struct slip_digest a = sample_image(s, "a"), back;
    slip_cleanup(slip_freep) char *dir = slip_xasprintf("%s/layout", s->box->path);
    slip_cleanup(slip_store_close) struct slip_store other = SLIP_STORE_INIT;
    slip_cleanup(slip_json_decrefp) json_t *layers = json_array();
    struct slip_digest payload;

    attach(s, &a, "text/x", "hello");
    ASSERT_OK(s, slip_blob_put(&s->store, "p", 1, &payload, &s->err));
    json_array_append_new(layers, slip_descriptor_json("text/plain", &payload, 1));
    ASSERT_OK(s, slip_companion_add(&s->store, &a, SLIP_COMPANION_SIG, layers, &s->err));
    ASSERT_OK(s, slip_companion_add(&s->store, &a, SLIP_COMPANION_SIG, layers, &s->err));
    ASSERT_OK(s, slip_layout_write(&s->store, &a, NULL, dir, &s->err));
    ASSERT_OK(s, slip_layout_attach(&s->store, &a, dir, &s->err));
    ASSERT_OK(s, slip_layout_attach(&s->store, &a, dir, &s->err));
    sample_other_store(s, &other);
    ASSERT_OK(s, slip_layout_import(&other, dir, NULL, &back, &s->err));
    assert_true(slip_digest_equal(&a, &back));
    slip_cleanup(slip_json_decrefp) json_t *list = slip_referrers_list(&other, &a);
    slip_cleanup(slip_json_decrefp) json_t *signatures =
        slip_companion_layers(&other, &a, SLIP_COMPANION_SIG);
    assert_int_equal(json_array_size(list), 1);
    assert_true(json_equal(signatures, layers));
}

static const struct row {
    const char *name, *tag;
    bool companion;
} rows[] = {
#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    { "signatures", "sha256-" HEX ".sig", true },
    { "a list of referrers", "sha256-" HEX, true },
    { "another algorithm", "sha512-" HEX, false },
    { "too short", "sha256-0123.sig", false },
    { "too long", "sha256-" HEX "0", false },
    { "a tag", "1", false },
    { "nothing", "", false },
};

static void tags(void **state)
{
    const struct row *row = *state;

    assert_int_equal(slip_companion_is_tag(row->tag), row->companion);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(same_document_is_one_referrer),
        SAMPLE_TEST(name_keeps_what_is_attached),
        SAMPLE_TEST(layout_carries_them),
    };

    return SLIP_RUN_ROWS("tags", rows, tags) +
           cmocka_run_group_tests_name("referrer", tests, NULL, NULL);
}
