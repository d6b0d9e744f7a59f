/* secrets.h - --secret id=ID[,src=FILE|,env=VARIABLE][,type=file|env], as docker has it: an ID
 * alone is a variable when there is one of that name, else a file. Depends on: build/secret.
 */
#pragma once

#include "build/secret.h"
#include "util/error.h"

/* Reads every value; a later --secret of the same id wins. Once there is one, no core of this
 * process is written. */
int slip_secrets_parse(const struct slip_strv *given, struct slip_secrets *ret,
                       struct slip_error *err);
