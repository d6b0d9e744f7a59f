#include "main.h"

#include "registry/challenge.h"

struct row {
    const char *name;
    const char *lines[3];
    bool bearer, basic;
    const char *realm, *service, *scope;
};

static const struct row rows[] = {
    { "nothing", { NULL }, false, false, NULL, NULL, NULL },
    { "the usual",
      { "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
        "scope=\"repository:library/alpine:pull\"" },
      true,
      false,
      "https://auth.docker.io/token",
      "registry.docker.io",
      "repository:library/alpine:pull" },
    { "basic", { "Basic realm=\"r\"" }, false, true, NULL, NULL, NULL },
    { "any case, blanks", { "  bEARER   Realm = \"a\" , SERVICE=b" }, true, false, "a", "b", NULL },
    { "two in one line", { "Basic realm=\"x\", Bearer realm=\"y\"" }, true, true, "y", NULL, NULL },
    { "two lines", { "Basic realm=\"x\"", "Bearer realm=\"y\"" }, true, true, "y", NULL, NULL },
    { "the other way round",
      { "Bearer realm=\"y\",service=\"s\", Basic realm=\"x\"" },
      true,
      true,
      "y",
      "s",
      NULL },
    { "commas and quotes in a value",
      { "Bearer realm=\"a,b\\\"c\",scope=\"repository:x:pull,push\"" },
      true,
      false,
      "a,b\"c",
      NULL,
      "repository:x:pull,push" },
    { "the first Bearer counts",
      { "Bearer realm=\"one\"", "Bearer realm=\"two\"" },
      true,
      false,
      "one",
      NULL,
      NULL },
    { "no realm: of no use", { "Bearer service=\"x\"" }, false, false, NULL, "x", NULL },
    { "unknown schemes",
      { "Negotiate abc==, Digest realm=\"q\"" },
      false,
      false,
      NULL,
      NULL,
      NULL },
    { "cut off", { "Bearer realm=\"a" }, true, false, "a", NULL, NULL },
    { "garbage", { ",,\"=\"\\\",=" }, false, false, NULL, NULL, NULL },
};

static void same(const char *seen, const char *expected)
{
    if (expected)
        assert_string_equal(seen, expected);
    else
        assert_null(seen);
}

static void is_understood(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_strv_release) struct slip_strv lines = SLIP_STRV_INIT;
    slip_cleanup(slip_challenge_release) struct slip_challenge c = SLIP_CHALLENGE_INIT;

    for (size_t i = 0; i < SLIP_ARRAY_LEN(row->lines) && row->lines[i]; i++)
        slip_strv_add(&lines, row->lines[i]);
    slip_challenge_parse(&c, &lines);
    assert_int_equal(c.bearer, row->bearer);
    assert_int_equal(c.basic, row->basic);
    same(c.realm, row->realm);
    same(c.service, row->service);
    same(c.scope, row->scope);
}

int main(void)
{
    return SLIP_RUN_ROWS("registry/challenge", rows, is_understood);
}
