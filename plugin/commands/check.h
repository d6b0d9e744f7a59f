/* check.h - reads and lints a file without building it. Depends on: commands/front. */
#pragma once

#include "commands/front.h"

/* format: "text" or "json", which goes to the session's standard output. Looks at all stages unless
 * the options name a target. */
int slip_check(struct slip_session *s, struct slip_front_options *options, const char *format,
               struct slip_error *err);
