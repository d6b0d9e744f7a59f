#include "slim/elf.h"

#include <gelf.h>
#include <libelf.h>

#include "slim/dlopen.h"
#include "util/mem.h"

#define NAME_LIMIT ((size_t)4096)
#define PATH_LIMIT ((size_t)64 << 10)
#define LIST_LIMIT 16384

/* One file while it is read: where its dynamic segment says that things are. */
struct reader {
    Elf *elf;
    const char *path;
    struct slip_elf *out;
    slip_elf_symbol_fn *wanted;
    Elf_Data *strings;
    uint64_t addr[DT_NUM]; /* values of the tags that are addresses or sizes */
    uint64_t verdef, verneed, versym;
    struct slip_error *err;
};

static int damaged(const struct reader *r, const char *what)
{
    return slip_fail(r->err, SLIP_EINPUT, "'%s' is a damaged ELF file: %s", r->path, what);
}

/* A loaded address to a file offset; *ret_len is what is left of the segment. */
static bool locate(Elf *elf, uint64_t addr, uint64_t *ret_off, uint64_t *ret_len)
{
    size_t n = 0;
    GElf_Phdr ph;

    (void)elf_getphdrnum(elf, &n);
    for (size_t i = 0; i < n && i <= INT32_MAX && gelf_getphdr(elf, (int)i, &ph); i++)
        if (ph.p_type == PT_LOAD && addr >= ph.p_vaddr && addr - ph.p_vaddr < ph.p_filesz &&
            ph.p_offset <= INT64_MAX - ph.p_filesz) {
            *ret_off = ph.p_offset + (addr - ph.p_vaddr);
            *ret_len = ph.p_filesz - (addr - ph.p_vaddr);
            return true;
        }
    return false;
}

/* What lies at a loaded address, at most `limit` bytes of it; NULL when it is not in the file. */
static Elf_Data *chunk(struct reader *r, uint64_t addr, uint64_t limit, Elf_Type type)
{
    uint64_t off, len;

    if (!addr || !locate(r->elf, addr, &off, &len))
        return NULL;
    if (len > limit)
        len = limit;
    return elf_getdata_rawchunk(r->elf, (int64_t)off, (size_t)len, type);
}

/* A string of the dynamic string table, or NULL when it has no end there. Borrowed. */
static const char *string(const struct reader *r, uint64_t at, size_t limit)
{
    if (!r->strings || at >= r->strings->d_size)
        return NULL;
    const char *s = (const char *)r->strings->d_buf + at;
    size_t left = r->strings->d_size - (size_t)at;
    return memchr(s, '\0', left < limit ? left : limit) ? s : NULL;
}

static int read_interp(struct reader *r, const GElf_Phdr *ph)
{
    Elf_Data *data =
        ph->p_filesz > 1 && ph->p_filesz <= NAME_LIMIT
            ? elf_getdata_rawchunk(r->elf, (int64_t)ph->p_offset, (size_t)ph->p_filesz, ELF_T_BYTE)
            : NULL;

    if (!data || !memchr(data->d_buf, '\0', data->d_size))
        return damaged(r, "the name of its loader lies outside the file");
    free(r->out->interp);
    r->out->interp = slip_xstrdup(data->d_buf);
    return 0;
}

