#include "slim/topics.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

const struct slip_topic_row slip_topics[SLIP_TOPICS] = {
    [SLIP_TOPIC_CERTS] = { "ca-certificates",
                           { "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem",
                             "/etc/pki/tls/certs/ca-bundle.crt" },
                           "it checks certificates against the system's, and the image has none",
                           "certificates are looked for in %s, and the image has none",
                           "say DATA ca-certificates" },
    [SLIP_TOPIC_CHARSETS] = { "gconv",
                              { "/usr/lib/*/gconv/gconv-modules*",
                                "/usr/lib*/gconv/gconv-modules*" },
                              "the image has no character sets but ASCII and Unicode's",
                              NULL,
                              "say DLOPEN with the builder's '/usr/lib/*/gconv/*'" },
    [SLIP_TOPIC_LOCALES] = { "locales",
                             { "/usr/lib/locale/locale-archive", "/usr/lib/locale/*_*" },
                             "the image has the locales C and C.UTF-8 only",
                             NULL,
                             "say DATA /usr/lib/locale to take the builder's" },
    [SLIP_TOPIC_NSS] = { "nsswitch",
                         { "/etc/nsswitch.conf" },
                         "names of hosts are looked up as /etc/nsswitch.conf says, and the image "
                         "has none",
                         NULL,
                         "install one that says 'hosts: files dns'" },
    [SLIP_TOPIC_PASSWD] = { "passwd",
                            { "/etc/passwd" },
                            "users and groups are looked up in /etc/passwd and /etc/group, and the "
                            "image has "
                            "none",
                            "the image's /etc/passwd and /etc/group do not know %s, as which it "
                            "runs",
                            "give USER a name, or install /etc/passwd and /etc/group" },
    [SLIP_TOPIC_PLUGINS] = { "dlopen",
                             { NULL },
                             "no header says which libraries it opens",
                             "these names stand in it: %s",
                             "put those it opens on the DLOPEN list" },
    [SLIP_TOPIC_PROGRAMS] = { "programs",
                              { NULL },
                              "the programs that it starts must be in the image",
                              "the image does not have %s",
                              "install them with the project" },
    [SLIP_TOPIC_SERVICES] = { "services",
                              { "/etc/services" },
                              "names of ports are looked up in /etc/services, and the image has "
                              "none",
                              NULL,
                              "say DATA /etc/services" },
    [SLIP_TOPIC_SHELL] = { "/bin/sh",
                           { "/bin/sh" },
                           "it needs a shell, and the image has none",
                           NULL,
                           "take a BASE that has one, or install a static one as /bin/sh" },
    [SLIP_TOPIC_STATIC_NSS] = { "static-nss",
                                { NULL },
                                "linked statically, glibc still opens libnss_*.so of the very same "
                                "glibc for "
                                "what /etc/nsswitch.conf names beyond files and dns",
                                NULL,
                                "link it dynamically, or with musl" },
    [SLIP_TOPIC_SYSLOG] = { "syslog",
                            { NULL },
                            "what it logs goes to /dev/log, where no container has a listener",
                            NULL,
                            "have it log to its standard error" },
    [SLIP_TOPIC_TMP] = { "tmp",
                         { "/tmp" },
                         "the image has no /tmp",
                         NULL,
                         "take a BASE that has one" },
    [SLIP_TOPIC_USERS] = { "users",
                           { "/etc/passwd" },
                           "the image's /etc/passwd and /etc/group know no user of its own",
                           "the image's /etc/passwd and /etc/group do not know %s",
                           "name the user as USER, or install /etc/passwd and /etc/group" },
    [SLIP_TOPIC_TZDATA] = { "tzdata",
                            { "/usr/share/zoneinfo" },
                            "the image knows no time zone but UTC",
                            NULL,
                            "say DATA tzdata" },
};

