#include "image/reference.h"

#include <ctype.h>
#include <string.h>

#include "util/buf.h"
#include "util/digest.h"
#include "util/mem.h"
#include "util/str.h"

#define HUB "docker.io"
#define NAME_MAX_LEN 255
#define TAG_MAX_LEN 128

/* Part of the text: [at, at + len). */
struct part {
    size_t at, len;
};

static struct slip_span span_of(struct slip_span text, struct part p)
{
    return (struct slip_span){ text.src, text.off + p.at, p.len };
}

static bool is_lower(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || isdigit(c);
}

static int fail_lowercase(struct slip_span text, struct part p, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *lower = slip_xstrndup(text.src->text + text.off + p.at, p.len);

    for (char *c = lower; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    slip_fail_at(err, span_of(text, p), "a repository name must be lowercase");
    return slip_error_hint(err, "did you mean '%s'?", lower);
}

/* One part of a path: letters and digits, joined by '.', '_', '__' or any number of '-'. */
static int check_component(struct slip_span text, struct part p, struct slip_error *err)
{
    const unsigned char *s = (const unsigned char *)text.src->text + text.off + p.at;

    if (p.len == 0)
        return slip_fail_at(err, span_of(text, (struct part){ p.at, 1 }),
                            "a repository name has an empty part");
    for (size_t i = 0; i < p.len; i++) {
        size_t run = 0;
        while (i + run < p.len && (s[i + run] == '.' || s[i + run] == '_' || s[i + run] == '-'))
            run++;
        struct part here = { p.at + i, run ? run : 1 };
        if (!run && !is_lower(s[i]))
            return slip_fail_at(err, span_of(text, here), "a repository name cannot contain '%c'",
                                isprint(s[i]) ? s[i] : '?');
        if (run && (i == 0 || i + run == p.len))
            return slip_fail_at(err, span_of(text, here),
                                "a part of a repository name must begin and end with a letter or "
                                "a digit");
        bool dashes = run && strspn((const char *)s + i, "-") >= run;
        bool underscores = run == 2 && s[i] == '_' && s[i + 1] == '_';
        if (run > 1 && !dashes && !underscores)
            return slip_fail_at(err, span_of(text, here),
                                "'%.*s' cannot join parts of a repository name", (int)run, s + i);
        i += run ? run - 1 : 0;
    }
    return 0;
}

static int check_repository(struct slip_span text, struct part p, struct slip_error *err)
{
    const char *s = text.src->text + text.off + p.at;

    for (size_t i = 0; i < p.len; i++)
        if (isupper((unsigned char)s[i]))
            return fail_lowercase(text, p, err);
    for (size_t from = 0; from <= p.len;) {
        const char *slash = memchr(s + from, '/', p.len - from);
        size_t len = slash ? (size_t)(slash - s) - from : p.len - from;
        if (check_component(text, (struct part){ p.at + from, len }, err) < 0)
            return -1;
        from += len + 1;
    }
    return 0;
}

static int check_tag(struct slip_span text, struct part p, struct slip_error *err)
{
    const char *s = text.src->text + text.off + p.at;

    if (p.len == 0)
        return slip_fail_at(err, span_of(text, (struct part){ p.at - 1, 1 }),
                            "a tag must follow ':'");
    if (p.len > TAG_MAX_LEN)
        return slip_fail_at(err, span_of(text, p), "a tag has at most %d characters", TAG_MAX_LEN);
    for (size_t i = 0; i < p.len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x80 && (isalnum(c) || c == '_' || (i && (c == '.' || c == '-'))))
            continue;
        return slip_fail_at(err, span_of(text, (struct part){ p.at + i, 1 }),
                            i || (c != '.' && c != '-') ? "a tag cannot contain '%c'"
                                                        : "a tag cannot begin with '%c'",
                            isprint(c) ? c : '?');
    }
    return 0;
}

/* A host name, an address, "[::1]", each with an optional port. */
static int check_registry(struct slip_span text, struct part p, struct slip_error *err)
{
    const char *s = text.src->text + text.off + p.at;
    const char *end = s + p.len, *at = s;

    if (*at == '[') {
        at += 1 + strspn(at + 1, "0123456789abcdefABCDEF:.");
        at = *at == ']' ? at + 1 : s;
    } else {
        while (at < end && (isalnum((unsigned char)*at) || *at == '-' || *at == '.'))
            at++;
    }
    size_t host = (size_t)(at - s);
    if (at < end && *at == ':') {
        size_t digits = strspn(at + 1, "0123456789");
        at = digits && digits <= 5 ? at + 1 + digits : at;
    }
    if (at != end || host == 0 || *s == '-' || *s == '.')
        return slip_fail_at(err, span_of(text, p), "'%.*s' is not a registry's host[:port]",
                            (int)p.len, s);
    return 0;
}

