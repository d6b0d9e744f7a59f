#include "image/names.h"

#include "main.h"

static const struct row {
    const char *name, *said, *wanted;
    bool match;
} rows[] = {
    { "a tag", "1", "1", true },
    { "another tag", "1", "2", false },
    { "a tag that could be a name", "app", "latest", false },
    { "a name's tag", "app:1", "1", true },
    { "a name", "app:1", "app:1", true },
    { "written in full", "docker.io/library/app:1", "app:1", true },
    { "written short", "app:1", "docker.io/library/app:1", true },
    { "a tag left out", "ghcr.io/a/b:latest", "ghcr.io/a/b", true },
    { "podman's own", "localhost/app:1", "app:1", true },
    { "another registry", "ghcr.io/app:1", "app:1", false },
    { "another tag of the name", "app:1", "app:2", false },
    { "a port is no tag", "reg:5000/app", "5000/app", false },
};

static void matches(void **state)
{
    const struct row *row = *state;

    assert_int_equal(slip_names_match(row->said, row->wanted), row->match);
}

int main(void)
{
    return SLIP_RUN_ROWS("names", rows, matches);
}
