#include "registry/hosts.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "util/fs.h"
#include "util/ini.h"
#include "util/mem.h"
#include "util/source.h"

struct settings { /* of one [registry NAME] */
    char *name;   /* owned */
    struct slip_strv mirrors;
    bool insecure;
    char *ca, *cert, *key; /* owned, or NULL */
};

struct slip_hosts {
    struct slip_arena arena;
    struct settings *v; /* owned */
    size_t n, cap;
    const struct slip_strv *cert_dirs; /* borrowed */
    const char *dir;                   /* of config.ini: what relative paths are relative to */
};

static const char *const keys[] = { "mirror", "insecure", "ca", "cert", "key" };

static char *text_of(struct slip_span span)
{
    return slip_xstrndup(span.src->text + span.off, span.len);
}

static struct settings *find(const struct slip_hosts *hosts, const char *name)
{
    for (size_t i = 0; i < hosts->n; i++)
        if (strcasecmp(hosts->v[i].name, name) == 0)
            return &hosts->v[i];
    return NULL;
}

static int begin_section(struct slip_hosts *hosts, struct slip_span at, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *text = text_of(at);
    const char *name = text + 8 + strspn(text + (at.len < 8 ? at.len : 8), " \t");

    if (strncmp(text, "registry", 8) != 0 || (text[8] != ' ' && text[8] != '\t') || !*name) {
        slip_fail_at(err, at, "there is no section '%s'", text);
        return slip_error_hint(err, "sections are [registry HOST[:PORT]]");
    }
    if (strpbrk(name, "/ \t"))
        return slip_fail_at(err, at, "'%s' is no host", name);
    if (find(hosts, name))
        return slip_fail_at(err, at, "[registry %s] stands here for the second time", name);
    hosts->v = slip_xgrow(hosts->v, hosts->n, &hosts->cap, sizeof *hosts->v);
    hosts->v[hosts->n++] = (struct settings){ .name = slip_xstrdup(name) };
    return 0;
}

static int take_bool(const struct slip_ini_item *item, const char *text, bool *ret,
                     struct slip_error *err)
{
    static const char *const yes[] = { "true", "yes", "on", "1" };
    static const char *const no[] = { "false", "no", "off", "0" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(yes); i++)
        if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
            *ret = strcasecmp(text, yes[i]) == 0;
            return 0;
        }
    return slip_fail_at(err, item->value, "'%s' is neither true nor false", text);
}

/* "host[:port][/prefix]"; a scheme in front is passed over: `insecure` says what it would. */
static int take_mirror(struct settings *s, const struct slip_ini_item *item, const char *text,
                       struct slip_error *err)
{
    const char *scheme = strstr(text, "://");
    const char *host = scheme ? scheme + 3 : text;
    size_t n = strlen(host);

    while (n && host[n - 1] == '/')
        n--;
    if (n == 0 || *host == '/' || strpbrk(host, " \t@?#"))
        return slip_fail_at(err, item->value, "'%s' is no host[:port][/path]", text);
    slip_strv_addn(&s->mirrors, host, n);
    return 0;
}

static char **path_setting(struct settings *s, const char *key)
{
    return strcmp(key, "ca") == 0 ? &s->ca : strcmp(key, "cert") == 0 ? &s->cert : &s->key;
}

static int take_item(void *user, const struct slip_ini_item *item, struct slip_error *err)
{
    struct slip_hosts *hosts = user;

    if (item->kind == SLIP_INI_SECTION)
        return begin_section(hosts, item->section, err);
    if (!hosts->n)
        return slip_fail_at(err, item->key, "a setting needs a section [registry HOST] above it");
    struct settings *s = &hosts->v[hosts->n - 1];
    slip_cleanup(slip_freep) char *key = text_of(item->key);
    slip_cleanup(slip_freep) char *value = text_of(item->value);
    if (item->kind == SLIP_INI_MORE)
        return strcmp(key, "mirror") == 0
                   ? take_mirror(s, item, value, err)
                   : slip_fail_at(err, item->value, "'%s' takes one line", key);
    if (strcmp(key, "mirror") == 0)
        return *value ? take_mirror(s, item, value, err) : 0;
    if (strcmp(key, "insecure") == 0)
        return take_bool(item, value, &s->insecure, err);
    for (size_t i = 2; i < SLIP_ARRAY_LEN(keys); i++)
        if (strcmp(key, keys[i]) == 0) {
            if (!*value)
                return slip_fail_at(err, item->key, "'%s' needs a file", key);
            char **to = path_setting(s, key);
            free(*to);
            *to = slip_path_join(*hosts->dir ? hosts->dir : ".", value);
            return 0;
        }
    slip_fail_at(err, item->key, "there is no setting '%s'", key);
    const char *near = slip_suggest(key, keys, SLIP_ARRAY_LEN(keys));
    return near ? slip_error_hint(err, "did you mean '%s'?", near)
                : slip_error_hint(err, "settings are mirror, insecure, ca, cert and key");
}

