#include "slim/package.h"

#include "slim/trail.h"
#include "util/mem.h"
#include "util/str.h"

#define OS_RELEASE_LIMIT ((size_t)64 << 10)

void slip_package_release(struct slip_package *package)
{
    free(package->name);
    free(package->version);
    free(package->arch);
    free(package->source);
    free(package->source_version);
    free(package->maintainer);
    free(package->homepage);
    free(package->licence);
    *package = (struct slip_package){ 0 };
}

void slip_packages_add(struct slip_packages *list, struct slip_package *package)
{
    slip_cleanup(slip_freep) char *full =
        slip_xasprintf("%s:%s", package->name, package->arch ? package->arch : "");

    if (slip_map_get(&list->by_name, full)) {
        slip_package_release(package);
        return;
    }
    if (!package->source)
        package->source = slip_xstrdup(package->name);
    if (!package->source_version)
        package->source_version = slip_xstrdup(package->version);
    list->v = slip_xgrow(list->v, list->n, &list->cap, sizeof *list->v);
    list->v[list->n++] = *package;
    *package = (struct slip_package){ 0 };
    slip_map_set(&list->by_name, full, (void *)(uintptr_t)list->n);
    const char *name = list->v[list->n - 1].name;
    if (!slip_map_get(&list->by_name, name))
        slip_map_set(&list->by_name, name, (void *)(uintptr_t)list->n);
}

struct slip_package *slip_packages_find(const struct slip_packages *list, const char *name,
                                        const char *arch)
{
    slip_cleanup(slip_freep) char *full = arch ? slip_xasprintf("%s:%s", name, arch) : NULL;
    uintptr_t at = (uintptr_t)slip_map_get(&list->by_name, full ? full : name);

    return at ? &list->v[at - 1] : NULL;
}

void slip_packages_release(struct slip_packages *list)
{
    for (size_t i = 0; i < list->n; i++)
        slip_package_release(&list->v[i]);
    free(list->v);
    slip_map_release(&list->by_name);
    *list = SLIP_PACKAGES_INIT;
}

/* KEY=value or KEY="value", as a shell reads it. */
static void set_word(char **to, const char *line, const char *key)
{
    size_t n = strlen(key);
    slip_cleanup(slip_strv_release) struct slip_strv words = SLIP_STRV_INIT;
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;

    if (*to || strncmp(line, key, n) != 0 || line[n] != '=' ||
        slip_shell_split(line + n + 1, strlen(line + n + 1), (struct slip_span){ 0 }, &words,
                         &ignored) < 0)
        return;
    if (words.n == 1 && *words.v[0])
        *to = slip_xstrdup(words.v[0]);
}

void slip_distro_read(int root, struct slip_distro *ret)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    char *save = NULL;

    if (!slip_trail_read(root, "/etc/os-release", OS_RELEASE_LIMIT, &text) &&
        !slip_trail_read(root, "/usr/lib/os-release", OS_RELEASE_LIMIT, &text))
        return;
    for (char *line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        set_word(&ret->id, line, "ID");
        set_word(&ret->version_id, line, "VERSION_ID");
        set_word(&ret->name, line, "NAME");
    }
}

void slip_distro_release(struct slip_distro *distro)
{
    free(distro->id);
    free(distro->version_id);
    free(distro->name);
    *distro = SLIP_DISTRO_INIT;
}

void slip_purl_put(struct slip_buf *out, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                ".-_~:";

    for (; *text; text++)
        if (strchr(plain, *text))
            slip_buf_putc(out, *text);
        else
            slip_buf_printf(out, "%%%02X", (unsigned char)*text);
}

static char *purl(const struct slip_package *p, const char *name, const char *version,
                  const char *arch, const struct slip_distro *distro)
{
    struct slip_buf out = SLIP_BUF_INIT;
    char next = '?';

    slip_buf_printf(&out, "pkg:%s/", p->type);
    if (distro->id) {
        slip_purl_put(&out, distro->id);
        slip_buf_putc(&out, '/');
    }
    slip_purl_put(&out, name);
    slip_buf_putc(&out, '@');
    slip_purl_put(&out, version);
    if (arch) {
        slip_buf_puts(&out, "?arch=");
        slip_purl_put(&out, arch);
        next = '&';
    }
    if (distro->id && distro->version_id) {
        slip_buf_printf(&out, "%cdistro=", next);
        slip_purl_put(&out, distro->id);
        slip_buf_putc(&out, '-');
        slip_purl_put(&out, distro->version_id);
    }
    return slip_buf_take(&out);
}

char *slip_package_purl(const struct slip_package *package, const struct slip_distro *distro)
{
    return purl(package, package->name, package->version, package->arch, distro);
}

char *slip_package_source_purl(const struct slip_package *package, const struct slip_distro *distro)
{
    return purl(package, package->source, package->source_version, "source", distro);
}

static void set_text(json_t *row, const char *key, const char *text)
{
    if (text) /* what is no UTF-8 is not said */
        json_object_set_new(row, key, json_string(text));
}

json_t *slip_package_json(const struct slip_package *p, const struct slip_distro *distro)
{
    json_t *row = json_object();
    slip_cleanup(slip_freep) char *url = slip_package_purl(p, distro);
    slip_cleanup(slip_freep) char *source = slip_package_source_purl(p, distro);

    set_text(row, "purl", url);
    set_text(row, "type", p->type);
    set_text(row, "name", p->name);
    set_text(row, "version", p->version);
    set_text(row, "arch", p->arch);
    set_text(row, "source", p->source);
    set_text(row, "source_version", p->source_version);
    set_text(row, "source_purl", source);
    set_text(row, "licence", p->licence);
    set_text(row, "maintainer", p->maintainer);
    set_text(row, "homepage", p->homepage);
    set_text(row, "supplier", distro->name);
    return row;
}
