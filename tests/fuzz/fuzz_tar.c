/* fuzz_tar.c - an archive of unknown origin becomes a directory, as an overlay layer and as a plain
 * tree, through everything on the way: decompression, headers, maps of sparse files, names, links,
 * marks. Whatever it does, it does inside: the directory beside stays as it was.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/ustar.h"
#include "layer/apply.h"
#include "layer/debts.h"
#include "util/fs.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A directory of this process's own, in memory where that can be, and gone when it ends. */
static char place[32];
static int dir = -1;

static void clean_up(void)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    (void)slip_remove_tree(AT_FDCWD, place, &err);
}

static void make_place(void)
{
    snprintf(place, sizeof place, "%s/slipway-fuzz.XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(place) || (dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
        mkdirat(dir, "outside", 0711) < 0 || atexit(clean_up) != 0)
        abort();
}

static void check_outside(void)
{
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    struct stat st;

    if (fstatat(dir, "outside", &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_mode != (S_IFDIR | 0711) ||
        slip_list_dir(dir, "outside", &names, &err) < 0 || names.n ||
        slip_list_dir(dir, ".", &names, &err) < 0 || names.n > 2)
        abort();
}

static void apply(const uint8_t *data, size_t size, bool overlay)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_error_release) struct slip_error later = SLIP_ERROR_INIT;
    slip_cleanup(slip_debts_release) struct slip_debts debts = SLIP_DEBTS_INIT;
    const struct slip_apply_options options = { .overlay = overlay,
                                                .userxattr = true,
                                                .emulated = true,
                                                .keep_times = true,
                                                .max_bytes = 1 << 24,
                                                .max_entries = 1000,
                                                .debts = overlay ? &debts : NULL };
    slip_cleanup(slip_closep) int fd = memfd_create("archive", MFD_CLOEXEC);
    struct slip_digest diff_id;

    if (fd < 0 || mkdirat(dir, "root", 0700) < 0 || slip_write_all(fd, data, size) < 0 ||
        lseek(fd, 0, SEEK_SET) < 0)
        abort();
    slip_cleanup(slip_closep) int root = openat(dir, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    slip_cleanup(slip_closep) int outside = openat(dir, "outside", O_PATH | O_CLOEXEC);
    int rc = slip_apply(fd, root, &options, &diff_id, &err);
    if ((rc < 0) != (err.msg != NULL))
        abort();
    if (rc == 0 && overlay)
        (void)slip_debts_settle(&debts, root, outside, &options, &later);
    check_outside();
    if (slip_remove_tree(dir, "root", &later) < 0)
        abort();
}

/* Every block that claims to be a header gets the checksum that it should have: a fuzzer would not
 * find it. */
static void seal_headers(uint8_t *data, size_t size)
{
    struct slip_ustar h;

    for (size_t at = 0; at + sizeof h <= size; at += sizeof h) {
        unsigned sum = 0;
        memcpy(&h, data + at, sizeof h);
        if (memcmp(h.magic, "ustar", 5) != 0)
            continue;
        memset(h.chksum, ' ', sizeof h.chksum);
        for (size_t i = 0; i < sizeof h; i++)
            sum += ((const uint8_t *)&h)[i];
        snprintf(h.chksum, sizeof h.chksum, "%06o", sum);
        memcpy(data + at, &h, sizeof h);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > (size_t)1 << 16)
        return 0;
    if (dir < 0)
        make_place();
    slip_cleanup(slip_freep) uint8_t *sealed = slip_xmalloc(size + 1);
    memcpy(sealed, data, size);
    seal_headers(sealed, size);
    apply(sealed, size, true);
    apply(sealed, size, false);
    return 0;
}
