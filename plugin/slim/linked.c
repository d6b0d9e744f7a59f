#include "slim/linked.h"

#include <fcntl.h>

#include "slim/object.h"
#include "slim/trail.h"
#include "util/fs.h"
#include "util/mem.h"

#define MEMBER_LIMIT ((uint64_t)256 << 20)
#define MEMBERS_MAX ((size_t)1 << 20)

/* What the loader would see of a program. */
struct slip_linked_program {
    char *path;
    struct segment {
        uint64_t addr;
        size_t len;
        unsigned char *bytes;
    } * segments;
    size_t n;
};

struct slip_linked_place {
    size_t program, next; /* next: number + 1 of another place of this name */
    uint64_t addr, size;
    bool is_function;
    size_t group; /* number of the first place at this address: names may be aliases */
    bool taken;   /* of a group's first: by an archive that was chosen */
};

static bool copy_segments(struct slip_linked_program *p, const struct slip_layout *l)
{
    p->segments = slip_xcalloc(l->phnum + 1, sizeof *p->segments);
    for (size_t i = 0; i < l->phnum; i++) {
        Elf64_Phdr ph;
        if (!slip_layout_segment(l, i, &ph) || ph.p_type != PT_LOAD || ph.p_filesz == 0)
            continue;
        if (ph.p_offset > l->len || ph.p_filesz > l->len - ph.p_offset)
            return false;
        struct segment *s = &p->segments[p->n++];
        s->addr = ph.p_vaddr;
        s->len = (size_t)ph.p_filesz;
        s->bytes = slip_xmalloc(s->len);
        memcpy(s->bytes, l->data + ph.p_offset, s->len);
    }
    return p->n > 0;
}

static void release_program(struct slip_linked_program *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->segments[i].bytes);
    free(p->segments);
    free(p->path);
}

static const unsigned char *bytes_at(const struct slip_linked_program *p, uint64_t addr,
                                     uint64_t size)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct segment *s = &p->segments[i];
        if (addr >= s->addr && addr - s->addr <= s->len && size <= s->len - (addr - s->addr))
            return s->bytes + (addr - s->addr);
    }
    return NULL;
}

static void add_place(struct slip_linked *l, const char *name, const Elf64_Sym *sym)
{
    l->places = slip_xgrow(l->places, l->nplaces, &l->places_cap, sizeof *l->places);
    l->places[l->nplaces++] = (struct slip_linked_place){
        .program = l->nprograms,
        .next = (size_t)(uintptr_t)slip_map_get(&l->symbols, name),
        .addr = sym->st_value,
        .size = sym->st_size,
        .is_function = ELF64_ST_TYPE(sym->st_info) == STT_FUNC,
    };
    slip_map_set(&l->symbols, name, (void *)(uintptr_t)l->nplaces);
}

