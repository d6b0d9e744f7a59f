#include "plan/match.h"

#include <stdint.h>
#include <string.h>

#include "plan/rune.h"

bool slip_match_is_pattern(const char *text)
{
    return text[strcspn(text, "*?[\\")] != '\0';
}

/* One character of a set, escapes resolved. 0: the set ends too early. */
static size_t set_char(const char *p, uint32_t *ret)
{
    size_t skip = *p == '\\';

    if (!p[skip] || (!skip && (*p == '-' || *p == ']')))
        return 0;
    return skip + slip_rune(p + skip, ret);
}

/* The set that starts behind '['. Returns its length with the ']', or 0 when malformed. */
static size_t match_set(const char *set, uint32_t c, bool *ret)
{
    const char *p = set;
    bool negated = *p == '^', found = false;
    unsigned ranges = 0;

    p += negated;
    while (!(*p == ']' && ranges)) {
        uint32_t low, high;
        size_t n = set_char(p, &low);
        if (!n)
            return 0;
        p += n;
        high = low;
        if (*p == '-') {
            n = set_char(p + 1, &high);
            if (!n)
                return 0;
            p += 1 + n;
        }
        found |= low <= c && c <= high;
        ranges++;
    }
    *ret = found != negated;
    return (size_t)(p - set) + 1;
}

/* Is the rest of the pattern well formed? */
static bool is_sound(const char *p)
{
    while (*p) {
        bool ignored;
        size_t n = 1;
        if (*p == '\\' && !p[1])
            return false;
        if (*p == '\\')
            n = 2;
        if (*p == '[') {
            n = match_set(p + 1, 0, &ignored);
            if (!n++)
                return false;
        }
        p += n;
    }
    return true;
}

/* Matches one element that is not '*'. Returns 1 and moves both on, or 0. */
static int match_one(const char **pattern, const char **name)
{
    const char *p = *pattern;
    uint32_t c, want;
    bool hit = false;
    size_t n = slip_rune(*name, &c), m;

    if (*p == '?') {
        m = 1;
        hit = c != '/';
    } else if (*p == '[') {
        m = 1 + match_set(p + 1, c, &hit);
        hit = hit && c != '/';
    } else {
        size_t skip = *p == '\\';
        m = skip + slip_rune(p + skip, &want);
        hit = c == want;
    }
    if (!hit)
        return 0;
    *pattern = p + m;
    *name += n;
    return 1;
}

int slip_match(const char *pattern, const char *name)
{
    const char *star = NULL, *from = NULL; /* where to try again with one character more */

    if (!is_sound(pattern))
        return -1;
    while (*name || *pattern) {
        if (*pattern == '*') {
            star = ++pattern;
            from = name;
            continue;
        }
        if (*pattern && *name && match_one(&pattern, &name))
            continue;
        if (!star || !*from || *from == '/')
            return 0;
        uint32_t ignored;
        from += slip_rune(from, &ignored);
        pattern = star;
        name = from;
    }
    return 1;
}