/* Sorted by name, for bsearch. MARK and UNWIND are no hints by themselves. */
static const struct symbol {
    const char *name;
    enum slip_topic topic;
} symbols[] = {
    { "SSL_CTX_set_default_verify_dir", SLIP_TOPIC_CERTS },
    { "SSL_CTX_set_default_verify_file", SLIP_TOPIC_CERTS },
    { "SSL_CTX_set_default_verify_paths", SLIP_TOPIC_CERTS },
    { "X509_STORE_set_default_paths", SLIP_TOPIC_CERTS },
    { "X509_get_default_cert_dir", SLIP_TOPIC_CERTS },
    { "X509_get_default_cert_file", SLIP_TOPIC_CERTS },
    { "__localtime64", SLIP_TOPIC_TZDATA },
    { "__localtime64_r", SLIP_TOPIC_TZDATA },
    { "__nss_files_functions", SLIP_TOPIC_MARK },
    { "__nss_lookup_function", SLIP_TOPIC_MARK },
    { "dlmopen", SLIP_TOPIC_PLUGINS },
    { "dlopen", SLIP_TOPIC_PLUGINS },
    { "execl", SLIP_TOPIC_PROGRAMS },
    { "execle", SLIP_TOPIC_PROGRAMS },
    { "execlp", SLIP_TOPIC_PROGRAMS },
    { "execv", SLIP_TOPIC_PROGRAMS },
    { "execve", SLIP_TOPIC_PROGRAMS },
    { "execvp", SLIP_TOPIC_PROGRAMS },
    { "execvpe", SLIP_TOPIC_PROGRAMS },
    { "fexecve", SLIP_TOPIC_PROGRAMS },
    { "getaddrinfo", SLIP_TOPIC_NSS },
    { "getgrgid", SLIP_TOPIC_PASSWD },
    { "getgrgid_r", SLIP_TOPIC_PASSWD },
    { "getgrnam", SLIP_TOPIC_USERS },
    { "getgrnam_r", SLIP_TOPIC_USERS },
    { "getgrouplist", SLIP_TOPIC_PASSWD },
    { "gethostbyname", SLIP_TOPIC_NSS },
    { "gethostbyname2", SLIP_TOPIC_NSS },
    { "gethostbyname2_r", SLIP_TOPIC_NSS },
    { "gethostbyname_r", SLIP_TOPIC_NSS },
    { "getpwnam", SLIP_TOPIC_USERS },
    { "getpwnam_r", SLIP_TOPIC_USERS },
    { "getpwuid", SLIP_TOPIC_PASSWD },
    { "getpwuid_r", SLIP_TOPIC_PASSWD },
    { "getservbyname", SLIP_TOPIC_SERVICES },
    { "getservbyname_r", SLIP_TOPIC_SERVICES },
    { "getservbyport", SLIP_TOPIC_SERVICES },
    { "getservbyport_r", SLIP_TOPIC_SERVICES },
    { "gnutls_certificate_set_x509_system_trust", SLIP_TOPIC_CERTS },
    { "iconv_open", SLIP_TOPIC_CHARSETS },
    { "initgroups", SLIP_TOPIC_PASSWD },
    { "localtime", SLIP_TOPIC_TZDATA },
    { "localtime_r", SLIP_TOPIC_TZDATA },
    { "mkdtemp", SLIP_TOPIC_TMP },
    { "mkostemp", SLIP_TOPIC_TMP },
    { "mkostemp64", SLIP_TOPIC_TMP },
    { "mkstemp", SLIP_TOPIC_TMP },
    { "mkstemp64", SLIP_TOPIC_TMP },
    { "mkstemps", SLIP_TOPIC_TMP },
    { "newlocale", SLIP_TOPIC_LOCALES },
    { "openlog", SLIP_TOPIC_SYSLOG },
    { "popen", SLIP_TOPIC_SHELL },
    { "posix_spawn", SLIP_TOPIC_PROGRAMS },
    { "posix_spawnp", SLIP_TOPIC_PROGRAMS },
    { "pthread_cancel", SLIP_TOPIC_UNWIND },
    { "pthread_exit", SLIP_TOPIC_UNWIND },
    { "setlocale", SLIP_TOPIC_LOCALES },
    { "syslog", SLIP_TOPIC_SYSLOG },
    { "system", SLIP_TOPIC_SHELL },
    { "tempnam", SLIP_TOPIC_TMP },
    { "tmpfile", SLIP_TOPIC_TMP },
    { "tmpfile64", SLIP_TOPIC_TMP },
    { "tmpnam", SLIP_TOPIC_TMP },
    { "tzset", SLIP_TOPIC_TZDATA },
    { "vsyslog", SLIP_TOPIC_SYSLOG },
};

static int by_name(const void *key, const void *item)
{
    return strcmp(key, ((const struct symbol *)item)->name);
}

enum slip_topic slip_topic_of_symbol(const char *name)
{
    const struct symbol *found =
        bsearch(name, symbols, SLIP_ARRAY_LEN(symbols), sizeof *symbols, by_name);

    return found ? found->topic : SLIP_TOPICS;
}

enum slip_topic slip_topic_of_need(const char *need)
{
    enum slip_topic t = 0;

    while (t < SLIP_TOPICS && (!slip_topics[t].need || strcmp(slip_topics[t].need, need) != 0))
        t++;
    return t;
}
