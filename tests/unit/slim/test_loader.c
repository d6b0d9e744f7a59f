#include "slim/loader.h"

#include <elf.h>

#include "main.h"

/* What the header of a program says, and what images and Debian call such machines. */
static const struct row {
    const char *name;
    uint16_t machine;
    unsigned char bits, byte_order;
    const char *arch, *variant, *triplet; /* arch NULL: unknown */
} rows[] = {
    { "x86-64", EM_X86_64, 64, ELFDATA2LSB, "amd64", NULL, "x86_64-linux-gnu" },
    { "x32", EM_X86_64, 32, ELFDATA2LSB, "amd64", NULL, "x86_64-linux-gnux32" },
    { "i386", EM_386, 32, ELFDATA2LSB, "386", NULL, "i386-linux-gnu" },
    { "aarch64", EM_AARCH64, 64, ELFDATA2LSB, "arm64", "v8", "aarch64-linux-gnu" },
    { "armhf", EM_ARM, 32, ELFDATA2LSB, "arm", "v7", "arm-linux-gnueabihf" },
    { "riscv64", EM_RISCV, 64, ELFDATA2LSB, "riscv64", NULL, "riscv64-linux-gnu" },
    { "ppc64le", EM_PPC64, 64, ELFDATA2LSB, "ppc64le", NULL, "powerpc64le-linux-gnu" },
    { "ppc64", EM_PPC64, 64, ELFDATA2MSB, "ppc64", NULL, "powerpc64-linux-gnu" },
    { "s390x", EM_S390, 64, ELFDATA2MSB, "s390x", NULL, "s390x-linux-gnu" },
    { "big-endian aarch64", EM_AARCH64, 64, ELFDATA2MSB, NULL, NULL, NULL },
    { "an eBPF object", EM_BPF, 64, ELFDATA2LSB, NULL, NULL, NULL },
};

static void names(void **state)
{
    const struct row *row = *state;
    const struct slip_elf elf = { .machine = row->machine,
                                  .bits = row->bits,
                                  .byte_order = row->byte_order };
    struct slip_machine m = { 0 };

    assert_int_equal(slip_loader_machine(&elf, &m), row->arch != NULL);
    if (!row->arch)
        return;
    assert_string_equal(m.arch, row->arch);
    assert_string_equal(m.variant ? m.variant : "", row->variant ? row->variant : "");
    assert_string_equal(m.triplet, row->triplet);
}

int main(void)
{
    return SLIP_RUN_ROWS("machines", rows, names);
}
