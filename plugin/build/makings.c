#include "build/makings.h"

#include <inttypes.h>
#include <string.h>

#include "util/mem.h"
#include "util/secret.h"
#include "util/str.h"

#define SHOWN_MAX 160 /* bytes of a value that is noted as it is */

/* How a row that differs is told. "%n" is its name, "%a" the value before, "%b" the one now. */
static const struct telling {
    const char *kind, *changed, *added, *removed;
} tellings[] = {
    { "instruction", "the instruction changed; it was: %a", NULL, NULL },
    { "parent", "the step before it gave something else", NULL, NULL },
    { "stage", "stage '%n' gave something else", "stage '%n' is used now",
      "stage '%n' is not used any more" },
    { "image", "image '%n' is another one now: %a -> %b", "image '%n' is used now: %b",
      "image '%n' is not used any more" },
    { "root", "the root file system '%n' changed", "the root file system '%n' is used now",
      "the root file system '%n' is not used any more" },
    { "url", "the file at '%n' changed", "the file at '%n' is used now",
      "the file at '%n' is not used any more" },
    { "git", "repository '%n' has another commit there", "repository '%n' is used now",
      "repository '%n' is not used any more" },
    { "host", "this machine's installed packages changed", "this machine's root is used now",
      "this machine's root is not used any more" },
    { "directory", "something below '%n' changed", "directory '%n' was added",
      "directory '%n' was removed" },
    { "argument", "build argument %n changed from '%a' to '%b'",
      "build argument %n is set now: '%b'", "build argument %n is not set any more; it was '%a'" },
    { "variable", "environment variable %n changed from '%a' to '%b'",
      "environment variable %n is set now: '%b'",
      "environment variable %n is not set any more; it was '%a'" },
    { "hidden", "the value of %n changed; its name sounds like a secret, so it is not shown",
      "%n is set now; its name sounds like a secret, so the value is not shown",
      "%n is not set any more" },
    { "text", "the text '%n' in the instruction changed", "the text '%n' was added",
      "the text '%n' was removed" },
    { "mount", "the mount at '%n' changed from '%a' to '%b'", "a mount at '%n' was added",
      "the mount at '%n' was removed" },
    { "source", "the variables in it name another source: '%b', not '%a'", "source '%b' was added",
      "source '%a' was removed" },
    { "tier", "it was built with other privileges before: tier %a, now %b", NULL, NULL },
    { "any", "its %k changed from '%a' to '%b'", "its %k is given now: '%b'",
      "its %k is not given any more; it was '%a'" },
};

json_t *slip_shown_text(const char *text)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    json_t *plain = json_string(text);

    if (plain)
        return plain;
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < 0x80)
            slip_buf_putc(&out, *p);
        else
            slip_buf_printf(&out, "\\x%02x", (unsigned char)*p);
    return json_string(slip_buf_str(&out));
}

static json_t *digest_of(const char *value)
{
    struct slip_digest digest;
    char text[24];

    slip_digest_of(value, strlen(value), &digest);
    snprintf(text, sizeof text, "sha256:%.12s", digest.hex);
    return json_string(text);
}

void slip_made_note(struct slip_makings *m, const char *kind, const char *name, const char *value)
{
    if (!m->rows || !value)
        return;
    bool hide = (strcmp(kind, "argument") == 0 || strcmp(kind, "variable") == 0) &&
                slip_name_sounds_secret(name);
    slip_cleanup(slip_freep) char *key =
        slip_xasprintf("%s%s%s", hide ? "hidden" : kind, *name ? " " : "", name);
    slip_cleanup(slip_json_decrefp) json_t *shown = slip_shown_text(key);
    json_object_set_new(m->rows, json_string_value(shown),
                        hide || strlen(value) > SHOWN_MAX ? digest_of(value)
                                                          : slip_shown_text(value));
}

void slip_made_of(struct slip_makings *m, const char *kind, const char *name, const char *value)
{
    slip_sha256_field(&m->sha, kind);
    slip_sha256_field(&m->sha, name);
    slip_sha256_field(&m->sha, value);
    slip_made_note(m, kind, name, value);
}

void slip_made_of_number(struct slip_makings *m, const char *kind, const char *name, uint64_t n)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, n);
    slip_made_of(m, kind, name, text);
}

void slip_made_of_list(struct slip_makings *m, const char *kind, const char *const *v)
{
    slip_cleanup(slip_buf_release) struct slip_buf shown = SLIP_BUF_INIT;

    slip_sha256_field(&m->sha, kind);
    for (size_t i = 0; v && v[i]; i++) {
        slip_sha256_field(&m->sha, v[i]);
        if (m->rows)
            slip_buf_printf(&shown, "%s%s", i ? " " : "", v[i]);
    }
    slip_sha256_field(&m->sha, NULL);
    if (shown.len)
        slip_made_note(m, kind, "", slip_buf_str(&shown));
}

