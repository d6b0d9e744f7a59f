#include "slim/dpkg.h"

#include <fcntl.h>

#include "slim/trail.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define STATUS "/var/lib/dpkg/status"
#define STATUS_D "/var/lib/dpkg/status.d"
#define INFO "/var/lib/dpkg/info"
#define STATUS_LIMIT ((size_t)256 << 20)
#define PARAGRAPH_LIMIT ((size_t)1 << 20)
#define PACKAGES_MAX ((size_t)1 << 20)

/* The value of a field's first line, in a paragraph; NULL when it is not there or empty. Owned. */
static char *field(const char *p, size_t len, const char *name)
{
    const char *end = p + len;
    size_t n = strlen(name);

    while (p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        const char *stop = nl ? nl : end;
        if ((size_t)(stop - p) > n && strncasecmp(p, name, n) == 0 && p[n] == ':') {
            for (p += n + 1; p < stop && (*p == ' ' || *p == '\t'); p++)
                ;
            while (stop > p && (stop[-1] == ' ' || stop[-1] == '\t' || stop[-1] == '\r'))
                stop--;
            return stop > p ? slip_xstrndup(p, (size_t)(stop - p)) : NULL;
        }
        p = nl ? nl + 1 : end;
    }
    return NULL;
}

/* "Source: glibc (2.36-9)": the version is given where it differs from the package's. */
static void split_source(struct slip_package *p)
{
    char *open = p->source ? strchr(p->source, '(') : NULL;

    if (!open)
        return;
    size_t n = strcspn(open + 1, ")");
    if (n)
        p->source_version = slip_xstrndup(open + 1, n);
    while (open > p->source && open[-1] == ' ')
        open--;
    *open = '\0';
}

/* Policy 5.6.1 and 5.6.12: what may stand in a name and in a version. */
static bool is_word(const char *text, const char *others)
{
    if (!text || !*text)
        return false;
    for (; *text; text++)
        if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
              (*text >= '0' && *text <= '9') || strchr(others, *text)))
            return false;
    return true;
}

static void add_paragraph(const char *text, size_t len, struct slip_packages *ret)
{
    slip_cleanup(slip_freep) char *status = field(text, len, "Status");
    slip_cleanup(slip_package_release) struct slip_package p = {
        .type = "deb",
        .name = field(text, len, "Package"),
        .version = field(text, len, "Version"),
        .arch = field(text, len, "Architecture"),
        .source = field(text, len, "Source"),
        .maintainer = field(text, len, "Maintainer"),
        .homepage = field(text, len, "Homepage"),
    };

    split_source(&p);
    if ((status && !slip_ends_with(status, " installed")) || !is_word(p.name, "+-._") ||
        !is_word(p.version, "+-.~:") || (p.arch && !is_word(p.arch, "-")) ||
        (p.source && !is_word(p.source, "+-._")) ||
        (p.source_version && !is_word(p.source_version, "+-.~:")))
        return;
    slip_packages_add(ret, &p);
}

/* Where the paragraph ends that begins at `p`: at an empty line. */
static const char *paragraph_end(const char *p, const char *end)
{
    while (p < end && *p != '\n') {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        if (!nl)
            return end;
        p = nl + 1;
    }
    return p;
}

void slip_dpkg_parse(const char *text, size_t len, struct slip_packages *ret)
{
    const char *end = text + len;

    for (const char *p = text; p < end && ret->n < PACKAGES_MAX;) {
        const char *stop = paragraph_end(p, end);
        if (stop > p && (size_t)(stop - p) <= PARAGRAPH_LIMIT)
            add_paragraph(p, (size_t)(stop - p), ret);
        p = stop < end ? stop + 1 : end;
    }
}

/* The names in status.d; empty without it. */
static void list_status_d(int root, struct slip_strv *ret)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_closep) int dir =
        slip_open_in_root(root, STATUS_D, O_RDONLY | O_DIRECTORY, 0);

    if (dir >= 0)
        (void)slip_list_dir(dir, ".", ret, &ignored);
}

