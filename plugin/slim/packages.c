#include "slim/packages.h"

#include <fcntl.h>

#include "slim/trail.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define INFO "/var/lib/dpkg/info"
#define LISTS "/var/lib/apt/lists"
#define LIST_LIMIT ((size_t)64 << 20)

/* Lines of all files in `dir` that end in `suffix`, until `each` answers true. The line may be
 * written to. */
typedef bool line_fn(void *user, const char *file, char *line, size_t len);

static bool each_line(int root, const char *dir, const char *suffix, line_fn *each, void *user)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_closep) int fd = slip_open_in_root(root, dir, O_RDONLY | O_DIRECTORY, 0);

    if (fd < 0 || slip_list_dir(fd, ".", &names, &err) < 0)
        return false;
    for (size_t i = 0; i < names.n; i++) {
        if (!slip_ends_with(names.v[i], suffix))
            continue;
        slip_cleanup(slip_freep) char *path = slip_path_join(dir, names.v[i]);
        slip_buf_clear(&text);
        if (!slip_trail_read(root, path, LIST_LIMIT, &text))
            continue;
        for (char *p = text.data, *end = text.data + text.len; p < end;) {
            char *nl = memchr(p, '\n', (size_t)(end - p));
            size_t len = nl ? (size_t)(nl - p) : (size_t)(end - p);
            p[len] = '\0';
            if (each(user, names.v[i], p, len))
                return true;
            p += len + 1;
        }
    }
    return false;
}

/* "libc6:amd64.list" is a list of libc6. */
static char *package_of(const char *file, const char *suffix)
{
    size_t n = strlen(file) - strlen(suffix), colon = strcspn(file, ":");

    return slip_xstrndup(file, colon < n ? colon : n);
}

#define TAILS 4096
/* "amd64" of "libc6:amd64.list", or NULL. */
static const char *arch_of(const char *file, char out[32])
{
    const char *colon = strchr(file, ':');

    if (!colon)
        return NULL;
    snprintf(out, 32, "%.*s", (int)strcspn(colon + 1, "."), colon + 1);
    return out;
}

struct owners {
    const struct slip_map *wanted;
    bool tails[TAILS];       /* by tail_of() the wanted paths: most lines end in none of these */
    struct slip_strv merged; /* "lib", "lib64": links to usr/lib, usr/lib64 */
    slip_owner_fn *found;
    void *user;
};

static bool is_merged(const struct owners *o, const char *path)
{
    size_t n = strcspn(path + 1, "/");

    for (size_t i = 0; i < o->merged.n; i++)
        if (strlen(o->merged.v[i]) == n && strncmp(o->merged.v[i], path + 1, n) == 0)
            return path[1 + n] == '/';
    return false;
}

/* A number for the last bytes of a path. */
static size_t tail_of(const char *path, size_t len)
{
    uint64_t tail = 0;
    size_t n = len < sizeof tail ? len : sizeof tail;

    memcpy(&tail, path + len - n, n);
    return (size_t)((tail * 0x9e3779b97f4a7c15u) >> 32) % TAILS;
}

static bool on_owned(void *user, const char *file, char *line, size_t len)
{
    const struct owners *o = user;

    if (len < 2 || line[0] != '/' || !o->tails[tail_of(line, len)])
        return false;
    void *value = slip_map_get(o->wanted, line);
    if (!value && is_merged(o, line)) {
        slip_cleanup(slip_freep) char *moved = slip_xasprintf("/usr%s", line);
        value = slip_map_get(o->wanted, moved);
    }
    if (value) {
        slip_cleanup(slip_freep) char *package = package_of(file, ".list");
        char arch[32];
        o->found(o->user, value, package, arch_of(file, arch));
    }
    return false;
}

void slip_packages_owners(int root, const struct slip_map *wanted, slip_owner_fn *found, void *user)
{
    static const char *const tops[] = { "lib", "lib32", "lib64", "libx32", "bin", "sbin" };
    slip_cleanup(slip_strv_release) struct slip_strv merged = SLIP_STRV_INIT;
    struct stat st;

    for (size_t i = 0; i < SLIP_ARRAY_LEN(tops); i++)
        if (slip_lstat_in_root(root, tops[i], &st) == 0 && S_ISLNK(st.st_mode))
            slip_strv_add(&merged, tops[i]);
    struct owners o = { .wanted = wanted, .merged = merged, .found = found, .user = user };
    for (size_t i = 0; i < wanted->n; i++) {
        const char *path = wanted->entries[i].key;
        o.tails[tail_of(path, strlen(path))] = true;
    }
    if (wanted->n)
        (void)each_line(root, INFO, ".list", on_owned, &o);
}

