#include "slim/layout.h"

#include <string.h>

/* Walks over a header field by field, reading into or writing from Elf64 fields. */
struct cursor {
    unsigned char *p;
    bool big, wide, writing;
};

static uint64_t load(const struct cursor *c, size_t n)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)c->p[i] << (8 * (c->big ? n - 1 - i : i));
    return v;
}

static void store(const struct cursor *c, size_t n, uint64_t v)
{
    for (size_t i = 0; i < n; i++)
        c->p[i] = (unsigned char)(v >> (8 * (c->big ? n - 1 - i : i)));
}

static void pass(struct cursor *c, void *field, size_t size, size_t n)
{
    uint64_t v = 0;
    uint16_t half;
    uint32_t word;

    if (c->writing) {
        memcpy(size == 2 ? (void *)&half : size == 4 ? (void *)&word : (void *)&v, field, size);
        store(c, n, size == 2 ? half : size == 4 ? word : v);
    } else {
        v = load(c, n);
        half = (uint16_t)v;
        word = (uint32_t)v;
        memcpy(field, size == 2 ? (void *)&half : size == 4 ? (void *)&word : (void *)&v, size);
    }
    c->p += n;
}

static void byte(struct cursor *c, unsigned char *field)
{
    if (c->writing)
        *c->p = *field;
    else
        *field = *c->p;
    c->p++;
}

/* Half and Word are the same in both classes; Addr, Off and Xword are not. */
#define HALF(c, f) pass((c), &(f), 2, 2)
#define WORD(c, f) pass((c), &(f), 4, 4)
#define LONG(c, f) pass((c), &(f), 8, (c)->wide ? 8 : 4)

static void pass_ehdr(struct cursor *c, Elf64_Ehdr *h)
{
    for (size_t i = 0; i < EI_NIDENT; i++)
        byte(c, &h->e_ident[i]);
    HALF(c, h->e_type);
    HALF(c, h->e_machine);
    WORD(c, h->e_version);
    LONG(c, h->e_entry);
    LONG(c, h->e_phoff);
    LONG(c, h->e_shoff);
    WORD(c, h->e_flags);
    HALF(c, h->e_ehsize);
    HALF(c, h->e_phentsize);
    HALF(c, h->e_phnum);
    HALF(c, h->e_shentsize);
    HALF(c, h->e_shnum);
    HALF(c, h->e_shstrndx);
}

static void pass_phdr(struct cursor *c, Elf64_Phdr *h)
{
    WORD(c, h->p_type);
    if (c->wide)
        WORD(c, h->p_flags);
    LONG(c, h->p_offset);
    LONG(c, h->p_vaddr);
    LONG(c, h->p_paddr);
    LONG(c, h->p_filesz);
    LONG(c, h->p_memsz);
    if (!c->wide)
        WORD(c, h->p_flags);
    LONG(c, h->p_align);
}

static void pass_shdr(struct cursor *c, Elf64_Shdr *h)
{
    WORD(c, h->sh_name);
    WORD(c, h->sh_type);
    LONG(c, h->sh_flags);
    LONG(c, h->sh_addr);
    LONG(c, h->sh_offset);
    LONG(c, h->sh_size);
    WORD(c, h->sh_link);
    WORD(c, h->sh_info);
    LONG(c, h->sh_addralign);
    LONG(c, h->sh_entsize);
}

static void pass_sym(struct cursor *c, Elf64_Sym *s)
{
    WORD(c, s->st_name);
    if (!c->wide) {
        LONG(c, s->st_value);
        LONG(c, s->st_size);
    }
    byte(c, &s->st_info);
    byte(c, &s->st_other);
    HALF(c, s->st_shndx);
    if (c->wide) {
        LONG(c, s->st_value);
        LONG(c, s->st_size);
    }
}

static void pass_dyn(struct cursor *c, Elf64_Dyn *d)
{
    LONG(c, d->d_tag);
    LONG(c, d->d_un.d_val);
}

bool slip_layout_holds(const struct slip_layout *layout, uint64_t off, uint64_t n)
{
    return off <= layout->len && n <= layout->len - off;
}

