#include "engine/heredoc.h"

#include <string.h>

#include "util/str.h"

/* Where the printer breaks a line. */
#define BREAK " \t"

static void put_word(struct slip_buf *out, const char *line, size_t n)
{
    slip_cleanup(slip_freep) char *word = slip_xstrndup(line, n);

    slip_buf_puts(out, BREAK);
    slip_buf_putc(out, '\'');
    for (const char *p = word; *p; p++) {
        if (p > word && p[0] == '<' && p[-1] == '<')
            slip_buf_puts(out, "''"); /* or it would begin a heredoc, whatever quotes say */
        if (*p == '\'')
            slip_buf_puts(out, "'\\''");
        else
            slip_buf_putc(out, *p);
    }
    slip_buf_putc(out, '\'');
}

/* Each line of a text as a word, without leading tabs where the text asks for that. */
static void put_lines(struct slip_buf *out, const char *text, bool strip_tabs)
{
    for (const char *p = text; *p;) {
        p += strip_tabs ? strspn(p, "\t") : 0;
        size_t n = strcspn(p, "\n");
        put_word(out, p, n);
        p += n + (p[n] == '\n');
    }
}

/* Nothing but the word of the text: the text is the script. */
static bool is_alone(const struct slip_instruction *run)
{
    return !run->args[0].text[strcspn(run->args[0].text, " \t\v\f\r")];
}

void slip_heredoc_unfold(struct slip_dockerfile *ast, struct slip_instruction *run)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    const struct slip_heredoc *first = &run->heredocs[0];
    bool shebang =
        is_alone(run) &&
        strncmp(first->text + (first->strip_tabs ? strspn(first->text, "\t") : 0), "#!", 2) == 0;

    slip_buf_puts(&out, shebang ? "printf '%s\\n'" : "eval \"$(printf '%s\\n'");
    if (is_alone(run)) {
        put_lines(&out, first->text, first->strip_tabs);
    } else {
        put_word(&out, run->args[0].text, strlen(run->args[0].text));
        for (size_t i = 0; i < run->nheredocs; i++) {
            put_lines(&out, run->heredocs[i].text, false);
            put_word(&out, run->heredocs[i].name, strlen(run->heredocs[i].name));
        }
    }
    slip_buf_puts(&out, shebang ? BREAK ">/tmp/slipway-script && chmod 0700 /tmp/slipway-script "
                                        "&& /tmp/slipway-script && rm /tmp/slipway-script"
                                : ")\"");
    run->args = NULL;
    run->nargs = 0;
    run->heredocs = NULL;
    run->nheredocs = 0;
    slip_instruction_arg(ast, run, slip_buf_str(&out), run->at);
}
