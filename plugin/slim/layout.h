/* layout.h - the headers of an ELF program in memory, of either class and byte order.
 *
 * Everything is shown as Elf64 in this machine's byte order and written back as the file has it.
 * Every access is checked against the length. Depends on: <elf.h>.
 */
#pragma once

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slip_layout {
    unsigned char *data; /* borrowed */
    size_t len;
    bool wide, big; /* ELFCLASS64, ELFDATA2MSB */
    Elf64_Ehdr eh;
    size_t phnum, shnum, shstrndx; /* also when they are too large for the header */
};

/* 1: a program or shared library whose header tables lie in the file. 0: not one. -1: damaged,
 * *ret_why (static) says how. */
int slip_layout_open(struct slip_layout *layout, void *data, size_t len, const char **ret_why);
/* The same for a relocatable object. */
int slip_layout_open_object(struct slip_layout *layout, void *data, size_t len,
                            const char **ret_why);

size_t slip_layout_ehsize(const struct slip_layout *layout);  /* of the header of the file */
size_t slip_layout_phsize(const struct slip_layout *layout);  /* of one segment header */
size_t slip_layout_shsize(const struct slip_layout *layout);  /* of one section header */
size_t slip_layout_symsize(const struct slip_layout *layout); /* of one symbol */
size_t slip_layout_dynsize(const struct slip_layout *layout); /* of one dynamic entry */

/* Are `n` bytes at `at` in the file? */
bool slip_layout_holds(const struct slip_layout *layout, uint64_t at, uint64_t n);

/* All of these are false when `at` is outside the file. Offsets are in bytes from its start. */
bool slip_layout_get_shdr(const struct slip_layout *layout, size_t at, Elf64_Shdr *ret);
bool slip_layout_put_shdr(const struct slip_layout *layout, size_t at, const Elf64_Shdr *shdr);
bool slip_layout_get_sym(const struct slip_layout *layout, size_t at, Elf64_Sym *ret);
bool slip_layout_put_sym(const struct slip_layout *layout, size_t at, const Elf64_Sym *sym);
bool slip_layout_get_dyn(const struct slip_layout *layout, size_t at, Elf64_Dyn *ret);
bool slip_layout_put_dyn(const struct slip_layout *layout, size_t at, const Elf64_Dyn *dyn);
bool slip_layout_get_word(const struct slip_layout *layout, size_t at, uint32_t *ret);
bool slip_layout_get_half(const struct slip_layout *layout, size_t at, uint16_t *ret);
bool slip_layout_put_ehdr(struct slip_layout *layout); /* layout->eh */

/* By number. */
bool slip_layout_section(const struct slip_layout *layout, size_t i, Elf64_Shdr *ret);
bool slip_layout_segment(const struct slip_layout *layout, size_t i, Elf64_Phdr *ret);
bool slip_layout_put_segment(const struct slip_layout *layout, size_t i, const Elf64_Phdr *phdr);
/* Loaded address to offset; *ret_left is how much of the segment follows. */
bool slip_layout_locate(const struct slip_layout *layout, uint64_t addr, size_t *ret_at,
                        size_t *ret_left);
/* NUL-terminated text at `at` that ends before `end`, or NULL. Borrowed. */
const char *slip_layout_text(const struct slip_layout *layout, size_t at, size_t end);
