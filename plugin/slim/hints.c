#include "slim/hints.h"

#include <stdlib.h>

#include "slim/strings.h"
#include "util/mem.h"
#include "util/str.h"

enum topic {
    CERTS,
    CHARSETS,
    LOCALES,
    MARK,
    NSS,
    PASSWD,
    PLUGINS,
    PROGRAMS,
    SERVICES,
    SHELL,
    STATIC_NSS,
    SYSLOG,
    TMP,
    TZDATA,
    UNWIND,
    USERS,
    TOPICS
};

/* `met_by`: any of these in the image is enough. `text`: what is missing; `names`: the same when
 * the program's own texts say more, with a place for them; `way`: what to write. */
static const struct {
    const char *need, *met_by[4], *text, *names, *way;
} topics[TOPICS] = {
    [CERTS] = { "ca-certificates",
                { "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem",
                  "/etc/pki/tls/certs/ca-bundle.crt" },
                "it checks certificates against the system's, and the image has none",
                "certificates are looked for in %s, and the image has none",
                "say DATA ca-certificates" },
    [CHARSETS] = { "gconv",
                   { "/usr/lib/*/gconv/gconv-modules*", "/usr/lib*/gconv/gconv-modules*" },
                   "the image has no character sets but ASCII and Unicode's",
                   NULL,
                   "say DLOPEN with the builder's '/usr/lib/*/gconv/*'" },
    [LOCALES] = { "locales",
                  { "/usr/lib/locale/locale-archive", "/usr/lib/locale/*_*" },
                  "the image has the locales C and C.UTF-8 only",
                  NULL,
                  "say DATA /usr/lib/locale to take the builder's" },
    [NSS] = { "nsswitch",
              { "/etc/nsswitch.conf" },
              "names of hosts are looked up as /etc/nsswitch.conf says, and the image has none",
              NULL,
              "install one that says 'hosts: files dns'" },
    [PASSWD] = { "passwd",
                 { "/etc/passwd" },
                 "users and groups are looked up in /etc/passwd and /etc/group, and the image has "
                 "none",
                 "the image's /etc/passwd and /etc/group do not know %s, as which it runs",
                 "give USER a name, or install /etc/passwd and /etc/group" },
    [PLUGINS] = { "dlopen",
                  { NULL },
                  "no header says which libraries it opens",
                  "these names stand in it: %s",
                  "put those it opens on the DLOPEN list" },
    [PROGRAMS] = { "programs",
                   { NULL },
                   "the programs that it starts must be in the image",
                   "the image does not have %s",
                   "install them with the project" },
    [SERVICES] = { "services",
                   { "/etc/services" },
                   "names of ports are looked up in /etc/services, and the image has none",
                   NULL,
                   "say DATA /etc/services" },
    [SHELL] = { "/bin/sh",
                { "/bin/sh" },
                "it needs a shell, and the image has none",
                NULL,
                "take a BASE that has one, or install a static one as /bin/sh" },
    [STATIC_NSS] = { "static-nss",
                     { NULL },
                     "linked statically, glibc still opens libnss_*.so of the very same glibc for "
                     "what /etc/nsswitch.conf names beyond files and dns",
                     NULL,
                     "link it dynamically, or with musl" },
    [SYSLOG] = { "syslog",
                 { NULL },
                 "what it logs goes to /dev/log, where no container has a listener",
                 NULL,
                 "have it log to its standard error" },
    [TMP] = { "tmp", { "/tmp" }, "the image has no /tmp", NULL, "take a BASE that has one" },
    [USERS] = { "users",
                { "/etc/passwd" },
                "the image's /etc/passwd and /etc/group know no user of its own",
                "the image's /etc/passwd and /etc/group do not know %s",
                "name the user as USER, or install /etc/passwd and /etc/group" },
    [TZDATA] = { "tzdata",
                 { "/usr/share/zoneinfo" },
                 "the image knows no time zone but UTC",
                 NULL,
                 "say DATA tzdata" },
};

