#include "dockerfile/glob.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "util/mem.h"

/* A compiled pattern: one token a position. Characters are bytes, so that a character of several
 * bytes is several tokens; only '?' has to know where one ends. */
enum token_kind { TOKEN_BYTE, TOKEN_ONE, TOKEN_ANY };

struct token {
    enum token_kind kind;
    char byte;
};

struct glob {
    struct token *tokens; /* owned */
    size_t n;
    bool *now, *next; /* owned; which positions a match so far may stand at */
};

static void release(struct glob *glob)
{
    free(glob->tokens);
    free(glob->now);
    free(glob->next);
}

static int compile(struct glob *glob, const char *pattern)
{
    size_t n = strlen(pattern);

    *glob = (struct glob){ .tokens = slip_xcalloc(n + 1, sizeof *glob->tokens),
                           .now = slip_xcalloc(n + 1, sizeof(bool)),
                           .next = slip_xcalloc(n + 1, sizeof(bool)) };
    for (const char *p = pattern; *p; p++) {
        struct token token = { TOKEN_BYTE, *p };
        if (*p == '*') {
            token.kind = TOKEN_ANY;
        } else if (*p == '?') {
            token.kind = TOKEN_ONE;
        } else if (*p == '\\') {
            if (!p[1] || !strchr("*?\\}/", p[1]))
                return -1;
            token.byte = *++p;
        }
        glob->tokens[glob->n++] = token;
    }
    return 0;
}

static void reverse(struct glob *glob)
{
    for (size_t i = 0, j = glob->n; i + 1 < j; i++) {
        struct token token = glob->tokens[i];
        glob->tokens[i] = glob->tokens[--j];
        glob->tokens[j] = token;
    }
}

static bool is_tail(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Bytes of the character at text[0], or, backwards, of the one that ends at text[-1]. */
static size_t char_len(const char *text, size_t left, bool backwards)
{
    size_t n = 1;

    if (backwards)
        while (n < left && n < 4 && is_tail(text[-(ptrdiff_t)n]))
            n++;
    else
        while (n < left && n < 4 && is_tail(text[n]))
            n++;
    return n;
}

/* A '*' may match nothing: whoever stands before it stands behind it as well. */
static void close_over(const struct glob *glob, bool *set)
{
    for (size_t i = 0; i < glob->n; i++)
        if (set[i] && glob->tokens[i].kind == TOKEN_ANY)
            set[i + 1] = true;
}

/* Where the match that starts at text ends; SIZE_MAX when there is none. '?' moves by whole
 * characters: it waits in place until the character's last byte. */
static size_t match(struct glob *glob, const char *text, size_t left, bool backwards, bool longest)
{
    size_t found = SIZE_MAX, one_ends = 0;

    memset(glob->now, 0, (glob->n + 1) * sizeof(bool));
    glob->now[0] = true;
    close_over(glob, glob->now);
    for (size_t i = 0;; i++) {
        if (glob->now[glob->n]) {
            found = i;
            if (!longest)
                break;
        }
        if (i == left)
            break;
        const char *at = backwards ? text - i : text + i;
        char byte = backwards ? at[-1] : at[0];
        if (i >= one_ends)
            one_ends = i + char_len(at, left - i, backwards);
        bool alive = false;
        memset(glob->next, 0, (glob->n + 1) * sizeof(bool));
        for (size_t t = 0; t < glob->n; t++) {
            if (!glob->now[t])
                continue;
            const struct token *token = &glob->tokens[t];
            if (token->kind == TOKEN_ANY || (token->kind == TOKEN_ONE && i + 1 < one_ends))
                glob->next[t] = true;
            else if (token->kind == TOKEN_ONE || token->byte == byte)
                glob->next[t + 1] = true;
            alive = true;
        }
        if (!alive)
            break;
        close_over(glob, glob->next);
        bool *swap = glob->now;
        glob->now = glob->next;
        glob->next = swap;
    }
    return found;
}

int slip_glob_trim(const char *pattern, const char *text, bool at_end, bool longest,
                   struct slip_buf *out)
{
    slip_cleanup(release) struct glob glob;
    size_t len = strlen(text);

    if (compile(&glob, pattern) < 0)
        return -1;
    if (at_end)
        reverse(&glob);
    size_t cut = match(&glob, at_end ? text + len : text, len, at_end, longest);
    if (cut == SIZE_MAX)
        cut = 0;
    slip_buf_put(out, at_end ? text : text + cut, len - cut);
    return 0;
}

int slip_glob_replace(const char *pattern, const char *text, const char *with, bool all,
                      struct slip_buf *out)
{
    slip_cleanup(release) struct glob glob;
    size_t len = strlen(text);
    bool done = false;

    if (compile(&glob, pattern) < 0)
        return -1;
    for (size_t i = 0; i < len;) {
        size_t n = done ? SIZE_MAX : match(&glob, text + i, len - i, false, true);
        if (n == SIZE_MAX && glob.tokens[0].kind == TOKEN_ANY)
            done = true; /* a leading '*' would have found a match further on */
        if (n == SIZE_MAX || n == 0) {
            slip_buf_putc(out, text[i++]);
            continue;
        }
        slip_buf_puts(out, with);
        i += n;
        done = !all;
    }
    return 0;
}
