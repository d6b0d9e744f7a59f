/* fuzz_elf.c - programs of unknown origin: what the closure reads from them, and what strip and
 * split make of them. Whatever strip returns must be a whole ELF file to strip itself, with nothing
 * more to drop; a debug file that can be split again keeps its Build-ID.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "slim/elf.h"
#include "slim/split.h"
#include "slim/strip.h"
#include "util/fs.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool every_symbol(const char *name)
{
    return name[0] != '\0';
}

static void read_facts(const void *data, size_t size)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_elf_release) struct slip_elf elf = SLIP_ELF_INIT;

    int rc = slip_elf_parse(data, size, "fuzz", every_symbol, &elf, &err);
    if ((rc < 0) != (err.msg != NULL))
        abort();
}

static void count_symbol(void *user, const struct slip_elf_symbol *symbol)
{
    size_t *n = user;

    *n += strlen(symbol->name) + (symbol->version ? strlen(symbol->version->name) : 0);
}

/* Symbols are read from a file, not from memory. */
static void read_symbols(const void *data, size_t size)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_closep) int fd = memfd_create("fuzz", MFD_CLOEXEC);
    size_t n = 0;

    if (fd < 0 || slip_write_all(fd, data, size) < 0)
        abort();
    int rc = slip_elf_each_symbol(fd, "fuzz", count_symbol, &n, &err);
    if ((rc < 0) != (err.msg != NULL))
        abort();
}

static void strip(const void *data, size_t size, bool keep_symbols)
{
    static const char *const prefixes[] = { "/build", "/src", NULL };
    const struct slip_strip_options options = { keep_symbols, prefixes };
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_freep) void *once = NULL, *twice = NULL;
    size_t n = 0, m = 0;

    int rc = slip_strip(data, size, "fuzz", &options, &once, &n, &err);
    if ((rc < 0) != (err.msg != NULL) || (rc == 1) != (once != NULL))
        abort();
    if (rc == 1 && slip_strip(once, n, "fuzz", &options, &twice, &m, &err) != 0)
        abort();
}

static void split(const void *data, size_t size)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_split_release) struct slip_split once = SLIP_SPLIT_INIT;
    slip_cleanup(slip_split_release) struct slip_split twice = SLIP_SPLIT_INIT;

    int rc = slip_split(data, size, data, size, "fuzz", &once, &err);
    if ((rc < 0) != (err.msg != NULL) || (rc == SLIP_SPLIT_DONE) != (once.data != NULL))
        abort();
    if (rc == SLIP_SPLIT_DONE &&
        slip_split(once.data, once.len, once.data, once.len, "fuzz", &twice, &err) ==
            SLIP_SPLIT_DONE &&
        strcmp(once.id, twice.id) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > (size_t)1 << 20)
        return 0;
    read_facts(data, size);
    read_symbols(data, size);
    strip(data, size, false);
    strip(data, size, true);
    split(data, size);
    return 0;
}
