#include "main.h"

#include "plan/remote.h"

#define COMMIT "0123456789abcdef0123456789abcdef01234567"

/* What is understood, as one line: "local", "url URL NAME", "git URL [ref=..] [subdir=..] ..."; or
 * "error: ..." */
struct row {
    const char *name, *text, *want;
    bool by_user;
};

#define USER true
static const struct row rows[] = {
    { "a path", "src/main.c", "local", 0 },
    { "a path with a colon", "a:b", "local", 0 },
    { "a directory called .git", "./x.git", "local", 0 },
    { "only .git", ".git", "local", 0 },
    { "a host without a scheme", "custom.xyz/moby/buildkit.git", "local", 0 },
    { "github.com is a path for ADD", "github.com/moby/buildkit", "local", 0 },
    { "another scheme", "ftp://host/a", "local", 0 },
    { "file:// for ADD", "file:///tmp/x.git", "local", 0 },
    { "empty", "", "local", 0 },

    { "a file", "https://host/a/b.tar", "url https://host/a/b.tar b.tar", 0 },
    { "letter case of the scheme", "HTTPS://host/x", "url HTTPS://host/x x", 0 },
    { "no path", "https://host", "url https://host __unnamed__", 0 },
    { "only a slash", "https://host/", "url https://host/ __unnamed__", 0 },
    { "a slash at the end", "https://host/a/b/", "url https://host/a/b/ b", 0 },
    { "a query is not the name", "https://host/a?b=/c", "url https://host/a?b=/c a", 0 },
    { "a fragment is not asked for", "https://host/a#b", "url https://host/a a", 0 },
    { "an encoded name", "https://host/a%20b", "url https://host/a%20b a b", 0 },
    { "an encoded slash", "https://host/a%2Fb", "url https://host/a%2Fb b", 0 },
    { "an encoded dot", "https://host/%2e%2e", "url https://host/%2e%2e __unnamed__", 0 },
    { "a name that is not encoded right", "https://host/a%2", "url https://host/a%2 __unnamed__",
      0 },
    { "an encoded NUL", "https://host/a%00b", "url https://host/a%00b __unnamed__", 0 },
    { "stars", "https://host/a*[b]", "url https://host/a*[b] a*[b]", 0 },
    { "a login is not shown", "https://me:pw@host/a", "url https://host/a a", 0 },
    { "a password with an at sign", "https://me:p@w@host/a", "url https://host/a a", 0 },
    { "a token", "http://token@host/a", "url http://host/a a", 0 },
    { "an at sign in the path", "http://host/a@b", "url http://host/a@b a@b", 0 },
    { "a blank", "http://host/a b", "error: a URL has no blanks; write %20", 0 },
    { "no host", "http:///a", "error: the URL names no host", 0 },
    { "only a login", "http://me@/a", "error: the URL names no host", 0 },
    { ".git and more", "https://host/a.git.bar", "url https://host/a.git.bar a.git.bar", 0 },
    { ".git and a slash", "https://host/a.git/", "url https://host/a.git/ a.git", 0 },
    { ".git and a colon", "http://host/a.git:#b", "url http://host/a.git: a.git:", 0 },
    { "a host called .git", "https://host.git", "url https://host.git __unnamed__", 0 },
    { ".git in the query", "https://host/a?b.git", "url https://host/a?b.git a", 0 },

    { "a repository", "https://host/a.git", "git https://host/a.git", 0 },
    { "plain http", "http://host/a.git", "git http://host/a.git", 0 },
    { "git://", "git://host/a", "git git://host/a", 0 },
    { "ssh://", "ssh://git@host:22/a", "git ssh://git@host:22/a", 0 },
    { "scp's form", "git@host:a/b", "git git@host:a/b", 0 },
    { "scp's form, another user", "me_2@host.example:a.git#v1:x",
      "git me_2@host.example:a.git ref=v1 subdir=x", 0 },
    { "scp's form, an option as user", "-oProxyCommand=x@host:a", "local", 0 },
    { "scp's form, an option as host", "git@-oProxyCommand:a", "local", 0 },
    { "scp's form, behind a slash", "a/git@host:b", "local", 0 },
    { "a ref", "https://host/a.git#v1.0", "git https://host/a.git ref=v1.0", 0 },
    { "a ref with a slash", "https://host/a.git#rel/1:x/y",
      "git https://host/a.git ref=rel/1 subdir=x/y", 0 },
    { "only a directory", "https://host/a.git#:x", "git https://host/a.git subdir=x", 0 },
    { "the root as a directory", "https://host/a.git#main:/", "git https://host/a.git ref=main",
      0 },
    { "a directory above", "https://host/a.git#main:../../x",
      "git https://host/a.git ref=main subdir=x", 0 },
    { "a login of git", "https://me:pw@host/a.git#main", "git https://host/a.git ref=main", 0 },
    { "a password of ssh", "ssh://me:pw@host/a", "git ssh://host/a", 0 },
    { "a query", "https://host/a.git?ref=v1&subdir=/x", "git https://host/a.git ref=v1 subdir=x",
      0 },
    { "a tag", "https://host/a.git?tag=v1", "git https://host/a.git ref=refs/tags/v1", 0 },
    { "a whole tag", "https://host/a.git?tag=refs/tags/v1",
      "git https://host/a.git ref=refs/tags/v1", 0 },
    { "a branch", "https://host/a.git?branch=x%2Fy", "git https://host/a.git ref=refs/heads/x/y",
      0 },
    { "a commit alone", "https://host/a.git?commit=" COMMIT,
      "git https://host/a.git ref=" COMMIT " checksum=" COMMIT, 0 },
    { "a commit besides a tag", "https://host/a.git?tag=v1&checksum=0123abc",
      "git https://host/a.git ref=refs/tags/v1 checksum=0123abc", 0 },
    { "keep-git-dir", "https://host/a.git?keep-git-dir", "git https://host/a.git keep", 0 },
    { "keep-git-dir=0", "https://host/a.git?keep-git-dir=0", "git https://host/a.git keep=no", 0 },
    { "no submodules", "https://host/a.git?submodules=false&", "git https://host/a.git alone", 0 },
    { "query and fragment agree", "https://host/a.git?ref=x#x:y",
      "git https://host/a.git ref=x subdir=y", 0 },
    { "query and fragment differ", "https://host/a.git?ref=x#y",
      "error: the git source names two different refs: 'y' and 'x'", 0 },
    { "two directories", "https://host/a.git?subdir=x#:y",
      "error: the git source names two different subdirs: 'y' and 'x'", 0 },
    { "tag and branch", "https://host/a.git?tag=x&branch=y",
      "error: a git source is of a tag or of a branch, not both", 0 },
    { "ref and tag", "https://host/a.git?tag=x#x",
      "error: the git source names two different refs: 'x' and 'refs/tags/x'", 0 },
    { "twice", "https://host/a.git?ref=x&ref=x", "error: a git source names 'ref' twice", 0 },
    { "no value", "https://host/a.git?ref=", "error: 'ref' of a git source has no value", 0 },
    { "an unknown key", "https://host/a.git?sub=x", "error: a git source has no key 'sub'", 0 },
    { "no truth", "https://host/a.git?submodules=maybe",
      "error: submodules is true or false, not 'maybe'", 0 },
    { "a query that is not encoded right", "https://host/a.git?ref=%",
      "error: the query of a git source is not encoded right", 0 },
    { "no commit", "https://host/a.git?checksum=xyz", "error: 'xyz' is not a commit", 0 },
    { "an option as ref", "https://host/a.git#--upload-pack=x",
      "error: '--upload-pack=x' is no branch, tag or commit", 0 },
    { "a refspec as ref", "git@host:a?ref=x%3Ay", "error: 'x:y' is no branch, tag or commit", 0 },
    { "a range as ref", "https://host/a.git#a..b", "error: 'a..b' is no branch, tag or commit", 0 },
    { "a newline as ref", "https://host/a.git#a%0Ab", "error: 'a\nb' is no branch, tag or commit",
      0 },

    { "file:// of the user", "file:///tmp/x#v1", "git file:///tmp/x ref=v1", USER },
    { "github.com of the user", "github.com/moby/buildkit#v1",
      "git https://github.com/moby/buildkit ref=v1", USER },
    { "a page of the user", "https://github.com/moby/buildkit",
      "url https://github.com/moby/buildkit buildkit", USER },
    { "a path of the user", "dir", "local", USER },
};

