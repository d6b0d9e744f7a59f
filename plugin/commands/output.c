#include "commands/output.h"

#include "util/str.h"

static const struct {
    const char *name;
    enum slip_output_type type;
} types[] = {
    { "oci", SLIP_OUT_OCI },           { "oci-archive", SLIP_OUT_ARCHIVE },
    { "docker", SLIP_OUT_ARCHIVE },    { "dir", SLIP_OUT_DIR },
    { "local", SLIP_OUT_DIR },         { "tar", SLIP_OUT_TAR },
    { "registry", SLIP_OUT_REGISTRY }, { "image", SLIP_OUT_STORE },
};

/* One `-o` while it is read. */
struct reading {
    struct slip_output *output;
    struct slip_packing *packing;
    const char *type;
    int tar, push, referrers; /* -1: not said */
};

static int set_type(struct reading *r, const char *name, struct slip_error *err)
{
    const char *names[SLIP_ARRAY_LEN(types)];

    for (size_t i = 0; i < SLIP_ARRAY_LEN(types); i++) {
        names[i] = types[i].name;
        if (strcmp(name, types[i].name) == 0) {
            r->output->type = types[i].type;
            r->type = types[i].name;
            return 0;
        }
    }
    const char *near = slip_suggest(name, names, SLIP_ARRAY_LEN(names));
    slip_fail(err, SLIP_EUSAGE, "there is no output type '%s'", name);
    return near
               ? slip_error_hint(err, "did you mean '%s'?", near)
               : slip_error_hint(err, "oci, oci-archive, docker, dir, tar, registry and image are");
}

static int set_truth(int *ret, const char *key, const char *value, struct slip_error *err)
{
    *ret = strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
    if (*ret || strcmp(value, "false") == 0 || strcmp(value, "0") == 0)
        return 0;
    return slip_fail(err, SLIP_EUSAGE, "%s= of -o is true or false, not '%s'", key, value);
}

/* Layers of a base image are never made again: their digests are what registries share. */
static int set_force(const char *value, struct slip_error *err)
{
    int force;

    if (set_truth(&force, "force-compression", value, err) < 0)
        return -1;
    if (!force)
        return 0;
    slip_fail(err, SLIP_EUSAGE, "-o cannot force the compression of a base image's layers");
    return slip_error_hint(err, "without force-compression=true they stay as they are, and all "
                                "others are made as compression= says");
}

static void add_names(struct slip_strv *ret, const char *list)
{
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, ",");
        if (n)
            slip_strv_addn(ret, p, n);
        p += n + (p[n] == ',');
    }
}

static int set_pair(struct reading *r, const char *pair, struct slip_error *err)
{
    static const char *const keys[] = { "type",
                                        "dest",
                                        "name",
                                        "push",
                                        "tar",
                                        "referrers",
                                        "compression",
                                        "compression-level",
                                        "force-compression" };
    slip_cleanup(slip_freep) char *key = slip_xstrndup(pair, strcspn(pair, "="));
    const char *value = strchr(pair, '=') ? strchr(pair, '=') + 1 : NULL;

    if (value && strcmp(key, "type") == 0)
        return set_type(r, value, err);
    if (value && strcmp(key, "push") == 0)
        return set_truth(&r->push, key, value, err);
    if (value && strcmp(key, "tar") == 0)
        return set_truth(&r->tar, key, value, err);
    if (value && strcmp(key, "compression") == 0)
        return slip_packing_say(r->packing, value, err);
    if (value && strcmp(key, "compression-level") == 0)
        return slip_packing_say_level(r->packing, value, err);
    if (value && strcmp(key, "force-compression") == 0)
        return set_force(value, err);
    if (value && strcmp(key, "referrers") == 0)
        return set_truth(&r->referrers, key, value, err);
    if (value && strcmp(key, "dest") == 0) {
        free(r->output->dest);
        r->output->dest = slip_xstrdup(value);
        return 0;
    }
    if (value && strcmp(key, "name") == 0) {
        add_names(&r->output->names, value);
        return 0;
    }
    slip_fail(err, SLIP_EUSAGE, "-o does not know '%s'", pair);
    const char *near = slip_suggest(key, keys, SLIP_ARRAY_LEN(keys));
    if (near)
        return slip_error_hint(err, "did you mean '%s='?", near);
    return slip_error_hint(err, "write it as type=oci,dest=PATH; keys are type, dest, name, push, "
                                "tar, referrers, compression and compression-level");
}

/* The next field of a CSV line: one that begins with '"' goes to the next one, and "" in it is one
 * quote. */
