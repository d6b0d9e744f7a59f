/* A bill as documents: every element that a relation names is there once, and the sums are right.
 */
#include "../main.h"

#include "image/bill.h"

static const char bill_text[] =
    "{\"name\": \"parcel\", \"version\": \"2.1\", \"licence\": \"MIT\","
    " \"digest\": \"sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\","
    " \"created\": 1700000000, \"architecture\": \"amd64\","
    " \"packages\": ["
    "  {\"purl\": \"pkg:deb/debian/libc6@2.36?arch=amd64\", \"type\": \"deb\", \"name\": \"libc6\","
    "   \"version\": \"2.36\", \"arch\": \"amd64\", \"source\": \"glibc\","
    "   \"source_version\": \"2.36\","
    "   \"source_purl\": \"pkg:deb/debian/glibc@2.36?arch=source\","
    "   \"supplier\": \"Debian GNU/Linux\","
    "   \"licence\": \"LicenseRef-libc6-odd AND MIT\"},"
    "  {\"purl\": \"pkg:generic/knot@1\", \"type\": \"generic\", \"name\": \"knot\","
    "   \"version\": \"1\", \"document\": \"/build/knot.spdx.json\"}],"
    " \"files\": ["
    "  {\"path\": \"/usr/bin/parcel\", \"size\": 3, \"sha256\": \"aa\","
    "   \"sha1\": \"85bedf2ab46ef31a0a1b7b7e5bfb7d0ff45b8f44\", \"build_id\": \"c0ffee\","
    "   \"why\": \"installed by the project\", \"elf\": true, \"own\": true,"
    "   \"needs\": [{\"soname\": \"libc.so.6\", \"path\": \"/lib/libc.so.6\"},"
    "               {\"soname\": \"libgone.so\"}]},"
    "  {\"path\": \"/usr/bin/wrap\", \"size\": 3, \"sha256\": \"bb\","
    "   \"sha1\": \"7c4a8d09ca3762af61e59520943dc26494f8941b\", \"own\": true},"
    "  {\"path\": \"/lib/libc.so.6\", \"size\": 3, \"sha256\": \"cc\","
    "   \"sha1\": \"8cb2237d0679ca88db6464eac60da96345513964\", \"elf\": true,"
    "   \"purl\": \"pkg:deb/debian/libc6@2.36?arch=amd64\", \"needs\": []}],"
    " \"archives\": [{\"path\": \"/build/libknot.a\", \"purl\": \"pkg:generic/knot@1\","
    "   \"into\": [\"/usr/bin/parcel\"], \"members\": 2, \"of\": 3}],"
    " \"documents\": [{\"path\": \"/build/knot.spdx.json\","
    "   \"sha1\": \"8cb2237d0679ca88db6464eac60da96345513964\","
    "   \"namespace\": \"https://knot.example/1\"}],"
    " \"unknown\": [\"the package of 2 libraries\"]}";

static json_t *read_bill(void)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    json_t *bill = slip_json_parse(bill_text, sizeof bill_text - 1, "bill", &err);

    assert_non_null(bill);
    return bill;
}

/* The element called `name`, of which there must be one. */
static const json_t *find(const json_t *list, const char *key, const char *name)
{
    const json_t *found = NULL;
    size_t i;
    json_t *row;

    json_array_foreach (list, i, row) {
        const char *text = slip_json_str(row, key);
        if (text && strcmp(text, name) == 0) {
            assert_null(found);
            found = row;
        }
    }
    assert_non_null(found);
    return found;
}

static int count_relations(const json_t *doc, const char *from, const char *type, const char *to)
{
    int n = 0;
    size_t i;
    json_t *row;

    json_array_foreach (json_object_get(doc, "relationships"), i, row)
        n += strcmp(slip_json_str(row, "spdxElementId"), from) == 0 &&
             strcmp(slip_json_str(row, "relationshipType"), type) == 0 &&
             strcmp(slip_json_str(row, "relatedSpdxElement"), to) == 0;
    return n;
}

static void spdx_ids_are_unique_and_known(void **state)
{
    slip_cleanup(slip_json_decrefp) json_t *bill = read_bill();
    slip_cleanup(slip_json_decrefp) json_t *doc = slip_bill_spdx(bill);
    slip_cleanup(slip_json_decrefp) json_t *ids = json_object();
    static const char *const lists[] = { "packages", "files" };
    size_t i;
    json_t *row;

    (void)state;
    json_object_set_new(ids, "SPDXRef-DOCUMENT", json_true());
    for (size_t k = 0; k < SLIP_ARRAY_LEN(lists); k++)
        json_array_foreach (json_object_get(doc, lists[k]), i, row) {
            const char *id = slip_json_str(row, "SPDXID");
            assert_null(json_object_get(ids, id));
            assert_int_equal(
                strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"),
                strlen(id));
            json_object_set_new(ids, id, json_true());
        }
    json_array_foreach (json_object_get(doc, "relationships"), i, row) {
        assert_non_null(json_object_get(ids, slip_json_str(row, "spdxElementId")));
        assert_non_null(json_object_get(ids, slip_json_str(row, "relatedSpdxElement")));
    }
}

