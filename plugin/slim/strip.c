#include "slim/strip.h"

#include "slim/buildid.h"
#include "slim/layout.h"
#include "slim/runpath.h"
#include "util/buf.h"
#include "util/mem.h"
#include "util/str.h"

#define SECTION_LIMIT 0xff00 /* SHN_LORESERVE: more need another shape of header */
#define SEGMENT_LIMIT 4096
#define RESULT_LIMIT ((size_t)512 << 20)

/* Sections that only debuggers, profilers and linkers read. What is in none of these lists and not
 * loaded either (a program's own data, say) stays. */
static const char *const dropped[] = { ".comment",         ".gnu_debugdata",    ".gnu_debuglink",
                                       ".gdb_index",       ".gnu_debugaltlink", ".line",
                                       ".GCC.command.line" };
static const char *const dropped_families[] = { ".debug", ".zdebug", ".stab", ".gnu.debuglto_",
                                                ".gnu.lto_" };

/* One section on its way from the old file to the new one. */
struct section {
    Elf64_Shdr sh;
    const char *name; /* borrowed from the old file */
    bool keep;
    size_t number; /* in the new file */
};

struct job {
    const struct slip_layout *old;
    const char *path;
    struct section *sections; /* owned */
    size_t kept;
    size_t end; /* everything before it stays where it is */
    struct slip_error *err;
};

static void job_release(struct job *job)
{
    free(job->sections);
}

static int damaged(const char *path, const char *why, struct slip_error *err)
{
    slip_fail(err, SLIP_EINPUT, "'%s' is a damaged ELF file: %s", path, why);
    return slip_error_hint(err, "leave it out of the image, or build without stripping");
}

static bool has_bytes(const Elf64_Shdr *sh)
{
    return sh->sh_type != SHT_NOBITS && sh->sh_type != SHT_NULL;
}

static bool is_dropped(const struct section *s)
{
    if (s->sh.sh_flags & SHF_ALLOC)
        return false;
    switch (s->sh.sh_type) {
    case SHT_SYMTAB:
    case SHT_STRTAB:
    case SHT_SYMTAB_SHNDX:
    case SHT_GROUP:
    case SHT_REL:
    case SHT_RELA:
        return true;
    }
    for (size_t i = 0; i < SLIP_ARRAY_LEN(dropped); i++)
        if (strcmp(s->name, dropped[i]) == 0)
            return true;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(dropped_families); i++)
        if (slip_starts_with(s->name, dropped_families[i]))
            return true;
    return false;
}

static int read_sections(struct job *job)
{
    const struct slip_layout *l = job->old;
    Elf64_Shdr names;

    if (!slip_layout_section(l, l->shstrndx, &names) ||
        !slip_layout_holds(l, names.sh_offset, names.sh_size))
        return damaged(job->path, "its section names lie outside the file", job->err);
    job->sections = slip_xcalloc(l->shnum, sizeof *job->sections);
    for (size_t i = 0; i < l->shnum; i++) {
        struct section *s = &job->sections[i];
        if (!slip_layout_section(l, i, &s->sh) ||
            (has_bytes(&s->sh) && !slip_layout_holds(l, s->sh.sh_offset, s->sh.sh_size)))
            return damaged(job->path, "a section lies outside the file", job->err);
        if (i == 0 && has_bytes(&s->sh)) /* number 0 means none */
            return damaged(job->path, "its first section is not empty", job->err);
        s->name = s->sh.sh_name < names.sh_size
                      ? slip_layout_text(l, (size_t)names.sh_offset + s->sh.sh_name,
                                         (size_t)(names.sh_offset + names.sh_size))
                      : NULL;
        if (!s->name)
            return damaged(job->path, "a section name has no end", job->err);
        s->keep = i == 0 || !is_dropped(s);
        s->number = s->keep ? job->kept++ : SHN_UNDEF;
    }
    return 0;
}

/* Where nothing lies, a file may name any place. */
static void reach(size_t *end, uint64_t at, uint64_t n)
{
    if (n && at + n > *end)
        *end = (size_t)(at + n);
}

/* Does it stay, but lie behind what is loaded? Then it moves. */
static bool is_behind(const struct job *job, const struct section *s)
{
    return s->keep && has_bytes(&s->sh) && s->sh.sh_offset + s->sh.sh_size > job->end;
}

