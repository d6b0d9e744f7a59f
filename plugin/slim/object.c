#include "slim/object.h"

#include "util/mem.h"

static bool in_file(const struct slip_layout *l, const Elf64_Shdr *sh)
{
    return sh->sh_offset <= l->len && sh->sh_size <= l->len - sh->sh_offset;
}

bool slip_object_symtab(const struct slip_layout *l, Elf64_Shdr *ret_symtab, Elf64_Shdr *ret_strtab)
{
    for (size_t i = 0; slip_layout_section(l, i, ret_symtab); i++)
        if (ret_symtab->sh_type == SHT_SYMTAB)
            return in_file(l, ret_symtab) &&
                   slip_layout_section(l, ret_symtab->sh_link, ret_strtab) &&
                   in_file(l, ret_strtab);
    return false;
}

/* The sections of a COMDAT group: words, the first of which are flags. */
static void mark_group(struct slip_object *o, const Elf64_Shdr *group)
{
    uint32_t word;

    if (!in_file(&o->layout, group) || group->sh_size < 4 ||
        !slip_layout_get_word(&o->layout, group->sh_offset, &word) || !(word & GRP_COMDAT))
        return;
    for (size_t at = 4; at + 4 <= group->sh_size; at += 4)
        if (slip_layout_get_word(&o->layout, group->sh_offset + at, &word) &&
            word < o->layout.shnum)
            o->comdat[word] = 1;
}

static const char *name_of(const struct slip_object *o, const Elf64_Sym *sym)
{
    if (sym->st_name >= o->strtab.sh_size)
        return NULL;
    return slip_layout_text(&o->layout, o->strtab.sh_offset + sym->st_name,
                            o->strtab.sh_offset + o->strtab.sh_size);
}

static bool get(const struct slip_object *o, size_t i, Elf64_Sym *ret)
{
    return slip_layout_get_sym(&o->layout,
                               o->symtab.sh_offset + i * slip_layout_symsize(&o->layout), ret);
}

int slip_object_open(struct slip_object *o, const void *data, size_t len)
{
    const char *why;
    Elf64_Shdr sh;
    Elf64_Sym sym;

    /* Nothing here writes, but layouts are also for those who do. */
    if (slip_layout_open_object(&o->layout, (void *)(uintptr_t)data, len, &why) != 1 ||
        !slip_object_symtab(&o->layout, &o->symtab, &o->strtab))
        return 0;
    o->nsymbols = o->symtab.sh_size / slip_layout_symsize(&o->layout);
    o->comdat = slip_xcalloc(o->layout.shnum + 1, 1);
    for (size_t i = 0; slip_layout_section(&o->layout, i, &sh); i++)
        if (sh.sh_type == SHT_GROUP)
            mark_group(o, &sh);
    for (size_t i = 0; i < o->nsymbols && !o->only_lto && get(o, i, &sym); i++) {
        const char *name = sym.st_shndx == SHN_COMMON ? name_of(o, &sym) : NULL;
        o->only_lto = name && strcmp(name, "__gnu_lto_slim") == 0;
    }
    return 1;
}

bool slip_object_symbol(const struct slip_object *o, size_t i, struct slip_object_symbol *ret)
{
    Elf64_Shdr section;
    Elf64_Sym sym;

    if (!get(o, i, &sym) || ELF64_ST_BIND(sym.st_info) != STB_GLOBAL || sym.st_size == 0 ||
        (ELF64_ST_TYPE(sym.st_info) != STT_FUNC && ELF64_ST_TYPE(sym.st_info) != STT_OBJECT) ||
        !slip_layout_section(&o->layout, sym.st_shndx, &section) || o->comdat[sym.st_shndx] ||
        section.sh_type == SHT_NOBITS || !in_file(&o->layout, &section) ||
        sym.st_value > section.sh_size || sym.st_size > section.sh_size - sym.st_value)
        return false;
    *ret = (struct slip_object_symbol){
        .name = name_of(o, &sym),
        .section = sym.st_shndx,
        .at = sym.st_value,
        .size = sym.st_size,
        .is_function = ELF64_ST_TYPE(sym.st_info) == STT_FUNC,
    };
    return ret->name && *ret->name;
}

/* A relocation at `at` may change the instruction around it: x86 turns loads from the GOT into
 * addresses and calls of __tls_get_addr into something else, up to four bytes before the field;
 * the field has at most eight. */
static void mask(unsigned char *touched, const struct slip_object_symbol *s, uint64_t at)
{
    uint64_t from = at < 4 ? 0 : at - 4, to = at > UINT64_MAX - 8 ? at : at + 8;

    from = from > s->at ? from - s->at : 0;
    to = to > s->at ? to - s->at : 0;
    for (; from < to && from < s->size; from++)
        touched[from] = 1;
}

static void mask_section(const struct slip_object *o, const Elf64_Shdr *relocs,
                         const struct slip_object_symbol *s, unsigned char *touched)
{
    const struct slip_layout *l = &o->layout;
    const size_t word = l->wide ? 8 : 4, size = word * (relocs->sh_type == SHT_RELA ? 3 : 2);

    if (!in_file(l, relocs))
        return;
    for (uint64_t at = 0; at + size <= relocs->sh_size; at += size) {
        uint32_t low, high = 0;
        size_t off = (size_t)(relocs->sh_offset + at);
        if (!slip_layout_get_word(l, off + (l->wide && l->big ? 4 : 0), &low) ||
            (l->wide && !slip_layout_get_word(l, off + (l->big ? 0 : 4), &high)))
            return;
        mask(touched, s, (uint64_t)high << 32 | low);
    }
}

bool slip_object_same(const struct slip_object *o, const struct slip_object_symbol *s,
                      const unsigned char *bytes)
{
    slip_cleanup(slip_freep) unsigned char *touched = slip_xcalloc(s->size, 1);
    Elf64_Shdr sh;

    for (size_t i = 0; slip_layout_section(&o->layout, i, &sh); i++)
        if ((sh.sh_type == SHT_RELA || sh.sh_type == SHT_REL) && sh.sh_info == s->section)
            mask_section(o, &sh, s, touched);
    if (!slip_layout_section(&o->layout, s->section, &sh))
        return false;
    const unsigned char *own = o->layout.data + sh.sh_offset + s->at;
    for (uint64_t i = 0; i < s->size; i++)
        if (!touched[i] && own[i] != bytes[i])
            return false;
    return true;
}

void slip_object_release(struct slip_object *o)
{
    free(o->comdat);
    *o = SLIP_OBJECT_INIT;
}
