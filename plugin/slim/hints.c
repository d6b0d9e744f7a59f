#include "slim/hints.h"

#include "slim/trail.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define STRINGS_LIMIT ((size_t)256 << 20)
#define MAX_PLUGINS 8
#define NAME_LIMIT 128

enum topic { CERTS, LOCALES, MARK, NSS, PASSWD, PLUGINS, PROGRAMS, SHELL, UNWIND, TZDATA };

static const struct {
    const char *need, *text;
} topics[] = {
    [CERTS] = { "ca-certificates", "it checks certificates against the system's, which only "
                                   "DATA ca-certificates puts into the image" },
    [LOCALES] = { "locales", "the image has the locales C and C.UTF-8 and no character sets that "
                             "are kept in files" },
    [NSS] = { "nsswitch", "names of hosts are looked up as /etc/nsswitch.conf and "
                          "/etc/resolv.conf of the image say" },
    [PASSWD] = { "passwd", "users and groups are looked up in the image's /etc/passwd and "
                           "/etc/group, not in this machine's" },
    [PLUGINS] = { "plugins", "no header says which libraries it opens" },
    [PROGRAMS] = { "programs", "programs that it starts must be in the image" },
    [SHELL] = { "/bin/sh", "it needs a shell, and a slim image has none" },
    [TZDATA] = { "tzdata", "only UTC is known until DATA tzdata puts time zones into the image" },
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
    { "getaddrinfo", NSS },
    { "getgrgid", PASSWD },
    { "getgrgid_r", PASSWD },
    { "getgrnam", PASSWD },
    { "getgrnam_r", PASSWD },
    { "gethostbyname", NSS },
    { "gethostbyname2", NSS },
    { "gethostbyname2_r", NSS },
    { "gethostbyname_r", NSS },
    { "getpwnam", PASSWD },
    { "getpwnam_r", PASSWD },
    { "getpwuid", PASSWD },
    { "getpwuid_r", PASSWD },
    { "gnutls_certificate_set_x509_system_trust", CERTS },
    { "iconv_open", LOCALES },
    { "localtime", TZDATA },
    { "localtime_r", TZDATA },
    { "newlocale", LOCALES },
    { "popen", SHELL },
    { "posix_spawn", PROGRAMS },
    { "posix_spawnp", PROGRAMS },
    { "pthread_cancel", UNWIND },
    { "pthread_exit", UNWIND },
    { "setlocale", LOCALES },
    { "system", SHELL },
    { "tzset", TZDATA },
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

void slip_hint_add(struct slip_closure *closure, const char *path, const char *need,
                   const char *fmt, ...)
{
    va_list ap;

    for (size_t i = 0; i < closure->nhints; i++)
        if (strcmp(closure->hints[i].path, path) == 0 && strcmp(closure->hints[i].need, need) == 0)
            return;
    va_start(ap, fmt);
    char *text = slip_xvasprintf(fmt, ap);
    va_end(ap);
    closure->hints =
        slip_xgrow(closure->hints, closure->nhints, &closure->hints_cap, sizeof *closure->hints);
    closure->hints[closure->nhints++] =
        (struct slip_hint){ slip_xstrdup(path), slip_xstrdup(need), text };
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("_-+./", c);
}

/* "libssl.so.3" or "plugins/libfoo.so": a library's name and nothing else. */
static bool is_library_name(const char *s, size_t n)
{
    if (n < 6 || n > NAME_LIMIT)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!s[i] || !is_word(s[i]))
            return false;
    slip_cleanup(slip_freep) char *text = slip_xstrndup(s, n);
    const char *so = strstr(text, ".so");
    if (!so || so == text || so[-1] == '/')
        return false;
    return so[3 + strspn(so + 3, ".0123456789")] == '\0';
}

