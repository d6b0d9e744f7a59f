#include "commands/git.h"

#include "main.h"
#include "util/mem.h"

static const struct row {
    const char *name, *url, *public_url;
} rows[] = {
    { "https", "https://forge.example/a/b", "https://forge.example/a/b" },
    { ".git may be said or not", "https://forge.example/a/b.git", "https://forge.example/a/b" },
    { "a slash at the end", "https://forge.example/a/b.git/", "https://forge.example/a/b" },
    { "a port", "https://forge.example:8443/a/b", "https://forge.example:8443/a/b" },
    { "a user", "https://me@forge.example/a/b", "https://forge.example/a/b" },
    { "a password", "https://me:pa:ss@forge.example/a/b.git", "https://forge.example/a/b" },
    { "a password with an at sign", "https://me:p@ss@forge.example/a", "https://forge.example/a" },
    { "a token in the query", "https://forge.example/a?private_token=x",
      "https://forge.example/a" },
    { "a fragment", "https://forge.example/a#x", "https://forge.example/a" },
    { "an at sign in the path", "https://forge.example/a@b", "https://forge.example/a@b" },
    { "http stays http", "http://forge.example/a/b.git", "http://forge.example/a/b" },
    { "git stays git", "git://forge.example/a/b.git", "git://forge.example/a/b" },
    { "scp's form", "git@forge.example:a/b.git", "https://forge.example/a/b" },
    { "scp's form without a user", "forge.example:a/b.git", "https://forge.example/a/b" },
    { "scp's form with a root path", "git@forge.example:/srv/b.git",
      "https://forge.example/srv/b" },
    { "ssh", "ssh://git@forge.example/a/b.git", "https://forge.example/a/b" },
    { "ssh's port is not that of https", "ssh://git@forge.example:2222/a/b",
      "https://forge.example/a/b" },
    { "ssh to an address", "ssh://git@[2001:db8::1]:2222/a", "https://[2001:db8::1]/a" },
    { "git+ssh", "git+ssh://git@forge.example/a", "https://forge.example/a" },
    { "a name that is only .git", "https://forge.example/.git", "https://forge.example/.git" },
    { "a path", "/srv/git/b.git", NULL },
    { "a relative path", "../b", NULL },
    { "a path with a colon", "./a:b", NULL },
    { "a file", "file:///srv/b", NULL },
    { "a helper", "ext::sh -c whatever", NULL },
    { "another scheme", "rsync://forge.example/a", NULL },
    { "no host", "https:///a", NULL },
    { "nothing", "", NULL },
};

static void is_what_everybody_may_see(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_freep) char *got = slip_git_public_url(row->url);

    if (row->public_url)
        assert_string_equal(got, row->public_url);
    else
        assert_null(got);
}

int main(void)
{
    return SLIP_RUN_ROWS("git", rows, is_what_everybody_may_see);
}
