/* spdx.c - a bill as SPDX 2.3 in JSON (ISO/IEC 5962 with the additions of 2.3; clause numbers are
 * those of spdx.github.io/spdx-spec/v2.3).
 *
 * The image is what the document describes (a package of purpose CONTAINER); it contains the
 * project and the packages. A package's files are what of it is in the image, so its verification
 * code is over these. Static archives are packages of their own: their code is in the image, they
 * as files are not.
 */
#include "image/bill.h"
#include "util/digest.h"
#include "util/map.h"
#include "util/mem.h"

#define DOCUMENT "SPDXRef-DOCUMENT"
#define IMAGE "SPDXRef-Image"
#define PROJECT "SPDXRef-Project"

struct spdx {
    const json_t *bill;
    json_t *packages, *files, *relations, *licences;
    struct slip_map ids;   /* purl of a package, path of a file or an archive: to owned id */
    struct slip_map known; /* LicenseRefs that are told */
    bool has_project;
};

static void spdx_release(struct spdx *s)
{
    for (size_t i = 0; i < s->ids.n; i++)
        free(s->ids.entries[i].value);
    slip_map_release(&s->ids);
    slip_map_release(&s->known);
}

/* The id of something new. */
static const char *new_id(struct spdx *s, const char *kind, const char *label, const char *what)
{
    char *id = slip_bill_id(kind, label, what);

    slip_map_set(&s->ids, what, id);
    return id;
}

/* Of a package or file that may have been told; what was not is of the image. */
static const char *holder(const struct spdx *s, const char *purl, bool own)
{
    const char *id = purl ? slip_map_get(&s->ids, purl) : NULL;

    return id ? id : own ? PROJECT : IMAGE;
}

static void relate(struct spdx *s, const char *from, const char *type, const char *to)
{
    json_array_append_new(s->relations,
                          json_pack("{s:s, s:s, s:s}", "spdxElementId", from, "relationshipType",
                                    type, "relatedSpdxElement", to));
}

static void set(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new(object, key, json_string(text));
}

/* Clause 10: every LicenseRef of an expression must be told what it stands for. */
static void tell_licences(struct spdx *s, const char *expression, const char *name)
{
    for (const char *p = expression; p && (p = strstr(p, "LicenseRef-"));) {
        size_t n = strcspn(p, " ()");
        slip_cleanup(slip_freep) char *ref = slip_xstrndup(p, n);
        p += n;
        if (slip_map_get(&s->known, ref))
            continue;
        slip_map_set(&s->known, ref, s);
        json_array_append_new(
            s->licences, json_pack("{s:s, s:o}", "licenseId", ref, "extractedText",
                                   json_sprintf("As /usr/share/doc/%s/copyright says.", name)));
    }
}

static json_t *new_package(const char *id, const char *name, const char *version,
                           const char *licence, const char *purpose)
{
    json_t *p = json_object();

    set(p, "name", name);
    set(p, "SPDXID", id);
    set(p, "versionInfo", version);
    set(p, "downloadLocation", "NOASSERTION");
    json_object_set_new(p, "filesAnalyzed", json_false());
    set(p, "licenseConcluded", "NOASSERTION");
    set(p, "licenseDeclared", licence ? licence : "NOASSERTION");
    set(p, "copyrightText", "NOASSERTION");
    set(p, "primaryPackagePurpose", purpose);
    return p;
}

