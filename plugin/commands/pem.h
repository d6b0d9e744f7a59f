/* pem.h - keys that a command is given by file. */
#pragma once

#include "util/pem.h"

/* An encrypted one is opened with SLIPWAY_KEY_PASSWORD, else its user is asked on the terminal. */
int slip_pem_file_private(struct slip_pem *key, const char *path, struct slip_error *err);
int slip_pem_file_public(struct slip_pem *key, const char *path, struct slip_error *err);