static void spdx_says_what_the_bill_says(void **state)
{
    slip_cleanup(slip_json_decrefp) json_t *bill = read_bill();
    slip_cleanup(slip_json_decrefp) json_t *doc = slip_bill_spdx(bill);
    const json_t *packages = json_object_get(doc, "packages"),
                 *files = json_object_get(doc, "files");
    const json_t *project = find(packages, "name", "parcel"),
                 *libc = find(packages, "name", "libc6");
    const json_t *archive = find(packages, "packageFileName", "/build/libknot.a");
    const char *parcel = slip_json_str(find(files, "fileName", "./usr/bin/parcel"), "SPDXID");
    const char *libc_so = slip_json_str(find(files, "fileName", "./lib/libc.so.6"), "SPDXID");
    const char *knot = slip_json_str(find(packages, "name", "knot"), "SPDXID");

    (void)state;
    assert_string_equal(slip_json_str(doc, "spdxVersion"), "SPDX-2.3");
    assert_string_equal(slip_json_str(json_object_get(doc, "creationInfo"), "created"),
                        "2023-11-14T22:13:20Z");
    assert_string_equal(slip_json_str(doc, "comment"), "Not known: the package of 2 libraries");
    /* 7.9: sha1("7c4a...941b" "85be...8f44") */
    assert_string_equal(slip_json_str(json_object_get(project, "packageVerificationCode"),
                                      "packageVerificationCodeValue"),
                        "b69583e43cfedee3a51dae5cd6eb03c5585a8414");
    assert_string_equal(slip_json_str(project, "licenseDeclared"), "MIT");
    assert_string_equal(slip_json_str(libc, "licenseDeclared"), "LicenseRef-libc6-odd AND MIT");
    assert_string_equal(slip_json_str(libc, "supplier"), "Organization: Debian GNU/Linux");
    assert_non_null(find(json_object_get(doc, "hasExtractedLicensingInfos"), "licenseId",
                         "LicenseRef-libc6-odd"));
    assert_int_equal(count_relations(doc, parcel, "DYNAMIC_LINK", libc_so), 1);
    assert_int_equal(count_relations(doc, parcel, "STATIC_LINK", slip_json_str(archive, "SPDXID")),
                     1);
    assert_int_equal(count_relations(doc, knot, "CONTAINS", slip_json_str(archive, "SPDXID")), 1);
    assert_int_equal(count_relations(doc, "SPDXRef-Project", "DEPENDS_ON", knot), 1);
    assert_int_equal(count_relations(doc, "SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Image"), 1);
    assert_int_equal(json_array_size(json_object_get(doc, "externalDocumentRefs")), 1);
}

static void cyclonedx_refs_are_unique_and_known(void **state)
{
    slip_cleanup(slip_json_decrefp) json_t *bill = read_bill();
    slip_cleanup(slip_json_decrefp) json_t *doc = slip_bill_cyclonedx(bill);
    slip_cleanup(slip_json_decrefp) json_t *refs = json_object();
    size_t i, k;
    json_t *row, *to;

    (void)state;
    json_object_set_new(refs, "image", json_true());
    json_array_foreach (json_object_get(doc, "components"), i, row) {
        assert_null(json_object_get(refs, slip_json_str(row, "bom-ref")));
        json_object_set_new(refs, slip_json_str(row, "bom-ref"), json_true());
    }
    json_array_foreach (json_object_get(doc, "dependencies"), i, row) {
        assert_non_null(json_object_get(refs, slip_json_str(row, "ref")));
        json_array_foreach (json_object_get(row, "dependsOn"), k, to)
            assert_non_null(json_object_get(refs, json_string_value(to)));
    }
    assert_string_equal(slip_json_str(doc, "serialNumber"),
                        "urn:uuid:00112233-4455-8667-8788-99aabbccddee");
    const json_t *archive = find(json_object_get(doc, "components"), "name", "libknot.a");
    const json_t *link = find(json_object_get(archive, "properties"), "name", "slipway:link");
    assert_string_equal(slip_json_str(link, "value"), "static");
}

static void nothing_but_an_image(void **state)
{
    static const char text[] =
        "{\"name\": \"x\", \"digest\": "
        "\"sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\","
        " \"created\": 0, \"packages\": [], \"files\": [], \"archives\": [], \"unknown\": []}";
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_json_decrefp) json_t *bill =
        slip_json_parse(text, sizeof text - 1, "bill", &err);
    slip_cleanup(slip_json_decrefp) json_t *spdx = slip_bill_spdx(bill);
    slip_cleanup(slip_json_decrefp) json_t *cyclonedx = slip_bill_cyclonedx(bill);

    (void)state;
    assert_int_equal(json_array_size(json_object_get(spdx, "packages")), 1);
    assert_int_equal(json_array_size(json_object_get(spdx, "relationships")), 1);
    assert_int_equal(json_array_size(json_object_get(cyclonedx, "components")), 0);
    assert_null(json_object_get(spdx, "comment"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spdx_ids_are_unique_and_known),
        cmocka_unit_test(spdx_says_what_the_bill_says),
        cmocka_unit_test(cyclonedx_refs_are_unique_and_known),
        cmocka_unit_test(nothing_but_an_image),
    };

    return cmocka_run_group_tests_name("bill", tests, NULL, NULL);
}
