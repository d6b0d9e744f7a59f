#include "plan/remote.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "util/fs.h"
#include "util/str.h"

#define UNNAMED "__unnamed__" /* what a URL without a path is called, as in BuildKit */

/* Where a URL's host begins when it is "scheme://..."; NULL otherwise. */
static const char *after_scheme(const char *text, const char *scheme)
{
    size_t n = strlen(scheme);

    return strncasecmp(text, scheme, n) == 0 && strncmp(text + n, "://", 3) == 0 ? text + n + 3
                                                                                 : NULL;
}

/* "user:password@" in front of a host; 0 when there is none. */
static size_t userinfo_len(const char *authority)
{
    size_t n = strcspn(authority, "/?# \t\r\n\"'");

    while (n && authority[n - 1] != '@') /* a password may hold an '@' */
        n--;
    return n;
}

/* Who logs in by ssh is no secret; everything else may be a token. */
static bool is_secret(const char *text, const char *authority, size_t n)
{
    size_t scheme = (size_t)(authority - text);
    bool ssh = scheme >= 6 && strncasecmp(authority - 6, "ssh://", 6) == 0;

    return !ssh || memchr(authority, ':', n);
}

void slip_remote_redact(struct slip_buf *out, const char *text)
{
    const char *from = text;

    for (const char *p = text; (p = strstr(p, "://"));) {
        p += 3;
        size_t n = userinfo_len(p);
        if (!n || !is_secret(text, p, n))
            continue;
        slip_buf_put(out, from, (size_t)(p - from));
        p += n;
        from = p;
    }
    slip_buf_puts(out, from);
}

static const char *shown_of(struct slip_arena *arena, const char *url)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;

    slip_remote_redact(&out, url);
    return slip_arena_strdup(arena, slip_buf_str(&out));
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

/* Percent-decoded; NULL for what is cut short, or holds a NUL. */
static char *decode(struct slip_arena *arena, const char *text, size_t n)
{
    char *ret = slip_arena_alloc(arena, n + 1), *to = ret;

    for (size_t i = 0; i < n; i++) {
        if (text[i] != '%') {
            *to++ = text[i];
            continue;
        }
        int high = n - i > 2 ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        if (low < 0 || high + low == 0)
            return NULL;
        *to++ = (char)(high * 16 + low);
        i += 2;
    }
    *to = '\0';
    return ret;
}

/* --- checksums --------------------------------------------------------------------------- */

static bool is_hex(const char *text, size_t min, size_t max)
{
    size_t n = strspn(text, "0123456789abcdef");

    return !text[n] && n >= min && n <= max;
}

bool slip_remote_is_checksum(enum slip_remote_kind kind, const char *text)
{
    static const struct {
        const char *name;
        size_t digits;
    } known[] = { { "sha256:", 64 }, { "sha384:", 96 }, { "sha512:", 128 } };

    if (kind == SLIP_REMOTE_GIT)
        return is_hex(text, 7, 64);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(known); i++)
        if (slip_starts_with(text, known[i].name))
            return is_hex(text + strlen(known[i].name), known[i].digits, known[i].digits);
    return false;
}

/* --- git --------------------------------------------------------------------------------- */

/* What a git source asks for, while it is read. */
struct wish {
    struct slip_arena *arena;
    struct slip_remote *remote;
    const char *tag, *branch;
    struct slip_error *err;
};

static int set_once(struct wish *w, const char *what, const char **to, const char *value)
{
    if (**to && strcmp(*to, value) != 0)
        return slip_fail(w->err, SLIP_EINPUT,
                         "the git source names two different %ss: '%s' and "
                         "'%s'",
                         what, *to, value);
    *to = value;
    return 0;
}

/* strconv.ParseBool; "" is true: the key alone. */
static int parse_bool(struct wish *w, const char *key, const char *value, bool *ret)
{
    static const char *const words[2][6] = { { "0", "f", "F", "false", "FALSE", "False" },
                                             { "1", "t", "T", "true", "TRUE", "True" } };

    *ret = true;
    if (!*value)
        return 0;
    for (size_t i = 0; i < 12; i++)
        if (strcmp(words[i / 6][i % 6], value) == 0) {
            *ret = i / 6;
            return 0;
        }
    return slip_fail(w->err, SLIP_EINPUT, "%s is true or false, not '%.64s'", key, value);
}

static const char *full_ref(struct slip_arena *arena, const char *prefix, const char *name)
{
    return slip_starts_with(name, prefix) ? name : slip_arena_printf(arena, "%s%s", prefix, name);
}

