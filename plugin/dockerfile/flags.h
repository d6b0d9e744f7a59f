/* flags.h - which flags each instruction has. Depends on: dockerfile/ast. Private to dockerfile/.
 */
#pragma once

#include <stdint.h>

#include "dockerfile/ast.h"

enum slip_flag_type {
    SLIP_FLAG_BOOL,  /* --link, --link=false */
    SLIP_FLAG_TEXT,  /* --from=x, once */
    SLIP_FLAG_TEXTS, /* --mount=x, any number of times */
    SLIP_FLAG_MAYBE, /* --installed, --installed=runtime,dev */
    SLIP_FLAG_TIME,  /* --interval=1m30s */
    SLIP_FLAG_COUNT, /* --retries=3 */
};

struct slip_flag_rule {
    enum slip_instruction_kind kind;
    const char *name;
    enum slip_flag_type type;
};

/* NULL when the instruction has no such flag. */
const struct slip_flag_rule *slip_flag_rule_of(enum slip_instruction_kind kind, const char *name);
/* Checks name, value and repetition of all flags. */
int slip_flags_check(const struct slip_instruction *ins, struct slip_error *err);
/* The value of a time in nanoseconds, or of a count; 0 when it is empty. */
int slip_flag_number(const struct slip_flag *flag, enum slip_flag_type type, int64_t *ret,
                     struct slip_error *err);
