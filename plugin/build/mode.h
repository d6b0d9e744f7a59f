/* mode.h - modes as COPY --chmod and git have them. Depends on: nothing.
 */
#pragma once

#include <sys/stat.h>

/* git keeps no more of a mode than whether a file is executable; the rest is the umask speaking.
 * That of a group's own (0002) is read as if it were the usual one (0022): 0664 as 0644, 0775 as
 * 0755. Other modes were meant. */
mode_t slip_git_mode(mode_t mode);

/* Applies "0644", "755" or "u=rwX,go=rX" to a mode; -1 when it is neither. */
int slip_chmod_apply(const char *spec, mode_t mode, mode_t *ret);