static void read_note(struct reader *r, const GElf_Phdr *ph)
{
    Elf_Data *data = elf_getdata_rawchunk(r->elf, (int64_t)ph->p_offset, (size_t)ph->p_filesz,
                                          ph->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
    GElf_Nhdr note;
    size_t name, desc;

    for (size_t at = 0, next; data && (next = gelf_getnote(data, at, &note, &name, &desc)) > 0;
         at = next)
        if (note.n_type == SLIP_DLOPEN_NOTE && note.n_namesz == sizeof "FDO" &&
            memcmp((char *)data->d_buf + name, "FDO", sizeof "FDO") == 0)
            slip_dlopen_parse((char *)data->d_buf + desc, note.n_descsz, r->out);
}

/* First walk over the dynamic segment: numbers. The strings need DT_STRTAB first. */
static void read_tags(struct reader *r, Elf_Data *dynamic)
{
    GElf_Dyn dyn;

    for (int i = 0; i < LIST_LIMIT && gelf_getdyn(dynamic, i, &dyn); i++) {
        if (dyn.d_tag == DT_NULL)
            break;
        if (dyn.d_tag > 0 && dyn.d_tag < DT_NUM)
            r->addr[dyn.d_tag] = dyn.d_un.d_val;
        if (dyn.d_tag == DT_VERDEF)
            r->verdef = dyn.d_un.d_ptr;
        if (dyn.d_tag == DT_VERNEED)
            r->verneed = dyn.d_un.d_ptr;
        if (dyn.d_tag == DT_VERSYM)
            r->versym = dyn.d_un.d_ptr;
        if (dyn.d_tag == DT_FLAGS_1) {
            r->out->pie = dyn.d_un.d_val & DF_1_PIE;
            r->out->no_default_dirs = dyn.d_un.d_val & DF_1_NODEFLIB;
        }
    }
}

static char **only_string(struct slip_elf *elf, int64_t tag)
{
    return tag == DT_SONAME    ? &elf->soname
           : tag == DT_RPATH   ? &elf->rpath
           : tag == DT_RUNPATH ? &elf->runpath
                               : NULL;
}

static struct slip_strv *list_of_strings(struct slip_elf *elf, int64_t tag)
{
    if (tag == DT_NEEDED || tag == DT_FILTER)
        return &elf->needed;
    return tag == DT_AUXILIARY || tag == DT_AUDIT || tag == DT_DEPAUDIT ? &elf->optional : NULL;
}

static int read_strings(struct reader *r, Elf_Data *dynamic)
{
    GElf_Dyn dyn;

    for (int i = 0; i < LIST_LIMIT && gelf_getdyn(dynamic, i, &dyn); i++) {
        char **to = only_string(r->out, dyn.d_tag);
        struct slip_strv *list = list_of_strings(r->out, dyn.d_tag);
        if (dyn.d_tag == DT_NULL)
            break;
        if (!to && !list)
            continue;
        bool is_path = dyn.d_tag == DT_RPATH || dyn.d_tag == DT_RUNPATH;
        const char *s = string(r, dyn.d_un.d_val, is_path ? PATH_LIMIT : NAME_LIMIT);
        if (!s)
            return damaged(r, "a name in its dynamic segment has no end");
        if (to) {
            free(*to);
            *to = slip_xstrdup(s);
        } else if (*s) {
            slip_strv_add(list, s);
        }
    }
    return 0;
}

static void read_verneed(struct reader *r)
{
    Elf_Data *data = chunk(r, r->verneed, UINT64_MAX, ELF_T_VNEED);
    struct slip_elf *out = r->out;
    GElf_Verneed need;
    GElf_Vernaux aux;
    size_t budget = LIST_LIMIT;

    for (size_t at = 0; data && at <= INT32_MAX && gelf_getverneed(data, (int)at, &need);
         at += need.vn_next) {
        const char *file = string(r, need.vn_file, NAME_LIMIT);
        size_t sub = at + need.vn_aux;
        for (size_t i = 0;
             i < need.vn_cnt && sub <= INT32_MAX && budget && gelf_getvernaux(data, (int)sub, &aux);
             i++, budget--, sub += aux.vna_next) {
            const char *name = string(r, aux.vna_name, NAME_LIMIT);
            if (!file || !name)
                continue;
            out->versions = slip_xgrow(out->versions, out->nversions, &out->versions_cap,
                                       sizeof *out->versions);
            out->versions[out->nversions++] =
                (struct slip_elf_version){ slip_xstrdup(file), slip_xstrdup(name),
                                           aux.vna_flags & VER_FLG_WEAK, aux.vna_other };
            if (!aux.vna_next)
                break;
        }
        if (!need.vn_next || !budget--)
            break;
    }
}

static void read_verdef(struct reader *r)
{
    Elf_Data *data = chunk(r, r->verdef, UINT64_MAX, ELF_T_VDEF);
    GElf_Verdef def;
    GElf_Verdaux aux;
    size_t budget = LIST_LIMIT;

    for (size_t at = 0; data && at <= INT32_MAX && budget && gelf_getverdef(data, (int)at, &def);
         at += def.vd_next, budget--) {
        /* The first name is the version's own, the others are those it inherits from. */
        if (!(def.vd_flags & VER_FLG_BASE) && at + def.vd_aux <= INT32_MAX &&
            gelf_getverdaux(data, (int)(at + def.vd_aux), &aux)) {
            const char *name = string(r, aux.vda_name, NAME_LIMIT);
            if (name)
                slip_strv_add(&r->out->defines, name);
        }
        if (!def.vd_next)
            break;
    }
}

static void remember_symbol(struct reader *r, const char *name)
{
    if (name && *name && r->wanted(name) && !slip_strv_has(&r->out->symbols, name))
        slip_strv_add(&r->out->symbols, name);
}

/* Nothing in the dynamic segment says how many symbols there are; what follows the table does. */
static Elf_Data *symbol_table(struct reader *r)
{
    uint64_t start = r->addr[DT_SYMTAB], end = UINT64_MAX;
    const uint64_t after[] = {
        r->addr[DT_STRTAB], r->addr[DT_HASH], r->verneed, r->verdef,
        r->addr[DT_RELA],   r->addr[DT_REL],  r->versym,  r->addr[DT_JMPREL]
    };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(after); i++)
        if (after[i] > start && after[i] < end)
            end = after[i];
    return chunk(r, start, end - start, ELF_T_SYM);
}

