/* fuzz_ar.c - static libraries of unknown origin: every member and symbol is read, and all of it is
 * compared with a program. The first byte says how the rest is split between the two. Members lie
 * in the file and each begins behind the one before.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "slim/ar.h"
#include "slim/linked.h"
#include "slim/object.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_symbol(void *user, const char *name, uint64_t member)
{
    (void)member;
    *(size_t *)user += strlen(name) + 1;
}

static void read_archive(int fd, size_t size)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_ar_release) struct slip_ar ar = SLIP_AR_INIT;
    size_t names = 0;

    int rc = slip_ar_open(&ar, fd, "fuzz", &err);
    if ((rc < 0) != (err.msg != NULL))
        abort();
    if (rc != 1)
        return;
    for (uint64_t at = ar.first;;) {
        slip_cleanup(slip_error_release) struct slip_error why = SLIP_ERROR_INIT;
        slip_cleanup(slip_ar_member_release) struct slip_ar_member m = SLIP_AR_MEMBER_INIT;
        rc = slip_ar_member(&ar, at, &m, &why);
        if ((rc < 0) != (why.msg != NULL))
            abort();
        if (rc != 1)
            break;
        if (m.next <= at || !m.name || (!ar.thin && (m.at > size || m.size > size - m.at)))
            abort();
        at = m.next;
    }
    rc = slip_ar_symbols(&ar, on_symbol, &names, &err);
    if ((rc < 0) != (err.msg != NULL) || names > size)
        abort();
}

static void read_object(const uint8_t *data, size_t size)
{
    slip_cleanup(slip_object_release) struct slip_object object = SLIP_OBJECT_INIT;
    struct slip_object_symbol symbol;

    if (!slip_object_open(&object, data, size))
        return;
    for (size_t i = 0; i < object.nsymbols; i++)
        if (slip_object_symbol(&object, i, &symbol) && symbol.size <= size)
            (void)slip_object_same(&object, &symbol, data);
}

static void compare(int dir, const char *name, const uint8_t *program, size_t size)
{
    slip_cleanup(slip_linked_release) struct slip_linked linked = SLIP_LINKED_INIT;

    (void)slip_linked_add(&linked, "/program", program, size);
    slip_linked_offer(&linked, dir, name, "/archive", 0);
    slip_linked_choose(&linked);
    for (size_t i = 0; i < linked.narchives; i++)
        if (linked.archives[i].members == 0 || linked.archives[i].into.n != 1 ||
            linked.archives[i].members > linked.archives[i].total)
            abort();
}

static int scratch = -1;
static char scratch_name[32];

static void forget_scratch(void)
{
    (void)unlinkat(scratch, scratch_name, 0);
}

/* The archive as a file, by fd and by name. */
static int scratch_file(const uint8_t *data, size_t size)
{
    static int fd = -1;

    if (fd < 0) {
        char where[] = "/tmp/slipway-fuzz.XXXXXX";
        fd = mkstemp(where);
        scratch = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        snprintf(scratch_name, sizeof scratch_name, "%s", where + strlen("/tmp/"));
        (void)atexit(forget_scratch);
    }
    if (fd < 0 || scratch < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > (size_t)1 << 20)
        return 0;
    size_t archive = (size - 1) * data[0] / 255;
    int fd = scratch_file(data + 1, archive);
    read_archive(fd, archive);
    read_object(data + 1, archive);
    compare(scratch, scratch_name, data + 1 + archive, size - 1 - archive);
    return 0;
}
