/* Package databases of images, and what becomes of them in a bill. */
#include "../main.h"

#include "slim/apk.h"
#include "slim/dpkg.h"
#include "slim/licence.h"
#include "slim/package.h"

struct row {
    const char *name;
    const char *text;
    const char *seen; /* of each package: purl, then its source's */
};

static const struct row dpkg_rows[] = {
    { "an installed package",
      "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\n"
      "Source: glibc\nVersion: 2.36-9+deb12u4\n",
      "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12 "
      "pkg:deb/debian/glibc@2.36-9%2Bdeb12u4?arch=source&distro=debian-12\n" },
    { "an epoch, and a source of another version",
      "Package: zlib1g\nStatus: hold ok installed\nArchitecture: i386\n"
      "Source: zlib (1:1.2.13.dfsg-1)\nVersion: 1:1.2.13.dfsg-1+b1\n",
      "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1%2Bb1?arch=i386&distro=debian-12 "
      "pkg:deb/debian/zlib@1:1.2.13.dfsg-1?arch=source&distro=debian-12\n" },
    { "of distroless: no status, blank lines before and after",
      "\n\nPackage: tzdata\nVersion: 2024a\nArchitecture: all\nDescription: x\n more\n .\n\n\n",
      "pkg:deb/debian/tzdata@2024a?arch=all&distro=debian-12 "
      "pkg:deb/debian/tzdata@2024a?arch=source&distro=debian-12\n" },
    { "configuration that was left behind does not count",
      "Package: a\nStatus: deinstall ok config-files\nVersion: 1\n\n"
      "Package: b\nStatus: install ok half-installed\nVersion: 1\n\n"
      "Package: c\nStatus: install ok not-installed\nVersion: 1\n",
      "" },
    { "two architectures of one",
      "Package: a\nVersion: 1\nArchitecture: amd64\n\nPackage: a\nVersion: 1\nArchitecture: "
      "arm64\n\nPackage: a\nVersion: 2\nArchitecture: amd64\n",
      "pkg:deb/debian/a@1?arch=amd64&distro=debian-12 "
      "pkg:deb/debian/a@1?arch=source&distro=debian-12\n"
      "pkg:deb/debian/a@1?arch=arm64&distro=debian-12 "
      "pkg:deb/debian/a@1?arch=source&distro=debian-12\n" },
    { "what could leave its place is no name",
      "Package: ../etc\nVersion: 1\n\nPackage: a b\nVersion: 1\n\nPackage: a\nVersion: 1/2\n\n"
      "Package: a\nVersion:\n\nVersion: 1\n\nPackage\n\n:\n",
      "" },
};

static const struct row apk_rows[] = {
    { "packages with licence and origin",
      "C:Q1x=\nP:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\no:musl\nF:lib\nR:ld-musl-x86_64.so.1\n\n"
      "P:libcrypto3\nV:3.1.4-r5\nA:x86_64\nL:Apache-2.0\no:openssl\n",
      "pkg:apk/debian/musl@1.2.4-r2?arch=x86_64&distro=debian-12 "
      "pkg:apk/debian/musl@1.2.4-r2?arch=source&distro=debian-12\n"
      "pkg:apk/debian/libcrypto3@3.1.4-r5?arch=x86_64&distro=debian-12 "
      "pkg:apk/debian/openssl@3.1.4-r5?arch=source&distro=debian-12\n" },
    { "half a package", "P:musl\n\nV:1\n\nx\n:\nP\n", "" },
};

static char *seen(const struct slip_packages *list)
{
    const struct slip_distro distro = { (char[]){ "debian" }, (char[]){ "12" }, NULL };
    struct slip_buf out = SLIP_BUF_INIT;

    for (size_t i = 0; i < list->n; i++) {
        slip_cleanup(slip_freep) char *purl = slip_package_purl(&list->v[i], &distro);
        slip_cleanup(slip_freep) char *source = slip_package_source_purl(&list->v[i], &distro);
        slip_buf_printf(&out, "%s %s\n", purl, source);
    }
    return slip_buf_take(&out);
}

static void dpkg_is_read(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_packages_release) struct slip_packages list = SLIP_PACKAGES_INIT;

    slip_dpkg_parse(row->text, strlen(row->text), &list);
    slip_cleanup(slip_freep) char *got = seen(&list);
    assert_string_equal(got, row->seen);
    for (size_t i = 0; i < list.n; i++) { /* what status.d says of it says all of this */
        slip_cleanup(slip_packages_release) struct slip_packages again = SLIP_PACKAGES_INIT;
        slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
        slip_dpkg_paragraph(&list.v[i], &text);
        slip_dpkg_parse(slip_buf_str(&text), text.len, &again);
        assert_int_equal(again.n, 1);
        slip_cleanup(slip_freep) char *back = seen(&again);
        assert_non_null(strstr(got, back));
    }
}

static void on_file(void *user, const char *path, const char *package)
{
    slip_buf_printf(user, "%s %s\n", path, package);
}