/* Sorted by name, for bsearch. MARK and UNWIND are no hints by themselves. */
static const struct symbol {
    const char *name;
    enum topic topic;
} symbols[] = {
    { "SSL_CTX_set_default_verify_dir", CERTS },
    { "SSL_CTX_set_default_verify_file", CERTS },
    { "SSL_CTX_set_default_verify_paths", CERTS },
    { "X509_STORE_set_default_paths", CERTS },
    { "X509_get_default_cert_dir", CERTS },
    { "X509_get_default_cert_file", CERTS },
    { "__localtime64", TZDATA },
    { "__localtime64_r", TZDATA },
    { "__nss_files_functions", MARK },
    { "__nss_lookup_function", MARK },
    { "dlmopen", PLUGINS },
    { "dlopen", PLUGINS },
    { "execl", PROGRAMS },
    { "execle", PROGRAMS },
    { "execlp", PROGRAMS },
    { "execv", PROGRAMS },
    { "execve", PROGRAMS },
    { "execvp", PROGRAMS },
    { "execvpe", PROGRAMS },
    { "fexecve", PROGRAMS },
    { "getaddrinfo", NSS },
    { "getgrgid", PASSWD },
    { "getgrgid_r", PASSWD },
    { "getgrnam", USERS },
    { "getgrnam_r", USERS },
    { "getgrouplist", PASSWD },
    { "gethostbyname", NSS },
    { "gethostbyname2", NSS },
    { "gethostbyname2_r", NSS },
    { "gethostbyname_r", NSS },
    { "getpwnam", USERS },
    { "getpwnam_r", USERS },
    { "getpwuid", PASSWD },
    { "getpwuid_r", PASSWD },
    { "getservbyname", SERVICES },
    { "getservbyname_r", SERVICES },
    { "getservbyport", SERVICES },
    { "getservbyport_r", SERVICES },
    { "gnutls_certificate_set_x509_system_trust", CERTS },
    { "iconv_open", CHARSETS },
    { "initgroups", PASSWD },
    { "localtime", TZDATA },
    { "localtime_r", TZDATA },
    { "mkdtemp", TMP },
    { "mkostemp", TMP },
    { "mkostemp64", TMP },
    { "mkstemp", TMP },
    { "mkstemp64", TMP },
    { "mkstemps", TMP },
    { "newlocale", LOCALES },
    { "openlog", SYSLOG },
    { "popen", SHELL },
    { "posix_spawn", PROGRAMS },
    { "posix_spawnp", PROGRAMS },
    { "pthread_cancel", UNWIND },
    { "pthread_exit", UNWIND },
    { "setlocale", LOCALES },
    { "syslog", SYSLOG },
    { "system", SHELL },
    { "tempnam", TMP },
    { "tmpfile", TMP },
    { "tmpfile64", TMP },
    { "tmpnam", TMP },
    { "tzset", TZDATA },
    { "vsyslog", SYSLOG },
};

static int by_name(const void *key, const void *item)
{
    return strcmp(key, ((const struct symbol *)item)->name);
}

static const struct symbol *symbol_of(const char *name)
{
    return bsearch(name, symbols, SLIP_ARRAY_LEN(symbols), sizeof *symbols, by_name);
}

bool slip_hint_symbol(const char *name)
{
    return symbol_of(name);
}

static const char *uses(const struct slip_elf *elf, enum topic topic)
{
    for (size_t i = 0; i < elf->symbols.n; i++) {
        const struct symbol *s = symbol_of(elf->symbols.v[i]);
        if (s && s->topic == topic)
            return s->name;
    }
    return NULL;
}

static struct slip_hint *new_hint(struct slip_closure *closure, const char *path, const char *need)
{
    for (size_t i = 0; i < closure->nhints; i++)
        if (strcmp(closure->hints[i].path, path) == 0 && strcmp(closure->hints[i].need, need) == 0)
            return NULL;
    closure->hints =
        slip_xgrow(closure->hints, closure->nhints, &closure->hints_cap, sizeof *closure->hints);
    struct slip_hint *hint = &closure->hints[closure->nhints++];
    *hint = (struct slip_hint){ .path = slip_xstrdup(path), .need = slip_xstrdup(need) };
    return hint;
}

struct slip_hint *slip_hint_add(struct slip_closure *closure, const char *path, const char *need,
                                const char *fmt, ...)
{
    struct slip_hint *hint = new_hint(closure, path, need);
    va_list ap;

    if (!hint)
        return NULL;
    va_start(ap, fmt);
    hint->text = slip_xvasprintf(fmt, ap);
    va_end(ap);
    return hint;
}

void slip_hint_release(struct slip_hint *hint)
{
    free(hint->path);
    free(hint->need);
    free(hint->cause);
    free(hint->text);
    slip_strv_release(&hint->names);
}

/* TOPICS for one that was said whole when it was made. */
static enum topic topic_of(const struct slip_hint *hint)
{
    enum topic t = hint->cause ? 0 : TOPICS;

    while (t < TOPICS && (!topics[t].need || strcmp(topics[t].need, hint->need) != 0))
        t++;
    return t;
}

/* "calls dlopen(): no header says which libraries it opens; put those it opens on the DLOPEN list"
 */
