#include "image/reference.h"

#include <stdio.h>

#include "main.h"
#include "util/buf.h"

#define HEX16 "0123456789abcdef"
#define DIGEST "sha256:" HEX16 HEX16 HEX16 HEX16
#define TEN "0123456789"

/* One row, one behaviour. A row either parses to its parts or prints exactly `error`. */
static const struct row {
    const char *name, *input;
    const char *registry, *repository, *tag, *digest;
    const char *familiar;
    const char *error;
} rows[] = {
    { "bare name gets defaults", "alpine", "docker.io", "library/alpine", "latest", NULL,
      "alpine:latest", NULL },
    { "a path on the hub", "acme/redis:7", "docker.io", "acme/redis", "7", NULL, "acme/redis:7",
      NULL },
    { "the hub by name", "docker.io/alpine:3", "docker.io", "library/alpine", "3", NULL, "alpine:3",
      NULL },
    { "the hub by its old name", "index.docker.io/a/b", "docker.io", "a/b", "latest", NULL,
      "a/b:latest", NULL },
    { "a dot makes a registry", "ghcr.io/a/b:1", "ghcr.io", "a/b", "1", NULL, "ghcr.io/a/b:1",
      NULL },
    { "a port is not a tag", "reg:5000/a", "reg:5000", "a", "latest", NULL, "reg:5000/a:latest",
      NULL },
    { "localhost is a registry", "localhost/a", "localhost", "a", "latest", NULL,
      "localhost/a:latest", NULL },
    { "an address is one too", "[::1]:5000/a:t", "[::1]:5000", "a", "t", NULL, "[::1]:5000/a:t",
      NULL },
    { "a digest needs no tag", "alpine@" DIGEST, "docker.io", "library/alpine", NULL, DIGEST,
      "alpine@" DIGEST, NULL },
    { "a digest beside a tag", "a.b/c:d@" DIGEST, "a.b", "c", "d", DIGEST, "a.b/c:d@" DIGEST,
      NULL },
    { "all that may join", "r.io/a.b_c__d---e/f0:V_1.2-rc", "r.io", "a.b_c__d---e/f0", "V_1.2-rc",
      NULL, "r.io/a.b_c__d---e/f0:V_1.2-rc", NULL },
    { "upper case is refused", "ghcr.io/Acme/App:1", NULL, NULL, NULL, NULL, NULL,
      "recipe.ini:1:9: error: a repository name must be lowercase\n"
      "    1 | ghcr.io/Acme/App:1\n"
      "      |         ^~~~~~~~\n"
      "hint: did you mean 'acme/app'?\n" },
    { "a colon promises a tag", "alpine:", NULL, NULL, NULL, NULL, NULL,
      "recipe.ini:1:7: error: a tag must follow ':'\n"
      "    1 | alpine:\n"
      "      |       ^\n" },
    { "nothing", "", NULL, NULL, NULL, NULL, NULL,
      "recipe.ini:1:1: error: an image reference is missing\n"
      "    1 | \n"
      "      | ^\n" },
    { "only a tag", ":1", NULL, NULL, NULL, NULL, NULL,
      "recipe.ini:1:1: error: ':1' names no repository\n"
      "    1 | :1\n"
      "      | ^~\n" },
    { "only a registry", "ghcr.io/", NULL, NULL, NULL, NULL, NULL,
      "recipe.ini:1:1: error: 'ghcr.io/' names no repository\n"
      "    1 | ghcr.io/\n"
      "      | ^~~~~~~~\n" },
    { "an empty part", "a//b", NULL, NULL, NULL, NULL, NULL,
      "recipe.ini:1:3: error: a repository name has an empty part\n"
      "    1 | a//b\n"
      "      |   ^\n" },
    { "a space", "a b", NULL, NULL, NULL, NULL, NULL,
      "recipe.ini:1:2: error: a repository name cannot contain ' '\n"
      "    1 | a b\n"
      "      |  ^\n" },
    { "a part that ends in a dash", "a-/b", NULL, NULL, NULL, NULL, NULL,
      "recipe.ini:1:2: error: a part of a repository name must begin and end with a letter or a "
      "digit\n"
      "    1 | a-/b\n"
      "      |  ^\n" },
    { "two dots", "a..b", NULL, NULL, NULL, NULL, NULL,
      "recipe.ini:1:2: error: '..' cannot join parts of a repository name\n"
      "    1 | a..b\n"
      "      |  ^~\n" },
    { "a tag with a slash behind a name", "a:b/c", NULL, NULL, NULL, NULL, NULL,
      "recipe.ini:1:1: error: 'a:b' is not a registry's host[:port]\n"
      "    1 | a:b/c\n"
      "      | ^~~\n" },
    { "a tag that begins with a dot", "a:.b", NULL, NULL, NULL, NULL, NULL,
      "recipe.ini:1:3: error: a tag cannot begin with '.'\n"
      "    1 | a:.b\n"
      "      |   ^\n" },
    { "a tag with a plus", "a:1+2", NULL, NULL, NULL, NULL, NULL,
      "recipe.ini:1:4: error: a tag cannot contain '+'\n"
      "    1 | a:1+2\n"
      "      |    ^\n" },
    { "a short digest", "a@sha256:12", NULL, NULL, NULL, NULL, NULL,
      "recipe.ini:1:2: error: after '@' stands 'sha256:' and 64 hexadecimal digits\n"
      "    1 | a@sha256:12\n"
      "      |  ^~~~~~~~~~\n" },
};