static int take_key(struct wish *w, const char *key, const char *value)
{
    static const char *const known[] = { "ref",      "tag",    "branch",       "subdir",
                                         "checksum", "commit", "keep-git-dir", "submodules" };
    struct slip_remote *r = w->remote;

    if (strcmp(key, "keep-git-dir") == 0) {
        r->keep_git_dir_set = true;
        return parse_bool(w, key, value, &r->keep_git_dir);
    }
    if (strcmp(key, "submodules") == 0)
        return parse_bool(w, key, value, &r->submodules);
    bool is_known = false;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(known); i++)
        is_known = is_known || strcmp(key, known[i]) == 0;
    if (!is_known) {
        slip_fail(w->err, SLIP_EINPUT, "a git source has no key '%.64s'", key);
        const char *near = slip_suggest(key, known, SLIP_ARRAY_LEN(known));
        return near ? slip_error_hint(w->err, "did you mean '%s'?", near)
                    : slip_error_hint(w->err, "it has ref, branch, tag, subdir, checksum, "
                                              "keep-git-dir and submodules");
    }
    if (!*value)
        return slip_fail(w->err, SLIP_EINPUT, "'%s' of a git source has no value", key);
    if (strcmp(key, "ref") == 0)
        return set_once(w, "ref", &r->ref, value);
    if (strcmp(key, "subdir") == 0)
        return set_once(w, "subdir", &r->subdir, value);
    if (strcmp(key, "tag") == 0)
        w->tag = full_ref(w->arena, "refs/tags/", value);
    else if (strcmp(key, "branch") == 0)
        w->branch = full_ref(w->arena, "refs/heads/", value);
    else
        r->checksum = value;
    return 0;
}

static int take_query(struct wish *w, const char *query)
{
    slip_cleanup(slip_strv_release) struct slip_strv seen = SLIP_STRV_INIT;

    char *plain = slip_arena_strdup(w->arena, query);
    for (char *plus = plain; (plus = strchr(plus, '+'));)
        *plus = ' ';
    for (const char *p = plain; *p;) {
        size_t n = strcspn(p, "&"), k = strcspn(p, "&=");
        const char *key = decode(w->arena, p, k);
        const char *value = decode(w->arena, p + k + (k < n), n - k - (k < n));
        if (!key || !value)
            return slip_fail(w->err, SLIP_EINPUT, "the query of a git source is not encoded right");
        p += n + (p[n] == '&');
        if (!n)
            continue;
        if (slip_strv_has(&seen, key))
            return slip_fail(w->err, SLIP_EINPUT, "a git source names '%.64s' twice", key);
        slip_strv_add(&seen, key);
        if (take_key(w, key, value) < 0)
            return -1;
    }
    if (w->tag && w->branch)
        return slip_fail(w->err, SLIP_EINPUT, "a git source is of a tag or of a branch, not both");
    const char *full = w->tag ? w->tag : w->branch;
    return full ? set_once(w, "ref", &w->remote->ref, full) : 0;
}

/* git check-ref-format, and nothing that could be taken for an option. */
static bool is_ref(const char *ref)
{
    for (const unsigned char *p = (const unsigned char *)ref; *p; p++)
        if (*p <= ' ' || *p == 0x7f || strchr("~^:?*[\\", *p))
            return false;
    return *ref != '-' && *ref != '/' && !strstr(ref, "..") && !strstr(ref, "@{") &&
           !strstr(ref, "//") && !slip_ends_with(ref, "/") && !slip_ends_with(ref, ".lock");
}

/* Beneath the root of the repository, whatever it says. */
static const char *clean_subdir(struct slip_arena *arena, const char *text)
{
    slip_cleanup(slip_freep) char *rooted = slip_xasprintf("/%s", text);
    slip_cleanup(slip_freep) char *clean = slip_path_clean(rooted);

    return slip_arena_strdup(arena, clean + 1);
}

static int finish_git(struct wish *w)
{
    struct slip_remote *r = w->remote;

    if (r->checksum && !slip_remote_is_checksum(SLIP_REMOTE_GIT, r->checksum))
        return slip_fail(w->err, SLIP_EINPUT, "'%.128s' is not a commit", r->checksum);
    if (r->checksum && !*r->ref)
        r->ref = r->checksum;
    if (*r->ref && !is_ref(r->ref))
        return slip_fail(w->err, SLIP_EINPUT, "'%.128s' is no branch, tag or commit", r->ref);
    r->subdir = clean_subdir(w->arena, r->subdir);
    r->kind = SLIP_REMOTE_GIT;
    r->shown = shown_of(w->arena, r->url);
    return 0;
}

