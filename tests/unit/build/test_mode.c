#include "main.h"

#include "build/mode.h"

static const struct row {
    const char *name, *spec;
    mode_t mode, result;
    int rc;
} rows[] = {
    { "octal", "0755", S_IFREG | 0600, S_IFREG | 0755, 0 },
    { "octal without a zero", "640", S_IFREG | 0777, S_IFREG | 0640, 0 },
    { "suid in octal", "4755", S_IFREG | 0644, S_IFREG | 04755, 0 },
    { "add for one", "u+x", S_IFREG | 0644, S_IFREG | 0744, 0 },
    { "take from two", "go-rw", S_IFREG | 0666, S_IFREG | 0600, 0 },
    { "set for all", "a=r", S_IFREG | 0755, S_IFREG | 0444, 0 },
    { "nobody named is everybody", "+x", S_IFREG | 0644, S_IFREG | 0755, 0 },
    { "X leaves plain files", "u=rwX,go=rX", S_IFREG | 0600, S_IFREG | 0644, 0 },
    { "X keeps programs", "u=rwX,go=rX", S_IFREG | 0700, S_IFREG | 0755, 0 },
    { "X opens directories", "u=rwX,go=rX", S_IFDIR | 0700, S_IFDIR | 0755, 0 },
    { "not octal", "0789", S_IFREG, 0, -1 },
    { "too many bits", "10000", S_IFREG, 0, -1 },
    { "no operator", "ux", S_IFREG, 0, -1 },
    { "no permission", "u+q", S_IFREG, 0, -1 },
    { "empty clause", "u+r,", S_IFREG, 0, -1 },
};

static void changes_modes(void **state)
{
    const struct row *row = *state;
    mode_t mode = 0;

    assert_int_equal(slip_chmod_apply(row->spec, row->mode, &mode), row->rc);
    assert_int_equal(mode, row->result);
}

int main(void)
{
    return SLIP_RUN_ROWS("chmod", rows, changes_modes);
}
