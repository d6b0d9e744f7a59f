/* limits.h - what a recipe and the command line say of the image as a whole: its budget, and how
 * its layers are compressed. The command line wins. Depends on: build/budget, commands/front,
 * packing.
 */
#pragma once

#include "build/budget.h"
#include "commands/front.h"
#include "commands/packing.h"

/* [budget], unless another stage is built than the one the recipe describes; `size` (--size-budget,
 * or NULL) takes the place of its own. The recipe must outlive *ret. */
int slip_limits_read(const struct slip_front *front, const struct slip_front_options *options,
                     const char *size, struct slip_budget *ret, struct slip_error *err);
int slip_limits_packing(const struct slip_front *front, const struct slip_packing *asked,
                        struct slip_build_options *ret, struct slip_error *err);
