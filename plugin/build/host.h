/* host.h - what commands may ask about this machine; exec/ is build's room. */
#pragma once

#include "util/buf.h"
#include "util/error.h"

typedef void slip_host_fact_fn(void *user, int ok, const char *what, const char *detail,
                               const char *fix);
void slip_host_doctor(slip_host_fact_fn *say, void *user);
/* 1 when some tier can be entered here; tried in a child. *ret_tier (may be NULL) names it. */
int slip_host_can_build(const char **ret_tier);
/* Debian packages of `names` that are not installed on this machine are appended to *ret. On a
 * machine without dpkg nothing is checked. */
void slip_host_missing_packages(const struct slip_strv *names, struct slip_strv *ret);
