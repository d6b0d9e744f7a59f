#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "dockerfile/lowering.h"
#include "util/fs.h"
#include "util/str.h"

/* One mount flag being read: its fields, and which of them were there. */
struct reading {
    struct lowering *lo;
    const struct slip_flag *flag;
    struct slip_run_mount *mount;
    const char *from; /* NULL: not given */
    const char *source, *target, *id;
    bool has_sharing, has_owner, has_size, has_required, has_ro, readonly;
};

static int wrong(struct reading *r, const char *fmt, ...) SLIP_PRINTF(2, 3);

static int wrong(struct reading *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    slip_cleanup(slip_freep) char *text = slip_xvasprintf(fmt, ap);
    va_end(ap);
    return slip_fail_at(r->lo->err, r->flag->at, "%s", text);
}

/* Fields between commas, as in a CSV record: a field in double quotes may hold commas, and quotes
 * written twice. Returns what comes after the field, or NULL after the last. */
static const char *next_field(const char *p, struct slip_buf *ret)
{
    slip_buf_clear(ret);
    if (*p == '"') {
        for (p++; *p && !(p[0] == '"' && p[1] != '"'); p++) {
            p += p[0] == '"';
            slip_buf_putc(ret, *p);
        }
        p += *p == '"';
    }
    for (; *p && *p != ','; p++)
        slip_buf_putc(ret, *p);
    return *p ? p + 1 : NULL;
}

static int parse_bool(struct reading *r, const char *key, const char *value, bool *ret)
{
    static const char *const yes[] = { "1", "t", "true" }, *const no[] = { "0", "f", "false" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(yes); i++) {
        bool is_yes = strcasecmp(value, yes[i]) == 0;
        if (is_yes || strcasecmp(value, no[i]) == 0) {
            *ret = is_yes;
            return 0;
        }
    }
    return wrong(r, "%s is either true or false, not '%.64s'", key, value);
}

static int parse_number(struct reading *r, const char *key, const char *value, unsigned base,
                        uint32_t *ret)
{
    uint64_t number = 0;

    for (const char *p = value; *p || p == value; p++) {
        unsigned digit = (unsigned)(*p - '0');
        if (digit >= base || number > UINT32_MAX / base)
            return wrong(r, "'%.64s' is not a value for %s", value, key);
        number = number * base + digit;
    }
    if (number > UINT32_MAX)
        return wrong(r, "'%.64s' is not a value for %s", value, key);
    *ret = (uint32_t)number;
    return 0;
}

static int suggest(struct reading *r, const char *word, const char *const *names, size_t n)
{
    const char *near = slip_suggest(word, names, n);
    slip_cleanup(slip_buf_release) struct slip_buf list = SLIP_BUF_INIT;

    if (near)
        return slip_error_hint(r->lo->err, "did you mean '%s'?", near);
    for (size_t i = 0; i < n; i++)
        slip_buf_printf(&list, "%s%s", i ? ", " : "", names[i]);
    return slip_error_hint(r->lo->err, "it is one of %s", slip_buf_str(&list));
}