/* libfoo.so.2 -> "libfoo", "2"; libfoo-1.2.so -> "libfoo", "1.2". */
struct search {
    const char *soname;
    char *stem, *version;           /* owned */
    char *package, *alias, *answer; /* owned */
};

static void search_release(struct search *s)
{
    free(s->stem);
    free(s->version);
    free(s->package);
    free(s->alias);
    free(s->answer);
}

static bool on_shlibs(void *user, const char *file, char *line, size_t len)
{
    struct search *s = user;
    char *save = NULL;
    const char *stem = strtok_r(line, " \t", &save);
    const char *version = strtok_r(NULL, " \t", &save);
    const char *package = strtok_r(NULL, " \t", &save);

    (void)file;
    (void)len;
    if (!stem || !version || !package || strcmp(stem, s->stem) != 0 ||
        strcmp(version, s->version) != 0)
        return false;
    s->answer = slip_xasprintf("Debian's package '%s' brings it, and says it is installed: "
                               "install it again in the toolchain",
                               package);
    return true;
}

static bool on_listed(void *user, const char *file, char *line, size_t len)
{
    struct search *s = user;

    (void)len;
    if (strcmp(slip_path_base(line), s->soname) != 0)
        return false;
    slip_cleanup(slip_freep) char *package = package_of(file, ".list");
    s->answer = slip_xasprintf(
        "the package '%s' has it as '%s', where the loader does not look "
        "by itself: link with -Wl,-rpath,%.*s",
        package, line, (int)(slip_path_base(line) - line > 1 ? slip_path_base(line) - line - 1 : 1),
        line);
    return true;
}

static bool on_available(void *user, const char *file, char *line, size_t len)
{
    struct search *s = user;

    (void)file;
    (void)len;
    if (!slip_starts_with(line, "Package: "))
        return false;
    const char *name = line + strlen("Package: ");
    if (strcmp(name, s->package) != 0 && strcmp(name, s->alias) != 0)
        return false;
    s->answer = slip_xasprintf("add the package '%s' to the toolchain's PACKAGES", name);
    return true;
}

/* Debian policy 8.1: libfoo.so.2 comes in libfoo2, libfoo-1.2.so.3 in libfoo-1.2-3. */
static void split_soname(struct search *s)
{
    const char *so = strstr(s->soname, ".so"), *dash = NULL;
    size_t n = so ? (size_t)(so - s->soname) : strlen(s->soname);

    if (so && so[3] == '.') {
        s->version = slip_xstrdup(so + 4);
    } else {
        for (const char *p = s->soname; p < s->soname + n; p++)
            if (*p == '-' && p[1] >= '0' && p[1] <= '9')
                dash = p;
        s->version =
            dash ? slip_xstrndup(dash + 1, (size_t)(s->soname + n - dash - 1)) : slip_xstrdup("");
        n = dash ? (size_t)(dash - s->soname) : n;
    }
    s->stem = slip_xstrndup(s->soname, n);
    bool digit = n && s->stem[n - 1] >= '0' && s->stem[n - 1] <= '9';
    s->package = slip_xasprintf("%s%s%s", s->stem, digit && *s->version ? "-" : "", s->version);
    for (char *p = s->package; *p; p++)
        *p = *p == '_' ? '-' : *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
    s->alias = slip_xasprintf("%st64", s->package); /* since the 64-bit time transition */
}

char *slip_packages_advice(int root, const char *soname)
{
    slip_cleanup(search_release) struct search s = { .soname = soname };
    struct stat st;

    split_soname(&s);
    if (slip_lstat_in_root(root, INFO, &st) < 0)
        return NULL;
    if (!each_line(root, INFO, ".list", on_listed, &s) &&
        !each_line(root, INFO, ".shlibs", on_shlibs, &s) &&
        !each_line(root, LISTS, "_Packages", on_available, &s) && *s.version)
        s.answer = slip_xasprintf("Debian would call its package '%s': add it to the toolchain's "
                                  "PACKAGES, or install the library in the builder",
                                  s.package);
    return SLIP_TAKE_PTR(s.answer);
}
