/* links.h - the closure of files in a directory that is a root file system, as text. */
#pragma once

#include "commands/command.h"

#define SLIP_LINKS_ROOTFS "rootfs:"

/* `where` is "rootfs:DIR". Prints each file that `files` (absolute paths in DIR, NULL-terminated)
 * need, one a line with the chain that leads to it: "<path>\t<chain>"; an entry that no header asks
 * for ends in " (opened by itself)". What is missing is SLIP_ESTEP. */
int slip_links_show(struct slip_session *s, const char *where, char *const *files,
                    struct slip_error *err);