/* The libraries whose names stand in the file as strings of their own, apart from NEEDED. */
static char *library_strings(int root, const char *path, const struct slip_elf *elf)
{
    slip_cleanup(slip_buf_release) struct slip_buf bytes = SLIP_BUF_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv found = SLIP_STRV_INIT;
    struct slip_buf text = SLIP_BUF_INIT;

    if (!slip_trail_read(root, path, STRINGS_LIMIT, &bytes))
        return slip_buf_take(&text);
    const char *end = bytes.data + bytes.len, *p = bytes.data;
    while (found.n < MAX_PLUGINS && (p = memmem(p, (size_t)(end - p), ".so", 3))) {
        const char *s = p;
        while (s > bytes.data && s[-1] && p - s < NAME_LIMIT)
            s--;
        size_t n = strnlen(s, (size_t)(end - s));
        p = s + n;
        if (is_library_name(s, n) && !slip_strv_has(&elf->needed, s) && !slip_strv_has(&found, s) &&
            !(elf->soname && strcmp(elf->soname, s) == 0) &&
            !(elf->interp && strcmp(elf->interp, s) == 0) &&
            !slip_starts_with(slip_path_base(s), "ld-linux"))
            slip_strv_add(&found, s);
    }
    for (size_t i = 0; i < found.n; i++)
        slip_buf_printf(&text, "%s%s", i ? ", " : "", found.v[i]);
    return slip_buf_take(&text);
}

static void hint_plugins(struct slip_closure *closure, int root, const char *path,
                         const struct slip_elf *elf, const char *symbol)
{
    slip_cleanup(slip_freep) char *names = library_strings(root, path, elf);

    if (*names)
        slip_hint_add(closure, path, "plugins",
                      "calls %s(), and these names stand in it: %s; put those it opens on the "
                      "DLOPEN list",
                      symbol, names);
    else
        slip_hint_add(closure, path, "plugins", "calls %s(): %s; put them on the DLOPEN list",
                      symbol, topics[PLUGINS].text);
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
        slip_hint_add(closure, path, "plugins",
                      "opens by itself what its note names: %s; put what you want of it on the "
                      "DLOPEN list",
                      list.data);
}

void slip_hints_of(struct slip_closure *closure, int root, const char *path,
                   const struct slip_elf *elf, bool plugins_known)
{
    static const enum topic plain[] = { CERTS, LOCALES, NSS, PASSWD, PROGRAMS, SHELL, TZDATA };
    bool old;

    /* A static program contains such functions without ever calling them: only what would break
     * it is worth a word. */
    if (!elf->dynamic || (!elf->interp && elf->needed.n == 0)) {
        const char *symbol = uses(elf, NSS);
        if (!symbol)
            symbol = uses(elf, PASSWD);
        if (symbol && slip_hint_static_nss(elf, &old))
            slip_hint_add(closure, path, "nsswitch",
                          "is linked statically with glibc and calls %s(): what "
                          "/etc/nsswitch.conf names beyond files and dns, it opens as "
                          "libnss_*.so of the very same glibc",
                          symbol);
        return;
    }
    for (size_t i = 0; i < SLIP_ARRAY_LEN(plain); i++) {
        const char *symbol = uses(elf, plain[i]);
        if (symbol)
            slip_hint_add(closure, path, topics[plain[i]].need, "calls %s(): %s", symbol,
                          topics[plain[i]].text);
    }
    if (plugins_known)
        return;
    hint_dlopen_notes(closure, path, elf);
    const char *symbol = uses(elf, PLUGINS);
    if (symbol)
        hint_plugins(closure, root, path, elf, symbol);
}

void slip_hints_of_library(struct slip_closure *closure, const char *path, const char *library,
                           const struct slip_elf *elf)
{
    const char *symbol = uses(elf, CERTS);

    if (symbol)
        slip_hint_add(closure, path, topics[CERTS].need, "%s calls %s(): %s", library, symbol,
                      topics[CERTS].text);
}

const char *slip_hint_hidden_library(const struct slip_elf *elf, bool old_nss, size_t n)
{
    static const char *const nss[] = { "libnss_files.so.2", "libnss_dns.so.2" };

    /* glibc unwinds a thread's stack with libgcc_s.so.1, opened at the first pthread_exit. */
    if (uses(elf, UNWIND) && n-- == 0)
        return "libgcc_s.so.1";
    if (old_nss && (uses(elf, NSS) || uses(elf, PASSWD)) && n < SLIP_ARRAY_LEN(nss))
        return nss[n];
    return NULL;
}

bool slip_hint_static_nss(const struct slip_elf *elf, bool *ret_old)
{
    *ret_old = !slip_strv_has(&elf->symbols, "__nss_files_functions");
    return !*ret_old || slip_strv_has(&elf->symbols, "__nss_lookup_function");
}
