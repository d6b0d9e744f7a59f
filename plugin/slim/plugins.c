#include "slim/plugins.h"

#include <fnmatch.h>

#include "slim/hints.h"
#include "slim/trail.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

static const struct row {
    const char *library; /* start of a soname in the process; NULL: any process */
    const char *symbol;  /* that the program itself imports; NULL: no matter */
    const char *need;    /* names the hint */
    const char *where;   /* below /usr/$LIB; what must be there for it to be worth a word */
    const char *text;    /* what is not in the image, unless the pattern is on the DLOPEN list */
} rows[] = {
    { "libcrypto.so.3", "OSSL_PROVIDER_load", "openssl-providers", "ossl-modules/*.so",
      "OpenSSL's own providers are in libcrypto, but the legacy one (RC4, MD4, Blowfish) and "
      "FIPS" },
    { "libcrypto.so.", "ENGINE_by_id", "openssl-engines", "engines-*/*.so", "OpenSSL's engines" },
    { NULL, "iconv_open", "gconv", "gconv/*",
      "character sets other than UTF-8, UCS-2, UCS-4 and ASCII" },
    { "libQt5Gui.so.5", NULL, "qt-platforms", "qt5/plugins/platforms/*.so",
      "without a platform plugin no Qt window opens; they" },
    { "libQt6Gui.so.6", NULL, "qt-platforms", "qt6/plugins/platforms/*.so",
      "without a platform plugin no Qt window opens; they" },
    { "libQt5Network.so.5", NULL, "qt-bearers", "qt5/plugins/bearer/*.so", "Qt's network plugins" },
    { "libQt6Network.so.6", NULL, "qt-tls", "qt6/plugins/tls/*.so", "Qt's TLS backends" },
    { "libQt5Sql.so.5", NULL, "qt-sql", "qt5/plugins/sqldrivers/*.so", "Qt's database drivers" },
    { "libQt6Sql.so.6", NULL, "qt-sql", "qt6/plugins/sqldrivers/*.so", "Qt's database drivers" },
    { "libgstreamer-1.0.so.0", NULL, "gstreamer", "gstreamer-1.0/*.so",
      "every GStreamer element is a plugin; they" },
    { "libgio-2.0.so.0", NULL, "gio-modules", "gio/modules/*.so", "GIO's modules (TLS, proxies)" },
    { "libgdk_pixbuf-2.0.so.0", NULL, "gdk-pixbuf", "gdk-pixbuf-2.0/*/loaders/*.so",
      "gdk-pixbuf's loaders of images" },
    { "libpam.so.0", NULL, "pam", "security/pam_*.so",
      "PAM opens the modules that /etc/pam.d names; they" },
    { "libkrb5.so.3", NULL, "krb5-plugins", "krb5/plugins/*/*.so", "Kerberos' plugins" },
    { "libsasl2.so.2", NULL, "sasl", "sasl2/*.so", "SASL's mechanisms" },
    { "libp11-kit.so.0", "gnutls_certificate_set_x509_system_trust", "p11-kit", "pkcs11/*.so",
      "the system's trust store by p11-kit, and other PKCS#11 modules," },
    { "libldap", "ldap_sasl_interactive_bind_s", "sasl", "sasl2/*.so", "SASL's mechanisms" },
    { "libodbc.so.2", NULL, "odbc", "odbc/*.so", "ODBC's drivers" },
    { "libvulkan.so.1", NULL, "vulkan", "libvulkan_*.so", "Vulkan's drivers" },
    { "libMagickCore-6", NULL, "imagemagick", "ImageMagick-*/modules-*/coders/*.so",
      "ImageMagick's coders" },
};

bool slip_plugin_symbol(const char *name)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++)
        if (rows[i].symbol && strcmp(rows[i].symbol, name) == 0)
            return true;
    return false;
}

/* What a base has, it has with its modules. */
static bool holds(const struct slip_process *p, const struct row *row)
{
    if (row->symbol && !slip_strv_has(&p->nodes[0].member->elf.symbols, row->symbol))
        return false;
    for (size_t i = 1; row->library && i < p->n; i++) {
        const struct slip_node *node = &p->nodes[i];
        const char *soname = node->member->elf.soname;
        if (node->where == SLIP_IN_BUILDER && soname && slip_starts_with(soname, row->library))
            return true;
    }
    return !row->library && p->base_loader == NULL;
}

static bool is_taken(const struct slip_world *world, const char *pattern)
{
    const struct slip_closure *closure = world->closure;

    for (const char *const *d = world->options->dlopen; d && *d; d++)
        if (fnmatch(pattern, *d, FNM_PATHNAME) == 0)
            return true;
    for (size_t i = 0; i < closure->nfiles; i++)
        if (fnmatch(pattern, closure->files[i].path, FNM_PATHNAME) == 0)
            return true;
    return false;
}

/* One pattern for the pre-merge and the merged layout: libraries of packages are below /usr. */
static char *pattern_of(const struct slip_process *p, const struct row *row)
{
    const char *lib = p->loader->lib;

    return slip_xasprintf("/usr/%s/%s", slip_starts_with(lib, "usr/") ? lib + 4 : lib, row->where);
}

void slip_plugins_hint(const struct slip_process *p)
{
    struct slip_world *w = p->world;

    for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++) {
        if (p->loader->musl || !holds(p, &rows[i]))
            continue;
        slip_cleanup(slip_strv_release) struct slip_strv found = SLIP_STRV_INIT;
        slip_cleanup(slip_freep) char *pattern = pattern_of(p, &rows[i]);
        slip_trail_glob(w->options->root, pattern, &found);
        if (found.n && !is_taken(w, pattern))
            slip_hint_add(w->closure, p->nodes[0].member->path, rows[i].need,
                          "%s are not in the image: put '%s', or those of its %zu files that it "
                          "wants, on the DLOPEN list, or ACKNOWLEDGE %s",
                          rows[i].text, pattern, found.n, rows[i].need);
    }
}