static void read_imports(struct reader *r)
{
    Elf_Data *data = symbol_table(r);
    GElf_Sym sym;

    for (int i = 1; data && gelf_getsym(data, i, &sym); i++)
        if (sym.st_shndx == SHN_UNDEF && sym.st_name)
            remember_symbol(r, string(r, sym.st_name, NAME_LIMIT));
}

/* A static program has nothing left to import: its symbol table tells what it was linked with. */
static void read_contents(struct reader *r)
{
    GElf_Shdr sh;
    GElf_Sym sym;

    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(r->elf, scn));) {
        if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_SYMTAB)
            continue;
        Elf_Data *data = elf_getdata(scn, NULL);
        for (int i = 1; data && gelf_getsym(data, i, &sym); i++)
            if (sym.st_shndx != SHN_UNDEF)
                remember_symbol(r, elf_strptr(r->elf, sh.sh_link, sym.st_name));
    }
}

static int read_dynamic(struct reader *r, const GElf_Phdr *ph)
{
    Elf_Data *dynamic =
        elf_getdata_rawchunk(r->elf, (int64_t)ph->p_offset, (size_t)ph->p_filesz, ELF_T_DYN);

    if (!dynamic)
        return damaged(r, "its dynamic segment lies outside the file");
    r->out->dynamic = true;
    read_tags(r, dynamic);
    r->strings = chunk(r, r->addr[DT_STRTAB], r->addr[DT_STRSZ], ELF_T_BYTE);
    if (read_strings(r, dynamic) < 0)
        return -1;
    read_verneed(r);
    read_verdef(r);
    read_imports(r);
    return 0;
}

static int read_segments(struct reader *r, size_t promised)
{
    size_t n = 0;
    GElf_Phdr ph;

    /* libelf counts only those that a file cut short still has. */
    if (elf_getphdrnum(r->elf, &n) < 0 || (promised < PN_XNUM && n < promised))
        return damaged(r, "its program headers lie outside the file");
    for (size_t i = 0; i < n && i <= INT32_MAX; i++) {
        if (!gelf_getphdr(r->elf, (int)i, &ph))
            return damaged(r, "its program headers lie outside the file");
        if (ph.p_filesz == 0 || ph.p_offset > INT64_MAX)
            continue; /* a file that holds only debug information has empty segments */
        if (ph.p_type == PT_INTERP && read_interp(r, &ph) < 0)
            return -1;
        if (ph.p_type == PT_DYNAMIC && !r->out->dynamic && read_dynamic(r, &ph) < 0)
            return -1;
        if (ph.p_type == PT_NOTE)
            read_note(r, &ph);
    }
    if (!r->out->interp && r->out->needed.n == 0)
        read_contents(r);
    return 0;
}

/* Takes over `elf`. */
static int read_elf(Elf *elf, const char *path, slip_elf_symbol_fn *wanted, struct slip_elf *ret,
                    struct slip_error *err)
{
    slip_cleanup(slip_elf_release) struct slip_elf out = SLIP_ELF_INIT;
    struct reader r = { .elf = elf, .path = path, .out = &out, .wanted = wanted, .err = err };
    GElf_Ehdr eh;
    int rc = 0;

    if (elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &eh) &&
        (eh.e_type == ET_EXEC || eh.e_type == ET_DYN)) {
        out.machine = eh.e_machine;
        out.bits = eh.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
        out.byte_order = eh.e_ident[EI_DATA];
        rc = read_segments(&r, eh.e_phnum) < 0 ? -1 : 1;
    }
    (void)elf_end(elf);
    if (rc > 0) {
        *ret = out;
        out = SLIP_ELF_INIT;
    }
    return rc;
}

int slip_elf_read(int fd, const char *path, slip_elf_symbol_fn *wanted, struct slip_elf *ret,
                  struct slip_error *err)
{
    (void)elf_version(EV_CURRENT);
    /* Not mapped: a file that shrinks meanwhile must not end the program. */
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    if (!elf)
        return slip_fail(err, SLIP_ESYSTEM, "cannot read '%s': %s", path, elf_errmsg(-1));
    return read_elf(elf, path, wanted, ret, err);
}

