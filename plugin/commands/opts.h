/* opts.h - options from a table, so that parsing, help and completion cannot differ.
 *
 * Long options take "--name value" and "--name=value"; short ones "-n value" and "-nvalue".
 * Unknown ones are an error with a suggestion. Depends on: util/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/error.h"

enum slip_opt_kind {
    SLIP_OPT_END_KIND,
    SLIP_OPT_FLAG_KIND,
    SLIP_OPT_TEXT_KIND,
    SLIP_OPT_LIST_KIND, /* may be given several times */
    SLIP_OPT_UINT_KIND,
};

struct slip_opt {
    enum slip_opt_kind kind;
    char letter; /* or 0 */
    const char *name;
    void *target;
    const char *value; /* what the help calls the value, or NULL */
    const char *help;
};

#define SLIP_OPT_FLAG(letter, name, to, help) \
    ((struct slip_opt){ SLIP_OPT_FLAG_KIND, (letter), (name), (to), NULL, (help) })
#define SLIP_OPT_TEXT(letter, name, to, value, help) \
    ((struct slip_opt){ SLIP_OPT_TEXT_KIND, (letter), (name), (to), (value), (help) })
#define SLIP_OPT_LIST(letter, name, to, value, help) \
    ((struct slip_opt){ SLIP_OPT_LIST_KIND, (letter), (name), (to), (value), (help) })
#define SLIP_OPT_UINT(letter, name, to, value, help) \
    ((struct slip_opt){ SLIP_OPT_UINT_KIND, (letter), (name), (to), (value), (help) })
#define SLIP_OPT_END ((struct slip_opt){ 0 })

/* Takes options out of argv[0..argc) and leaves the arguments, in order. With `stop`, everything
 * from the first argument on is left alone. "--" ends options. *ret_help is set by -h, --help. */
int slip_opts_parse(const struct slip_opt *opts, int *argc, char ***argv, bool stop, bool *ret_help,
                    struct slip_error *err);
/* Aligned lines for the help page, at most 80 columns. */
void slip_opts_help(const struct slip_opt *opts, struct slip_buf *out);
