#include "slim/loader.h"

#include <elf.h>

#include "slim/trail.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define CONF_LIMIT ((size_t)1 << 20)
#define LOADER_LIMIT ((size_t)8 << 20)
#define INCLUDE_DEPTH 8

/* Names of one machine: Debian's multiarch triplet, the usual glibc loader, musl's word for it, and
 * what images call it. */
static const struct machine {
    uint16_t machine;
    unsigned char bits, byte_order;
    const char *platform, *triplet, *interp, *musl, *arch, *variant;
} machines[] = {
    { EM_X86_64, 64, ELFDATA2LSB, "x86_64", "x86_64-linux-gnu", "/lib64/ld-linux-x86-64.so.2",
      "x86_64", "amd64", NULL },
    { EM_X86_64, 32, ELFDATA2LSB, "x86_64", "x86_64-linux-gnux32", "/libx32/ld-linux-x32.so.2",
      "x32", "amd64", NULL },
    { EM_386, 32, ELFDATA2LSB, "i686", "i386-linux-gnu", "/lib/ld-linux.so.2", "i386", "386",
      NULL },
    { EM_AARCH64, 64, ELFDATA2LSB, "aarch64", "aarch64-linux-gnu", "/lib/ld-linux-aarch64.so.1",
      "aarch64", "arm64", "v8" },
    { EM_ARM, 32, ELFDATA2LSB, "v7l", "arm-linux-gnueabihf", "/lib/ld-linux-armhf.so.3", "armhf",
      "arm", "v7" },
    { EM_RISCV, 64, ELFDATA2LSB, "riscv64", "riscv64-linux-gnu", "/lib/ld-linux-riscv64-lp64d.so.1",
      "riscv64", "riscv64", NULL },
    { EM_PPC64, 64, ELFDATA2LSB, "powerpc64le", "powerpc64le-linux-gnu", "/lib64/ld64.so.2",
      "powerpc64le", "ppc64le", NULL },
    { EM_PPC64, 64, ELFDATA2MSB, "powerpc64", "powerpc64-linux-gnu", "/lib64/ld64.so.1",
      "powerpc64", "ppc64", NULL },
    { EM_S390, 64, ELFDATA2MSB, "s390x", "s390x-linux-gnu", "/lib/ld64.so.1", "s390x", "s390x",
      NULL },
    { EM_MIPS, 64, ELFDATA2LSB, "mips64", "mips64el-linux-gnuabi64", "/lib64/ld.so.1", "mips64el",
      "mips64le", NULL },
    { EM_LOONGARCH, 64, ELFDATA2LSB, "loongarch", "loongarch64-linux-gnu",
      "/lib64/ld-linux-loongarch-lp64d.so.1", "loongarch64", "loong64", NULL },
};

static const struct machine *machine_of(const struct slip_elf *elf)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(machines); i++)
        if (machines[i].machine == elf->machine && machines[i].bits == elf->bits &&
            machines[i].byte_order == elf->byte_order)
            return &machines[i];
    return NULL;
}

bool slip_loader_machine(const struct slip_elf *elf, struct slip_machine *ret)
{
    const struct machine *m = machine_of(elf);

    if (m)
        *ret = (struct slip_machine){ m->arch, m->variant, m->triplet };
    return m != NULL;
}

static void add_dir(struct slip_strv *list, const char *dir, size_t n)
{
    slip_cleanup(slip_freep) char *text = slip_xstrndup(dir, n);

    if (text[0] != '/')
        return;
    slip_cleanup(slip_freep) char *clean = slip_path_clean(text);
    if (!slip_strv_has(list, clean))
        slip_strv_add(list, clean);
}

static void read_conf(int root, const char *path, int depth, struct slip_strv *ret);

static void include(int root, const char *from, const char *pattern, int depth,
                    struct slip_strv *ret)
{
    slip_cleanup(slip_freep) char *dir = slip_xstrndup(from, (size_t)(slip_path_base(from) - from));
    slip_cleanup(slip_freep) char *whole = slip_path_join(dir, pattern);
    slip_cleanup(slip_strv_release) struct slip_strv found = SLIP_STRV_INIT;

    slip_trail_glob(root, whole, &found);
    for (size_t i = 0; i < found.n; i++)
        read_conf(root, found.v[i], depth + 1, ret);
}

