/* main.h - what every table-driven unit test starts with.
 * SLIP_TEST_FILTER in the environment runs only the rows whose name matches (cmocka's wildcards).
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/mem.h"

/* Runs `test` once for each row; a row's first member must be `const char *name`. */
#define SLIP_RUN_ROWS(group, rows, test)                                                       \
    __extension__({                                                                            \
        struct CMUnitTest tests_[SLIP_ARRAY_LEN(rows)];                                        \
        for (size_t i_ = 0; i_ < SLIP_ARRAY_LEN(rows); i_++)                                   \
            tests_[i_] = (struct CMUnitTest){ (rows)[i_].name, (test), NULL, NULL,             \
                                              (void *)(uintptr_t) & (rows)[i_] };              \
        if (getenv("SLIP_TEST_FILTER"))                                                        \
            cmocka_set_test_filter(getenv("SLIP_TEST_FILTER"));                                \
        cmocka_run_group_tests_name(group, tests_, NULL, NULL);                                \
    })
