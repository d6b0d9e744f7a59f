/* findings.h - what lint found: shown as it comes, or kept as JSON.
 *
 *   struct slip_findings f = { .out = s->err };            or .json = json_array()
 *   ... slip_findings_take(&f, &warning) ...
 *   slip_findings_end(&f);                                 says how many were not shown
 *
 * Depends on: dockerfile/lower, util/json.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "dockerfile/lower.h"

struct slip_findings {
    FILE *out;    /* shown there; NULL: not shown */
    json_t *json; /* appended there; NULL: not */
    size_t n;     /* how many there were */

    /* Private: the line of the last one, so that the next need not count from the top. */
    const struct slip_source *src;
    size_t off, start;
    unsigned line;
};

/* Its type is that of struct slip_lower_options' warn; `user` is a struct slip_findings. */
void slip_findings_take(void *user, const struct slip_warning *warning);
void slip_findings_end(struct slip_findings *findings);
/* An error with its place, as the findings have them: a new reference. */
json_t *slip_findings_error(struct slip_findings *findings, const struct slip_error *err);
