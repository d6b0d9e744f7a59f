#include "slim/runpath.h"

#include "util/buf.h"
#include "util/fs.h"
#include "util/mem.h"

#define ENTRY_LIMIT 65536

/* The dynamic segment, and the table its names stand in. */
struct dynamic {
    const struct slip_layout *l;
    size_t at, n;              /* entries */
    size_t strings, strings_n; /* offset and size of the string table */
    uint64_t symtab, strtab, verneed, verdef;
};

static bool get(const struct dynamic *d, size_t i, Elf64_Dyn *ret)
{
    return i < d->n && slip_layout_get_dyn(d->l, d->at + i * slip_layout_dynsize(d->l), ret) &&
           ret->d_tag != DT_NULL;
}

static bool find_dynamic(const struct slip_layout *l, struct dynamic *d)
{
    Elf64_Phdr ph;
    Elf64_Dyn dyn;
    uint64_t size = 0;

    *d = (struct dynamic){ .l = l };
    for (size_t i = 0; slip_layout_segment(l, i, &ph); i++)
        if (ph.p_type == PT_DYNAMIC && ph.p_offset <= l->len &&
            ph.p_filesz <= l->len - ph.p_offset) {
            d->at = (size_t)ph.p_offset;
            d->n = (size_t)ph.p_filesz / slip_layout_dynsize(l);
        }
    if (d->n > ENTRY_LIMIT)
        d->n = ENTRY_LIMIT;
    for (size_t i = 0; get(d, i, &dyn); i++) {
        uint64_t *to = dyn.d_tag == DT_STRTAB    ? &d->strtab
                       : dyn.d_tag == DT_STRSZ   ? &size
                       : dyn.d_tag == DT_SYMTAB  ? &d->symtab
                       : dyn.d_tag == DT_VERNEED ? &d->verneed
                       : dyn.d_tag == DT_VERDEF  ? &d->verdef
                                                 : NULL;
        if (to)
            *to = dyn.d_un.d_val;
    }
    if (!slip_layout_locate(l, d->strtab, &d->strings, &d->strings_n))
        return false;
    if (size < d->strings_n)
        d->strings_n = (size_t)size;
    return true;
}

/* A stretch of the string table, and the first byte in it that somebody else's name needs. */
struct stretch {
    size_t from, n; /* in the table; n includes the zero byte */
    size_t shared;  /* relative to from; n when nobody does */
};

static void use(struct stretch *s, uint64_t name)
{
    if (name >= s->from && name - s->from < s->shared)
        s->shared = (size_t)(name - s->from);
}

static void use_symbols(const struct dynamic *d, struct stretch *s)
{
    size_t at, left, size = slip_layout_symsize(d->l);
    Elf64_Shdr sh;
    Elf64_Sym sym;

    if (!slip_layout_locate(d->l, d->symtab, &at, &left))
        return;
    /* Without a section header, the table ends where the strings begin: too much is harmless. */
    if (d->strtab > d->symtab && d->strtab - d->symtab < left)
        left = (size_t)(d->strtab - d->symtab);
    for (size_t i = 0; slip_layout_section(d->l, i, &sh); i++)
        if (sh.sh_type == SHT_DYNSYM && sh.sh_addr == d->symtab && sh.sh_size < left)
            left = (size_t)sh.sh_size;
    for (size_t i = 1; i < left / size && slip_layout_get_sym(d->l, at + i * size, &sym); i++)
        use(s, sym.st_name);
}

/* Verneed and verdef alike: a chain of records, each with a chain of names. The numbers are where
 * the fields stand: own name (0 for none), first name and next record; name and next of a name. */
static void use_versions(const struct dynamic *d, struct stretch *s, uint64_t addr, size_t own,
                         size_t first, size_t next, size_t name, size_t name_next)
{
    size_t at, left, budget = ENTRY_LIMIT;
    uint32_t v, step = 0, hop = 0;

    if (!addr || !slip_layout_locate(d->l, addr, &at, &left))
        return;
    for (;; at += step) {
        if (own && slip_layout_get_word(d->l, at + own, &v))
            use(s, v);
        if (!slip_layout_get_word(d->l, at + first, &v) ||
            !slip_layout_get_word(d->l, at + next, &step))
            return;
        for (size_t sub = at + v; budget; sub += hop) {
            budget--;
            if (!slip_layout_get_word(d->l, sub + name, &v) ||
                !slip_layout_get_word(d->l, sub + name_next, &hop))
                return;
            use(s, v);
            if (!hop)
                break;
        }
        if (!step || !budget)
            return;
    }
}

static void use_tags(const struct dynamic *d, struct stretch *s)
{
    Elf64_Dyn dyn;

    for (size_t i = 0; get(d, i, &dyn); i++)
        switch (dyn.d_tag) {
        case DT_NEEDED:
        case DT_SONAME:
        case DT_AUXILIARY:
        case DT_FILTER:
        case DT_CONFIG:
        case DT_AUDIT:
        case DT_DEPAUDIT:
            use(s, dyn.d_un.d_val);
        }
}

