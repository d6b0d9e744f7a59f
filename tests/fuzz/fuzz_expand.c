/* fuzz_expand.c - any text as a word with variables. The first byte chooses what is asked for; a
 * word without '$', quotes and escapes must come out as it is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dockerfile/expand.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *get(void *user, const char *name)
{
    (void)user;
    return name[0] == 'a' ? "one two/three.tar.gz" : name[0] == 'e' ? "" : NULL;
}

static void unset(void *user, const char *name, struct slip_span at)
{
    (void)at;
    *(size_t *)user += strlen(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv words = SLIP_STRV_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    size_t names = 0;

    if (size == 0)
        return 0;
    slip_cleanup(slip_freep) char *text = slip_xstrndup((const char *)data + 1, size - 1);
    const struct slip_source src = { "input", text, strlen(text) };
    const struct slip_word word = { text, { &src, 0, src.len } };
    const struct slip_expander expander = { .escape = data[0] & 1 ? '`' : '\\',
                                            .keep_quotes = data[0] & 2,
                                            .get = get,
                                            .unset = unset,
                                            .user = &names };
    int rc = data[0] & 4 ? slip_expand_words(&expander, word, &words, &err)
                         : slip_expand(&expander, word, &out, &err);
    if ((rc < 0) != (err.msg != NULL))
        abort();
    bool plain = !text[strcspn(text, "$'\"`\\")];
    if (plain && (rc < 0 || (!(data[0] & 4) && strcmp(slip_buf_str(&out), text) != 0)))
        abort();
    return 0;
}
