/* asked.h - the DLOPEN list: libraries that the user says a program opens by itself.
 *
 * A word is a soname, looked up as the program's loader would, or an absolute pattern inside the
 * builder's root; what it names comes with its closure. One that leads to nothing is an error.
 * Depends on: util/.
 */
#pragma once

#include "slim/process.h"

/* Adds what world->options->dlopen names to a process that has been run, and runs it again. */
int slip_asked_load(struct slip_process *process, struct slip_error *err);
