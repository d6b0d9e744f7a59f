#include "slim/buildid.h"

#include <stdlib.h>
#include <string.h>

#include "util/digest.h"

unsigned char *slip_build_id_find(const struct slip_layout *l, size_t *ret_len)
{
    Elf64_Phdr ph;

    for (size_t i = 0; slip_layout_segment(l, i, &ph); i++) {
        if (ph.p_type != PT_NOTE || !slip_layout_holds(l, ph.p_offset, ph.p_filesz))
            continue;
        uint64_t unit = ph.p_align == 8 ? 8 : 4, end = ph.p_offset + ph.p_filesz;
        for (uint64_t at = ph.p_offset; at + 12 <= end;) {
            uint32_t namesz = 0, descsz = 0, type = 0;
            (void)slip_layout_get_word(l, (size_t)at, &namesz);
            (void)slip_layout_get_word(l, (size_t)at + 4, &descsz);
            (void)slip_layout_get_word(l, (size_t)at + 8, &type);
            uint64_t desc = at + ((12 + (uint64_t)namesz + unit - 1) & ~(unit - 1));
            if (desc > end || descsz > end - desc)
                break;
            if (type == NT_GNU_BUILD_ID && namesz == sizeof ELF_NOTE_GNU && descsz &&
                memcmp(l->data + at + 12, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) == 0) {
                *ret_len = descsz;
                return l->data + desc;
            }
            at = desc + ((descsz + unit - 1) & ~(unit - 1));
        }
    }
    return NULL;
}

void slip_build_id_renew(void *elf, size_t len)
{
    struct slip_layout l;
    const char *why;
    size_t n;

    if (slip_layout_open(&l, elf, len, &why) != 1)
        return;
    unsigned char *id = slip_build_id_find(&l, &n);
    if (!id)
        return;
    memset(id, 0, n);
    struct slip_digest digest;
    slip_digest_of(elf, len, &digest);
    for (size_t i = 0; i < n && digest.hex[2 * i]; i++) {
        char pair[3] = { digest.hex[2 * i], digest.hex[2 * i + 1], '\0' };
        id[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
}
