#include "slim/split.h"

#include <stdlib.h>
#include <string.h>

#include "slim/layout.h"
#include "util/buf.h"
#include "util/mem.h"
#include "util/str.h"

#define SECTION_LIMIT 0xff00 /* as for stripping */
#define SEGMENT_LIMIT 4096

/* One section on its way from the old file to the new one. */
struct section {
    Elf64_Shdr sh;
    const char *name; /* borrowed from the old file */
    bool placed;      /* its bytes are in the new file already */
};

struct job {
    const struct slip_layout *old;
    const char *path;
    struct section *sections; /* owned */
    Elf64_Phdr *segments;     /* owned */
    struct slip_buf out;
    struct slip_error *err;
};

static void job_release(struct job *job)
{
    free(job->sections);
    free(job->segments);
    slip_buf_release(&job->out);
}

static int damaged(const struct job *job, const char *why)
{
    slip_fail(job->err, SLIP_EINPUT, "'%s' is a damaged ELF file: %s", job->path, why);
    return slip_error_hint(job->err, "leave it out of the image, or build without debug-image");
}

static bool has_bytes(const Elf64_Shdr *sh)
{
    return sh->sh_type != SHT_NOBITS && sh->sh_type != SHT_NULL;
}

/* Debuggers read what is loaded from the program itself. */
static bool is_kept(const Elf64_Shdr *sh)
{
    return has_bytes(sh) && (!(sh->sh_flags & SHF_ALLOC) || sh->sh_type == SHT_NOTE);
}

static int read_headers(struct job *job)
{
    const struct slip_layout *l = job->old;
    Elf64_Shdr names;
    uint64_t kept = 0;

    job->sections = slip_xcalloc(l->shnum, sizeof *job->sections);
    job->segments = slip_xcalloc(l->phnum + 1, sizeof *job->segments);
    if (!slip_layout_section(l, l->shstrndx, &names) ||
        !slip_layout_holds(l, names.sh_offset, names.sh_size))
        return damaged(job, "its section names lie outside the file");
    for (size_t i = 0; i < l->shnum; i++) {
        struct section *s = &job->sections[i];
        Elf64_Shdr *sh = &s->sh;
        if (!slip_layout_section(l, i, sh) ||
            (has_bytes(sh) && !slip_layout_holds(l, sh->sh_offset, sh->sh_size)))
            return damaged(job, "a section lies outside the file");
        s->name = sh->sh_name < names.sh_size
                      ? slip_layout_text(l, (size_t)names.sh_offset + sh->sh_name,
                                         (size_t)(names.sh_offset + names.sh_size))
                      : NULL;
        if (!s->name)
            return damaged(job, "a section name has no end");
        kept += is_kept(sh) ? sh->sh_size : 0;
    }
    for (size_t i = 0; i < l->phnum; i++) {
        Elf64_Phdr *ph = &job->segments[i];
        if (!slip_layout_segment(l, i, ph) ||
            (ph->p_type == PT_NOTE && !slip_layout_holds(l, ph->p_offset, ph->p_filesz)))
            return damaged(job, "a segment lies outside the file");
        kept += ph->p_type == PT_NOTE ? ph->p_filesz : 0;
    }
    /* What each of them claims was checked; their sum must not be many times the file. */
    return kept > 2 * (uint64_t)l->len ? damaged(job, "sections lie upon each other") : 0;
}

static void align(struct slip_buf *out, uint64_t to)
{
    static const char zeros[64] = { 0 };
    size_t unit = to > 1 && to <= sizeof zeros && (to & (to - 1)) == 0 ? (size_t)to : 1;

    slip_buf_put(out, zeros, (unit - out->len % unit) % unit);
}

static size_t append(struct job *job, uint64_t at, uint64_t n, uint64_t to)
{
    align(&job->out, to);
    slip_buf_put(&job->out, job->old->data + at, (size_t)n);
    return job->out.len - (size_t)n;
}

/* Notes are read by their segments as well as by their sections: they move together. */
static void append_notes(struct job *job)
{
    for (size_t i = 0; i < job->old->phnum; i++) {
        Elf64_Phdr *ph = &job->segments[i];
        uint64_t was = ph->p_offset;
        if (ph->p_type != PT_NOTE) {
            /* Nothing of it is here; offset and address must still agree by its alignment. */
            ph->p_offset = ph->p_type == PT_LOAD && ph->p_align ? ph->p_vaddr % ph->p_align : 0;
            ph->p_filesz = 0;
            if (ph->p_type == PT_PHDR || ph->p_type == PT_INTERP)
                ph->p_type = PT_NULL; /* they mean nothing without their bytes */
            continue;
        }
        ph->p_offset = append(job, was, ph->p_filesz, ph->p_align);
        for (size_t k = 1; k < job->old->shnum; k++) {
            struct section *s = &job->sections[k];
            uint64_t in = s->sh.sh_offset - was;
            if (s->placed || s->sh.sh_type != SHT_NOTE || s->sh.sh_offset < was ||
                in > ph->p_filesz || s->sh.sh_size > ph->p_filesz - in)
                continue;
            s->sh.sh_offset = ph->p_offset + in;
            s->placed = true;
        }
    }
}

static void append_sections(struct job *job)
{
    size_t start = job->out.len;

    for (size_t i = 1; i < job->old->shnum; i++) {
        Elf64_Shdr *sh = &job->sections[i].sh;
        if (is_kept(sh) && !job->sections[i].placed) {
            sh->sh_offset = append(job, sh->sh_offset, sh->sh_size, sh->sh_addralign);
        } else if (has_bytes(sh) && !is_kept(sh)) {
            sh->sh_type = SHT_NOBITS;
            sh->sh_offset = start;
        }
    }
}