static int set_type(struct reading *r, const char *value)
{
    static const char *const names[] = { "bind", "cache", "tmpfs", "secret", "ssh" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        if (strcasecmp(value, names[i]) == 0) {
            r->mount->kind = (enum slip_mount_kind)i;
            return 0;
        }
    wrong(r, "there is no mount of type '%.64s'", value);
    return suggest(r, value, names, SLIP_ARRAY_LEN(names));
}

static int set_sharing(struct reading *r, const char *value)
{
    static const char *const names[] = { "shared", "private", "locked" };

    r->has_sharing = true;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        if (strcasecmp(value, names[i]) == 0) {
            r->mount->sharing = (enum slip_sharing)i;
            return 0;
        }
    wrong(r, "a cache cannot be shared as '%.64s'", value);
    return suggest(r, value, names, SLIP_ARRAY_LEN(names));
}

static int set_size(struct reading *r, const char *value)
{
    slip_cleanup(slip_error_release) struct slip_error why = SLIP_ERROR_INIT;

    r->has_size = true;
    if (slip_parse_size(value, &r->mount->size, &why) == 0)
        return 0;
    wrong(r, "%s", why.msg);
    return slip_error_hint(r->lo->err, "%s", why.hint);
}

static bool is_key(const char *key, const char *a, const char *b, const char *c)
{
    return strcmp(key, a) == 0 || (b && strcmp(key, b) == 0) || (c && strcmp(key, c) == 0);
}

static int set_access(struct reading *r, const char *key, const char *value)
{
    bool yes = true, rw = is_key(key, "rw", "readwrite", NULL);

    if (value && parse_bool(r, key, value, &yes) < 0)
        return -1;
    r->has_ro = true;
    r->readonly = yes != rw;
    return 0;
}

static int set_owner(struct reading *r, const char *key, const char *value)
{
    r->has_owner = true;
    if (strcmp(key, "mode") == 0) {
        r->mount->has_mode = true;
        return parse_number(r, key, value, 8, &r->mount->mode);
    }
    return parse_number(r, key, value, 10, key[0] == 'u' ? &r->mount->uid : &r->mount->gid);
}

static int unknown_key(struct reading *r, const char *key)
{
    static const char *const keys[] = { "type",      "from",     "source", "target",     "id",
                                        "sharing",   "mode",     "uid",    "gid",        "size",
                                        "env",       "required", "ro",     "readonly",   "rw",
                                        "readwrite", "src",      "dst",    "destination" };

    wrong(r, "a mount has no option '%.64s'", key);
    return suggest(r, key, keys, SLIP_ARRAY_LEN(keys));
}

/* The value is expanded; it is NULL for a key alone. */
static int set_field(struct reading *r, const char *key, const char *value)
{
    if (is_key(key, "ro", "readonly", NULL) || is_key(key, "rw", "readwrite", NULL))
        return set_access(r, key, value);
    if (strcmp(key, "required") == 0) {
        r->has_required = r->mount->required = true;
        return value ? parse_bool(r, key, value, &r->mount->required) : 0;
    }
    bool known = is_key(key, "type", "from", "source") || is_key(key, "src", "target", "dst") ||
                 is_key(key, "destination", "id", "sharing") || is_key(key, "mode", "uid", "gid") ||
                 is_key(key, "size", "env", NULL);
    if (!known)
        return unknown_key(r, key);
    if (!value) {
        wrong(r, "the option '%s' of a mount needs a value", key);
        return slip_error_hint(r->lo->err, "write %s=...", key);
    }
    if (strcmp(key, "type") == 0)
        return set_type(r, value);
    if (strcmp(key, "sharing") == 0)
        return set_sharing(r, value);
    if (strcmp(key, "size") == 0)
        return set_size(r, value);
    if (is_key(key, "mode", "uid", "gid"))
        return set_owner(r, key, value);
    if (strcmp(key, "from") == 0) {
        r->from = value;
    } else if (is_key(key, "source", "src", NULL)) {
        r->source = value;
    } else if (strcmp(key, "id") == 0) {
        r->id = value;
    } else if (strcmp(key, "env") == 0) {
        r->mount->env = value;
    } else {
        r->target = value;
    }
    return 0;
}

/* Splits a field in place and lowers the letters of its key. */
static char *split_field(char *field)
{
    char *equals = strchr(field, '=');

    if (equals)
        *equals++ = '\0';
    for (char *p = field; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p += 'a' - 'A';
    return equals;
}

static int read_fields(struct reading *r)
{
    slip_cleanup(slip_buf_release) struct slip_buf field = SLIP_BUF_INIT;

    for (const char *p = r->flag->value; p;) {
        p = next_field(p, &field);
        if (!field.len) {
            wrong(r, "a mount has an empty option");
            return slip_error_hint(r->lo->err, "write --mount=type=...,target=... with one comma "
                                               "between options");
        }
        char *raw = split_field(field.data);
        const char *value = NULL;
        struct slip_word word = { raw, r->flag->at };
        bool is_from = raw && strcmp(field.data, "from") == 0;
        if (raw && (is_from ? slip_lower_from : slip_lower_expand)(r->lo, word, &value) < 0)
            return -1;
        if (set_field(r, field.data, value) < 0)
            return -1;
    }
    return 0;
}

static int check_fit(struct reading *r)
{
    static const char *const names[] = { "bind", "cache", "tmpfs", "secret", "ssh" };
    enum slip_mount_kind kind = r->mount->kind;
    bool is_cache = kind == SLIP_MOUNT_CACHE, is_secret = kind == SLIP_MOUNT_SECRET;
    bool is_ssh = kind == SLIP_MOUNT_SSH;
    const char *misfit = NULL;

    if (r->has_sharing && !is_cache)
        misfit = "sharing";
    else if (r->has_owner && !is_cache && !is_secret && !is_ssh)
        misfit = r->mount->has_mode ? "mode" : "uid and gid";
    else if (r->has_size && kind != SLIP_MOUNT_TMPFS)
        misfit = "size";
    else if (r->has_required && !is_secret && !is_ssh)
        misfit = "required";
    else if (r->from && is_secret)
        misfit = "from";
    else if (r->source && is_ssh)
        misfit = "source";
    return misfit ? wrong(r, "a mount of type %s has no option '%s'", names[kind], misfit) : 0;
}

/* What the runtime is told: a target that is not absolute is taken from the root. */
static const char *runtime_path(struct lowering *lo, const char *path)
{
    slip_cleanup(slip_freep) char *rooted = slip_xasprintf("/%s", path);
    slip_cleanup(slip_freep) char *clean = slip_path_clean(rooted);

    return slip_arena_strdup(lo->arena, clean);
}

/* Of secrets and sockets only the permissions count. */
static void default_mode(struct slip_run_mount *m, uint32_t mode)
{
    m->mode = (m->has_mode ? m->mode : mode) & 0777;
}

static int finish_secret(struct reading *r)
{
    struct slip_run_mount *m = r->mount;

    if (r->source && r->id)
        return wrong(r, "a secret has either source or id, not both");
    m->id = r->id ? r->id : r->source;
    if (!m->id && r->target)
        m->id = slip_path_base(r->target);
    if (!m->id || !*m->id) {
        wrong(r, "a secret needs an id");
        return slip_error_hint(r->lo->err, "write --mount=type=secret,id=NAME");
    }
    if (m->env && (!*m->env || strchr(m->env, '=')))
        return wrong(r, "'%.64s' cannot be the name of a variable", m->env);
    if (r->target && *r->target)
        m->target = runtime_path(r->lo, r->target);
    else if (!m->env)
        m->target = slip_arena_printf(r->lo->arena, "/run/secrets/%s", slip_path_base(m->id));
    else
        m->target = "";
    if (strcmp(m->target, "/") == 0)
        return wrong(r, "a mount cannot cover the root directory");
    m->source = "";
    m->readonly = true;
    default_mode(m, 0400);
    return 0;
}

/* `number`: of ssh mounts of this step before it. */
static int finish_ssh(struct reading *r, unsigned number)
{
    struct slip_run_mount *m = r->mount;

    m->id = r->id && *r->id ? r->id : "default";
    m->source = "";
    m->target = r->target && *r->target
                    ? runtime_path(r->lo, r->target)
                    : slip_arena_printf(r->lo->arena, "/run/buildkit/ssh_agent.%u", number);
    if (strcmp(m->target, "/") == 0)
        return wrong(r, "a mount cannot cover the root directory");
    default_mode(m, 0600);
    return 0;
}

/* Path in an input: relative to its root, "" for the root itself. */
static const char *source_path(struct lowering *lo, const char *path)
{
    slip_cleanup(slip_freep) char *rooted = slip_xasprintf("/%s", path);
    slip_cleanup(slip_freep) char *clean = slip_path_clean(rooted);

    return slip_arena_strdup(lo->arena, clean + 1);
}

static int finish_directory(struct reading *r)
{
    struct slip_run_mount *m = r->mount;
    struct lowering *lo = r->lo;
    const char *written = r->target ? r->target : "";
    const char *target = slip_lower_path(lo, written);
    size_t n = strlen(target);

    m->target = slip_arena_strndup(lo->arena, target, n > 1 && target[n - 1] == '/' ? n - 1 : n);
    if (strcmp(m->target, "/") == 0) {
        wrong(r, "a mount cannot cover the root directory");
        return r->target ? -1 : slip_error_hint(lo->err, "write target=/path");
    }
    m->source = source_path(lo, r->source ? r->source : "");
    m->readonly = r->has_ro ? r->readonly : m->kind == SLIP_MOUNT_BIND;
    m->rw = m->kind == SLIP_MOUNT_BIND && !m->readonly;
    if (m->kind == SLIP_MOUNT_CACHE) {
        slip_cleanup(slip_freep) char *clean = slip_path_clean(written);
        m->id = r->id && *r->id ? r->id : slip_arena_strdup(lo->arena, clean);
        default_mode(m, 0755);
    }
    if (m->kind == SLIP_MOUNT_TMPFS)
        return 0;
    if (r->from && *r->from)
        return slip_lower_input(lo, r->from, lo->now->stage->index, r->flag->at, &m->input);
    if (m->kind == SLIP_MOUNT_BIND)
        m->input.origin = SLIP_FROM_CONTEXT;
    return 0;
}

int slip_lower_mount(struct lowering *lo, const struct slip_flag *flag, unsigned number,
                     struct slip_run_mount *ret)
{
    struct reading r = { .lo = lo, .flag = flag, .mount = ret };

    *ret = (struct slip_run_mount){
        .kind = SLIP_MOUNT_BIND,
        .input = { .origin = SLIP_FROM_SCRATCH, .name = "", .at = flag->at },
        .at = flag->at
    };
    if (read_fields(&r) < 0 || check_fit(&r) < 0)
        return -1;
    if (ret->kind == SLIP_MOUNT_SECRET)
        return finish_secret(&r);
    ret->env = NULL;
    return ret->kind == SLIP_MOUNT_SSH ? finish_ssh(&r, number) : finish_directory(&r);
}

int slip_lower_mount_from(struct lowering *lo, const struct slip_flag *flag, const char **ret)
{
    slip_cleanup(slip_buf_release) struct slip_buf field = SLIP_BUF_INIT;

    *ret = NULL;
    for (const char *p = flag->value; p;) {
        p = next_field(p, &field);
        char *raw = field.len ? split_field(field.data) : NULL;
        if (!raw || strcmp(field.data, "from") != 0)
            continue;
        struct slip_word word = { raw, flag->at };
        if (slip_lower_from(lo, word, ret) < 0)
            return -1;
    }
    return 0;
}

/* [name=]vendor/class=device[,required[=bool]]: no step gets any, and most can do without. */
int slip_lower_device(struct lowering *lo, const struct slip_flag *flag)
{
    struct reading r = { .lo = lo, .flag = flag };
    slip_cleanup(slip_buf_release) struct slip_buf field = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *name = NULL;
    bool required = false;

    for (const char *p = flag->value; p;) {
        p = next_field(p, &field);
        slip_cleanup(slip_freep) char *whole = slip_xstrdup(slip_buf_str(&field));
        char *value = field.len ? split_field(field.data) : NULL;
        if (field.len && strcmp(field.data, "required") == 0) {
            required = true;
            if (value && parse_bool(&r, "required", value, &required) < 0)
                return -1;
            continue;
        }
        if (name) {
            wrong(&r, "a device has no option '%.64s'", whole);
            return slip_error_hint(lo->err, "write --device=VENDOR/CLASS=NAME[,required]");
        }
        bool keyed = value && strcmp(field.data, "name") == 0;
        name = slip_xstrdup(keyed ? value : whole);
    }
    if (!required)
        return 0;
    wrong(&r, "device '%.64s' is required, and steps have no devices", name ? name : "");
    return slip_error_hint(lo->err, "leave 'required' out if the step can do without it");
}