static int by_address(const void *a, const void *b)
{
    const struct slip_linked_place *x = *(struct slip_linked_place *const *)a;
    const struct slip_linked_place *y = *(struct slip_linked_place *const *)b;

    if (x->addr != y->addr)
        return x->addr < y->addr ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* Those from `first` on are of one program. */
static void group_aliases(struct slip_linked *l, size_t first)
{
    const size_t n = l->nplaces - first;
    struct slip_linked_place **sorted = slip_xcalloc(n + 1, sizeof(struct slip_linked_place *));

    for (size_t i = 0; i < n; i++)
        sorted[i] = &l->places[first + i];
    qsort(sorted, n, sizeof *sorted, by_address);
    for (size_t i = 0; i < n; i++)
        sorted[i]->group = i && sorted[i]->addr == sorted[i - 1]->addr
                               ? sorted[i - 1]->group
                               : (size_t)(sorted[i] - l->places);
    free(sorted);
}

int slip_linked_add(struct slip_linked *linked, const char *path, const void *elf, size_t len)
{
    struct slip_linked_program p = { 0 };
    struct slip_layout l;
    Elf64_Shdr symtab, strtab;
    Elf64_Sym sym;
    const char *why;
    const size_t first = linked->nplaces;

    if (slip_layout_open(&l, (void *)(uintptr_t)elf, len, &why) != 1 ||
        !slip_object_symtab(&l, &symtab, &strtab))
        return 0;
    if (!copy_segments(&p, &l)) {
        release_program(&p);
        return 0;
    }
    p.path = slip_xstrdup(path);
    for (size_t at = 0; at + slip_layout_symsize(&l) <= symtab.sh_size;
         at += slip_layout_symsize(&l)) {
        if (!slip_layout_get_sym(&l, (size_t)symtab.sh_offset + at, &sym))
            break;
        unsigned type = ELF64_ST_TYPE(sym.st_info);
        if ((type != STT_FUNC && type != STT_OBJECT) || sym.st_shndx == SHN_UNDEF ||
            sym.st_size == 0 || sym.st_name >= strtab.sh_size)
            continue;
        const char *name = slip_layout_text(&l, (size_t)(strtab.sh_offset + sym.st_name),
                                            (size_t)(strtab.sh_offset + strtab.sh_size));
        if (name && *name)
            add_place(linked, name, &sym);
    }
    group_aliases(linked, first);
    linked->programs = slip_xgrow(linked->programs, linked->nprograms, &linked->programs_cap,
                                  sizeof *linked->programs);
    linked->programs[linked->nprograms++] = p;
    return 1;
}

/* One archive while it is compared. */
struct offer {
    struct slip_linked *linked;
    const struct slip_ar *ar;
    int dir; /* of a thin archive's members */
    struct slip_linked_archive archive;
    struct slip_map wanted; /* offset of a member, as text, to an owned list of the known names
                               that it defines */
    size_t *fits, *refuted; /* by program: the last symbol, or member, of which it has been seen
                               that this is its size there, or another's code; counted from 1 */
    size_t serial;          /* of the symbol that is compared */
    size_t *others;         /* by program: how many members have functions that are others there */
};

static void claim(struct offer *o, size_t place, size_t member)
{
    struct slip_linked_archive *a = &o->archive;

    a->claims = slip_xgrow(a->claims, a->n, &a->cap, sizeof *a->claims);
    a->claims[a->n++] = (struct slip_linked_claim){ .symbol = place, .member = member };
}

/* A function of that name is in the program, but of another size: who has it is somebody else, such
 * as the same library's sources compiled in another way, and what else looks like this member there
 * (a table of constants, an empty function) is his as well. */
static void refute(struct offer *o, const struct slip_object_symbol *symbol, size_t member)
{
    const struct slip_linked *l = o->linked;
    const size_t first = (size_t)(uintptr_t)slip_map_get(&l->symbols, symbol->name);

    o->serial++;
    for (size_t i = first; i; i = l->places[i - 1].next)
        if (l->places[i - 1].size == symbol->size)
            o->fits[l->places[i - 1].program] = o->serial;
    for (size_t i = first; i; i = l->places[i - 1].next)
        if (o->fits[l->places[i - 1].program] != o->serial) {
            o->others[l->places[i - 1].program] +=
                o->refuted[l->places[i - 1].program] != member + 1;
            o->refuted[l->places[i - 1].program] = member + 1;
        }
}

static void drop_refuted(struct offer *o, size_t from, size_t member)
{
    struct slip_linked_archive *a = &o->archive;
    size_t kept = from;

    for (size_t i = from; i < a->n; i++)
        if (o->refuted[o->linked->places[a->claims[i].symbol].program] != member + 1)
            a->claims[kept++] = a->claims[i];
    a->n = kept;
}

/* What a linker took from an archive is the archive's. Where more of its members are others than
 * are the same, those that are the same are small ones, compiled from the same sources. */
static void drop_lookalikes(struct offer *o)
{
    const struct slip_linked *l = o->linked;
    struct slip_linked_archive *a = &o->archive;
    size_t *same = slip_xcalloc(l->nprograms, sizeof *same), kept = 0;

    memset(o->refuted, 0, l->nprograms * sizeof *o->refuted); /* now: the last member counted */
    for (size_t i = 0; i < a->n; i++) {
        const struct slip_linked_place *place = &l->places[a->claims[i].symbol];
        if (!place->is_function || o->refuted[place->program] == a->claims[i].member + 1)
            continue; /* a table is no proof */
        o->refuted[place->program] = a->claims[i].member + 1;
        same[place->program]++;
    }
    for (size_t i = 0; i < a->n; i++) {
        size_t program = l->places[a->claims[i].symbol].program;
        if (o->others[program] <= same[program])
            a->claims[kept++] = a->claims[i];
    }
    a->n = kept;
    free(same);
}

static void compare_symbol(struct offer *o, const struct slip_object *object,
                           const struct slip_object_symbol *symbol, size_t member)
{
    const struct slip_linked *l = o->linked;

    if (symbol->is_function)
        refute(o, symbol, member);
    for (size_t i = (size_t)(uintptr_t)slip_map_get(&l->symbols, symbol->name); i;
         i = l->places[i - 1].next) {
        const struct slip_linked_place *place = &l->places[i - 1];
        if (place->size != symbol->size || place->is_function != symbol->is_function)
            continue;
        const unsigned char *bytes =
            bytes_at(&l->programs[place->program], place->addr, place->size);
        if (bytes && slip_object_same(object, symbol, bytes))
            claim(o, i - 1, member);
    }
}

static bool read_member(const struct offer *o, const struct slip_ar_member *m, struct slip_buf *ret)
{
    if (o->ar->thin)
        return slip_trail_read(o->dir, m->name, MEMBER_LIMIT, ret);
    if (m->size > MEMBER_LIMIT)
        return false;
    char *to = slip_buf_reserve(ret, m->size);
    for (size_t n = 0; n < m->size;) {
        ssize_t got = pread(o->ar->fd, to + n, m->size - n, (off_t)(m->at + n));
        if (got <= 0)
            return false;
        n += (size_t)got;
    }
    ret->len = m->size;
    return true;
}

/* The optimiser made the code anew: nothing but the names is left of the member. */
static void believe_names(struct offer *o, const struct slip_strv *names, size_t member)
{
    const struct slip_linked *l = o->linked;

    for (size_t k = 0; names && k < names->n; k++)
        for (size_t i = (size_t)(uintptr_t)slip_map_get(&l->symbols, names->v[k]); i;
             i = l->places[i - 1].next)
            claim(o, i - 1, member);
}

static void compare_object(struct offer *o, const struct slip_object *object, size_t member)
{
    struct slip_object_symbol symbol;
    const size_t from = o->archive.n;

    for (size_t i = 0; i < object->nsymbols; i++)
        if (slip_object_symbol(object, i, &symbol))
            compare_symbol(o, object, &symbol, member);
    drop_refuted(o, from, member);
}

static void compare_member(struct offer *o, const struct slip_ar_member *m,
                           const struct slip_strv *names, size_t member)
{
    slip_cleanup(slip_buf_release) struct slip_buf bytes = SLIP_BUF_INIT;
    slip_cleanup(slip_object_release) struct slip_object object = SLIP_OBJECT_INIT;

    if (!read_member(o, m, &bytes) || !slip_object_open(&object, bytes.data, bytes.len))
        return;
    if (object.only_lto)
        believe_names(o, names, member);
    compare_object(o, &object, member);
}

static void on_symbol(void *user, const char *name, uint64_t member)
{
    struct offer *o = user;
    char offset[24];

    if (!slip_map_get(&o->linked->symbols, name))
        return;
    snprintf(offset, sizeof offset, "%llu", (unsigned long long)member);
    struct slip_strv *names = slip_map_get(&o->wanted, offset);
    if (!names) {
        names = slip_xcalloc(1, sizeof *names);
        slip_map_set(&o->wanted, offset, names);
    }
    slip_strv_add(names, name);
}

/* All members are counted; those that define a name that some program has are compared. */
static void compare_archive(struct offer *o)
{
    slip_cleanup(slip_error_release) struct slip_error damaged = SLIP_ERROR_INIT;
    uint64_t at = o->ar->first;
    int indexed = slip_ar_symbols(o->ar, on_symbol, o, &damaged);

    if (indexed > 0 && o->wanted.n == 0)
        return;
    while (indexed >= 0 && o->archive.total < MEMBERS_MAX) {
        slip_cleanup(slip_ar_member_release) struct slip_ar_member m = SLIP_AR_MEMBER_INIT;
        char offset[24];
        if (slip_ar_member(o->ar, at, &m, &damaged) != 1)
            return;
        snprintf(offset, sizeof offset, "%llu", (unsigned long long)at);
        const struct slip_strv *names = slip_map_get(&o->wanted, offset);
        if (indexed == 0 || names)
            compare_member(o, &m, names, o->archive.total);
        o->archive.total++;
        at = m.next;
    }
}

static struct offer begin_offer(struct slip_linked *linked, unsigned rank)
{
    return (struct offer){
        .linked = linked,
        .dir = -1,
        .archive = { .rank = rank },
        .fits = slip_xcalloc(linked->nprograms, sizeof(size_t)),
        .refuted = slip_xcalloc(linked->nprograms, sizeof(size_t)),
        .others = slip_xcalloc(linked->nprograms, sizeof(size_t)),
    };
}

/* Keeps what was compared if any program has something of it. */
static void end_offer(struct offer *o, const char *shown)
{
    struct slip_linked *l = o->linked;

    drop_lookalikes(o);
    free(o->others);
    free(o->fits);
    free(o->refuted);
    for (size_t i = 0; i < o->wanted.n; i++) {
        slip_strv_release(o->wanted.entries[i].value);
        free(o->wanted.entries[i].value);
    }
    slip_map_release(&o->wanted);
    if (o->archive.n == 0) {
        free(o->archive.claims);
        return;
    }
    o->archive.path = slip_xstrdup(shown);
    l->archives = slip_xgrow(l->archives, l->narchives, &l->archives_cap, sizeof *l->archives);
    l->archives[l->narchives++] = o->archive;
}

void slip_linked_offer(struct slip_linked *linked, int root, const char *path, const char *shown,
                       unsigned rank)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_ar_release) struct slip_ar ar = SLIP_AR_INIT;
    slip_cleanup(slip_closep) int fd = slip_open_in_root(root, path, O_RDONLY | O_NONBLOCK, 0);
    const char *base;

    if (fd < 0 || linked->nprograms == 0 || slip_ar_open(&ar, fd, shown, &ignored) != 1)
        return;
    slip_cleanup(slip_closep) int dir = ar.thin ? slip_open_parent(root, path, &base) : -1;
    struct offer o = begin_offer(linked, rank);
    o.ar = &ar;
    o.dir = dir;
    compare_archive(&o);
    end_offer(&o, shown);
}

