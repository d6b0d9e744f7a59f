#include "image/statement.h"

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "main.h"
#include "util/base64.h"

/* The example of DSSE's own text. */
static void encoding(void **state)
{
    slip_cleanup(slip_buf_release) struct slip_buf pae = SLIP_BUF_INIT;

    (void)state;
    slip_dsse_encode("http://example.com/HelloWorld", "hello world", 11, &pae);
    assert_string_equal(slip_buf_str(&pae),
                        "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    slip_buf_clear(&pae);
    slip_dsse_encode("", "", 0, &pae);
    assert_string_equal(slip_buf_str(&pae), "DSSEv1 0  0 ");
}

/* An envelope around "hello" of type "text/x"; in `text`, SIG is what signs it. */
static const struct row {
    const char *name, *text;
    bool good;
} rows[] = {
#define BODY "\"payloadType\":\"text/x\",\"payload\":\"aGVsbG8=\""
    { "one signature", "{" BODY ",\"signatures\":[{\"keyid\":\"\",\"sig\":\"SIG\"}]}", true },
    { "without a key id", "{" BODY ",\"signatures\":[{\"sig\":\"SIG\"}]}", true },
    { "behind others", "{" BODY ",\"signatures\":[{},{\"sig\":\"\"},{\"sig\":\"SIG\"}]}", true },
    { "no signature", "{" BODY ",\"signatures\":[]}", false },
    { "no list", "{" BODY ",\"signatures\":{\"sig\":\"SIG\"}}", false },
    { "nothing about signatures", "{" BODY "}", false },
    { "another body",
      "{\"payloadType\":\"text/x\",\"payload\":\"aGVsbG9v\",\"signatures\":[{\"sig\":\"SIG\"}]}",
      false },
    { "another type",
      "{\"payloadType\":\"text/y\",\"payload\":\"aGVsbG8=\",\"signatures\":[{\"sig\":\"SIG\"}]}",
      false },
    { "no type", "{\"payload\":\"aGVsbG8=\",\"signatures\":[{\"sig\":\"SIG\"}]}", false },
    { "a body that is no base64",
      "{\"payloadType\":\"text/x\",\"payload\":\"aGVsbG8\",\"signatures\":[{\"sig\":\"SIG\"}]}",
      false },
    { "a type twice", "{" BODY ",\"payloadType\":\"text/x\",\"signatures\":[{\"sig\":\"SIG\"}]}",
      false },
    { "half an envelope", "{" BODY ",\"signatures\":[{\"sig\":\"SIG\"}", false },
    { "an array", "[]", false },
    { "nothing", "", false },
};

static void envelope(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_pem_release) struct slip_pem key = { EVP_EC_gen("P-256") };
    slip_cleanup(slip_pem_release) struct slip_pem other = { EVP_EC_gen("P-256") };
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf pae = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf sig = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf body = SLIP_BUF_INIT;
    const char *mark = strstr(row->text, "SIG");

    slip_dsse_encode("text/x", "hello", 5, &pae);
    assert_int_equal(slip_pem_sign(&key, pae.data, pae.len, &sig, &err), 0);
    slip_buf_put(&text, row->text, mark ? (size_t)(mark - row->text) : strlen(row->text));
    if (mark) {
        slip_base64_put(&text, sig.data, sig.len);
        slip_buf_puts(&text, mark + 3);
    }
    assert_int_equal(slip_dsse_open(slip_buf_str(&text), text.len, "text/x", &other, &body), 0);
    assert_int_equal(slip_dsse_open(slip_buf_str(&text), text.len, "text/x", &key, &body),
                     row->good);
    assert_string_equal(slip_buf_str(&body), row->good ? "hello" : "");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(encoding) };

    return SLIP_RUN_ROWS("envelope", rows, envelope) +
           cmocka_run_group_tests_name("encoding", tests, NULL, NULL);
}