void slip_dpkg_read(int root, struct slip_packages *ret)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (slip_trail_read(root, STATUS, STATUS_LIMIT, &text))
        slip_dpkg_parse(slip_buf_str(&text), text.len, ret);
    list_status_d(root, &names);
    for (size_t i = 0; i < names.n; i++) {
        slip_cleanup(slip_freep) char *path = slip_path_join(STATUS_D, names.v[i]);
        slip_buf_clear(&text);
        if (!slip_ends_with(names.v[i], ".md5sums") &&
            slip_trail_read(root, path, PARAGRAPH_LIMIT, &text))
            slip_dpkg_parse(slip_buf_str(&text), text.len, ret);
    }
}

/* "usr/lib/x" of "<32 hex digits>  usr/lib/x", or NULL. */
static const char *sum_path(const char *line)
{
    if (strspn(line, "0123456789abcdef") != 32 || line[32] != ' ')
        return NULL;
    return line + 32 + strspn(line + 32, " *");
}

static void find_in_sums(char *text, const struct slip_map *wanted, const char *package,
                         slip_owner_fn *found, void *user)
{
    char *save = NULL;

    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        const char *listed = sum_path(line);
        slip_cleanup(slip_freep) char *path = slip_xasprintf("/%s", listed ? listed : "");
        void *value = slip_map_get(wanted, path);
        if (value)
            found(user, value, package, NULL);
    }
}

void slip_dpkg_listed(int root, const struct slip_map *wanted, slip_owner_fn *found, void *user)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    list_status_d(root, &names);
    for (size_t i = 0; i < names.n; i++) {
        slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
        slip_cleanup(slip_freep) char *path = slip_path_join(STATUS_D, names.v[i]);
        if (!slip_ends_with(names.v[i], ".md5sums") ||
            !slip_trail_read(root, path, STATUS_LIMIT, &text))
            continue;
        slip_cleanup(slip_freep) char *package =
            slip_xstrndup(names.v[i], strlen(names.v[i]) - strlen(".md5sums"));
        find_in_sums(text.data, wanted, package, found, user);
    }
}

void slip_dpkg_paragraph(const struct slip_package *p, struct slip_buf *out)
{
    slip_buf_printf(out, "Package: %s\nStatus: install ok installed\n", p->name);
    if (p->maintainer)
        slip_buf_printf(out, "Maintainer: %s\n", p->maintainer);
    if (p->arch)
        slip_buf_printf(out, "Architecture: %s\n", p->arch);
    if (strcmp(p->source_version, p->version) != 0)
        slip_buf_printf(out, "Source: %s (%s)\n", p->source, p->source_version);
    else if (strcmp(p->source, p->name) != 0)
        slip_buf_printf(out, "Source: %s\n", p->source);
    slip_buf_printf(out, "Version: %s\n", p->version);
}

/* dpkg lists "lib/x" where a merged /usr has "/usr/lib/x". */
static const char *find_path(const struct slip_strv *paths, const char *listed)
{
    for (size_t i = 0; i < paths->n; i++) {
        const char *path = paths->v[i] + 1;
        if (strcmp(path, listed) == 0 ||
            (slip_starts_with(path, "usr/") && strcmp(path + 4, listed) == 0))
            return path;
    }
    return NULL;
}

void slip_dpkg_sums(int root, const struct slip_package *package, const struct slip_strv *paths,
                    struct slip_buf *out)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv lines = SLIP_STRV_INIT;
    slip_cleanup(slip_freep) char *plain = slip_xasprintf(INFO "/%s.md5sums", package->name);
    slip_cleanup(slip_freep) char *full =
        slip_xasprintf(INFO "/%s:%s.md5sums", package->name, package->arch ? package->arch : "");
    char *save = NULL;

    if (!slip_trail_read(root, full, STATUS_LIMIT, &text) &&
        !slip_trail_read(root, plain, STATUS_LIMIT, &text))
        return;
    for (char *l = strtok_r(text.data, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
        const char *listed = sum_path(l), *path = listed ? find_path(paths, listed) : NULL;
        if (path)
            slip_strv_addf(&lines, "%s  %.32s", path, l);
    }
    slip_strv_sort(&lines);
    for (size_t i = 0; i < lines.n; i++) {
        size_t n = strlen(lines.v[i]) - 34;
        slip_buf_printf(out, "%s  %.*s\n", lines.v[i] + n + 2, (int)n, lines.v[i]);
    }
}