void slip_linked_offer_object(struct slip_linked *linked, int root, const char *path, unsigned rank)
{
    slip_cleanup(slip_buf_release) struct slip_buf bytes = SLIP_BUF_INIT;
    slip_cleanup(slip_object_release) struct slip_object object = SLIP_OBJECT_INIT;

    if (linked->nprograms == 0 || !slip_trail_read(root, path, MEMBER_LIMIT, &bytes) ||
        !slip_object_open(&object, bytes.data, bytes.len))
        return;
    struct offer o = begin_offer(linked, rank);
    o.archive.is_object = true;
    compare_object(&o, &object, 0);
    end_offer(&o, path);
}

static int by_weight(const void *a, const void *b)
{
    const struct slip_linked_archive *x = a, *y = b;

    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    if (x->n != y->n)
        return x->n > y->n ? -1 : 1;
    /* libc_nonshared.a is a part of libc.a: of two that explain the same, the smaller one. */
    if (x->total != y->total)
        return x->total < y->total ? -1 : 1;
    return strcmp(x->path, y->path);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct slip_linked_archive *)a)->path,
                  ((const struct slip_linked_archive *)b)->path);
}

/* Takes what nobody has taken yet. */
static void take_places(struct slip_linked *l, struct slip_linked_archive *a)
{
    size_t last = SIZE_MAX; /* claims of a member stand together */

    for (size_t i = 0; i < a->n; i++) {
        struct slip_linked_place *place = &l->places[l->places[a->claims[i].symbol].group];
        const char *path = l->programs[place->program].path;
        if (place->taken)
            continue;
        place->taken = true;
        a->members += a->claims[i].member != last;
        last = a->claims[i].member;
        if (!slip_strv_has(&a->into, path))
            slip_strv_add(&a->into, path);
    }
    slip_strv_sort(&a->into);
}

static void release_archive(struct slip_linked_archive *a)
{
    free(a->path);
    free(a->claims);
    slip_strv_release(&a->into);
}

void slip_linked_choose(struct slip_linked *l)
{
    size_t kept = 0;

    if (l->narchives == 0)
        return;
    qsort(l->archives, l->narchives, sizeof *l->archives, by_weight);
    for (size_t i = 0; i < l->narchives; i++)
        take_places(l, &l->archives[i]);
    for (size_t i = 0; i < l->narchives; i++)
        if (l->archives[i].members && !l->archives[i].is_object)
            l->archives[kept++] = l->archives[i];
        else
            release_archive(&l->archives[i]);
    l->narchives = kept;
    if (kept)
        qsort(l->archives, kept, sizeof *l->archives, by_path);
}

void slip_linked_release(struct slip_linked *l)
{
    for (size_t i = 0; i < l->nprograms; i++)
        release_program(&l->programs[i]);
    for (size_t i = 0; i < l->narchives; i++)
        release_archive(&l->archives[i]);
    free(l->programs);
    free(l->places);
    free(l->archives);
    slip_map_release(&l->symbols);
    *l = SLIP_LINKED_INIT;
}