static void set_purl(json_t *package, const char *purl)
{
    json_object_set_new(package, "externalRefs",
                        json_pack("[{s:s, s:s, s:s}]", "referenceCategory", "PACKAGE-MANAGER",
                                  "referenceType", "purl", "referenceLocator", purl));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Clause 7.9: SHA-1 of the sorted SHA-1s of its files. `purl` NULL: of the project's own. False
 * without files. */
static bool set_files(const struct spdx *s, json_t *package, const char *purl)
{
    const json_t *files = json_object_get(s->bill, "files");
    const char **sums = slip_xcalloc(json_array_size(files) + 1, sizeof *sums);
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    size_t i, n = 0;
    json_t *row;
    char code[41];

    json_array_foreach (files, i, row) {
        const char *owner = slip_json_str(row, "purl");
        bool own = json_is_true(json_object_get(row, "own"));
        if (purl ? owner && strcmp(owner, purl) == 0 : own)
            sums[n++] = slip_json_str(row, "sha1");
    }
    if (n) {
        qsort(sums, n, sizeof *sums, by_text);
        for (i = 0; i < n; i++)
            slip_buf_puts(&text, sums[i]);
        slip_sha1_of(slip_buf_str(&text), text.len, code);
        json_object_set_new(package, "filesAnalyzed", json_true());
        json_object_set_new(package, "packageVerificationCode",
                            json_pack("{s:s}", "packageVerificationCodeValue", code));
    }
    free(sums);
    return n > 0;
}

static char *image_name(const struct spdx *s)
{
    return slip_xasprintf("%s image", slip_json_str(s->bill, "name"));
}

static void add_image(struct spdx *s)
{
    const char *digest = slip_json_str(s->bill, "digest");
    slip_cleanup(slip_freep) char *name = image_name(s);
    json_t *p = new_package(IMAGE, name, digest, NULL, "CONTAINER");

    json_object_set_new(p, "checksums",
                        json_pack("[{s:s, s:s}]", "algorithm", "SHA256", "checksumValue",
                                  digest + strlen("sha256:")));
    json_array_append_new(s->packages, p);
    relate(s, DOCUMENT, "DESCRIBES", IMAGE);
}

static void add_project(struct spdx *s)
{
    json_t *p =
        new_package(PROJECT, slip_json_str(s->bill, "name"), slip_json_str(s->bill, "version"),
                    slip_json_str(s->bill, "licence"), "APPLICATION");

    if (!set_files(s, p, NULL)) {
        json_decref(p);
        return;
    }
    s->has_project = true;
    set(p, "homepage", slip_json_str(s->bill, "url"));
    tell_licences(s, slip_json_str(s->bill, "licence"), slip_json_str(s->bill, "name"));
    json_array_append_new(s->packages, p);
    relate(s, IMAGE, "CONTAINS", PROJECT);
}

/* What a package was built from is a package of its own, once. */
static void add_source(struct spdx *s, const json_t *row, const char *id)
{
    const char *purl = slip_json_str(row, "source_purl"), *name = slip_json_str(row, "source");

    if (!purl)
        return;
    if (!slip_map_get(&s->ids, purl)) {
        json_t *p = new_package(new_id(s, "SPDXRef-Source", name, purl), name,
                                slip_json_str(row, "source_version"), NULL, "SOURCE");
        set_purl(p, purl);
        json_array_append_new(s->packages, p);
    }
    relate(s, id, "GENERATED_FROM", slip_map_get(&s->ids, purl));
}

static void add_package(struct spdx *s, const json_t *row)
{
    const char *purl = slip_json_str(row, "purl"), *name = slip_json_str(row, "name");
    const char *licence = slip_json_str(row, "licence");
    const char *supplier = slip_json_str(row, "supplier");
    const char *id = new_id(s, "SPDXRef-Package", name, purl);
    json_t *p = new_package(id, name, slip_json_str(row, "version"), licence, "LIBRARY");

    const char *document = slip_json_str(row, "document"), *source = slip_json_str(row, "source");
    json_object_set_new(p, "supplier",
                        supplier ? json_sprintf("Organization: %s", supplier)
                                 : json_string("NOASSERTION"));
    set(p, "homepage", slip_json_str(row, "homepage"));
    if (source)
        json_object_set_new(p, "sourceInfo",
                            json_sprintf("built from source package %s %s", source,
                                         slip_json_str(row, "source_version")));
    else if (document)
        json_object_set_new(p, "sourceInfo", json_sprintf("told by %s", document));
    set_purl(p, purl);
    set_files(s, p, purl);
    tell_licences(s, licence, name);
    json_array_append_new(s->packages, p);
    add_source(s, row, id);
}

static void add_file(struct spdx *s, const json_t *row)
{
    const char *path = slip_json_str(row, "path"), *build_id = slip_json_str(row, "build_id");
    const char *why = slip_json_str(row, "why"), *purl = slip_json_str(row, "purl");
    const char *id = new_id(s, "SPDXRef-File", path, path);
    json_t *f = json_object();

    json_object_set_new(f, "fileName", json_sprintf(".%s", path));
    set(f, "SPDXID", id);
    if (json_is_true(json_object_get(row, "elf")))
        json_object_set_new(f, "fileTypes", json_pack("[s]", "BINARY"));
    json_object_set_new(f, "checksums",
                        json_pack("[{s:s, s:s}, {s:s, s:s}]", "algorithm", "SHA1", "checksumValue",
                                  slip_json_str(row, "sha1"), "algorithm", "SHA256",
                                  "checksumValue", slip_json_str(row, "sha256")));
    set(f, "licenseConcluded", "NOASSERTION");
    json_object_set_new(f, "licenseInfoInFiles", json_pack("[s]", "NOASSERTION"));
    set(f, "copyrightText", "NOASSERTION");
    if (build_id || why)
        json_object_set_new(f, "comment",
                            json_sprintf("%s%s%s%s", why ? why : "", why && build_id ? "; " : "",
                                         build_id ? "Build-ID " : "", build_id ? build_id : ""));
    json_array_append_new(s->files, f);
    relate(s, holder(s, purl, json_is_true(json_object_get(row, "own"))), "CONTAINS", id);
}

/* A file needs a file, or (when that is not listed, being a base's) a package. */
static void relate_file(struct spdx *s, const json_t *row)
{
    const char *id = slip_map_get(&s->ids, slip_json_str(row, "path"));
    size_t i;
    json_t *need;

    json_array_foreach (json_object_get(row, "needs"), i, need) {
        const char *path = slip_json_str(need, "path"), *purl = slip_json_str(need, "purl");
        const char *to = path ? slip_map_get(&s->ids, path) : NULL;
        if (!to && purl)
            to = slip_map_get(&s->ids, purl);
        if (to)
            relate(s, id, "DYNAMIC_LINK", to);
    }
}

static void add_archive(struct spdx *s, const json_t *row)
{
    const char *path = slip_json_str(row, "path"), *purl = slip_json_str(row, "purl");
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const char *id = new_id(s, "SPDXRef-Archive", base, path);
    json_t *p = new_package(id, base, NULL, NULL, "ARCHIVE"), *into;
    size_t i;

    set(p, "packageFileName", path);
    json_object_set_new(p, "comment",
                        json_sprintf("static library; %" JSON_INTEGER_FORMAT
                                     " of its %" JSON_INTEGER_FORMAT " members are linked in",
                                     json_integer_value(json_object_get(row, "members")),
                                     json_integer_value(json_object_get(row, "of"))));
    json_array_append_new(s->packages, p);
    json_array_foreach (json_object_get(row, "into"), i, into) {
        const char *file = slip_map_get(&s->ids, json_string_value(into));
        if (file)
            relate(s, file, "STATIC_LINK", id);
    }
    relate(s, holder(s, purl, s->has_project), "CONTAINS", id);
}

static void fill(struct spdx *s)
{
    size_t i;
    json_t *row;

    add_image(s);
    add_project(s);
    json_array_foreach (json_object_get(s->bill, "packages"), i, row) {
        bool told = slip_json_str(row, "document");
        add_package(s, row);
        relate(s, told ? holder(s, NULL, s->has_project) : IMAGE, told ? "DEPENDS_ON" : "CONTAINS",
               slip_map_get(&s->ids, slip_json_str(row, "purl")));
    }
    json_array_foreach (json_object_get(s->bill, "files"), i, row)
        add_file(s, row);
    json_array_foreach (json_object_get(s->bill, "files"), i, row)
        relate_file(s, row);
    json_array_foreach (json_object_get(s->bill, "archives"), i, row)
        add_archive(s, row);
}

/* Clause 6.6: documents of others, by the sum of their text. */
static json_t *document_refs(const json_t *bill)
{
    json_t *list = json_array(), *row;
    size_t i;

    json_array_foreach (json_object_get(bill, "documents"), i, row) {
        const char *space = slip_json_str(row, "namespace"), *path = slip_json_str(row, "path");
        slip_cleanup(slip_freep) char *id = slip_bill_id("DocumentRef", path, path);
        if (space)
            json_array_append_new(list,
                                  json_pack("{s:s, s:s, s:{s:s, s:s}}", "externalDocumentId", id,
                                            "spdxDocument", space, "checksum", "algorithm", "SHA1",
                                            "checksumValue", slip_json_str(row, "sha1")));
    }
    return list;
}

static json_t *unknown_text(const json_t *bill)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    size_t i;
    json_t *line;

    json_array_foreach (json_object_get(bill, "unknown"), i, line)
        slip_buf_printf(&text, "%s%s", i ? "; " : "Not known: ", json_string_value(line));
    return text.len ? json_string(slip_buf_str(&text)) : NULL;
}

