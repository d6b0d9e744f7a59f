/* sniff.h - whether a file is an archive that ADD unpacks: by its content, never by its name.
 *
 * That is a tar, plain or in gzip, bzip2, xz or zstd, whose first header has a right checksum. A
 * compressed file with anything else in it is none, nor is an archive without entries.
 * Depends on: archive/expand, archive/gunzip.
 */
#pragma once

#include "util/error.h"

/* Reads the beginning of `fd`, from where it stands. 1 or 0; -1 when it cannot be read. */
int slip_is_archive(int fd, struct slip_error *err);