static void apk_is_read(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_packages_release) struct slip_packages list = SLIP_PACKAGES_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf files = SLIP_BUF_INIT;

    slip_apk_parse(row->text, strlen(row->text), &list, on_file, &files);
    slip_cleanup(slip_freep) char *got = seen(&list);
    assert_string_equal(got, row->seen);
    if (list.n) {
        assert_string_equal(slip_buf_str(&files), "/lib/ld-musl-x86_64.so.1 musl\n");
        assert_string_equal(list.v[0].licence, "MIT");
    }
}

static void apk_is_written(void **state)
{
    slip_cleanup(slip_packages_release) struct slip_packages list = SLIP_PACKAGES_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv paths = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    static const char text[] = "P:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\no:musl\n";

    (void)state;
    slip_apk_parse(text, sizeof text - 1, &list, NULL, NULL);
    slip_strv_add(&paths, "/lib/a");
    slip_strv_add(&paths, "/lib/b");
    slip_strv_add(&paths, "/top");
    slip_apk_paragraph(&list.v[0], &paths, &out);
    assert_string_equal(slip_buf_str(&out), "P:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\no:musl\n"
                                            "F:lib\nR:a\nR:b\nF:\nR:top\n\n");
}

struct licence {
    const char *name;
    const char *text;
    const char *expression; /* NULL: nothing is said */
};

#define DEP5 "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"

static const struct licence copyrights[] = {
    { "one licence", DEP5 "Files: *\nLicense: Expat\n text\n", "MIT" },
    { "the GNU licences by version",
      DEP5 "Files: *\nLicense: GPL-2+\n\nFiles: a\nLicense: "
           "LGPL-2.1\n\nFiles: b\nLicense: GPL-3\n",
      "GPL-2.0-or-later AND GPL-3.0-only AND LGPL-2.1-only" },
    { "a choice", DEP5 "Files: *\nLicense: Apache-2.0 or GPL-2\n", "Apache-2.0 OR GPL-2.0-only" },
    { "a choice beside another",
      DEP5 "Files: *\nLicense: Apache-2.0 or GPL-2\n\nFiles: a\nLicense: Zlib\n",
      "(Apache-2.0 OR GPL-2.0-only) AND Zlib" },
    { "a name of the file's own", DEP5 "Files: *\nLicense: BSD-like (old)\n",
      "LicenseRef-pkg-BSD-like--old-" },
    { "an exception is no licence that is known",
      DEP5 "Files: *\nLicense: GPL-2+ with OpenSSL exception\n",
      "LicenseRef-pkg-GPL-2--with-OpenSSL-exception" },
    { "a version that the licence has not", DEP5 "Files: *\nLicense: GPL-7\n",
      "LicenseRef-pkg-GPL-7" },
    { "no version", DEP5 "Files: *\nLicense: GPL\n", "LicenseRef-pkg-GPL" },
    { "a comma binds nobody knows how", DEP5 "Files: *\nLicense: GPL-2 or MIT, and Zlib\n",
      "LicenseRef-pkg-GPL-2-or-MIT--and-Zlib" },
    { "each once", DEP5 "Files: *\nLicense: Zlib\n\nFiles: a\nLicense: Zlib\n", "Zlib" },
    { "texts that stand alone say nothing of files", DEP5 "License: GPL-2\n text\n", NULL },
    { "another format", "This package was debianized.\n\nFiles: *\nLicense: Expat\n", NULL },
    { "nothing", "", NULL },
};

static void copyright_is_read(void **state)
{
    const struct licence *row = *state;
    slip_cleanup(slip_freep) char *got = slip_licence_dep5(row->text, strlen(row->text), "pkg");

    if (!row->expression)
        assert_null(got);
    else
        assert_string_equal(got, row->expression);
}

static const struct licence expressions[] = {
    { "an identifier", "MIT", "MIT" },
    { "operators and parentheses", "(MIT OR Apache-2.0) AND Zlib", "(MIT OR Apache-2.0) AND Zlib" },
    { "an unknown word", "MIT AND Foo", NULL },
    { "no operator between", "MIT Zlib", NULL },
    { "an operator alone", "AND", NULL },
    { "an operator at the end", "MIT AND ", NULL },
    { "a parenthesis too many", "(MIT", NULL },
    { "and too few", "MIT)", NULL },
    { "empty parentheses", "()", NULL },
    { "nothing said", "", NULL },
};

static void expression_is_checked(void **state)
{
    const struct licence *row = *state;
    slip_cleanup(slip_freep) char *got = slip_licence_expression(row->text);

    if (!row->expression)
        assert_null(got);
    else
        assert_string_equal(got, row->expression);
}

int main(void)
{
    const struct CMUnitTest written[] = { cmocka_unit_test(apk_is_written) };

    return SLIP_RUN_ROWS("dpkg", dpkg_rows, dpkg_is_read) +
           SLIP_RUN_ROWS("apk", apk_rows, apk_is_read) +
           cmocka_run_group_tests_name("apk written", written, NULL, NULL) +
           SLIP_RUN_ROWS("copyright", copyrights, copyright_is_read) +
           SLIP_RUN_ROWS("expression", expressions, expression_is_checked);
}