json_t *slip_bill_spdx(const json_t *bill)
{
    slip_cleanup(spdx_release) struct spdx s = { .bill = bill,
                                                 .packages = json_array(),
                                                 .files = json_array(),
                                                 .relations = json_array(),
                                                 .licences = json_array() };
    json_t *doc = json_object(), *unknown = unknown_text(bill);
    slip_cleanup(slip_freep) char *name = image_name(&s);
    slip_cleanup(slip_freep) char *space = slip_bill_id("slipway", slip_json_str(bill, "name"), "");
    char when[32];

    fill(&s);
    set(doc, "spdxVersion", "SPDX-2.3");
    set(doc, "dataLicense", "CC0-1.0");
    set(doc, "SPDXID", DOCUMENT);
    set(doc, "name", name);
    json_object_set_new(doc, "documentNamespace",
                        json_sprintf("https://spdx.org/spdxdocs/%s-%s", space,
                                     slip_json_str(bill, "digest") + strlen("sha256:")));
    json_object_set_new(doc, "creationInfo",
                        json_pack("{s:s, s:[s]}", "created", slip_bill_created(bill, when),
                                  "creators", "Tool: slipway-" SLIPWAY_VERSION));
    if (unknown)
        json_object_set_new(doc, "comment", unknown);
    if (json_array_size(json_object_get(bill, "documents")))
        json_object_set_new(doc, "externalDocumentRefs", document_refs(bill));
    json_object_set_new(doc, "packages", s.packages);
    json_object_set_new(doc, "files", s.files);
    json_object_set_new(doc, "relationships", s.relations);
    if (json_array_size(s.licences))
        json_object_set_new(doc, "hasExtractedLicensingInfos", s.licences);
    else
        json_decref(s.licences);
    return doc;
}