static void compose(struct slip_hint *hint)
{
    enum topic t = topic_of(hint);
    slip_cleanup(slip_buf_release) struct slip_buf names = SLIP_BUF_INIT;
    struct slip_buf text = SLIP_BUF_INIT;

    if (t == TOPICS)
        return;
    for (size_t i = 0; i < hint->names.n; i++)
        slip_buf_printf(&names, "%s%s", i ? ", " : "", hint->names.v[i]);
    slip_buf_printf(&text, "%s: ", hint->cause);
    const char *said = names.len ? topics[t].names : topics[t].text;
    const char *place = names.len ? strstr(said, "%s") : NULL;
    if (place) {
        slip_buf_put(&text, said, (size_t)(place - said));
        slip_buf_puts(&text, slip_buf_str(&names));
        said = place + strlen("%s");
    }
    slip_buf_printf(&text, "%s; %s, or ACKNOWLEDGE %s", said, topics[t].way, hint->need);
    free(hint->text);
    hint->text = slip_buf_take(&text);
}

static void add_topic(struct slip_closure *closure, const char *path, enum topic topic,
                      const char *library, const char *symbol)
{
    struct slip_hint *hint = new_hint(closure, path, topics[topic].need);

    if (!hint)
        return;
    hint->cause = library ? slip_xasprintf("%s calls %s()", library, symbol)
                          : slip_xasprintf("calls %s()", symbol);
    compose(hint);
}

static void hint_dlopen_notes(struct slip_closure *closure, const char *path,
                              const struct slip_elf *elf)
{
    slip_cleanup(slip_buf_release) struct slip_buf list = SLIP_BUF_INIT;

    for (size_t i = 0; i < elf->ndlopens; i++) {
        const struct slip_elf_dlopen *d = &elf->dlopens[i];
        if (strcmp(d->priority, "required") == 0)
            continue;
        slip_buf_printf(&list, "%s%s%s%s (%s)", list.len ? ", " : "", d->sonames.v[0],
                        *d->feature ? " for " : "", d->feature, d->priority);
    }
    if (list.len)
        slip_hint_add(closure, path, topics[PLUGINS].need,
                      "opens by itself what its note names: %s; put what you want of it on the "
                      "DLOPEN list, or ACKNOWLEDGE %s",
                      list.data, topics[PLUGINS].need);
}

/* Which texts of the program say more about a topic; SLIP_STRINGS_KINDS: none do. */
static enum slip_strings_kind kind_of(enum topic topic)
{
    switch (topic) {
    case CERTS:
        return SLIP_STRINGS_CERTIFICATES;
    case USERS:
        return SLIP_STRINGS_USERS;
    case PLUGINS:
        return SLIP_STRINGS_LIBRARIES;
    case PROGRAMS:
        return SLIP_STRINGS_PROGRAMS;
    default:
        return SLIP_STRINGS_KINDS;
    }
}

static bool speaks_tls(const struct slip_elf *elf)
{
    static const char *const libraries[] = { "libssl.so", "libgnutls.so", "libmbedtls.so" };

    for (size_t i = 0; i < elf->needed.n; i++)
        for (size_t k = 0; k < SLIP_ARRAY_LEN(libraries); k++)
            if (slip_starts_with(elf->needed.v[i], libraries[k]))
                return true;
    return false;
}

/* Names what the program's own texts name, and adds the hint that only they give: a place for
 * certificates that was compiled in. */
static void add_names(struct slip_closure *closure, size_t first, int root, const char *path,
                      const struct slip_elf *elf)
{
    struct slip_strv found[SLIP_STRINGS_KINDS] = { 0 };
    bool has_place = speaks_tls(elf) && !uses(elf, CERTS);
    unsigned kinds = has_place ? 1u << SLIP_STRINGS_CERTIFICATES : 0;

    for (size_t i = first; i < closure->nhints; i++) {
        enum slip_strings_kind kind = kind_of(topic_of(&closure->hints[i]));
        if (kind != SLIP_STRINGS_KINDS && kind != SLIP_STRINGS_CERTIFICATES)
            kinds |= 1u << kind;
    }
    slip_strings_find(root, path, elf, kinds, found);
    struct slip_hint *place = has_place && found[SLIP_STRINGS_CERTIFICATES].n
                                  ? new_hint(closure, path, topics[CERTS].need)
                                  : NULL;
    if (place)
        place->cause = slip_xstrdup("speaks TLS");
    for (size_t i = first; i < closure->nhints; i++) {
        enum slip_strings_kind kind = kind_of(topic_of(&closure->hints[i]));
        if (kind != SLIP_STRINGS_KINDS)
            slip_strv_copy(&closure->hints[i].names, &found[kind]);
        compose(&closure->hints[i]);
    }
    for (size_t i = 0; i < SLIP_STRINGS_KINDS; i++)
        slip_strv_release(&found[i]);
}

