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

struct search {
    int root;
    const struct slip_elf *elf;
    unsigned kinds;
    struct slip_map listed[SLIP_STRINGS_KINDS]; /* of USERS and CERTIFICATES: what is looked for */
    bool heads[65536];       /* first two bytes of those: most texts begin otherwise */
    struct slip_strv *found; /* by kind */
};

static size_t head_of(const char *text)
{
    return (size_t)(unsigned char)text[0] << 8 | (unsigned char)text[1];
}

static void look_for(struct search *search, enum slip_strings_kind kind, const char *text)
{
    slip_map_set(&search->listed[kind], text, search);
    search->heads[head_of(text)] = true;
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
static bool is_library(const struct search *search, const char *text, size_t n)
{
    const char *so = memmem(text, n, ".so", 3);

    if (!so || so == text || so[-1] == '/' || so[3 + strspn(so + 3, ".0123456789")] ||
        !is_plain(text))
        return false;
    return !slip_strv_has(&search->elf->needed, text) &&
           !(search->elf->soname && strcmp(search->elf->soname, text) == 0) &&
           !(search->elf->interp && strcmp(search->elf->interp, text) == 0) &&
           !slip_starts_with(slip_path_base(text), "ld-linux");
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

static void offer(struct search *search, enum slip_strings_kind kind, const char *text, size_t n)
{
    struct slip_strv *found = &search->found[kind];

    if (n < 2 || n > TEXT_LIMIT || found->n == SLIP_STRINGS_MOST || slip_strv_has(found, text))
        return;
    if (kind == SLIP_STRINGS_LIBRARIES  ? is_library(search, text, n)
        : kind == SLIP_STRINGS_PROGRAMS ? is_program(search, text)
                                        : slip_map_get(&search->listed[kind], text) != NULL)
        slip_strv_add(found, text);
}

/* Texts around each place where `needle` stands: most of a big program is never looked at. */
static void offer_around(struct search *search, enum slip_strings_kind kind, const char *needle,
                         size_t len, const struct slip_buf *bytes)
{
    const char *end = bytes->data + bytes->len, *p = bytes->data;

    if (!(search->kinds >> kind & 1))
        return;
    while ((p = memmem(p, (size_t)(end - p), needle, len))) {
        const char *text = *needle ? p : p + 1;
        while (text > bytes->data && text[-1] && p - text < (ptrdiff_t)TEXT_LIMIT)
            text--;
        size_t n = strlen(text);
        offer(search, kind, text, n);
        p = text + n > p + len ? text + n : p + len;
    }
}

/* Texts that are on a list; most begin otherwise than all that is on it. */
static void offer_listed(struct search *search, const struct slip_buf *bytes)
{
    const char *end = bytes->data + bytes->len;

    for (const char *p = bytes->data; p < end;) {
        if (!*p) {
            p++;
            continue;
        }
        size_t n = search->heads[head_of(p)] ? strlen(p) : 0;
        for (enum slip_strings_kind kind = 0; n && kind < SLIP_STRINGS_KINDS; kind++)
            if (search->listed[kind].n)
                offer(search, kind, p, n);
        p = n ? p + n + 1 : (const char *)rawmemchr(p, '\0') + 1;
    }
}

/* name:x:uid:... of those that packages made for their services. */
static void look_for_users(struct search *search)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    char *save = NULL;

    if (!slip_trail_read(search->root, "/etc/passwd", PASSWD_LIMIT, &text))
        return;
    for (char *line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *colon = strchr(line, ':'), *uid = colon ? strchr(colon + 1, ':') : NULL;
        if (!uid || strtoul(uid + 1, NULL, 10) < FIRST_PACKAGE_UID)
            continue;
        *colon = '\0';
        if (*line)
            look_for(search, SLIP_STRINGS_USERS, line);
    }
}

static void prepare(struct search *search, const char *path)
{
    static const char *const users[] = {
        "apache", "bind",  "dnsmasq", "git",     "haproxy", "memcached", "messagebus", "mosquitto",
        "mysql",  "named", "nghttpx", "nginx",   "ntp",     "postfix",   "postgres",   "rabbitmq",
        "redis",  "squid", "sshd",    "stunnel", "tor",     "unbound",   "varnish",    "www-data",
    };
    static const char *const certificates[] = { "/etc/ssl/certs", "/etc/ssl/certs/",
                                                "/etc/ssl/certs/ca-certificates.crt",
                                                "/etc/ssl/cert.pem",
                                                "/etc/pki/tls/certs/ca-bundle.crt" };

    for (size_t i = 0;
         search->kinds >> SLIP_STRINGS_CERTIFICATES & 1 && i < SLIP_ARRAY_LEN(certificates); i++)
        look_for(search, SLIP_STRINGS_CERTIFICATES, certificates[i]);
    if (!(search->kinds >> SLIP_STRINGS_USERS & 1))
        return;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(users); i++)
        look_for(search, SLIP_STRINGS_USERS, users[i]);
    look_for(search, SLIP_STRINGS_USERS, slip_path_base(path));
    look_for_users(search);
}

void slip_strings_find(int root, const char *path, const struct slip_elf *elf, unsigned kinds,
                       struct slip_strv ret[SLIP_STRINGS_KINDS])
{
    slip_cleanup(slip_buf_release) struct slip_buf bytes = SLIP_BUF_INIT;

    if (!kinds || !slip_trail_read(root, path, BYTES_LIMIT, &bytes))
        return;
    slip_cleanup(slip_freep) struct search *search = slip_xcalloc(1, sizeof *search);
    search->root = root;
    search->elf = elf;
    search->kinds = kinds;
    search->found = ret;
    prepare(search, path);
    offer_around(search, SLIP_STRINGS_LIBRARIES, ".so", 3, &bytes);
    offer_around(search, SLIP_STRINGS_PROGRAMS, "\0/", 2, &bytes);
    if (kinds >> SLIP_STRINGS_USERS)
        offer_listed(search, &bytes);
    for (enum slip_strings_kind kind = 0; kind < SLIP_STRINGS_KINDS; kind++)
        slip_map_release(&search->listed[kind]);
}
