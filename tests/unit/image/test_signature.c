#include "image/signature.h"

#include "main.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define IMAGE(hex) "\"image\":{\"docker-manifest-digest\":\"sha256:" hex "\"}"
#define IDENTITY "\"identity\":{\"docker-reference\":\"r/a\"}"
#define TYPE "\"type\":\"cosign container image signature\""

/* `wrong` is a part of the message; NULL: it is good, and signed as `identity`. */
static const struct row {
    const char *name, *text, *identity, *wrong;
} rows[] = {
    { "ours", NULL, "ghcr.io/a/b", NULL },
    { "cosign's", "{\"critical\":{" IDENTITY "," IMAGE(HEX) "," TYPE "},\"optional\":null}", "r/a",
      NULL },
    { "with notes",
      "{\"critical\":{" TYPE "," IMAGE(HEX) "," IDENTITY "},\"optional\":{\"creator\":\"x\"}}",
      "r/a", NULL },
    { "another image", "{\"critical\":{" IDENTITY "," IMAGE(OTHER) "," TYPE "}}", NULL,
      "sha256:1123456789ab, another image" },
    { "no type", "{\"critical\":{" IDENTITY "," IMAGE(HEX) "}}", NULL, "no payload" },
    { "another type", "{\"critical\":{" IDENTITY "," IMAGE(HEX) ",\"type\":\"x\"}}", NULL,
      "no image" },
    { "no identity", "{\"critical\":{" IMAGE(HEX) "," TYPE "}}", NULL, "no payload" },
    { "a condition", "{\"critical\":{" IDENTITY "," IMAGE(HEX) "," TYPE ",\"until\":1}}", NULL,
      "conditions" },
    { "half a digest",
      "{\"critical\":{" IDENTITY ",\"image\":{\"docker-manifest-digest\":\"sha256:12\"}," TYPE "}}",
      NULL, "no digest" },
    { "a digest twice", "{\"critical\":{" IDENTITY "," IMAGE(HEX) "," IMAGE(OTHER) "," TYPE "}}",
      NULL, "no payload" },
    { "a number", "{\"critical\":{" IDENTITY ",\"image\":{\"docker-manifest-digest\":1}," TYPE "}}",
      NULL, "no payload" },
    { "an array", "[]", NULL, "no payload" },
    { "nothing", "", NULL, "no payload" },
    { "text behind it", "{\"critical\":{" IDENTITY "," IMAGE(HEX) "," TYPE "}}{}", NULL,
      "no payload" },
};

static void payload(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_freep) char *identity = NULL;
    const struct slip_digest digest = { HEX };
    slip_cleanup(slip_freep) char *text =
        row->text ? slip_xstrdup(row->text) : slip_payload_text(&digest, row->identity);
    int rc = slip_payload_check(text, strlen(text), &digest, &identity, &err);

    assert_int_equal(rc, row->wrong ? -1 : 0);
    if (!row->wrong) {
        assert_string_equal(identity, row->identity);
        return;
    }
    assert_int_equal(err.code, SLIP_EPOLICY);
    assert_non_null(strstr(err.msg, row->wrong));
}

int main(void)
{
    return SLIP_RUN_ROWS("payload", rows, payload);
}
