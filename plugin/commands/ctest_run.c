/* ctest_run.c - one test of a build tree, in an image. */
#include "commands/ctest.h"

#include <sys/wait.h>

#include "build/container.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/proc.h"
#include "util/str.h"

#define TAIL ((size_t)64 << 10) /* of the output, where loaders complain */

struct seen {
    struct slip_buf text;
};

static void collect(void *user, int fd, const char *bytes, size_t n)
{
    struct seen *seen = user;

    (void)slip_write_all(fd, bytes, n);
    slip_buf_put(&seen->text, bytes, n);
    if (seen->text.len > 2 * TAIL) {
        memmove(seen->text.data, seen->text.data + seen->text.len - TAIL, TAIL);
        seen->text.len = TAIL;
    }
}

static const json_t *find(const struct slip_ctest *ctest, const char *name, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    size_t i;
    json_t *test;

    json_array_foreach (ctest->tests, i, test) {
        slip_strv_add(&names, slip_json_str(test, "name"));
        if (strcmp(names.v[names.n - 1], name) == 0)
            return test;
    }
    const char *near = slip_suggest(name, (const char *const *)names.v, names.n);
    slip_fail(err, SLIP_EUSAGE, "the build tree has no test '%s'", name);
    if (near)
        slip_error_hint(err, "did you mean '%s'?", near);
    return NULL;
}

/* One "VAR=OPERATION:VALUE" of ENVIRONMENT_MODIFICATION. */
static void modify(struct slip_strv *env, const char *text)
{
    static const struct {
        const char *name, *between;
        bool before;
    } operations[] = {
        { "set", NULL, false },
        { "unset", NULL, false },
        { "string_append", "", false },
        { "string_prepend", "", true },
        { "path_list_append", ":", false },
        { "path_list_prepend", ":", true },
        { "cmake_list_append", ";", false },
        { "cmake_list_prepend", ";", true },
    };
    const char *equals = strchr(text, '='), *colon = equals ? strchr(equals, ':') : NULL;

    if (!colon)
        return;
    slip_cleanup(slip_freep) char *key = slip_xstrndup(text, (size_t)(equals - text));
    slip_cleanup(slip_freep) char *name = slip_xstrndup(equals + 1, (size_t)(colon - equals - 1));
    const char *had = slip_strv_getenv(env, key);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(operations); i++) {
        if (strcmp(name, operations[i].name) != 0)
            continue;
        const char *more = strcmp(name, "unset") == 0 ? "" : colon + 1;
        const char *between = had && *had && operations[i].between ? operations[i].between : "";
        const char *old = had && operations[i].between ? had : "";
        slip_cleanup(slip_freep) char *value = operations[i].before
                                                   ? slip_xasprintf("%s%s%s", more, between, old)
                                                   : slip_xasprintf("%s%s%s", old, between, more);
        slip_strv_setenv(env, key, value);
    }
}

/* The image's environment, changed as the test asks. */
static int make_env(const struct slip_ctest *ctest, struct slip_session *s,
                    const struct slip_digest *manifest, const json_t *test, struct slip_strv *env,
                    struct slip_error *err)
{
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv changes = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf libraries = SLIP_BUF_INIT;

    if (slip_sources_load(&s->sources, NULL, manifest, &image, err) < 0)
        return -1;
    slip_json_to_strv(json_object_get(json_object_get(image.config, "config"), "Env"), env);
    for (size_t i = 0; i < ctest->library_dirs.n; i++)
        slip_buf_printf(&libraries, "%s%s", i ? ":" : "", ctest->library_dirs.v[i]);
    if (libraries.len)
        slip_strv_setenv(env, "LD_LIBRARY_PATH", slip_buf_str(&libraries));
    slip_json_to_strv(slip_ctest_property(test, "ENVIRONMENT"), &changes);
    for (size_t i = 0; i < changes.n; i++) {
        slip_cleanup(slip_freep) char *key =
            slip_xstrndup(changes.v[i], strcspn(changes.v[i], "="));
        const char *value = changes.v[i] + strlen(key);
        slip_strv_setenv(env, key, *value ? value + 1 : value);
    }
    slip_strv_truncate(&changes, 0);
    slip_json_to_strv(slip_ctest_property(test, "ENVIRONMENT_MODIFICATION"), &changes);
    for (size_t i = 0; i < changes.n; i++)
        modify(env, changes.v[i]);
    return 0;
}

static bool is_below(const char *path, const char *dir)
{
    size_t n = dir ? strlen(dir) : 0;

    return n && strncmp(path, dir, n) == 0 && (path[n] == '/' || !path[n]);
}

/* A path of this machine that the test names and the image does not show. Borrowed, or NULL. */
static const char *outside(const struct slip_ctest *ctest, const struct slip_strv *command,
                           const char *cwd)
{
    for (size_t i = 0; i <= command->n; i++) {
        const char *path = i < command->n ? command->v[i] : cwd;
        if (path[0] == '/' && path[1] && !is_below(path, ctest->tree) &&
            !is_below(path, ctest->source) && !is_below(path, "/tmp") && !is_below(path, "/dev") &&
            access(path, F_OK) == 0)
            return path;
    }
    return NULL;
}

static void hint_outside(const struct slip_ctest *ctest, const struct slip_strv *command,
                         const char *cwd, struct slip_error *err)
{
    const char *path = outside(ctest, command, cwd);

    if (!path)
        return;
    free(SLIP_TAKE_PTR(err->hint)); /* which cannot know that there is such a file here */
    slip_error_hint(err,
                    "'%s' is of this machine: in the image a test sees the image's files, "
                    "'%s' and '%s'; LABELS of container_test() chooses tests that can do so",
                    path, ctest->tree, ctest->source);
}

