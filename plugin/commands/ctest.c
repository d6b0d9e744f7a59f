#include "commands/ctest.h"

#include <fcntl.h>

#include "util/fs.h"
#include "util/json.h"
#include "util/str.h"

#define LIST_LIMIT ((size_t)256 << 20)

void slip_ctest_release(struct slip_ctest *ctest)
{
    slip_strv_release(&ctest->labels);
    slip_strv_release(&ctest->library_dirs);
    json_decref(ctest->tests);
}

const json_t *slip_ctest_property(const json_t *test, const char *name)
{
    size_t i;
    json_t *property;

    json_array_foreach (json_object_get(test, "properties"), i, property) {
        const char *is = slip_json_str(property, "name");
        if (is && strcmp(is, name) == 0)
            return json_object_get(property, "value");
    }
    return NULL;
}

/* Tests of images are no tests for images; those that were asked for by a label are. */
static bool is_wanted(const struct slip_ctest *ctest, const json_t *test)
{
    slip_cleanup(slip_strv_release) struct slip_strv labels = SLIP_STRV_INIT;

    slip_json_to_strv(slip_ctest_property(test, "LABELS"), &labels);
    if (slip_strv_has(&labels, "container") || !slip_json_str(test, "name"))
        return false;
    for (size_t i = 0; i < ctest->labels.n; i++)
        if (slip_strv_has(&labels, ctest->labels.v[i]))
            return true;
    return ctest->labels.n == 0;
}

int slip_ctest_read(struct slip_ctest *ctest, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    size_t i;
    json_t *test;

    if (slip_read_file(AT_FDCWD, ctest->list, LIST_LIMIT, &text, err) < 0)
        return -1;
    slip_cleanup(slip_json_decrefp) json_t *list =
        slip_json_parse(slip_buf_str(&text), text.len, ctest->list, err);
    if (!list)
        return -1;
    const char *kind = slip_json_str(list, "kind");
    if (!kind || strcmp(kind, "ctestInfo") != 0) {
        slip_fail(err, SLIP_EINPUT, "'%s' is no list of tests", ctest->list);
        return slip_error_hint(err, "write it with 'ctest --show-only=json-v1'");
    }
    ctest->tests = json_array();
    json_array_foreach (json_object_get(list, "tests"), i, test)
        if (is_wanted(ctest, test))
            json_array_append(ctest->tests, test);
    return 0;
}

/* As a bracket argument, which CMake takes as it stands; with as many signs as keep it one. */
static void put_argument(struct slip_buf *out, const char *text)
{
    static const char signs[] = "================";
    slip_cleanup(slip_freep) char *ended = slip_xasprintf("%s]", text);

    for (int n = 2; n < (int)sizeof signs; n++) {
        slip_cleanup(slip_freep) char *close = slip_xasprintf("]%.*s]", n, signs);
        if (strstr(ended, close))
            continue;
        slip_buf_printf(out, " [%.*s[%s%s", n, signs, text, close);
        return;
    }
}

static void put_value(struct slip_buf *out, const json_t *value, const char *prefix)
{
    if (json_is_string(value)) {
        slip_buf_puts(out, prefix);
        for (const char *p = json_string_value(value); *p; p++) {
            if (*p == ';')
                slip_buf_putc(out, '\\');
            slip_buf_putc(out, *p);
        }
    } else if (json_is_number(value)) {
        slip_buf_printf(out, "%.10g", json_number_value(value));
    } else if (json_is_boolean(value)) {
        slip_buf_puts(out, json_is_true(value) ? "ON" : "OFF");
    } else if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            slip_buf_puts(out, i ? ";" : "");
            put_value(out, json_array_get(value, i), prefix);
        }
    }
}

/* A test that may be turned round by the sandbox is not turned round again; with regular
 * expressions to look for, ctest judges. */
static bool has_expressions(const json_t *test)
{
    return slip_ctest_property(test, "PASS_REGULAR_EXPRESSION") ||
           slip_ctest_property(test, "FAIL_REGULAR_EXPRESSION");
}