static bool is_below(const char *entry, size_t n, const char *const *prefixes)
{
    slip_cleanup(slip_freep) char *text = slip_xstrndup(entry, n);
    slip_cleanup(slip_freep) char *clean = slip_path_clean(text);

    for (size_t i = 0; text[0] == '/' && prefixes[i]; i++) {
        slip_cleanup(slip_freep) char *prefix = slip_path_clean(prefixes[i]);
        size_t len = strcmp(prefix, "/") == 0 ? 0 : strlen(prefix);
        if (strncmp(clean, prefix, len) == 0 && (clean[len] == '/' || !clean[len]))
            return true;
    }
    return false;
}

/* What is left of a list of directories; true when that is less. Empty entries are what CMake pads
 * a RUNPATH with: they go when anything goes. */
static bool filter(const char *old, const char *const *prefixes, struct slip_buf *ret)
{
    bool removed = false;

    for (const char *p = old; *p; p += *p == ':') {
        size_t n = strcspn(p, ":");
        if (n && is_below(p, n, prefixes)) {
            removed = true;
        } else if (n) {
            if (ret->len)
                slip_buf_putc(ret, ':');
            slip_buf_put(ret, p, n);
        }
        p += n;
    }
    return removed;
}

/* Writes `text` into the stretch, at its start or, when its end is shared, at its end. The number
 * of bytes before it, or -1 when neither leaves the shared bytes as they are. */
static ptrdiff_t place(const struct dynamic *d, const struct stretch *s, const char *text, size_t n)
{
    char *old = (char *)d->l->data + d->strings + s->from;
    size_t before = s->n - 1 - n;

    if (n == 0 || n + 1 <= s->shared) {
        memcpy(old, text, n);
        memset(old + n, 0, s->shared - n);
        return 0;
    }
    if (s->shared < before ||
        memcmp(old + s->shared, text + (s->shared - before), s->n - 1 - s->shared) != 0)
        return -1;
    memmove(old + before, text, s->shared - before);
    memset(old, 0, before);
    return (ptrdiff_t)before;
}

static void drop_entry(const struct dynamic *d, size_t gone)
{
    size_t size = slip_layout_dynsize(d->l);

    for (size_t i = gone; i < d->n; i++) {
        Elf64_Dyn dyn;
        bool more = get(d, i + 1, &dyn);
        if (!more)
            dyn = (Elf64_Dyn){ 0 };
        /* This one is relative to its own address. */
        if (d->l->eh.e_machine == EM_MIPS && dyn.d_tag == DT_MIPS_RLD_MAP_REL)
            dyn.d_un.d_val += size;
        (void)slip_layout_put_dyn(d->l, d->at + i * size, &dyn);
        if (!more)
            return;
    }
}

static bool is_path_tag(const Elf64_Dyn *dyn)
{
    return dyn->d_tag == DT_RPATH || dyn->d_tag == DT_RUNPATH;
}

/* Gives every RPATH and RUNPATH that stood at `from` its new place, or takes it away. */
static void retarget(const struct dynamic *d, size_t from, size_t to, bool gone)
{
    size_t size = slip_layout_dynsize(d->l);
    Elf64_Dyn dyn;

    for (size_t i = 0; get(d, i, &dyn);) {
        bool ours = is_path_tag(&dyn) && dyn.d_un.d_val == from;
        if (ours && gone) {
            drop_entry(d, i);
            continue;
        }
        dyn.d_un.d_val = to;
        if (ours)
            (void)slip_layout_put_dyn(d->l, d->at + i * size, &dyn);
        i++;
    }
}

static int rewrite(const struct dynamic *d, uint64_t from, const char *const *prefixes,
                   const char *path, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf left = SLIP_BUF_INIT;
    const char *old = from < d->strings_n ? slip_layout_text(d->l, d->strings + (size_t)from,
                                                             d->strings + d->strings_n)
                                          : NULL;

    if (!old)
        return slip_fail(err, SLIP_EINPUT, "'%s' is a damaged ELF file: its RUNPATH has no end",
                         path);
    if (!filter(old, prefixes, &left))
        return 0;
    struct stretch s = { (size_t)from, strlen(old) + 1, strlen(old) + 1 };
    use_symbols(d, &s);
    use_tags(d, &s);
    use_versions(d, &s, d->verneed, 4, 8, 12, 8, 12);
    use_versions(d, &s, d->verdef, 0, 12, 16, 0, 4);
    ptrdiff_t moved = place(d, &s, slip_buf_str(&left), left.len);
    if (moved < 0)
        return slip_fail(err, SLIP_EINPUT,
                         "cannot take directories out of the RUNPATH '%s' of '%s': other names "
                         "share its end",
                         old, path);
    retarget(d, (size_t)from, (size_t)from + (size_t)moved, left.len == 0);
    return 1;
}

int slip_runpath_remove(const struct slip_layout *layout, const char *const *prefixes,
                        const char *path, struct slip_error *err)
{
    struct dynamic d;
    Elf64_Dyn dyn;
    int changed = 0;

    if (!prefixes || !prefixes[0] || !find_dynamic(layout, &d))
        return 0;
    for (size_t i = 0; get(&d, i, &dyn);) {
        int rc = is_path_tag(&dyn) ? rewrite(&d, dyn.d_un.d_val, prefixes, path, err) : 0;
        if (rc < 0)
            return -1;
        changed |= rc;
        i += rc == 0; /* after a change, look at the same place again */
    }
    return changed;
}
