/* check.h - is this value one that its key can have? Each returns 0, or -1 with the place, and
 * says what would be right. A value with a `$` in it is only known later and passes.
 * Depends on: recipe/value, dockerfile/platform, util/.
 */
#pragma once

#include "recipe/value.h"

int slip_check_repository(const struct slip_value *value, struct slip_error *err);
int slip_check_tag(const struct slip_value *value, struct slip_error *err);
int slip_check_user(const struct slip_value *value, struct slip_error *err);
int slip_check_absolute(const struct slip_value *value, struct slip_error *err);
int slip_check_port(const struct slip_value *value, struct slip_error *err);
int slip_check_signal(const struct slip_value *value, struct slip_error *err);
int slip_check_package(const struct slip_value *value, struct slip_error *err);
int slip_check_variable(const struct slip_value *value, struct slip_error *err);
int slip_check_label(const struct slip_value *value, struct slip_error *err);
int slip_check_file(const struct slip_value *value, struct slip_error *err);
int slip_check_only(const struct slip_value *value, struct slip_error *err);
int slip_check_glob(const struct slip_value *value, struct slip_error *err);
int slip_check_item(const struct slip_value *value, struct slip_error *err);
int slip_check_regex(const struct slip_value *value, struct slip_error *err);
int slip_check_exit(const struct slip_value *value, struct slip_error *err);
int slip_check_count(const struct slip_value *value, struct slip_error *err);
/* What [budget] forbids: a word or a pattern. */
int slip_check_forbidden(const struct slip_value *value, struct slip_error *err);
int slip_check_jobs(const struct slip_value *value, struct slip_error *err);
int slip_check_platform(const struct slip_value *value, struct slip_error *err);
/* The name of a [stage], [copy] or [test]. */
int slip_check_name(const struct slip_value *value, struct slip_error *err);
