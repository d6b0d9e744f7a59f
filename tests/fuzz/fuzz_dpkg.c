/* fuzz_dpkg.c - package databases from images: the same text is read as dpkg's status, as apk's
 * database, and as a copyright file. What a package is written as in status.d must be read back as
 * the same package, and every licence must be an expression.
 */
#include <stdint.h>
#include <stdlib.h>

#include "slim/apk.h"
#include "slim/dpkg.h"
#include "slim/licence.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const char *a, const char *b)
{
    if ((a == NULL) != (b == NULL) || (a && strcmp(a, b) != 0))
        abort();
}

static void read_back(const struct slip_package *package)
{
    slip_cleanup(slip_packages_release) struct slip_packages again = SLIP_PACKAGES_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    const struct slip_distro distro = { .id = (char[]){ "debian" }, .version_id = NULL };

    slip_dpkg_paragraph(package, &text);
    slip_dpkg_parse(slip_buf_str(&text), text.len, &again);
    if (again.n != 1)
        abort();
    same(package->name, again.v[0].name);
    same(package->version, again.v[0].version);
    same(package->arch, again.v[0].arch);
    same(package->source, again.v[0].source);
    same(package->source_version, again.v[0].source_version);
    slip_cleanup(slip_freep) char *purl = slip_package_purl(package, &distro);
    slip_cleanup(slip_json_decrefp) json_t *row = slip_package_json(package, &distro);
    same(purl, slip_json_str(row, "purl"));
}

static void on_file(void *user, const char *path, const char *package)
{
    *(size_t *)user += strlen(path) + strlen(package);
}

static void check_licence(char *licence)
{
    int depth = 0;

    if (!licence)
        return;
    for (const char *p = licence; *p; p++) {
        depth += *p == '(';
        depth -= *p == ')';
        if (depth < 0 || (unsigned char)*p < ' ' || (unsigned char)*p > '~')
            abort();
    }
    if (depth != 0 || !*licence)
        abort();
    free(licence);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slip_cleanup(slip_packages_release) struct slip_packages deb = SLIP_PACKAGES_INIT;
    slip_cleanup(slip_packages_release) struct slip_packages apk = SLIP_PACKAGES_INIT;
    slip_cleanup(slip_freep) char *text = slip_xmalloc(size + 1);
    size_t seen = 0;

    if (size > (size_t)1 << 20)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    slip_dpkg_parse(text, size, &deb);
    for (size_t i = 0; i < deb.n; i++)
        read_back(&deb.v[i]);
    slip_apk_parse(text, size, &apk, on_file, &seen);
    check_licence(slip_licence_dep5(text, size, "fuzz"));
    check_licence(slip_licence_expression(text));
    return 0;
}