static bool at(const struct slip_layout *l, size_t off, size_t n, bool writing, struct cursor *ret)
{
    if (!slip_layout_holds(l, off, n))
        return false;
    *ret = (struct cursor){ l->data + off, l->big, l->wide, writing };
    return true;
}

size_t slip_layout_ehsize(const struct slip_layout *layout)
{
    return layout->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
}

size_t slip_layout_phsize(const struct slip_layout *layout)
{
    return layout->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
}

size_t slip_layout_shsize(const struct slip_layout *layout)
{
    return layout->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
}

size_t slip_layout_symsize(const struct slip_layout *layout)
{
    return layout->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
}

size_t slip_layout_dynsize(const struct slip_layout *layout)
{
    return layout->wide ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
}

bool slip_layout_get_shdr(const struct slip_layout *layout, size_t off, Elf64_Shdr *ret)
{
    struct cursor c;

    if (!at(layout, off, slip_layout_shsize(layout), false, &c))
        return false;
    pass_shdr(&c, ret);
    return true;
}

bool slip_layout_put_shdr(const struct slip_layout *layout, size_t off, const Elf64_Shdr *shdr)
{
    struct cursor c;
    Elf64_Shdr copy = *shdr;

    if (!at(layout, off, slip_layout_shsize(layout), true, &c))
        return false;
    pass_shdr(&c, &copy);
    return true;
}

bool slip_layout_get_sym(const struct slip_layout *layout, size_t off, Elf64_Sym *ret)
{
    struct cursor c;

    if (!at(layout, off, slip_layout_symsize(layout), false, &c))
        return false;
    pass_sym(&c, ret);
    return true;
}

bool slip_layout_put_sym(const struct slip_layout *layout, size_t off, const Elf64_Sym *sym)
{
    struct cursor c;
    Elf64_Sym copy = *sym;

    if (!at(layout, off, slip_layout_symsize(layout), true, &c))
        return false;
    pass_sym(&c, &copy);
    return true;
}

bool slip_layout_get_dyn(const struct slip_layout *layout, size_t off, Elf64_Dyn *ret)
{
    struct cursor c;

    if (!at(layout, off, slip_layout_dynsize(layout), false, &c))
        return false;
    pass_dyn(&c, ret);
    return true;
}

bool slip_layout_put_dyn(const struct slip_layout *layout, size_t off, const Elf64_Dyn *dyn)
{
    struct cursor c;
    Elf64_Dyn copy = *dyn;

    if (!at(layout, off, slip_layout_dynsize(layout), true, &c))
        return false;
    pass_dyn(&c, &copy);
    return true;
}

bool slip_layout_get_word(const struct slip_layout *layout, size_t off, uint32_t *ret)
{
    struct cursor c;

    if (!at(layout, off, sizeof *ret, false, &c))
        return false;
    WORD(&c, *ret);
    return true;
}

bool slip_layout_get_half(const struct slip_layout *layout, size_t off, uint16_t *ret)
{
    struct cursor c;

    if (!at(layout, off, sizeof *ret, false, &c))
        return false;
    HALF(&c, *ret);
    return true;
}

bool slip_layout_put_ehdr(struct slip_layout *layout)
{
    struct cursor c;

    if (!at(layout, 0, slip_layout_ehsize(layout), true, &c))
        return false;
    pass_ehdr(&c, &layout->eh);
    return true;
}

bool slip_layout_section(const struct slip_layout *layout, size_t i, Elf64_Shdr *ret)
{
    return i < layout->shnum &&
           slip_layout_get_shdr(layout, (size_t)layout->eh.e_shoff + i * slip_layout_shsize(layout),
                                ret);
}

bool slip_layout_segment(const struct slip_layout *layout, size_t i, Elf64_Phdr *ret)
{
    struct cursor c;

    if (i >= layout->phnum ||
        !at(layout, (size_t)layout->eh.e_phoff + i * slip_layout_phsize(layout),
            slip_layout_phsize(layout), false, &c))
        return false;
    pass_phdr(&c, ret);
    return true;
}

