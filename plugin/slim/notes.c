#include "slim/notes.h"

#include "slim/layout.h"
#include "util/mem.h"

#define BUILD_ID_MAX 64u
#define PACKAGE_NOTE 0xcafe1a7eu
#define PACKAGE_NOTE_MAX ((size_t)64 << 10)

static void take_build_id(const unsigned char *p, size_t len, struct slip_notes *ret)
{
    struct slip_buf hex = SLIP_BUF_INIT;

    if (ret->build_id || len == 0 || len > BUILD_ID_MAX)
        return;
    for (size_t i = 0; i < len; i++)
        slip_buf_printf(&hex, "%02x", p[i]);
    ret->build_id = slip_buf_take(&hex);
}

static char *text_of(const json_t *note, const char *key)
{
    const char *text = slip_json_str(note, key);

    return text && *text ? slip_xstrdup(text) : NULL;
}

static void take_package(const char *json, size_t len, struct slip_notes *ret)
{
    static const char *const types[] = { "deb", "rpm", "apk" };
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;

    while (len && json[len - 1] == '\0')
        len--;
    if (ret->package.name || len > PACKAGE_NOTE_MAX)
        return;
    slip_cleanup(slip_json_decrefp) json_t *note = slip_json_parse(json, len, "note", &ignored);
    const char *type = slip_json_str(note, "type");
    for (size_t i = 0; type && i < SLIP_ARRAY_LEN(types); i++)
        if (strcmp(type, types[i]) == 0)
            ret->package.type = types[i];
    if (!ret->package.type || !slip_json_str(note, "version"))
        return;
    ret->package.name = text_of(note, "name");
    ret->package.version = text_of(note, "version");
    ret->package.arch = text_of(note, "architecture");
    ret->distro.id = text_of(note, "os");
    ret->distro.version_id = text_of(note, "osVersion");
    if (!ret->package.name || !ret->package.version) {
        slip_package_release(&ret->package);
        return;
    }
    ret->package.source = slip_xstrdup(ret->package.name);
    ret->package.source_version = slip_xstrdup(ret->package.version);
}

/* The notes of one segment: three words, a name, a description, each padded to four bytes. */
static void read_segment(const struct slip_layout *l, size_t at, size_t end, struct slip_notes *ret)
{
    uint32_t name, desc, type;

    while (end - at >= 12 && slip_layout_get_word(l, at, &name) &&
           slip_layout_get_word(l, at + 4, &desc) && slip_layout_get_word(l, at + 8, &type)) {
        size_t left = end - at - 12, padded = ((size_t)name + 3) & ~(size_t)3;
        if (padded > left || desc > left - padded)
            return;
        const unsigned char *who = l->data + at + 12, *what = who + padded;
        if (type == NT_GNU_BUILD_ID && name == 4 && memcmp(who, "GNU", 4) == 0)
            take_build_id(what, desc, ret);
        if (type == PACKAGE_NOTE && name == 4 && memcmp(who, "FDO", 4) == 0)
            take_package((const char *)what, desc, ret);
        size_t used = padded + (((size_t)desc + 3) & ~(size_t)3);
        if (used > left)
            return;
        at += 12 + used;
    }
}

void slip_notes_read(const void *elf, size_t len, struct slip_notes *ret)
{
    struct slip_layout l;
    const char *why;

    if (slip_layout_open(&l, (void *)(uintptr_t)elf, len, &why) != 1)
        return;
    for (size_t i = 0; i < l.phnum; i++) {
        Elf64_Phdr ph;
        if (slip_layout_segment(&l, i, &ph) && ph.p_type == PT_NOTE && ph.p_offset <= len &&
            ph.p_filesz <= len - ph.p_offset)
            read_segment(&l, ph.p_offset, ph.p_offset + ph.p_filesz, ret);
    }
}

void slip_notes_release(struct slip_notes *notes)
{
    free(notes->build_id);
    slip_distro_release(&notes->distro);
    slip_package_release(&notes->package);
    *notes = SLIP_NOTES_INIT;
}
