#include "slim/strings.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "slim/trail.h"
#include "util/fs.h"
#include "util/map.h"
#include "util/mem.h"
#include "util/str.h"

#define BYTES_LIMIT ((size_t)256 << 20)
#define PASSWD_LIMIT ((size_t)1 << 20)
#define TEXT_LIMIT 128u
#define FIRST_PACKAGE_UID 100 /* Debian policy 9.2.2; below it are names like "man" and "list" */

/* What is looked for; `elf` and `names` only where they are used. */
struct search {
    int root;
    const struct slip_elf *elf;
    struct slip_map names; /* the set of what fits */
    bool (*fits)(const struct search *search, const char *text);
    struct slip_strv *found;
};

static void run(const struct search *search, const char *path)
{
    slip_cleanup(slip_buf_release) struct slip_buf bytes = SLIP_BUF_INIT;

    if (!slip_trail_read(search->root, path, BYTES_LIMIT, &bytes))
        return;
    for (size_t at = 0, n; at < bytes.len && search->found->n < SLIP_STRINGS_MOST; at += n + 1) {
        const char *text = bytes.data + at; /* a buffer ends with a zero byte */
        n = strnlen(text, bytes.len - at);
        if (n > 1 && n <= TEXT_LIMIT && !slip_strv_has(search->found, text) &&
            search->fits(search, text))
            slip_strv_add(search->found, text);
    }
}

static bool is_plain(const char *text)
{
    for (; *text; text++)
        if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
              (*text >= '0' && *text <= '9') || strchr("_-+./", *text)))
            return false;
    return true;
}

/* "libssl.so.3" or "plugins/libfoo.so": a library's name and nothing else. */
static bool is_library(const struct search *search, const char *text)
{
    const char *so = is_plain(text) ? strstr(text, ".so") : NULL;

    if (!so || so == text || so[-1] == '/' || so[3 + strspn(so + 3, ".0123456789")])
        return false;
    return !slip_strv_has(&search->elf->needed, text) &&
           !(search->elf->soname && strcmp(search->elf->soname, text) == 0) &&
           !(search->elf->interp && strcmp(search->elf->interp, text) == 0) &&
           !slip_starts_with(slip_path_base(text), "ld-linux");
}

void slip_strings_libraries(int root, const char *path, const struct slip_elf *elf,
                            struct slip_strv *ret)
{
    run(&(struct search){ .root = root, .elf = elf, .fits = is_library, .found = ret }, path);
}

static bool is_program(const struct search *search, const char *text)
{
    slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;

    if (text[0] != '/' || !is_plain(text) ||
        (search->elf->interp && strcmp(search->elf->interp, text) == 0))
        return false;
    return slip_trail_walk(search->root, text, &trail) == 1 && S_ISREG(trail.mode) &&
           (trail.mode & 0111);
}

void slip_strings_programs(int root, const char *path, const struct slip_elf *elf,
                           struct slip_strv *ret)
{
    run(&(struct search){ .root = root, .elf = elf, .fits = is_program, .found = ret }, path);
}

static bool is_listed(const struct search *search, const char *text)
{
    return slip_map_get(&search->names, text);
}

/* name:x:uid:... of those that packages made for their services. */
static void add_users_of(int root, struct slip_map *names)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    char *save = NULL;

    if (!slip_trail_read(root, "/etc/passwd", PASSWD_LIMIT, &text))
        return;
    for (char *line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *colon = strchr(line, ':'), *uid = colon ? strchr(colon + 1, ':') : NULL;
        if (!uid || strtoul(uid + 1, NULL, 10) < FIRST_PACKAGE_UID)
            continue;
        *colon = '\0';
        slip_map_set(names, line, names);
    }
}

void slip_strings_users(int root, const char *path, struct slip_strv *ret)
{
    static const char *const usual[] = {
        "apache",     "bind",      "dnsmasq",  "git",     "haproxy",  "memcached",
        "messagebus", "mosquitto", "mysql",    "named",   "nghttpx",  "nginx",
        "ntp",        "postfix",   "postgres", "redis",   "rabbitmq", "squid",
        "sshd",       "stunnel",   "tor",      "unbound", "varnish",  "www-data",
    };
    struct search search = { .root = root, .fits = is_listed, .found = ret };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(usual); i++)
        slip_map_set(&search.names, usual[i], &search);
    slip_map_set(&search.names, slip_path_base(path), &search);
    add_users_of(root, &search.names);
    run(&search, path);
    slip_map_release(&search.names);
}

char *slip_strings_certificates(int root, const char *path)
{
    static const char *const places[] = { "/etc/ssl/certs", "/etc/ssl/certs/",
                                          "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem",
                                          "/etc/pki/tls/certs/ca-bundle.crt" };
    slip_cleanup(slip_strv_release) struct slip_strv found = SLIP_STRV_INIT;
    struct search search = { .root = root, .fits = is_listed, .found = &found };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(places); i++)
        slip_map_set(&search.names, places[i], &search);
    run(&search, path);
    slip_map_release(&search.names);
    return slip_xstrdup(found.n ? found.v[0] : "");
}
