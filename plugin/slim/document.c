#include "slim/document.h"

#include "slim/licence.h"
#include "slim/package.h"
#include "util/digest.h"
#include "util/mem.h"
#include "util/str.h"

#define PACKAGES_MAX 10000u

bool slip_document_is_called(const char *name)
{
    return slip_ends_with(name, ".spdx.json") || slip_ends_with(name, ".cdx.json") ||
           strcmp(name, "bom.json") == 0;
}

static const char *purl_of_spdx(const json_t *package)
{
    size_t i;
    json_t *ref;

    json_array_foreach (json_object_get(package, "externalRefs"), i, ref) {
        const char *type = slip_json_str(ref, "referenceType");
        if (type && strcmp(type, "purl") == 0)
            return slip_json_str(ref, "referenceLocator");
    }
    return NULL;
}

/* A name of its own for a package that has no package URL. */
static char *generic_purl(const char *name, const char *version)
{
    struct slip_buf out = SLIP_BUF_INIT;

    slip_buf_puts(&out, "pkg:generic/");
    slip_purl_put(&out, name);
    if (version && *version) {
        slip_buf_putc(&out, '@');
        slip_purl_put(&out, version);
    }
    return slip_buf_take(&out);
}

static void set(json_t *row, const char *key, const char *text)
{
    if (text && *text && strcmp(text, "NOASSERTION") != 0 && strcmp(text, "NONE") != 0)
        json_object_set_new(row, key, json_string(text));
}

/* Returns the purl under which the package is known; borrowed from the documents. */
static const char *add_package(struct slip_documents *d, const char *path, const char *purl,
                               const char *name, const char *version, const char *licence,
                               const char *homepage)
{
    slip_cleanup(slip_freep) char *own = purl && slip_starts_with(purl, "pkg:") && purl[4]
                                             ? slip_xstrdup(purl)
                                             : generic_purl(name, version);
    slip_cleanup(slip_freep) char *expression = licence ? slip_licence_expression(licence) : NULL;

    json_t *row = slip_map_get(&d->purls, own);
    if (row)
        return slip_json_str(row, "purl");
    if (json_array_size(d->packages) >= PACKAGES_MAX)
        return NULL;
    row = json_object();
    json_object_set_new(row, "purl", json_string(own));
    json_object_set_new(row, "type", json_string("generic"));
    json_object_set_new(row, "name", json_string(name)); /* which may well be "NONE" */
    set(row, "version", version);
    set(row, "licence", expression);
    set(row, "homepage", homepage);
    set(row, "document", path);
    json_array_append_new(d->packages, row);
    slip_map_set(&d->purls, own, row);
    return slip_json_str(row, "purl");
}

/* SPDXIDs of the files that a package contains: by relation, or by its list. */
struct contents {
    struct slip_map owner; /* SPDXID of a file to the purl of its package */
    struct slip_map purls; /* SPDXID of a package to its purl */
};

static void relate(struct contents *c, const json_t *doc)
{
    size_t i;
    json_t *row;

    json_array_foreach (json_object_get(doc, "relationships"), i, row) {
        const char *type = slip_json_str(row, "relationshipType");
        const char *from = slip_json_str(row, "spdxElementId");
        const char *to = slip_json_str(row, "relatedSpdxElement");
        char *purl = from ? slip_map_get(&c->purls, from) : NULL;
        if (type && to && purl && strcmp(type, "CONTAINS") == 0)
            slip_map_set(&c->owner, to, purl);
    }
}

static void take_files(struct slip_documents *d, const struct contents *c, const json_t *doc)
{
    size_t i, k;
    json_t *file, *sum;

    json_array_foreach (json_object_get(doc, "files"), i, file) {
        const char *id = slip_json_str(file, "SPDXID");
        const char *purl = id ? slip_map_get(&c->owner, id) : NULL;
        json_array_foreach (json_object_get(file, "checksums"), k, sum) {
            const char *algorithm = slip_json_str(sum, "algorithm");
            const char *value = slip_json_str(sum, "checksumValue");
            if (purl && algorithm && value && strcmp(algorithm, "SHA256") == 0 &&
                strlen(value) == 64 && !slip_map_get(&d->files, value))
                slip_map_set(&d->files, value, slip_xstrdup(purl));
        }
    }
}

/* vcpkg calls the port SPDXRef-port and what was built of it SPDXRef-binary; the sources that it
 * fetched are SPDXRef-resource-N. All are one package, the port. */
