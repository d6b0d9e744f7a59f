/* platform.h - how a platform is written: os/architecture[/variant], by its usual names.
 * Depends on: util/. Used by: dockerfile/, recipe/, commands/. */
#pragma once

/* "linux/amd64" for "linux/x86_64", "amd64" and, on such a machine, "linux". NULL when it is no
 * platform; else a new string. */
char *slip_platform_normal(const char *text);
/* This machine's architecture, as images name it. */
const char *slip_platform_host_arch(void);
