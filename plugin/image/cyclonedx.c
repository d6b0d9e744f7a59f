/* cyclonedx.c - a bill as CycloneDX 1.5 in JSON (ECMA-424; cyclonedx.org/docs/1.5/json).
 *
 * The image is the document's component; the project, the packages, their files and the static
 * archives are its components. "dependencies" says who needs whom; whether a library was linked
 * statically is the property "slipway:link" of the component, as CycloneDX has no word for it.
 */
#include "image/bill.h"
#include "util/digest.h"
#include "util/map.h"
#include "util/mem.h"

struct cdx {
    const json_t *bill;
    json_t *components;
    struct slip_map refs;  /* purl, path: to owned bom-ref */
    struct slip_map needs; /* bom-ref to a json array of bom-refs, owned */
    bool has_project;
};

static void cdx_release(struct cdx *c)
{
    for (size_t i = 0; i < c->refs.n; i++)
        free(c->refs.entries[i].value);
    for (size_t i = 0; i < c->needs.n; i++)
        json_decref(c->needs.entries[i].value);
    slip_map_release(&c->refs);
    slip_map_release(&c->needs);
}

static const char *new_ref(struct cdx *c, const char *kind, const char *label, const char *what)
{
    char *ref = slip_bill_id(kind, label, what);

    slip_map_set(&c->refs, what, ref);
    return ref;
}

static const char *holder(const struct cdx *c, const char *purl, bool own)
{
    const char *ref = purl ? slip_map_get(&c->refs, purl) : NULL;

    return ref ? ref : own ? "project" : "image";
}

/* A dependency is named once, and nothing depends on itself. */
static void depend(struct cdx *c, const char *from, const char *to)
{
    json_t *list = slip_map_get(&c->needs, from), *known;
    size_t i;

    if (!list) {
        list = json_array();
        slip_map_set(&c->needs, from, list);
    }
    json_array_foreach (list, i, known)
        if (strcmp(json_string_value(known), to) == 0)
            return;
    if (strcmp(from, to) != 0)
        json_array_append_new(list, json_string(to));
}

static void set(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new(object, key, json_string(text));
}

static json_t *new_component(const char *type, const char *ref, const char *name,
                             const char *version)
{
    json_t *k = json_object();

    set(k, "type", type);
    set(k, "bom-ref", ref);
    set(k, "name", name);
    set(k, "version", version);
    return k;
}

static void set_licence(json_t *component, const char *expression)
{
    if (expression)
        json_object_set_new(component, "licenses", json_pack("[{s:s}]", "expression", expression));
}

static void set_homepage(json_t *component, const char *url)
{
    if (url)
        json_object_set_new(component, "externalReferences",
                            json_pack("[{s:s, s:s}]", "type", "website", "url", url));
}

static void add_property(json_t *component, const char *name, const char *value)
{
    json_t *list = json_object_get(component, "properties");

    if (!value)
        return;
    if (!list) {
        list = json_array();
        json_object_set_new(component, "properties", list);
    }
    json_array_append_new(list, json_pack("{s:s, s:s}", "name", name, "value", value));
}

static json_t *image_component(const struct cdx *c)
{
    const char *digest = slip_json_str(c->bill, "digest");
    json_t *k = new_component("container", "image", slip_json_str(c->bill, "name"), digest);

    json_object_set_new(
        k, "hashes",
        json_pack("[{s:s, s:s}]", "alg", "SHA-256", "content", digest + strlen("sha256:")));
    return k;
}

static bool has_project(const json_t *bill)
{
    size_t i;
    json_t *row;

    json_array_foreach (json_object_get(bill, "files"), i, row)
        if (json_is_true(json_object_get(row, "own")))
            return true;
    return false;
}

static void add_project(struct cdx *c)
{
    json_t *k = new_component("application", "project", slip_json_str(c->bill, "name"),
                              slip_json_str(c->bill, "version"));

    set_licence(k, slip_json_str(c->bill, "licence"));
    set_homepage(k, slip_json_str(c->bill, "url"));
    json_array_append_new(c->components, k);
    depend(c, "image", "project");
}

static void add_package(struct cdx *c, const json_t *row)
{
    const char *purl = slip_json_str(row, "purl");
    const char *name = slip_json_str(row, "name");
    const char *ref = new_ref(c, "package", name, purl);
    json_t *k = new_component("library", ref, name, slip_json_str(row, "version"));
    const char *supplier = slip_json_str(row, "supplier");

    const char *document = slip_json_str(row, "document"), *source = slip_json_str(row, "source");
    if (supplier)
        json_object_set_new(k, "supplier", json_pack("{s:s}", "name", supplier));
    set(k, "publisher", slip_json_str(row, "maintainer"));
    set_licence(k, slip_json_str(row, "licence"));
    set(k, "purl", purl);
    set_homepage(k, slip_json_str(row, "homepage"));
    add_property(k, "slipway:document", document);
    if (source)
        json_object_set_new(k, "pedigree",
                            json_pack("{s:[{s:s, s:s, s:s, s:s}]}", "ancestors", "type", "library",
                                      "name", source, "version",
                                      slip_json_str(row, "source_version"), "purl",
                                      slip_json_str(row, "source_purl")));
    json_array_append_new(c->components, k);
    depend(c, document && c->has_project ? "project" : "image", ref);
}