static void read_conf(int root, const char *path, int depth, struct slip_strv *ret)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    char *save = NULL;

    if (depth > INCLUDE_DEPTH || !slip_trail_read(root, path, CONF_LIMIT, &text) || !text.len)
        return;
    for (char *line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        line[strcspn(line, "#")] = '\0';
        line += strspn(line, " \t\r\f");
        size_t word = strcspn(line, " \t\r\f");
        if (word == strlen("include") && slip_starts_with(line, "include")) {
            char *next = NULL;
            for (char *p = strtok_r(line + word, " \t\r\f", &next); p;
                 p = strtok_r(NULL, " \t\r\f", &next))
                include(root, path, p, depth, ret);
        } else {
            add_dir(ret, line, strcspn(line, "= \t\r\f")); /* "/lib=libc6" is of old times */
        }
    }
}

/* glibc keeps its directories as "/lib/\0/usr/lib/\0" in its read-only data. What stands before
 * the first of them need not end in a zero byte, so a path also starts after what is not text. */
static void read_builtin(int root, const char *interp, struct slip_strv *ret)
{
    slip_cleanup(slip_buf_release) struct slip_buf bytes = SLIP_BUF_INIT;

    if (!slip_trail_read(root, interp, LOADER_LIMIT, &bytes))
        return;
    for (size_t at = 0, n; at < bytes.len; at += n + 1) {
        n = strnlen(bytes.data + at, bytes.len - at);
        const char *end = bytes.data + at + n, *s = end;
        while (s > bytes.data + at && s[-1] > ' ' && s[-1] < 0x7f)
            s--;
        if (end - s > 1 && end - s < 256 && s[0] == '/' && end[-1] == '/')
            add_dir(ret, s, (size_t)(end - s));
    }
}

static void guess_builtin(const struct machine *m, struct slip_strv *ret)
{
    static const char *const dirs[] = { "/lib64", "/usr/lib64", "/lib", "/usr/lib" };

    if (m) {
        slip_strv_addf(ret, "/lib/%s", m->triplet);
        slip_strv_addf(ret, "/usr/lib/%s", m->triplet);
    }
    for (size_t i = 0; i < SLIP_ARRAY_LEN(dirs); i++)
        slip_strv_add(ret, dirs[i]);
}

static char *usual_interp(int root, const struct machine *m)
{
    struct stat st;

    if (!m)
        return NULL;
    slip_cleanup(slip_freep) char *musl = slip_xasprintf("/lib/ld-musl-%s.so.1", m->musl);
    if (slip_lstat_in_root(root, m->interp, &st) == 0)
        return slip_xstrdup(m->interp);
    return slip_lstat_in_root(root, musl, &st) == 0 ? SLIP_TAKE_PTR(musl) : NULL;
}

static void open_musl(struct slip_loader *loader, int root)
{
    const char *base = slip_path_base(loader->interp);
    slip_cleanup(slip_freep) char *path =
        slip_xasprintf("/etc/%.*s.path", (int)strcspn(base, "."), base);
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    char *save = NULL;

    slip_strv_add(&loader->builtin, "/lib");
    slip_strv_add(&loader->builtin, "/usr/local/lib");
    slip_strv_add(&loader->builtin, "/usr/lib");
    bool own = slip_trail_read(root, path, CONF_LIMIT, &text) == 1;
    for (char *dir = own && text.len ? strtok_r(text.data, ":\n", &save) : NULL; dir;
         dir = strtok_r(NULL, ":\n", &save))
        add_dir(&loader->conf, dir, strlen(dir));
    slip_strv_copy(&loader->search, &loader->conf);
    if (!own) /* the file replaces the built-in directories */
        slip_strv_copy(&loader->search, &loader->builtin);
}

static void open_glibc(struct slip_loader *loader, int root, const struct machine *m,
                       bool needs_cache)
{
    struct stat st;

    if (!needs_cache || slip_lstat_in_root(root, "/etc/ld.so.cache", &st) == 0)
        read_conf(root, "/etc/ld.so.conf", 0, &loader->conf);
    if (loader->interp)
        read_builtin(root, loader->interp, &loader->builtin);
    if (loader->builtin.n == 0)
        guess_builtin(m, &loader->builtin);
    slip_strv_copy(&loader->search, &loader->conf);
    for (size_t i = 0; i < loader->builtin.n; i++)
        if (!slip_strv_has(&loader->search, loader->builtin.v[i]))
            slip_strv_add(&loader->search, loader->builtin.v[i]);
}