/* Finds job->end. 1, 0 when there is more in the file than its headers say, or -1. */
static int measure(struct job *job)
{
    const struct slip_layout *l = job->old;
    Elf64_Phdr ph;
    uint64_t others = 0;
    size_t all;

    reach(&job->end, 0, l->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr));
    reach(&job->end, l->eh.e_phoff, (uint64_t)l->phnum * l->eh.e_phentsize);
    for (size_t i = 0; slip_layout_segment(l, i, &ph); i++) {
        if (ph.p_filesz && !slip_layout_holds(l, ph.p_offset, ph.p_filesz))
            return damaged(job->path, "a segment lies outside the file", job->err);
        if (ph.p_filesz)
            reach(&job->end, ph.p_offset, ph.p_filesz);
    }
    all = job->end;
    reach(&all, l->eh.e_shoff, (uint64_t)l->shnum * l->eh.e_shentsize);
    for (size_t i = 0; i < l->shnum; i++) {
        const Elf64_Shdr *sh = &job->sections[i].sh;
        if (has_bytes(sh))
            reach(&all, sh->sh_offset, sh->sh_size);
        if (has_bytes(sh) && sh->sh_flags & SHF_ALLOC)
            reach(&job->end, sh->sh_offset, sh->sh_size);
    }
    for (size_t i = 0; i < l->shnum; i++)
        if (is_behind(job, &job->sections[i]))
            others += job->sections[i].sh.sh_size;
    if (others > l->len)
        return damaged(job->path, "sections lie upon each other", job->err);
    /* Self-extracting programs carry their data behind the last section. */
    for (size_t i = all; i < l->len; i++)
        if (l->data[i])
            return 0;
    return 1;
}

static bool overlaps(uint64_t a, uint64_t an, uint64_t b, uint64_t bn)
{
    return a < b + bn && b < a + an;
}

/* Zeroes what is gone but lies among what stays, unless it is part of that. */
static void clear(const struct job *job, unsigned char *out, uint64_t at, uint64_t n)
{
    const struct slip_layout *l = job->old;
    Elf64_Phdr ph;

    if (at >= job->end || n == 0)
        return;
    if (overlaps(at, n, 0, sizeof(Elf64_Ehdr)) ||
        overlaps(at, n, l->eh.e_phoff, (uint64_t)l->phnum * l->eh.e_phentsize))
        return;
    for (size_t i = 0; slip_layout_segment(l, i, &ph); i++)
        if (ph.p_filesz && overlaps(at, n, ph.p_offset, ph.p_filesz))
            return;
    for (size_t i = 0; i < l->shnum; i++) {
        const struct section *s = &job->sections[i];
        if (s->keep && has_bytes(&s->sh) && overlaps(at, n, s->sh.sh_offset, s->sh.sh_size))
            return;
    }
    memset(out + at, 0, at + n > job->end ? job->end - (size_t)at : (size_t)n);
}

static void clear_gone(const struct job *job, unsigned char *out)
{
    const struct slip_layout *l = job->old;

    for (size_t i = 0; i < l->shnum; i++) {
        const struct section *s = &job->sections[i];
        if (!s->keep && has_bytes(&s->sh))
            clear(job, out, s->sh.sh_offset, s->sh.sh_size);
    }
    clear(job, out, l->eh.e_shoff, (uint64_t)l->shnum * l->eh.e_shentsize);
}

static void align(struct slip_buf *out, uint64_t to)
{
    static const char zeros[64] = { 0 };
    size_t unit = to > 1 && to <= sizeof zeros && (to & (to - 1)) == 0 ? (size_t)to : 1;

    slip_buf_put(out, zeros, (unit - out->len % unit) % unit);
}

/* Sections that are kept but not loaded move up behind the loaded ones. */
static void append_others(struct job *job, struct slip_buf *out)
{
    for (size_t i = 1; i < job->old->shnum; i++) {
        struct section *s = &job->sections[i];
        if (!is_behind(job, s))
            continue;
        align(out, s->sh.sh_addralign);
        size_t at = out->len;
        slip_buf_put(out, job->old->data + s->sh.sh_offset, (size_t)s->sh.sh_size);
        s->sh.sh_offset = at;
    }
}

static uint32_t renumber(const struct job *job, uint32_t old)
{
    return old < job->old->shnum ? (uint32_t)job->sections[old].number : 0;
}

static uint32_t add_name(struct slip_buf *names, const char *name)
{
    size_t n = strlen(name) + 1;
    const char *had = names->len ? memmem(names->data, names->len, name, n) : NULL;

    if (had)
        return (uint32_t)(had - names->data);
    slip_buf_put(names, name, n);
    return (uint32_t)(names->len - n);
}