int slip_hosts_open(struct slip_hosts **ret, const char *config, const struct slip_strv *cert_dirs,
                    struct slip_error *err)
{
    struct slip_hosts *hosts = *ret = slip_xcalloc(1, sizeof *hosts);

    hosts->cert_dirs = cert_dirs;
    if (!config || (access(config, F_OK) < 0 && errno == ENOENT))
        return 0;
    hosts->dir =
        slip_arena_strndup(&hosts->arena, config, (size_t)(slip_path_base(config) - config));
    const struct slip_source *source =
        slip_source_read(&hosts->arena, slip_arena_strdup(&hosts->arena, config), err);
    return source ? slip_ini_parse(source, take_item, hosts, err) : -1;
}

void slip_hosts_close(struct slip_hosts *hosts)
{
    if (!hosts)
        return;
    for (size_t i = 0; i < hosts->n; i++) {
        slip_strv_release(&hosts->v[i].mirrors);
        free(hosts->v[i].name);
        free(hosts->v[i].ca);
        free(hosts->v[i].cert);
        free(hosts->v[i].key);
    }
    free(hosts->v);
    slip_arena_release(&hosts->arena);
    free(hosts);
}

bool slip_host_is_loopback(const char *address)
{
    size_t n = *address == '[' ? strcspn(address, "]") + 1 : strcspn(address, ":");
    slip_cleanup(slip_freep) char *host = slip_xstrndup(address, n);
    struct in_addr v4;

    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127);
}

static char *copy_of(const char *text)
{
    return text ? slip_xstrdup(text) : NULL;
}

/* <dir>/<name>/: the first *.crt, the first *.cert and its *.key. */
static void look_in(struct slip_host *host, const char *dir, const char *name)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv files = SLIP_STRV_INIT;
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/%s", dir, name);

    if (slip_list_dir(AT_FDCWD, path, &files, &ignored) < 0)
        return;
    for (size_t i = 0; i < files.n; i++) {
        const char *file = files.v[i];
        if (slip_ends_with(file, ".crt") && !host->ca)
            host->ca = slip_path_join(path, file);
        if (!slip_ends_with(file, ".cert") || host->cert)
            continue;
        slip_cleanup(slip_freep) char *key =
            slip_xasprintf("%s/%.*s.key", path, (int)strlen(file) - 5, file);
        if (access(key, F_OK) == 0) {
            host->cert = slip_path_join(path, file);
            host->key = SLIP_TAKE_PTR(key);
        }
    }
}

/* `where` is host[:port][/prefix]. */
static struct slip_host make_host(const struct slip_hosts *hosts, const char *where)
{
    size_t n = strcspn(where, "/");
    slip_cleanup(slip_freep) char *name = slip_xstrndup(where, n);
    const struct settings *s = find(hosts, name);
    bool hub = strcmp(name, "docker.io") == 0;
    struct slip_host host = {
        .name = slip_xstrdup(name),
        .address = slip_xstrdup(hub ? "registry-1.docker.io" : name),
        .prefix = where[n] ? slip_xasprintf("%s/", where + n + 1) : slip_xstrdup(""),
        .insecure = s && s->insecure,
        .loopback = slip_host_is_loopback(name),
        .ca = copy_of(s ? s->ca : NULL),
        .cert = copy_of(s ? s->cert : NULL),
        .key = copy_of(s ? s->key : NULL),
    };

    for (size_t i = 0; hosts->cert_dirs && i < hosts->cert_dirs->n; i++) {
        look_in(&host, hosts->cert_dirs->v[i], name);
        if (hub)
            look_in(&host, hosts->cert_dirs->v[i], host.address);
    }
    return host;
}

int slip_hosts_find(struct slip_hosts *hosts, const char *registry, struct slip_host **ret,
                    size_t *ret_n, struct slip_error *err)
{
    const struct settings *s = find(hosts, registry);
    size_t n = s ? s->mirrors.n : 0;

    (void)err;
    *ret = slip_xcalloc(n + 1, sizeof **ret);
    for (size_t i = 0; i < n; i++)
        (*ret)[i] = make_host(hosts, s->mirrors.v[i]);
    (*ret)[n] = make_host(hosts, registry);
    *ret_n = n + 1;
    return 0;
}

void slip_hosts_free(struct slip_host *hosts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *const owned[] = { hosts[i].name, hosts[i].address, hosts[i].prefix,
                                hosts[i].ca,   hosts[i].cert,    hosts[i].key };
        for (size_t k = 0; k < SLIP_ARRAY_LEN(owned); k++)
            free(owned[k]);
    }
    free(hosts);
}