void slip_loader_open(struct slip_loader *loader, int root, const char *interp,
                      const struct slip_elf *elf, const char *const *extra, bool needs_cache)
{
    const struct machine *m = machine_of(elf);

    loader->interp = interp ? slip_xstrdup(interp) : usual_interp(root, m);
    loader->musl = loader->interp && slip_starts_with(slip_path_base(loader->interp), "ld-musl-");
    loader->platform = m ? m->platform : "";
    for (size_t i = 0; extra && extra[i]; i++)
        add_dir(&loader->conf, extra[i], strlen(extra[i]));
    if (loader->musl)
        open_musl(loader, root);
    else
        open_glibc(loader, root, m, needs_cache);
    loader->lib = slip_xstrdup(loader->builtin.v[0] + 1);
}

void slip_loader_release(struct slip_loader *loader)
{
    free(loader->interp);
    free(loader->lib);
    slip_strv_release(&loader->conf);
    slip_strv_release(&loader->builtin);
    slip_strv_release(&loader->search);
    *loader = SLIP_LOADER_INIT;
}

/* Length of the token at `p` ("$ORIGIN", "${ORIGIN}"), or 0. */
static size_t token_at(const char *p, const char *name)
{
    size_t n = strlen(name);

    if (p[1] == '{' && strncmp(p + 2, name, n) == 0 && p[2 + n] == '}')
        return n + 3;
    return strncmp(p + 1, name, n) == 0 ? n + 1 : 0;
}

static void expand_one(const struct slip_loader *loader, const char *p, size_t n,
                       const char *origin, struct slip_strv *ret)
{
    const struct {
        const char *name, *value;
    } tokens[] = { { "ORIGIN", origin },
                   { "LIB", loader->musl ? NULL : loader->lib },
                   { "PLATFORM", loader->musl ? NULL : loader->platform } };
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;

    for (size_t i = 0; i < n;) {
        size_t used = 0;
        for (size_t t = 0; p[i] == '$' && !used && t < SLIP_ARRAY_LEN(tokens); t++)
            if (tokens[t].value && (used = token_at(p + i, tokens[t].name)))
                slip_buf_puts(&out, tokens[t].value);
        if (!used)
            slip_buf_putc(&out, p[i++]);
        i += used;
    }
    add_dir(ret, slip_buf_str(&out), out.len);
}

void slip_loader_expand(const struct slip_loader *loader, const char *path, const char *origin,
                        struct slip_strv *ret)
{
    for (const char *p = path; *p; p += *p == ':') {
        size_t n = strcspn(p, ":");
        if (n)
            expand_one(loader, p, n, origin, ret);
        p += n;
    }
}

bool slip_loader_contains(const struct slip_loader *loader, const char *soname)
{
    static const char *const inside[] = { "libc",  "libpthread", "librt",  "libm",
                                          "libdl", "libutil",    "libxnet" };
    size_t n = strcspn(soname, "."); /* "libm.so.6", and Alpine's "libc.musl-x86_64.so.1" */

    for (size_t i = 0; loader->musl && i < SLIP_ARRAY_LEN(inside); i++)
        if (strlen(inside[i]) == n && strncmp(soname, inside[i], n) == 0)
            return true;
    return false;
}

bool slip_loader_is_libc(const char *soname)
{
    static const char *const parts[] = {
        "ld-linux",   "ld-musl-", "ld64.so",       "ld.so",    "libc.so",      "libm.so",
        "libmvec.so", "libdl.so", "libpthread.so", "librt.so", "libresolv.so", "libutil.so",
        "libanl.so",  "libnss_",  "libthread_db.", "libc.musl"
    };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(parts); i++)
        if (slip_starts_with(soname, parts[i]))
            return true;
    return false;
}

char *slip_loader_kind(const struct slip_elf *elf)
{
    const struct machine *m = machine_of(elf);

    return m ? slip_xasprintf("%u-bit %s", elf->bits, m->musl)
             : slip_xasprintf("%u-bit %s-endian of machine %u", elf->bits,
                              elf->byte_order == ELFDATA2MSB ? "big" : "little", elf->machine);
}

char *slip_loader_find(int root)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(machines); i++) {
        char *interp = usual_interp(root, &machines[i]);
        if (interp)
            return interp;
    }
    return NULL;
}
