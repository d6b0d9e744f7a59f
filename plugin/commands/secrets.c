#include "commands/secrets.h"

#include <fcntl.h>
#include <sys/resource.h>

#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

/* One --secret, taken apart. */
struct spec {
    char *id, *src, *env, *type; /* owned */
};

static void spec_release(struct spec *spec)
{
    free(spec->id);
    free(spec->src);
    free(spec->env);
    free(spec->type);
}

static int set(struct spec *spec, const char *key, size_t n, char *value, struct slip_error *err)
{
    static const char *const names[] = { "id", "src", "source", "env", "type" };
    char **const to[] = { &spec->id, &spec->src, &spec->src, &spec->env, &spec->type };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        if (strlen(names[i]) == n && strncasecmp(key, names[i], n) == 0) {
            free(*to[i]);
            *to[i] = value;
            return 0;
        }
    free(value);
    slip_cleanup(slip_freep) char *name = slip_xstrndup(key, n);
    slip_fail(err, SLIP_EUSAGE, "--secret does not know '%s'", name);
    const char *near = slip_suggest(name, names, SLIP_ARRAY_LEN(names));
    return near ? slip_error_hint(err, "did you mean '%s'?", near)
                : slip_error_hint(err, "it takes id=NAME,src=FILE or id=NAME,env=VARIABLE");
}

static int take_apart(const char *text, struct spec *ret, struct slip_error *err)
{
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, ","), key = strcspn(p, "=");
        if (key >= n) {
            slip_fail(err, SLIP_EUSAGE, "--secret takes KEY=VALUE, not '%.*s'", (int)n, p);
            return slip_error_hint(err, "write id=NAME,src=FILE or id=NAME,env=VARIABLE");
        }
        if (set(ret, p, key, slip_xstrndup(p + key + 1, n - key - 1), err) < 0)
            return -1;
        p += n + (p[n] == ',');
    }
    if (ret->type && strcmp(ret->type, "file") != 0 && strcmp(ret->type, "env") != 0)
        return slip_fail(err, SLIP_EUSAGE, "a secret is of type file or env, not '%s'", ret->type);
    if (!ret->id || !*ret->id) {
        slip_fail(err, SLIP_EUSAGE, "--secret '%s' has no id", text);
        return slip_error_hint(err, "write id=NAME,src=FILE or id=NAME,env=VARIABLE");
    }
    return 0;
}

/* Fills in what was not said. */
static void complete(struct spec *spec)
{
    if (spec->type && strcmp(spec->type, "env") == 0 && !spec->env)
        spec->env = SLIP_TAKE_PTR(spec->src);
    if (spec->env || spec->src)
        return;
    const char *is_variable =
        spec->type && strcmp(spec->type, "file") == 0 ? NULL : getenv(spec->id);
    *(is_variable ? &spec->env : &spec->src) = slip_xstrdup(spec->id);
}

/* A pipe will do: it is read once. */
static int read_file(const struct spec *spec, struct slip_secrets *ret, struct slip_error *err)
{
    slip_cleanup(slip_closep) int fd = open(spec->src, O_RDONLY | O_CLOEXEC);
    slip_cleanup(slip_freep) char *bytes = slip_xmalloc(SLIP_SECRET_LIMIT + 1);

    ssize_t n = fd < 0 ? -1 : slip_read_full(fd, bytes, SLIP_SECRET_LIMIT + 1);
    if (n < 0) {
        slip_fail_errno(err, "cannot read secret '%s' from '%s'", spec->id, spec->src);
        err->code = SLIP_EUSAGE;
        return -1;
    }
    if ((size_t)n <= SLIP_SECRET_LIMIT)
        slip_secrets_add(ret, spec->id, bytes, (size_t)n);
    explicit_bzero(bytes, (size_t)n);
    if ((size_t)n > SLIP_SECRET_LIMIT)
        return slip_fail(err, SLIP_EUSAGE, "secret '%s' is larger than %zu KiB", spec->id,
                         SLIP_SECRET_LIMIT >> 10);
    return 0;
}

/* One byte: too little for a core file, and what tells the kernel not to start a program that takes
 * cores (core(5)); with none at all it would. */
static void leave_no_core(void)
{
    const struct rlimit one = { 1, 1 };

    (void)setrlimit(RLIMIT_CORE, &one);
}

int slip_secrets_parse(const struct slip_strv *given, struct slip_secrets *ret,
                       struct slip_error *err)
{
    for (size_t i = 0; i < given->n; i++) {
        slip_cleanup(spec_release) struct spec spec = { 0 };
        leave_no_core();
        if (take_apart(given->v[i], &spec, err) < 0)
            return -1;
        complete(&spec);
        if (spec.env) {
            const char *value = getenv(spec.env);
            slip_secrets_add(ret, spec.id, value ? value : "", value ? strlen(value) : 0);
        } else if (read_file(&spec, ret, err) < 0) {
            return -1;
        }
    }
    return 0;
}