/* The word of `text` that stands between two others; owned, or NULL. */
static char *between(const char *text, const char *before, const char *after)
{
    for (const char *at = strstr(text, before); at; at = strstr(at + 1, before)) {
        const char *word = at + strlen(before), *end = strstr(word, after);
        if (end && end > word && !memchr(word, '\n', (size_t)(end - word)) && end - word < 256)
            return slip_xstrndup(word, (size_t)(end - word));
    }
    return NULL;
}

/* What the loaders of glibc and musl say of a library that is missing or too old. */
static int check_loader(struct seen *seen, const char *test, struct slip_error *err)
{
    const char *text = slip_buf_str(&seen->text);
    slip_cleanup(slip_freep) char *library =
        between(text, "error while loading shared libraries: ", ": cannot open shared object");
    slip_cleanup(slip_freep) char *version = between(text, ": version `", "' not found (required");

    if (!library)
        library = between(text, "Error loading shared library ", ": No such file");
    if (library) {
        slip_fail(err, SLIP_ESTEP, "the image has no '%s', which test '%s' needs", library, test);
        return slip_error_hint(err,
                               "one that the image's own programs load belongs into it (DLOPEN, or "
                               "RUNTIME_PACKAGES of a BASE); one that only tests need can be "
                               "linked to them statically");
    }
    if (!version)
        return 0;
    slip_fail(err, SLIP_ESTEP, "the image's libraries have no version '%s', which test '%s' needs",
              version, test);
    return slip_error_hint(err, "the build tree was made with newer libraries than the image has");
}

/* As ctest will see it. */
static int judge(const json_t *test, int wait_status, struct slip_error *err)
{
    const json_t *skip = slip_ctest_property(test, "SKIP_RETURN_CODE");
    int code = slip_proc_exit_code(wait_status);
    bool expressions = slip_ctest_property(test, "PASS_REGULAR_EXPRESSION") ||
                       slip_ctest_property(test, "FAIL_REGULAR_EXPRESSION");

    if (skip && json_integer_value(skip) == code)
        return code;
    if (json_is_true(slip_ctest_property(test, "WILL_FAIL")) && !expressions) {
        if (WIFEXITED(wait_status) && code != 0)
            return 0;
        slip_cleanup(slip_freep) char *words = slip_proc_status_words(wait_status);
        return slip_fail(err, SLIP_ESTEP, "the test %s; it should fail (WILL_FAIL)", words);
    }
    if (code == 0 || (expressions && code != SLIP_SKIPPED))
        return code;
    slip_cleanup(slip_freep) char *words = slip_proc_status_words(wait_status);
    return slip_fail(err, SLIP_ESTEP, "the test %s", words);
}

static size_t list_volumes(const struct slip_ctest *ctest, struct slip_volume volumes[2])
{
    const struct slip_volume tree = { .host = ctest->tree, .target = ctest->tree, .overlay = true };
    const struct slip_volume source = { .host = ctest->source,
                                        .target = ctest->source,
                                        .readonly = true };

    volumes[0] = tree;
    if (!ctest->source || strcmp(ctest->source, ctest->tree) == 0)
        return 1;
    bool inside = is_below(ctest->source, ctest->tree);
    volumes[inside] = source; /* what lies in the other is mounted after it */
    volumes[!inside] = tree;
    return 2;
}

int slip_ctest_run(const struct slip_ctest *ctest, struct slip_session *s,
                   const struct slip_digest *manifest, const char *name, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv command = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv args = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv env = SLIP_STRV_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv tmpfs = SLIP_STRV_INIT;
    struct slip_volume volumes[2];
    struct slip_exit status = { 0 };
    struct seen seen = { 0 };
    const json_t *test = find(ctest, name, err);

    if (!test)
        return -1;
    slip_json_to_strv(json_object_get(test, "command"), &command);
    if (command.n == 0) {
        slip_fail(err, SLIP_ESTEP, "the program of test '%s' is not there", name);
        return slip_error_hint(err, "build it first; tests are run as they were built");
    }
    const char *cwd = json_string_value(slip_ctest_property(test, "WORKING_DIRECTORY"));
    const struct slip_container container = {
        .args = &args,
        .entrypoint = command.v[0],
        .env = &env,
        .user = "0:0",
        .workdir = cwd ? cwd : ctest->tree,
        .volumes = volumes,
        .nvolumes = list_volumes(ctest, volumes),
        .readonly = true,
        .tmpfs = &tmpfs,
        .tier = getenv("SLIPWAY_TIER"),
        .output = collect,
        .user_data = &seen,
        .cancel = s->cancel,
    };
    for (size_t i = 1; i < command.n; i++)
        slip_strv_add(&args, command.v[i]);
    slip_strv_add(&tmpfs, "/tmp");
    if (make_env(ctest, s, manifest, test, &env, err) < 0)
        return -1;
    int rc = slip_container_run(&s->sources, manifest, &container, &status, err);
    if (rc == 0 && slip_proc_exit_code(status.wait_status) != 0)
        rc = check_loader(&seen, name, err);
    if (rc == 0)
        rc = judge(test, status.wait_status, err);
    slip_buf_release(&seen.text);
    if (rc < 0 && err->code == SLIP_EHOST) {
        const json_t *skip = slip_ctest_property(test, "SKIP_RETURN_CODE");
        slip_error_print(err, s->err);
        slip_error_release(err);
        return skip ? (int)json_integer_value(skip) : SLIP_SKIPPED;
    }
    if (rc < 0)
        hint_outside(ctest, &command, container.workdir, err);
    return rc;
}