static void write_headers(struct job *job)
{
    struct slip_layout now = *job->old;
    size_t size = slip_layout_shsize(job->old);

    align(&job->out, job->old->wide ? 8 : 4);
    now.eh.e_phoff = now.phnum ? slip_layout_ehsize(job->old) : 0;
    now.eh.e_shoff = job->out.len;
    memset(slip_buf_reserve(&job->out, now.shnum * size), 0, now.shnum * size);
    job->out.len += now.shnum * size;
    now.data = (unsigned char *)job->out.data;
    now.len = job->out.len;
    (void)slip_layout_put_ehdr(&now);
    for (size_t i = 0; i < now.phnum; i++)
        (void)slip_layout_put_segment(&now, i, &job->segments[i]);
    for (size_t i = 0; i < now.shnum; i++)
        (void)slip_layout_put_shdr(&now, (size_t)now.eh.e_shoff + i * size, &job->sections[i].sh);
}

static void to_hex(const unsigned char *id, size_t n, char out[2 * SLIP_BUILD_ID_MAX + 1])
{
    for (size_t i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", id[i]);
}

/* ".debug_info", ".zdebug_info" and so on; ".debug_frame" alone says nothing about lines. */
static bool is_dwarf(const char *name)
{
    return strcmp(name, ".debug_info") == 0 || strcmp(name, ".zdebug_info") == 0 ||
           strcmp(name, ".stab") == 0;
}

/* .gnu_debugaltlink: the name of a file, a zero byte, its Build-ID. */
static void read_shared(const struct job *job, const Elf64_Shdr *sh, struct slip_split *ret)
{
    size_t end = (size_t)(sh->sh_offset + sh->sh_size);
    const char *name = slip_layout_text(job->old, (size_t)sh->sh_offset, end);
    size_t n = name ? strlen(name) + 1 : 0;

    if (!name || !*name || ret->shared || sh->sh_size - n < 2 ||
        sh->sh_size - n > SLIP_BUILD_ID_MAX)
        return;
    ret->shared = slip_xstrdup(name);
    to_hex((const unsigned char *)name + n, (size_t)sh->sh_size - n, ret->shared_id);
}

/* Is there anything for a debugger? */
static bool examine(const struct job *job, struct slip_split *ret)
{
    bool any = false;

    for (size_t i = 1; i < job->old->shnum; i++) {
        const Elf64_Shdr *sh = &job->sections[i].sh;
        const char *name = job->sections[i].name;
        if (!is_kept(sh) || sh->sh_flags & SHF_ALLOC || sh->sh_size == 0)
            continue;
        ret->lines = ret->lines || is_dwarf(name);
        any = any || sh->sh_type == SHT_SYMTAB || ret->lines;
        if (strcmp(name, ".gnu_debugaltlink") == 0)
            read_shared(job, sh, ret);
    }
    return any;
}

/* Writes the program's Build-ID over the linker's. False when one of them has none. */
static bool rename_to(struct slip_layout *debug, const void *program, size_t len,
                      struct slip_split *ret)
{
    struct slip_layout l;
    const char *why;
    size_t had = 0, has = 0;

    if (slip_layout_open(&l, (void *)(uintptr_t)program, len, &why) != 1)
        return false;
    const unsigned char *id = slip_build_id_find(&l, &has);
    unsigned char *old = slip_build_id_find(debug, &had);
    if (!id || !old || had != has || has < 2 || has > SLIP_BUILD_ID_MAX)
        return false;
    memcpy(old, id, has);
    to_hex(id, has, ret->id);
    return true;
}

static int split(struct job *job, const void *program, size_t len, struct slip_split *ret)
{
    struct slip_layout debug;
    const char *why;
    size_t head = slip_layout_ehsize(job->old) + job->old->phnum * slip_layout_phsize(job->old);

    if (read_headers(job) < 0)
        return -1;
    if (!examine(job, ret))
        return SLIP_SPLIT_NOTHING;
    memset(slip_buf_reserve(&job->out, head), 0, head);
    job->out.len = head;
    append_notes(job);
    append_sections(job);
    write_headers(job);
    if (slip_layout_open(&debug, job->out.data, job->out.len, &why) != 1)
        return damaged(job, "its headers do not fit each other");
    if (!rename_to(&debug, program, len, ret))
        return SLIP_SPLIT_NO_ID;
    ret->len = job->out.len;
    ret->data = slip_buf_take(&job->out);
    return SLIP_SPLIT_DONE;
}

int slip_split(const void *elf, size_t len, const void *program, size_t program_len,
               const char *path, struct slip_split *ret, struct slip_error *err)
{
    struct slip_layout l;
    const char *why;
    slip_cleanup(job_release) struct job job = { .old = &l, .path = path, .err = err };

    *ret = SLIP_SPLIT_INIT;
    int rc = slip_layout_open(&l, (void *)(uintptr_t)elf, len, &why);
    if (rc < 0)
        return damaged(&job, why);
    if (rc == 0 || l.shnum < 2 || l.shnum > SECTION_LIMIT || l.phnum > SEGMENT_LIMIT)
        return SLIP_SPLIT_NOTHING;
    return split(&job, program, program_len, ret);
}

void slip_split_release(struct slip_split *split)
{
    free(split->data);
    free(split->shared);
    *split = SLIP_SPLIT_INIT;
}

char *slip_split_path(const char *id)
{
    return slip_xasprintf("usr/lib/debug/.build-id/%.2s/%s.debug", id, id + 2);
}