static int check_digest(struct slip_span text, struct part p, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *s = slip_xstrndup(text.src->text + text.off + p.at, p.len);
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    struct slip_digest digest;

    if (slip_digest_parse(s, &digest, &ignored) == 0)
        return 0;
    return slip_fail_at(err, span_of(text, (struct part){ p.at - 1, p.len + 1 }),
                        "after '@' stands 'sha256:' and 64 hexadecimal digits");
}

/* Where each part is; `len` 0 and `at` 0 when it is not there. */
struct parts {
    struct part registry, repository, tag, digest;
    bool has_tag, has_digest;
};

static struct parts take_apart(const char *s, size_t len)
{
    struct parts p = { .repository = { 0, len } };
    const char *at = memchr(s, '@', len);

    if (at) {
        p.has_digest = true;
        p.digest = (struct part){ (size_t)(at - s) + 1, len - (size_t)(at - s) - 1 };
        p.repository.len = len = (size_t)(at - s);
    }
    const char *slash = memchr(s, '/', len);
    if (slash) {
        size_t n = (size_t)(slash - s);
        if (memchr(s, '.', n) || memchr(s, ':', n) || (n == 9 && !memcmp(s, "localhost", n))) {
            p.registry = (struct part){ 0, n };
            p.repository = (struct part){ n + 1, len - n - 1 };
        }
    }
    const char *colon = memrchr(s + p.repository.at, ':', p.repository.len);
    if (colon) {
        size_t n = (size_t)(colon - s) - p.repository.at;
        p.has_tag = true;
        p.tag = (struct part){ (size_t)(colon - s) + 1, p.repository.len - n - 1 };
        p.repository.len = n;
    }
    return p;
}

static void fill(struct slip_reference *ref, const char *s, const struct parts *p)
{
    slip_cleanup(slip_freep) char *registry = slip_xstrndup(s + p->registry.at, p->registry.len);
    bool hub = !*registry || !strcmp(registry, HUB) || !strcmp(registry, "index.docker.io");
    const char *path = s + p->repository.at;
    bool one = !memchr(path, '/', p->repository.len);

    *ref = (struct slip_reference){
        .registry = slip_xstrdup(hub ? HUB : registry),
        .repository =
            slip_xasprintf("%s%.*s", hub && one ? "library/" : "", (int)p->repository.len, path),
        .tag = p->has_tag      ? slip_xstrndup(s + p->tag.at, p->tag.len)
               : p->has_digest ? NULL
                               : slip_xstrdup("latest"),
        .digest = p->has_digest ? slip_xstrndup(s + p->digest.at, p->digest.len) : NULL,
    };
}

int slip_reference_parse(struct slip_reference *ref, struct slip_span text, struct slip_error *err)
{
    const char *s = text.src->text + text.off;
    struct parts p = take_apart(s, text.len);

    if (text.len == 0)
        return slip_fail_at(err, text, "an image reference is missing");
    if (p.repository.len == 0)
        return slip_fail_at(err, text, "'%.*s' names no repository", (int)text.len, s);
    if (p.registry.len + p.repository.len > NAME_MAX_LEN)
        return slip_fail_at(err, text, "a name has at most %d characters", NAME_MAX_LEN);
    if ((p.registry.len && check_registry(text, p.registry, err) < 0) ||
        check_repository(text, p.repository, err) < 0 ||
        (p.has_tag && check_tag(text, p.tag, err) < 0) ||
        (p.has_digest && check_digest(text, p.digest, err) < 0))
        return -1;
    fill(ref, s, &p);
    return 0;
}

int slip_reference_from(struct slip_reference *ref, const char *text, struct slip_error *err)
{
    const struct slip_source src = { "image reference", text, strlen(text) };

    if (slip_reference_parse(ref, (struct slip_span){ &src, 0, src.len }, err) == 0)
        return 0;
    err->at = (struct slip_span){ 0 }; /* `src` goes with this call */
    return slip_error_context(err, "'%s'", text);
}

static char *join(const struct slip_reference *ref, const char *registry, const char *repository)
{
    return slip_xasprintf("%s%s%s%s%s%s%s", registry, *registry ? "/" : "", repository,
                          ref->tag ? ":" : "", ref->tag ? ref->tag : "", ref->digest ? "@" : "",
                          ref->digest ? ref->digest : "");
}

char *slip_reference_text(const struct slip_reference *ref)
{
    return join(ref, ref->registry, ref->repository);
}

char *slip_reference_familiar(const struct slip_reference *ref)
{
    bool hub = strcmp(ref->registry, HUB) == 0;
    const char *path = ref->repository;

    if (hub && slip_starts_with(path, "library/"))
        path += strlen("library/");
    return join(ref, hub ? "" : ref->registry, path);
}

void slip_reference_release(struct slip_reference *ref)
{
    free(ref->registry);
    free(ref->repository);
    free(ref->tag);
    free(ref->digest);
    *ref = SLIP_REFERENCE_INIT;
}