/* The new name table and section headers, at the end of `out`. */
static void append_headers(const struct job *job, struct slip_buf *out, Elf64_Ehdr *eh)
{
    slip_cleanup(slip_buf_release) struct slip_buf names = SLIP_BUF_INIT;
    size_t size = slip_layout_shsize(job->old), number = 0;
    Elf64_Shdr table = { .sh_type = SHT_STRTAB, .sh_addralign = 1 };

    for (size_t i = 0; i < job->old->shnum; i++)
        if (job->sections[i].keep)
            job->sections[i].sh.sh_name = add_name(&names, job->sections[i].name);
    table.sh_name = add_name(&names, ".shstrtab");
    table.sh_offset = out->len;
    table.sh_size = names.len;
    slip_buf_put(out, names.data, names.len);
    align(out, job->old->wide ? 8 : 4);
    eh->e_shoff = out->len;
    eh->e_shnum = (uint16_t)(job->kept + 1);
    eh->e_shstrndx = (uint16_t)job->kept;

    memset(slip_buf_reserve(out, (job->kept + 1) * size), 0, (job->kept + 1) * size);
    out->len += (job->kept + 1) * size;
    struct slip_layout l = *job->old;
    l.data = (unsigned char *)out->data;
    l.len = out->len;
    for (size_t i = 0; i < job->old->shnum; i++) {
        Elf64_Shdr sh = job->sections[i].sh;
        if (!job->sections[i].keep)
            continue;
        sh.sh_link = renumber(job, sh.sh_link);
        if (sh.sh_flags & SHF_INFO_LINK || sh.sh_type == SHT_REL || sh.sh_type == SHT_RELA)
            sh.sh_info = renumber(job, sh.sh_info);
        (void)slip_layout_put_shdr(&l, (size_t)eh->e_shoff + number++ * size, &sh);
    }
    (void)slip_layout_put_shdr(&l, (size_t)eh->e_shoff + number * size, &table);
}

/* Dynamic symbols name the section they lie in, which may have another number now. */
static void renumber_symbols(const struct job *job, const struct slip_layout *l)
{
    size_t size = slip_layout_symsize(l);
    Elf64_Sym sym;

    for (size_t i = 0; i < job->old->shnum; i++) {
        const struct section *s = &job->sections[i];
        if (!s->keep || s->sh.sh_type != SHT_DYNSYM)
            continue;
        for (size_t n = 1; n < s->sh.sh_size / size; n++) {
            size_t at = (size_t)s->sh.sh_offset + n * size;
            if (!slip_layout_get_sym(l, at, &sym) || sym.st_shndx == SHN_UNDEF ||
                sym.st_shndx >= SHN_LORESERVE || sym.st_shndx >= job->old->shnum)
                continue;
            size_t number = job->sections[sym.st_shndx].number;
            if (number == sym.st_shndx)
                continue;
            sym.st_shndx = number ? (uint16_t)number : SHN_ABS;
            (void)slip_layout_put_sym(l, at, &sym);
        }
    }
}

/* 1: *out is the new file. 0: there is nothing to drop, or no telling what. */
static int rebuild(struct job *job, struct slip_buf *out)
{
    const struct slip_layout *l = job->old;
    size_t gone = 0;

    if (l->shnum == 0 || l->shnum >= SECTION_LIMIT || l->phnum > SEGMENT_LIMIT)
        return 0;
    if (read_sections(job) < 0)
        return -1;
    int rc = measure(job);
    for (size_t i = 0; i < l->shnum; i++)
        gone += !job->sections[i].keep && i != l->shstrndx;
    if (rc <= 0 || gone == 0 || job->end > RESULT_LIMIT)
        return rc < 0 ? -1 : 0;

    struct slip_layout now = *l;
    slip_buf_put(out, l->data, job->end);
    clear_gone(job, (unsigned char *)out->data);
    append_others(job, out);
    append_headers(job, out, &now.eh);
    now.data = (unsigned char *)out->data;
    now.len = out->len;
    (void)slip_layout_put_ehdr(&now);
    renumber_symbols(job, &now);
    return 1;
}

int slip_strip(const void *elf, size_t len, const char *path,
               const struct slip_strip_options *options, void **ret, size_t *ret_len,
               struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) void *copy = NULL;
    struct slip_layout l;
    const char *why;

    int rc = slip_layout_open(&l, (void *)(uintptr_t)elf, len, &why);
    if (rc <= 0)
        return rc < 0 ? damaged(path, why, err) : 0;
    copy = slip_xmalloc(len);
    memcpy(copy, elf, len);
    l.data = copy;
    int changed = slip_runpath_remove(&l, options->runpath_prefixes, path, err);
    if (changed < 0)
        return -1;
    slip_cleanup(job_release) struct job job = { .old = &l, .path = path, .err = err };
    rc = options->keep_symbols ? 0 : rebuild(&job, &out);
    if (rc < 0 || (rc == 0 && !changed))
        return rc;
    if (rc > 0) {
        *ret_len = out.len;
        *ret = slip_buf_take(&out);
    } else {
        *ret_len = len;
        *ret = SLIP_TAKE_PTR(copy);
    }
    /* The linker's build ID covers debug sections, and with them the paths of the build. */
    slip_build_id_renew(*ret, *ret_len);
    return 1;
}