static void parses_or_explains(void **state)
{
    const struct row *row = *state;
    const struct slip_source src = { "recipe.ini", row->input, strlen(row->input) };
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_freep) char *shown = NULL;
    size_t len;

    int rc = slip_reference_parse(&ref, (struct slip_span){ &src, 0, src.len }, &err);
    if (row->error) {
        assert_int_equal(rc, -1);
        FILE *out = open_memstream(&shown, &len);
        slip_error_print(&err, out);
        fclose(out);
        assert_string_equal(shown, row->error);
        return;
    }
    if (rc < 0)
        fail_msg("%s", err.msg);
    slip_cleanup(slip_freep) char *familiar = slip_reference_familiar(&ref);
    assert_string_equal(ref.registry, row->registry);
    assert_string_equal(ref.repository, row->repository);
    assert_string_equal(ref.tag ? ref.tag : "-", row->tag ? row->tag : "-");
    assert_string_equal(ref.digest ? ref.digest : "-", row->digest ? row->digest : "-");
    assert_string_equal(familiar, row->familiar);
}

/* What is printed is read back as the same. */
static void print_and_parse_agree(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_reference_release) struct slip_reference a = SLIP_REFERENCE_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    if (slip_reference_from(&a, row->input, &err) < 0) {
        assert_null(err.at.src);
        assert_non_null(row->error);
        return;
    }
    for (int familiar = 0; familiar < 2; familiar++) {
        slip_cleanup(slip_reference_release) struct slip_reference b = SLIP_REFERENCE_INIT;
        slip_cleanup(slip_freep) char *text =
            familiar ? slip_reference_familiar(&a) : slip_reference_text(&a);
        assert_int_equal(slip_reference_from(&b, text, &err), 0);
        slip_cleanup(slip_freep) char *x = slip_reference_text(&a);
        slip_cleanup(slip_freep) char *y = slip_reference_text(&b);
        assert_string_equal(x, y);
    }
}

/* A reference inside a longer text: only its own bytes count. */
static void a_span_ends_where_it_ends(void **state)
{
    (void)state;
    const struct slip_source src = { "Dockerfile", "FROM alpine:3 AS x", 18 };
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    assert_int_equal(slip_reference_parse(&ref, (struct slip_span){ &src, 5, 8 }, &err), 0);
    assert_string_equal(ref.tag, "3");
    slip_reference_release(&ref);
    assert_int_equal(slip_reference_parse(&ref, (struct slip_span){ &src, 5, 7 }, &err), -1);
    assert_int_equal(slip_span_column(err.at), 12);
}

static void lengths_are_limited(void **state)
{
    (void)state;
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;

    slip_buf_puts(&text, "a:");
    for (int i = 0; i < 129; i++)
        slip_buf_putc(&text, 't');
    assert_int_equal(slip_reference_from(&ref, text.data, &err), -1);
    assert_non_null(strstr(err.msg, "a tag has at most 128 characters"));
    slip_buf_clear(&text);
    for (int i = 0; i < 256; i++)
        slip_buf_putc(&text, 'n');
    assert_int_equal(slip_reference_from(&ref, text.data, &err), -1);
    assert_non_null(strstr(err.msg, "a name has at most 255 characters"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_span_ends_where_it_ends),
        cmocka_unit_test(lengths_are_limited),
    };

    return SLIP_RUN_ROWS("reference", rows, parses_or_explains) +
           SLIP_RUN_ROWS("reference printed", rows, print_and_parse_agree) +
           cmocka_run_group_tests_name("references", tests, NULL, NULL);
}
