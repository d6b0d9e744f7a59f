/* jobserver.h - GNU make's job tokens, when make started us with '+' and lent us its pipe. */
#pragma once

/* Fills fds with the pipe that MAKEFLAGS names when it is really open; leaves -1, -1 else (make
 * names it also to recipes that it did not lend it to). */
void slip_jobserver_find(const char *makeflags, int fds[2]);