static void describe(const struct slip_remote *r, struct slip_buf *out)
{
    if (r->kind == SLIP_REMOTE_NONE) {
        slip_buf_puts(out, "local");
        return;
    }
    if (r->kind == SLIP_REMOTE_URL) {
        slip_buf_printf(out, "url %s %s", r->shown, r->name);
        return;
    }
    slip_buf_printf(out, "git %s%s%s%s%s%s%s%s%s", r->shown, *r->ref ? " ref=" : "", r->ref,
                    *r->subdir ? " subdir=" : "", r->subdir, r->checksum ? " checksum=" : "",
                    r->checksum ? r->checksum : "",
                    r->keep_git_dir       ? " keep"
                    : r->keep_git_dir_set ? " keep=no"
                                          : "",
                    r->submodules ? "" : " alone");
}

static void is_understood(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_arena_release) struct slip_arena arena = SLIP_ARENA_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf shown = SLIP_BUF_INIT;
    struct slip_remote remote;

    int rc = (row->by_user ? slip_remote_parse_context : slip_remote_parse)(&arena, row->text,
                                                                            &remote, &err);
    if (rc < 0)
        slip_buf_printf(&shown, "error: %s", err.msg);
    else
        describe(&remote, &shown);
    assert_string_equal(slip_buf_str(&shown), row->want);
}

struct login {
    const char *name, *text, *want;
};

static const struct login logins[] = {
    { "no URL", "ADD a b", "ADD a b" },
    { "no login", "ADD https://host/a b", "ADD https://host/a b" },
    { "a login", "ADD https://u:p@host/a /x", "ADD https://host/a /x" },
    { "two", "ADD http://u@h/a http://v:w@h/b /", "ADD http://h/a http://h/b /" },
    { "an address behind a blank", "ADD http://h/ me@example", "ADD http://h/ me@example" },
    { "a user of ssh", "ADD ssh://git@h/a /", "ADD ssh://git@h/a /" },
    { "a password of ssh", "ADD ssh://git:p@h/a /", "ADD ssh://h/a /" },
    { "in JSON", "ADD [\"https://u:p@h/a\", \"/\"]", "ADD [\"https://h/a\", \"/\"]" },
    { "a variable", "ADD https://${T}@h/a /", "ADD https://h/a /" },
};

static void loses_its_logins(void **state)
{
    const struct login *row = *state;
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;

    slip_remote_redact(&out, row->text);
    assert_string_equal(slip_buf_str(&out), row->want);
}

int main(void)
{
    int failed = SLIP_RUN_ROWS("remote", rows, is_understood);

    return failed + SLIP_RUN_ROWS("login", logins, loses_its_logins);
}