static bool is_vcpkg_part(const char *id)
{
    return strcmp(id, "SPDXRef-binary") == 0 || slip_starts_with(id, "SPDXRef-resource-");
}

static int add_spdx(struct slip_documents *d, const char *path, const json_t *doc)
{
    struct contents c = { .owner = SLIP_MAP_INIT, .purls = SLIP_MAP_INIT };
    size_t i;
    json_t *row;

    json_array_foreach (json_object_get(doc, "packages"), i, row) {
        const char *id = slip_json_str(row, "SPDXID"), *name = slip_json_str(row, "name");
        const char *licence = slip_json_str(row, "licenseConcluded");
        if (!licence || strcmp(licence, "NOASSERTION") == 0)
            licence = slip_json_str(row, "licenseDeclared");
        if (!id || !name || !*name || is_vcpkg_part(id))
            continue;
        const char *purl =
            add_package(d, path, purl_of_spdx(row), name, slip_json_str(row, "versionInfo"),
                        licence, slip_json_str(row, "homepage"));
        slip_map_set(&c.purls, id, (void *)(uintptr_t)purl);
        if (strcmp(id, "SPDXRef-port") == 0)
            slip_map_set(&c.purls, "SPDXRef-binary", (void *)(uintptr_t)purl);
    }
    relate(&c, doc);
    take_files(d, &c, doc);
    slip_map_release(&c.owner);
    slip_map_release(&c.purls);
    return 1;
}

/* The id or the expression of the one licence; several are not joined by guessing how. */
static const char *licence_of_cyclonedx(const json_t *component)
{
    const json_t *list = json_object_get(component, "licenses");
    const json_t *first = json_array_get(list, 0);
    const char *expression = slip_json_str(first, "expression");

    if (json_array_size(list) != 1)
        return NULL;
    return expression ? expression : slip_json_str(json_object_get(first, "license"), "id");
}

static int add_cyclonedx(struct slip_documents *d, const char *path, const json_t *doc)
{
    size_t i;
    json_t *row;

    json_array_foreach (json_object_get(doc, "components"), i, row) {
        const char *name = slip_json_str(row, "name"), *type = slip_json_str(row, "type");
        if (name && *name && type && strcmp(type, "file") != 0)
            (void)add_package(d, path, slip_json_str(row, "purl"), name,
                              slip_json_str(row, "version"), licence_of_cyclonedx(row), NULL);
    }
    return 1;
}

static bool is_ours(const json_t *doc)
{
    const json_t *creators = json_object_get(json_object_get(doc, "creationInfo"), "creators");
    const json_t *tools =
        json_object_get(json_object_get(json_object_get(doc, "metadata"), "tools"), "components");
    const char *tool = slip_json_str(json_array_get(tools, 0), "name");
    size_t i;
    json_t *creator;

    json_array_foreach (creators, i, creator)
        if (json_is_string(creator) &&
            slip_starts_with(json_string_value(creator), "Tool: slipway-"))
            return true;
    return tool && strcmp(tool, "slipway") == 0;
}

int slip_documents_add(struct slip_documents *d, const char *path, const char *text, size_t len)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_json_decrefp) json_t *doc = slip_json_parse(text, len, path, &ignored);
    const char *spdx = slip_json_str(doc, "spdxVersion"), *cdx = slip_json_str(doc, "bomFormat");
    bool is_spdx = spdx && slip_starts_with(spdx, "SPDX-2.");
    char sha1[41];

    if (is_ours(doc) || (!is_spdx && !(cdx && strcmp(cdx, "CycloneDX") == 0)))
        return 0;
    if (!d->list) {
        d->list = json_array();
        d->packages = json_array();
    }
    slip_sha1_of(text, len, sha1);
    json_t *row = json_object();
    set(row, "path", path);
    set(row, "sha1", sha1);
    set(row, "namespace", is_spdx ? slip_json_str(doc, "documentNamespace") : NULL);
    json_array_append_new(d->list, row);
    return is_spdx ? add_spdx(d, path, doc) : add_cyclonedx(d, path, doc);
}

const char *slip_documents_owner(const struct slip_documents *d, const char *sha256)
{
    return slip_map_get(&d->files, sha256);
}

void slip_documents_release(struct slip_documents *d)
{
    for (size_t i = 0; i < d->files.n; i++)
        free(d->files.entries[i].value);
    slip_map_release(&d->files);
    slip_map_release(&d->purls);
    json_decref(d->packages);
    json_decref(d->list);
    *d = SLIP_DOCUMENTS_INIT;
}