static void add_file(struct cdx *c, const json_t *row)
{
    const char *path = slip_json_str(row, "path"), *purl = slip_json_str(row, "purl");
    const char *ref = new_ref(c, "file", path, path);
    json_t *k = new_component("file", ref, path, NULL);

    json_object_set_new(k, "hashes",
                        json_pack("[{s:s, s:s}, {s:s, s:s}]", "alg", "SHA-1", "content",
                                  slip_json_str(row, "sha1"), "alg", "SHA-256", "content",
                                  slip_json_str(row, "sha256")));
    add_property(k, "slipway:why", slip_json_str(row, "why"));
    add_property(k, "slipway:build-id", slip_json_str(row, "build_id"));
    json_array_append_new(c->components, k);
    depend(c, holder(c, purl, json_is_true(json_object_get(row, "own"))), ref);
}

static void relate_file(struct cdx *c, const json_t *row)
{
    const char *from = slip_map_get(&c->refs, slip_json_str(row, "path"));
    size_t i;
    json_t *need;

    json_array_foreach (json_object_get(row, "needs"), i, need) {
        const char *path = slip_json_str(need, "path"), *purl = slip_json_str(need, "purl");
        const char *to = path ? slip_map_get(&c->refs, path) : NULL;
        if (!to && purl)
            to = slip_map_get(&c->refs, purl);
        if (to)
            depend(c, from, to);
    }
}

static void add_archive(struct cdx *c, const json_t *row)
{
    const char *path = slip_json_str(row, "path"), *purl = slip_json_str(row, "purl");
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const char *ref = new_ref(c, "archive", base, path);
    json_t *k = new_component("library", ref, base, NULL), *into;
    slip_cleanup(slip_freep) char *members =
        slip_xasprintf("%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT,
                       json_integer_value(json_object_get(row, "members")),
                       json_integer_value(json_object_get(row, "of")));
    size_t i;

    add_property(k, "slipway:link", "static");
    add_property(k, "slipway:path", path);
    add_property(k, "slipway:members", members);
    json_array_append_new(c->components, k);
    json_array_foreach (json_object_get(row, "into"), i, into) {
        const char *file = slip_map_get(&c->refs, json_string_value(into));
        if (file)
            depend(c, file, ref);
    }
    depend(c, holder(c, purl, c->has_project), ref);
}

static void fill(struct cdx *c)
{
    size_t i;
    json_t *row;

    if (c->has_project)
        add_project(c);
    json_array_foreach (json_object_get(c->bill, "packages"), i, row)
        add_package(c, row);
    json_array_foreach (json_object_get(c->bill, "files"), i, row)
        add_file(c, row);
    json_array_foreach (json_object_get(c->bill, "files"), i, row)
        relate_file(c, row);
    json_array_foreach (json_object_get(c->bill, "archives"), i, row)
        add_archive(c, row);
}

static json_t *dependencies(const struct cdx *c)
{
    json_t *list = json_array();

    for (size_t i = 0; i < c->needs.n; i++)
        json_array_append_new(list, json_pack("{s:s, s:O}", "ref", c->needs.entries[i].key,
                                              "dependsOn", c->needs.entries[i].value));
    return list;
}

/* RFC 4122 version 8 in form, of the manifest's digest: the same image has the same number. */
static json_t *serial_number(const json_t *bill)
{
    const char *hex = slip_json_str(bill, "digest") + strlen("sha256:");

    return json_sprintf("urn:uuid:%.8s-%.4s-8%.3s-8%.3s-%.12s", hex, hex + 8, hex + 12, hex + 15,
                        hex + 18);
}

json_t *slip_bill_cyclonedx(const json_t *bill)
{
    slip_cleanup(cdx_release) struct cdx c = { .bill = bill,
                                               .components = json_array(),
                                               .has_project = has_project(bill) };
    const json_t *unknown = json_object_get(bill, "unknown");
    json_t *doc = json_object(), *metadata = json_object(), *line;
    char when[32];
    size_t i;

    fill(&c);
    set(doc, "$schema", "http://cyclonedx.org/schema/bom-1.5.schema.json");
    set(doc, "bomFormat", "CycloneDX");
    set(doc, "specVersion", "1.5");
    json_object_set_new(doc, "serialNumber", serial_number(bill));
    json_object_set_new(doc, "version", json_integer(1));
    set(metadata, "timestamp", slip_bill_created(bill, when));
    json_object_set_new(metadata, "tools",
                        json_pack("{s:[{s:s, s:s, s:s}]}", "components", "type", "application",
                                  "name", "slipway", "version", SLIPWAY_VERSION));
    json_object_set_new(metadata, "component", image_component(&c));
    json_array_foreach (unknown, i, line)
        add_property(metadata, "slipway:unknown", json_string_value(line));
    json_object_set_new(doc, "metadata", metadata);
    json_object_set_new(doc, "components", c.components);
    json_object_set_new(doc, "dependencies", dependencies(&c));
    if (json_array_size(unknown))
        json_object_set_new(
            doc, "compositions",
            json_pack("[{s:s, s:[s]}]", "aggregate", "incomplete", "assemblies", "image"));
    return doc;
}