static const struct slip_elf_version *version_of(const struct slip_elf *elf, unsigned index)
{
    for (size_t i = 0; i < elf->nversions; i++)
        if (elf->versions[i].index == index)
            return &elf->versions[i];
    return NULL;
}

static void each_symbol(struct reader *r, slip_elf_each_fn *each, void *user)
{
    Elf_Data *data = symbol_table(r);
    size_t n = data ? data->d_size / gelf_fsize(r->elf, ELF_T_SYM, 1, EV_CURRENT) : 0;
    Elf_Data *versions = n ? chunk(r, r->versym, n * sizeof(Elf64_Versym), ELF_T_HALF) : NULL;
    GElf_Sym sym;
    GElf_Versym version;

    for (int i = 1; data && gelf_getsym(data, i, &sym); i++) {
        const char *name = sym.st_name ? string(r, sym.st_name, NAME_LIMIT) : NULL;
        unsigned char bind = GELF_ST_BIND(sym.st_info);
        if (!name || !*name || bind == STB_LOCAL)
            continue;
        struct slip_elf_symbol symbol = { name, NULL, sym.st_shndx != SHN_UNDEF, bind == STB_WEAK };
        if (!symbol.defined && versions && gelf_getversym(versions, i, &version))
            symbol.version = version_of(r->out, version & 0x7fff);
        each(user, &symbol);
    }
}

static bool no_symbol(const char *name)
{
    (void)name;
    return false;
}

int slip_elf_each_symbol(int fd, const char *path, slip_elf_each_fn *each, void *user,
                         struct slip_error *err)
{
    slip_cleanup(slip_elf_release) struct slip_elf out = SLIP_ELF_INIT;
    GElf_Phdr ph;
    size_t n = 0;

    (void)elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    if (!elf)
        return slip_fail(err, SLIP_ESYSTEM, "cannot read '%s': %s", path, elf_errmsg(-1));
    struct reader r = { .elf = elf, .path = path, .out = &out, .wanted = no_symbol, .err = err };
    int rc = 0;
    (void)elf_getphdrnum(elf, &n);
    for (size_t i = 0; rc == 0 && i < n && i <= INT32_MAX && gelf_getphdr(elf, (int)i, &ph); i++)
        if (ph.p_type == PT_DYNAMIC && ph.p_filesz && !out.dynamic)
            rc = read_dynamic(&r, &ph);
    if (rc == 0 && out.dynamic)
        each_symbol(&r, each, user);
    (void)elf_end(elf);
    return rc;
}

int slip_elf_parse(const void *p, size_t len, const char *path, slip_elf_symbol_fn *wanted,
                   struct slip_elf *ret, struct slip_error *err)
{
    (void)elf_version(EV_CURRENT);
    /* elf_memory() takes a char *, but writes only through elf_update(). */
    Elf *elf = elf_memory((char *)(uintptr_t)p, len);
    return elf ? read_elf(elf, path, wanted, ret, err) : 0;
}

void slip_elf_release(struct slip_elf *elf)
{
    free(elf->interp);
    free(elf->soname);
    free(elf->rpath);
    free(elf->runpath);
    slip_strv_release(&elf->needed);
    slip_strv_release(&elf->optional);
    slip_strv_release(&elf->defines);
    slip_strv_release(&elf->symbols);
    for (size_t i = 0; i < elf->nversions; i++) {
        free(elf->versions[i].file);
        free(elf->versions[i].name);
    }
    free(elf->versions);
    for (size_t i = 0; i < elf->ndlopens; i++) {
        slip_strv_release(&elf->dlopens[i].sonames);
        free(elf->dlopens[i].feature);
        free(elf->dlopens[i].priority);
    }
    free(elf->dlopens);
    *elf = SLIP_ELF_INIT;
}

bool slip_elf_matches(const struct slip_elf *a, const struct slip_elf *b)
{
    return a->machine == b->machine && a->bits == b->bits && a->byte_order == b->byte_order;
}

bool slip_elf_defines(const struct slip_elf *elf, const char *version)
{
    return slip_strv_has(&elf->defines, version);
}

const char *slip_elf_newest(const struct slip_elf *elf, const char *version)
{
    size_t family = strcspn(version, "0123456789");
    const char *best = NULL;

    for (size_t i = 0; i < elf->defines.n; i++) {
        const char *v = elf->defines.v[i];
        if (strncmp(v, version, family) == 0 && v[family] >= '0' && v[family] <= '9' &&
            (!best || strverscmp(v, best) > 0))
            best = v;
    }
    return best;
}
