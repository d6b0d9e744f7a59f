/* proc.h - helper programs of the host (newuidmap, docker, podman), never of an image.
 * argv goes to execvp as it is; there is no shell. Depends on: util/buf, util/error.
 */
#pragma once

#include <stdbool.h>

#include "util/buf.h"
#include "util/error.h"

/* Runs argv and waits. *ret_status is the exit status, or 128 + signal. Output is inherited unless
 * `capture` is given, which then receives stdout (at most 16 MiB). -1 only when it could not run.
 */
int slip_proc_run(char *const argv[], struct slip_buf *capture, int *ret_status,
                  struct slip_error *err);
/* The same for a program that is asked something: it has no input, and what it complains of goes
 * nowhere or, with `errors`, into the answer. */
int slip_proc_ask(char *const argv[], bool errors, struct slip_buf *answer, int *ret_status,
                  struct slip_error *err);
/* The same for one that reads `input`, and is killed when it has not ended after `seconds`. */
int slip_proc_tell(char *const argv[], const char *input, unsigned seconds, struct slip_buf *answer,
                   int *ret_status, struct slip_error *err);
/* The same for one that reads from an open file. */
int slip_proc_feed(char *const argv[], int input, unsigned seconds, struct slip_buf *answer,
                   int *ret_status, struct slip_error *err);
/* The status a shell would show for a waitpid status: the exit status, or 128 + signal. */
int slip_proc_exit_code(int wait_status);
/* "exited with status 2", "was killed by SIGKILL (out of memory?)" for a waitpid status. */
char *slip_proc_status_words(int wait_status);
/* 1 when `name` can be found in PATH. */
int slip_proc_have(const char *name);