void slip_makings_finish(struct slip_makings *m, char ret_hex[65])
{
    struct slip_digest digest;

    slip_sha256_finish(&m->sha, &digest);
    memcpy(ret_hex, digest.hex, 65);
}

void slip_makings_release(struct slip_makings *m)
{
    slip_sha256_release(&m->sha);
}

static const struct telling *telling_of(const char *key, size_t n)
{
    size_t i = 0;

    while (i + 1 < SLIP_ARRAY_LEN(tellings) &&
           !(strlen(tellings[i].kind) == n && strncmp(tellings[i].kind, key, n) == 0))
        i++;
    return &tellings[i];
}

/* "100644 <digest>": what of a file changed. */
static const char *file_aspect(const char *before, const char *now)
{
    size_t n = strcspn(before, " "), m = strcspn(now, " ");
    bool same_kind = n > 4 && n == m && strncmp(before, now, n - 4) == 0;

    if (!same_kind)
        return "file '%n' became something of another kind";
    if (strcmp(before + n, now + m) == 0)
        return "the mode of file '%n' changed";
    return strncmp(before, "12", 2) == 0 ? "the link '%n' points elsewhere now"
                                         : "the content of file '%n' changed";
}

static char *tell(const char *pattern, const char *key, size_t kind, const char *before,
                  const char *now)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;

    for (const char *p = pattern; *p; p++) {
        if (*p != '%') {
            slip_buf_putc(&out, *p);
            continue;
        }
        switch (*++p) {
        case 'n':
            slip_buf_puts(&out, key[kind] ? key + kind + 1 : "");
            break;
        case 'k':
            slip_buf_puts(&out, key);
            break;
        case 'a':
            slip_buf_puts(&out, before);
            break;
        default:
            slip_buf_puts(&out, now);
        }
    }
    return slip_buf_take(&out);
}

/* Either value is NULL when there is no such row. With the ignore rules changed, a file that came
 * or went did so because of them, or may have. */
static char *tell_row(const char *key, const char *before, const char *now, const char *rules)
{
    size_t kind = strcspn(key, " ");
    const struct telling *t = telling_of(key, kind);
    const char *pattern = !before ? t->added : !now ? t->removed : t->changed;

    if (strncmp(key, "file ", 5) == 0) {
        if (rules && slip_starts_with(rules, key + 5)) /* the ignore file itself */
            rules = NULL;
        if (before && now)
            return tell(file_aspect(before, now), key, kind, before, now);
        pattern = rules && now ? "%b changed, and file '%n' is not left out any more"
                  : rules      ? "%b changed, and file '%n' is left out now"
                  : before     ? "file '%n' was removed"
                               : "file '%n' was added";
        return tell(pattern, key, kind, "", rules ? rules : "");
    }
    if (!pattern) /* of these, no row comes or goes alone */
        pattern = t->changed;
    return tell(pattern, key, kind, before ? before : "", now ? now : "");
}

/* The name of the ignore file when its rules are others now. */
static const char *other_rules(const json_t *before, const json_t *now)
{
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)now, key, value) {
        if (!slip_starts_with(key, "rules "))
            continue;
        const json_t *old = json_object_get(before, key);
        if (!old || !json_equal(old, value))
            return key + strlen("rules ");
    }
    json_object_foreach ((json_t *)(uintptr_t)before, key, value)
        if (slip_starts_with(key, "rules ") && !json_object_get(now, key))
            return key + strlen("rules ");
    return NULL;
}

char *slip_makings_difference(const json_t *before, const json_t *now)
{
    const char *key, *rules = other_rules(before, now);
    slip_cleanup(slip_freep) char *first = NULL;
    json_t *value;
    unsigned n = 0;

    json_object_foreach ((json_t *)(uintptr_t)now, key, value) {
        const json_t *old = json_object_get(before, key);
        if ((old && json_equal(old, value)) || slip_starts_with(key, "rules "))
            continue;
        if (!n++)
            first = tell_row(key, json_string_value(old), json_string_value(value), rules);
    }
    json_object_foreach ((json_t *)(uintptr_t)before, key, value) {
        if (json_object_get(now, key) || slip_starts_with(key, "rules "))
            continue;
        if (!n++)
            first = tell_row(key, json_string_value(value), NULL, rules);
    }
    if (n > 1)
        return slip_xasprintf("%s, and %u more", first, n - 1);
    return SLIP_TAKE_PTR(first);
}