bool slip_layout_put_segment(const struct slip_layout *layout, size_t i, const Elf64_Phdr *phdr)
{
    size_t size = slip_layout_phsize(layout);
    struct cursor c;
    Elf64_Phdr copy = *phdr;

    if (i >= layout->phnum || !at(layout, (size_t)layout->eh.e_phoff + i * size, size, true, &c))
        return false;
    pass_phdr(&c, &copy);
    return true;
}

bool slip_layout_locate(const struct slip_layout *layout, uint64_t addr, size_t *ret_at,
                        size_t *ret_left)
{
    Elf64_Phdr ph;

    for (size_t i = 0; slip_layout_segment(layout, i, &ph); i++)
        if (ph.p_type == PT_LOAD && addr >= ph.p_vaddr && addr - ph.p_vaddr < ph.p_filesz &&
            slip_layout_holds(layout, ph.p_offset, ph.p_filesz)) {
            *ret_at = (size_t)(ph.p_offset + (addr - ph.p_vaddr));
            *ret_left = (size_t)(ph.p_filesz - (addr - ph.p_vaddr));
            return true;
        }
    return false;
}

const char *slip_layout_text(const struct slip_layout *layout, size_t off, size_t end)
{
    if (end > layout->len)
        end = layout->len;
    if (off >= end || !memchr(layout->data + off, '\0', end - off))
        return NULL;
    return (const char *)layout->data + off;
}

/* Counts that do not fit the header stand in the first section header. */
static bool read_counts(struct slip_layout *l)
{
    Elf64_Shdr first;

    l->phnum = l->eh.e_phnum;
    l->shnum = l->eh.e_shnum;
    l->shstrndx = l->eh.e_shstrndx;
    if (!l->eh.e_shoff)
        return l->shnum == 0;
    if (l->eh.e_shoff > l->len || !slip_layout_get_shdr(l, (size_t)l->eh.e_shoff, &first))
        return false;
    if (l->shnum == 0)
        l->shnum = (size_t)first.sh_size;
    if (l->phnum == PN_XNUM)
        l->phnum = first.sh_info;
    if (l->shstrndx == SHN_XINDEX)
        l->shstrndx = first.sh_link;
    return true;
}

static int open_type(struct slip_layout *layout, void *data, size_t len, bool object,
                     const char **ret_why)
{
    const unsigned char *id = data;
    struct slip_layout l = { .data = data, .len = len };
    struct cursor c;

    if (len < EI_NIDENT || memcmp(id, ELFMAG, SELFMAG) != 0 ||
        (id[EI_CLASS] != ELFCLASS32 && id[EI_CLASS] != ELFCLASS64) ||
        (id[EI_DATA] != ELFDATA2LSB && id[EI_DATA] != ELFDATA2MSB))
        return 0;
    l.wide = id[EI_CLASS] == ELFCLASS64;
    l.big = id[EI_DATA] == ELFDATA2MSB;
    *ret_why = "it is cut off";
    if (!at(&l, 0, slip_layout_ehsize(&l), false, &c))
        return -1;
    pass_ehdr(&c, &l.eh);
    if (object ? l.eh.e_type != ET_REL : l.eh.e_type != ET_EXEC && l.eh.e_type != ET_DYN)
        return 0;
    *ret_why = "its header tables lie outside the file";
    if ((l.eh.e_phnum && l.eh.e_phentsize != slip_layout_phsize(&l)) ||
        (l.eh.e_shoff && l.eh.e_shentsize != slip_layout_shsize(&l)) || !read_counts(&l) ||
        l.phnum > len / slip_layout_phsize(&l) || l.shnum > len / slip_layout_shsize(&l) ||
        (l.phnum && !slip_layout_holds(&l, l.eh.e_phoff, l.phnum * slip_layout_phsize(&l))) ||
        (l.shnum && !slip_layout_holds(&l, l.eh.e_shoff, l.shnum * slip_layout_shsize(&l))))
        return -1;
    *layout = l;
    return 1;
}

int slip_layout_open(struct slip_layout *layout, void *data, size_t len, const char **ret_why)
{
    return open_type(layout, data, len, false, ret_why);
}

int slip_layout_open_object(struct slip_layout *layout, void *data, size_t len,
                            const char **ret_why)
{
    return open_type(layout, data, len, true, ret_why);
}