/* "[?QUERY][#REF[:SUBDIR]]" */
static int take_tail(struct wish *w, const char *tail)
{
    size_t n = strcspn(tail, "#");
    struct slip_remote *r = w->remote;

    *r = (struct slip_remote){ .url = r->url, .ref = "", .subdir = "", .submodules = true };
    if (tail[n] == '#') {
        const char *fragment = decode(w->arena, tail + n + 1, strlen(tail + n + 1));
        if (!fragment)
            return slip_fail(w->err, SLIP_EINPUT, "'%.128s' is not encoded right", tail + n);
        size_t ref = strcspn(fragment, ":");
        r->ref = slip_arena_strndup(w->arena, fragment, ref);
        r->subdir = fragment[ref] ? fragment + ref + 1 : "";
    }
    if (*tail == '?' && take_query(w, slip_arena_strndup(w->arena, tail + 1, n - 1)) < 0)
        return -1;
    return finish_git(w);
}

/* USER@HOST:PATH, as ssh and scp have it. */
static bool is_scp(const char *text)
{
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
    size_t user = strspn(text, LETTERS "_");

    if (!user || text[user] != '@' || *text == '-')
        return false;
    const char *host = text + user + 1;
    size_t n = strspn(host, LETTERS ".");
#undef LETTERS
    return n && host[n] == ':' && *host != '-';
}

static bool is_http(const char *text)
{
    return after_scheme(text, "http") || after_scheme(text, "https");
}

/* How much of a text is the address of a repository; 0: it is none. */
static size_t repository_len(const char *text)
{
    size_t n = strcspn(text, "?#");

    if (is_http(text)) {
        const char *path = strchr(strstr(text, "://") + 3, '/');
        bool named = path && path < text + n && n >= 4 && strncmp(text + n - 4, ".git", 4) == 0;
        return named ? n : 0;
    }
    if (after_scheme(text, "git") || after_scheme(text, "ssh"))
        return n;
    return is_scp(text) ? n : 0;
}

/* --- URLs -------------------------------------------------------------------------------- */

static int take_url(struct slip_arena *arena, const char *text, struct slip_remote *ret,
                    struct slip_error *err)
{
    const char *host = strstr(text, "://") + 3;
    size_t n = strcspn(host, "?#"), slash = n;

    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return slip_fail(err, SLIP_EINPUT, "a URL has no blanks; write %%20");
    if (!host[userinfo_len(host)] || strchr("/?#:", host[userinfo_len(host)]))
        return slip_fail(err, SLIP_EINPUT, "the URL names no host");
    while (n && host[n - 1] == '/')
        n--;
    for (slash = n; slash && host[slash - 1] != '/'; slash--)
        ;
    const char *path = slash ? decode(arena, host + slash, n - slash) : NULL;
    const char *name = path ? slip_path_base(path) : "";
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        name = UNNAMED;
    if (strlen(name) > 255)
        return slip_fail(err, SLIP_EINPUT, "the URL's file name is longer than 255 bytes");
    *ret = (struct slip_remote){
        .kind = SLIP_REMOTE_URL,
        .url = slip_arena_strndup(arena, text, strcspn(text, "#")),
        .name = name,
        .ref = "",
        .subdir = "",
    };
    ret->shown = shown_of(arena, ret->url);
    return 0;
}

static int parse(struct slip_arena *arena, const char *text, size_t repository,
                 struct slip_remote *ret, struct slip_error *err)
{
    *ret = (struct slip_remote){ .kind = SLIP_REMOTE_NONE };
    if (repository) {
        struct wish w = { .arena = arena, .remote = ret, .err = err };
        ret->url = slip_arena_strndup(arena, text, repository);
        return take_tail(&w, text + repository);
    }
    return is_http(text) ? take_url(arena, text, ret, err) : 0;
}

int slip_remote_parse(struct slip_arena *arena, const char *text, struct slip_remote *ret,
                      struct slip_error *err)
{
    return parse(arena, text, repository_len(text), ret, err);
}

int slip_remote_parse_context(struct slip_arena *arena, const char *text, struct slip_remote *ret,
                              struct slip_error *err)
{
    bool short_form = slip_starts_with(text, "github.com/");

    if (short_form)
        text = slip_arena_printf(arena, "https://%s", text);
    size_t repository =
        short_form || after_scheme(text, "file") ? strcspn(text, "?#") : repository_len(text);
    int rc = parse(arena, text, repository, ret, err);
    ret->by_user = true;
    return rc;
}