/* A static program contains such functions without ever calling them: only what would break it is
 * worth a word. */
static void hint_static(struct slip_closure *closure, const char *path, const struct slip_elf *elf)
{
    const char *symbol = uses(elf, NSS);
    bool old;

    if (!symbol)
        symbol = uses(elf, USERS);
    if (!symbol)
        symbol = uses(elf, PASSWD);
    if (symbol && slip_hint_static_nss(elf, &old))
        add_topic(closure, path, STATIC_NSS, NULL, symbol);
}

/* musl looks up names, locales and character sets without any file. */
static bool is_for_glibc(enum topic topic)
{
    return topic == NSS || topic == LOCALES || topic == CHARSETS;
}

void slip_hints_of(struct slip_closure *closure, int root, const char *path,
                   const struct slip_elf *elf, bool plugins_known)
{
    static const enum topic asked[] = { CERTS,    CHARSETS, LOCALES, NSS,    PASSWD, USERS, PLUGINS,
                                        PROGRAMS, SERVICES, SHELL,   SYSLOG, TMP,    TZDATA };
    size_t first = closure->nhints;
    bool musl =
        slip_strv_has(&elf->needed, "libc.so") || (elf->interp && strstr(elf->interp, "ld-musl"));

    if (!elf->dynamic || (!elf->interp && elf->needed.n == 0)) {
        hint_static(closure, path, elf);
        return;
    }
    if (!plugins_known)
        hint_dlopen_notes(closure, path, elf);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(asked); i++) {
        const char *symbol = uses(elf, asked[i]);
        if (!symbol || (asked[i] == PLUGINS && plugins_known) || (musl && is_for_glibc(asked[i])))
            continue;
        add_topic(closure, path, asked[i], NULL, symbol);
    }
    add_names(closure, first, root, path, elf);
}

void slip_hints_of_library(struct slip_closure *closure, const char *path, const char *library,
                           const struct slip_elf *elf)
{
    const char *symbol = uses(elf, CERTS);

    if (symbol)
        add_topic(closure, path, CERTS, library, symbol);
}

static bool has_any(const char *const *patterns, const struct slip_hint_image *image)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(topics[0].met_by) && patterns[i]; i++)
        if (image->has(image->user, patterns[i]))
            return true;
    return false;
}

/* Takes the names away that the image has. */
static void drop_known(struct slip_hint *hint, bool (*has)(void *user, const char *name),
                       void *user)
{
    struct slip_strv left = SLIP_STRV_INIT;

    for (size_t i = 0; i < hint->names.n; i++)
        if (!has(user, hint->names.v[i]))
            slip_strv_add(&left, hint->names.v[i]);
    slip_strv_release(&hint->names);
    hint->names = left;
}

void slip_hint_settle(struct slip_hint *hint, const struct slip_hint_image *image)
{
    enum topic t = topic_of(hint);
    bool named = hint->names.n > 0;

    if (t == TOPICS)
        return;
    bool there = has_any(topics[t].met_by, image);
    if (t == PROGRAMS)
        drop_known(hint, image->has, image->user);
    else if (t == USERS && there)
        drop_known(hint, image->has_user, image->user);
    else if (t == USERS)
        slip_strv_release(&hint->names); /* nobody is known */
    else if (t == PASSWD && there && image->runs_as &&
             !image->has_user(image->user, image->runs_as))
        slip_strv_add(&hint->names, image->runs_as);
    if (t == PROGRAMS)
        there = named;
    else if (t == USERS && !named)
        there = there && !image->only_usual;
    hint->is_met = there && (t == CERTS || !hint->names.n);
    compose(hint);
}

const char *slip_hint_hidden_library(const struct slip_elf *elf, bool old_nss, size_t n)
{
    static const char *const nss[] = { "libnss_files.so.2", "libnss_dns.so.2" };

    /* glibc unwinds a thread's stack with libgcc_s.so.1, opened at the first pthread_exit. */
    if (uses(elf, UNWIND) && n-- == 0)
        return "libgcc_s.so.1";
    if (old_nss && (uses(elf, NSS) || uses(elf, PASSWD) || uses(elf, USERS)) &&
        n < SLIP_ARRAY_LEN(nss))
        return nss[n];
    return NULL;
}

bool slip_hint_static_nss(const struct slip_elf *elf, bool *ret_old)
{
    *ret_old = !slip_strv_has(&elf->symbols, "__nss_files_functions");
    return !*ret_old || slip_strv_has(&elf->symbols, "__nss_lookup_function");
}