static char *next_field(const char **at)
{
    slip_cleanup(slip_buf_release) struct slip_buf field = SLIP_BUF_INIT;
    const char *p = *at;

    if (*p == '"') {
        for (p++; *p && !(p[0] == '"' && p[1] != '"'); p++) {
            p += p[0] == '"';
            slip_buf_putc(&field, *p);
        }
        p += *p == '"';
    }
    slip_buf_put(&field, p, strcspn(p, ","));
    p += strcspn(p, ",");
    *at = p + (*p == ',');
    return slip_buf_take(&field);
}

/* What the keys make of the type together. */
static int settle(struct reading *r, struct slip_error *err)
{
    struct slip_output *o = r->output;
    bool has_dest = o->dest && *o->dest;

    if (!r->type) {
        slip_fail(err, SLIP_EUSAGE, "-o has no type in '%s'", o->text);
        return slip_error_hint(err, "write it as type=oci,dest=PATH");
    }
    if (o->type == SLIP_OUT_STORE && r->push == 1)
        o->type = SLIP_OUT_REGISTRY;
    if (r->push == 0 && o->type == SLIP_OUT_REGISTRY)
        o->type = SLIP_OUT_STORE;
    if (r->push == 1 && o->type != SLIP_OUT_REGISTRY)
        return slip_fail(err, SLIP_EUSAGE, "push=true goes with type=image, not type=%s", r->type);
    if (strcmp(r->type, "docker") == 0 && !has_dest)
        o->type = SLIP_OUT_ENGINE;
    if (o->type == SLIP_OUT_OCI && r->tar != 0 && has_dest &&
        (r->tar == 1 || strcmp(o->dest, "-") == 0 || slip_ends_with(o->dest, ".tar")))
        o->type = SLIP_OUT_ARCHIVE;
    o->referrers = r->referrers == 1;
    if (o->referrers && o->type != SLIP_OUT_OCI) {
        slip_fail(err, SLIP_EUSAGE, "referrers=true goes with a layout directory, type=oci");
        return slip_error_hint(err, "podman and skopeo take no archive that holds more than an "
                                    "image; a push sends them along by itself");
    }
    bool wants_dest = o->type < SLIP_OUT_REGISTRY;
    if (wants_dest == has_dest)
        return 0;
    slip_fail(err, SLIP_EUSAGE, "-o type=%s %s dest", r->type, wants_dest ? "needs a" : "takes no");
    return wants_dest ? slip_error_hint(err, "write it as type=%s,dest=PATH", r->type) : -1;
}

static int parse(const char *text, struct slip_output *ret, struct slip_packing *packing,
                 struct slip_error *err)
{
    struct reading r = {
        .output = ret, .packing = packing, .tar = -1, .push = -1, .referrers = -1
    };

    ret->text = text;
    if (!strchr(text, '=')) {
        ret->type = strcmp(text, "-") == 0 ? SLIP_OUT_TAR : SLIP_OUT_DIR;
        ret->dest = slip_xstrdup(text);
        return 0;
    }
    for (const char *p = text; *p;) {
        slip_cleanup(slip_freep) char *pair = next_field(&p);
        if (set_pair(&r, pair, err) < 0)
            return -1;
    }
    return settle(&r, err);
}

int slip_outputs_parse(const struct slip_strv *texts, struct slip_outputs *ret,
                       struct slip_error *err)
{
    for (size_t i = 0; i < texts->n; i++) {
        ret->v = slip_xgrow(ret->v, ret->n, &ret->cap, sizeof *ret->v);
        struct slip_output *o = &ret->v[ret->n++];
        *o = (struct slip_output){ 0 };
        if (parse(texts->v[i], o, &ret->packing, err) < 0)
            return -1;
        if (!o->dest || strcmp(o->dest, "-") != 0)
            continue;
        if (o->type == SLIP_OUT_DIR || ret->to_stdout)
            return slip_fail(err, SLIP_EUSAGE, "-o %s cannot go to standard output%s", o->text,
                             ret->to_stdout ? ", where another goes" : "");
        ret->to_stdout = true;
    }
    return ret->packing.has_compression ? slip_packing_check(&ret->packing, err) : 0;
}

int slip_outputs_refuse_packing(const struct slip_outputs *outputs, struct slip_error *err)
{
    if (!outputs->packing.has_compression && !outputs->packing.has_level)
        return 0;
    slip_fail(err, SLIP_EUSAGE, "'export' writes an image as it was built");
    return slip_error_hint(err, "its layers are compressed by 'build'; another compression is "
                                "another image");
}
