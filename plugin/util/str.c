#include "util/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/mem.h"

bool slip_starts_with(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool slip_ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);

    return n >= m && strcmp(s + n - m, suffix) == 0;
}

#define SUGGEST_MAX 64

/* Edit distance with transpositions (optimal string alignment); words are short. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t rows[3][SUGGEST_MAX + 1];
    size_t *before = rows[0], *prev = rows[1], *cur = rows[2];

    for (size_t j = 0; j <= m; j++)
        prev[j] = j;
    for (size_t i = 1; i <= n; i++) {
        cur[0] = i;
        for (size_t j = 1; j <= m; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            size_t best = prev[j - 1] + (x != y);
            if (prev[j] + 1 < best)
                best = prev[j] + 1;
            if (cur[j - 1] + 1 < best)
                best = cur[j - 1] + 1;
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                tolower((unsigned char)a[i - 2]) == y && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            cur[j] = best;
        }
        size_t *spare = before;
        before = prev;
        prev = cur;
        cur = spare;
    }
    return prev[m];
}

const char *slip_suggest(const char *word, const char *const *candidates, size_t n)
{
    size_t len = strlen(word), best = len / 3 + 2; /* farther than this is another word */
    const char *found = NULL;

    if (len == 0 || len > SUGGEST_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t m = strlen(candidates[i]);
        if (m > SUGGEST_MAX)
            continue;
        size_t d = distance(word, len, candidates[i], m);
        if (d < best && d < m) {
            best = d;
            found = candidates[i];
        }
    }
    return found;
}

int slip_shell_split(const char *text, size_t len, struct slip_span at, struct slip_strv *ret,
                     struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf word = SLIP_BUF_INIT;
    bool in_word = false;
    char quote = 0;
    size_t quote_at = 0;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (quote) {
            if (c == quote)
                quote = 0;
            else if (quote == '"' && c == '\\' && i + 1 < len && strchr("\"\\$`", text[i + 1]))
                slip_buf_putc(&word, text[++i]);
            else
                slip_buf_putc(&word, c);
        } else if (isspace((unsigned char)c)) {
            if (in_word)
                slip_strv_add(ret, slip_buf_str(&word));
            slip_buf_clear(&word);
            in_word = false;
        } else {
            in_word = true;
            if (c == '\'' || c == '"') {
                quote = c;
                quote_at = i;
            } else if (c == '\\' && i + 1 < len) {
                slip_buf_putc(&word, text[++i]);
            } else {
                slip_buf_putc(&word, c);
            }
        }
    }
    if (quote) {
        struct slip_span here = { at.src, at.off + quote_at, 1 };
        return slip_fail_at(err, here, "a quote is not closed");
    }
    if (in_word)
        slip_strv_add(ret, slip_buf_str(&word));
    return 0;
}

void slip_shell_quote(struct slip_buf *out, const char *word)
{
    if (word[0] && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789_@%+=:,./-")]) {
        slip_buf_puts(out, word);
        return;
    }
    slip_buf_putc(out, '\'');
    for (const char *p = word; *p; p++)
        if (*p == '\'')
            slip_buf_puts(out, "'\\''");
        else
            slip_buf_putc(out, *p);
    slip_buf_putc(out, '\'');
}

int slip_parse_size(const char *text, uint64_t *ret, struct slip_error *err)
{
    static const char *const units[] = { "", "k", "m", "g", "t" };
    char *end;
    double value = isdigit((unsigned char)text[0]) ? strtod(text, &end) : -1;

    if (value >= 0) {
        char unit[8] = "";
        size_t n = strlen(end);
        if (n < sizeof unit) {
            memcpy(unit, end, n + 1);
            if (n > 1 && strcasecmp(unit + 1, "ib") == 0)
                unit[1] = '\0';
            else if (n > 0 && tolower((unsigned char)unit[n - 1]) == 'b')
                unit[n - 1] = '\0';
            for (size_t i = 0; i < SLIP_ARRAY_LEN(units); i++)
                if (strcasecmp(unit, units[i]) == 0 && value < 1e6) {
                    *ret = (uint64_t)(value * (double)((uint64_t)1 << (10 * i)));
                    return 0;
                } else if (strcasecmp(unit, units[i]) == 0 && i == 0 && value < 9e18) {
                    *ret = (uint64_t)value;
                    return 0;
                }
        }
    }
    slip_fail(err, SLIP_EUSAGE, "'%s' is not a size", text);
    return slip_error_hint(err, "write bytes, or a number with k, M, G or T, such as 64M");
}

int slip_parse_file_size(const char *text, uint64_t *ret, struct slip_error *err)
{
    static const char *const units[] = { "kb", "mb", "gb", "tb" };
    size_t digits = strspn(text, "0123456789.");
    uint64_t unit = 1;

    for (size_t i = 0; i < SLIP_ARRAY_LEN(units); i++) {
        unit *= 1000;
        if (strcasecmp(text + digits, units[i]) != 0)
            continue;
        slip_cleanup(slip_freep) char *number = slip_xstrndup(text, digits);
        char *end;
        double value = isdigit((unsigned char)text[0]) ? strtod(number, &end) : -1;
        if (value < 0 || *end || value >= 1e6)
            break;
        *ret = (uint64_t)(value * (double)unit);
        return 0;
    }
    return slip_parse_size(text, ret, err);
}

const char *slip_format_size(uint64_t bytes, char out[16])
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 999.5 && unit + 1 < SLIP_ARRAY_LEN(units)) {
        value /= 1000;
        unit++;
    }
    snprintf(out, 16, unit == 0 || value >= 99.95 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return out;
}

int slip_parse_uint(const char *text, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;

    if (!*text)
        return -1;
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9')
            return -1;
        uint64_t digit = (uint64_t)(*p - '0');
        if (value > (max - digit) / 10)
            return -1;
        value = value * 10 + digit;
    }
    *ret = value;
    return 0;
}