static void put_properties(const struct slip_ctest *ctest, const json_t *test, const char *image,
                           struct slip_buf *out)
{
    static const char *const kept[] = { "TIMEOUT",
                                        "PASS_REGULAR_EXPRESSION",
                                        "FAIL_REGULAR_EXPRESSION",
                                        "SKIP_REGULAR_EXPRESSION",
                                        "SKIP_RETURN_CODE",
                                        "DISABLED",
                                        "PROCESSORS",
                                        "PROCESSOR_AFFINITY",
                                        "RUN_SERIAL",
                                        "RESOURCE_LOCK",
                                        "COST" };
    static const char *const renamed[] = { "DEPENDS", "FIXTURES_SETUP", "FIXTURES_CLEANUP",
                                           "FIXTURES_REQUIRED" };
    slip_cleanup(slip_freep) char *prefix = slip_xasprintf("%s.", ctest->name);

    for (size_t i = 0; i < SLIP_ARRAY_LEN(kept) + SLIP_ARRAY_LEN(renamed); i++) {
        bool is_kept = i < SLIP_ARRAY_LEN(kept);
        const char *name = is_kept ? kept[i] : renamed[i - SLIP_ARRAY_LEN(kept)];
        slip_cleanup(slip_buf_release) struct slip_buf value = SLIP_BUF_INIT;
        const json_t *is = slip_ctest_property(test, name);
        if (is)
            put_value(&value, is, is_kept ? "" : prefix);
        if (strcmp(name, "FIXTURES_REQUIRED") == 0)
            slip_buf_printf(&value, "%sslipway:%s;slipway:%s", is ? ";" : "", image, ctest->name);
        if (value.len == 0)
            continue;
        slip_buf_printf(out, "\n  %s", name);
        put_argument(out, slip_buf_str(&value));
    }
    if (!slip_ctest_property(test, "SKIP_RETURN_CODE"))
        slip_buf_printf(out, "\n  SKIP_RETURN_CODE %d", SLIP_SKIPPED);
    if (json_is_true(slip_ctest_property(test, "WILL_FAIL")) && has_expressions(test))
        slip_buf_puts(out, "\n  WILL_FAIL ON");
    slip_cleanup(slip_buf_release) struct slip_buf labels = SLIP_BUF_INIT;
    const json_t *own = slip_ctest_property(test, "LABELS");
    put_value(&labels, own, "");
    slip_buf_puts(&labels, labels.len ? ";container" : "container");
    slip_buf_puts(out, "\n  LABELS");
    put_argument(out, slip_buf_str(&labels));
}

static void put_command(const struct slip_ctest *ctest, const char *image, const char *program,
                        struct slip_buf *out)
{
    const char *const options[][2] = { { "--ctest", ctest->list },
                                       { "--tree", ctest->tree },
                                       { "--source", ctest->source } };

    put_argument(out, program);
    slip_buf_puts(out, " test");
    for (size_t i = 0; i < SLIP_ARRAY_LEN(options); i++)
        if (options[i][1]) {
            slip_buf_printf(out, " %s", options[i][0]);
            put_argument(out, options[i][1]);
        }
    for (size_t i = 0; i < ctest->library_dirs.n; i++) {
        slip_buf_puts(out, " --library-dir");
        put_argument(out, ctest->library_dirs.v[i]);
    }
    put_argument(out, image);
}

int slip_ctest_write(const struct slip_ctest *ctest, const char *image, const char *to,
                     struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    char program[4096];
    size_t i;
    json_t *test;

    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n < 0)
        return slip_fail_errno(err, "cannot tell where this program is");
    program[n] = '\0';
    /* The fixture of the image is called by its target: the layout's name. */
    slip_cleanup(slip_freep) char *target = slip_xstrdup(slip_path_base(image));
    if (slip_ends_with(target, ".oci"))
        target[strlen(target) - 4] = '\0';
    slip_buf_puts(&out, "# Written by slipway for each run of ctest; changes are lost.\n");
    json_array_foreach (ctest->tests, i, test) {
        slip_cleanup(slip_freep) char *name =
            slip_xasprintf("%s.%s", ctest->name, slip_json_str(test, "name"));
        slip_buf_puts(&out, "add_test(");
        put_argument(&out, name);
        put_command(ctest, image, program, &out);
        put_argument(&out, slip_json_str(test, "name"));
        slip_buf_puts(&out, ")\nset_tests_properties(");
        put_argument(&out, name);
        slip_buf_puts(&out, " PROPERTIES");
        put_properties(ctest, test, target, &out);
        slip_buf_puts(&out, ")\n");
    }
    return slip_write_file_if_changed(AT_FDCWD, to, out.data, out.len, 0644, err) < 0 ? -1 : 0;
}
