/* output.h - where an image goes: `-o type=oci,dest=DIR` and its kin. Used by build and export. */
#pragma once

#include "commands/command.h"
#include "util/digest.h"
#include "util/events.h"

enum slip_output_type { SLIP_OUT_OCI, SLIP_OUT_ARCHIVE, SLIP_OUT_DIR, SLIP_OUT_TAR };

struct slip_output {
    enum slip_output_type type;
    char *dest; /* owned; "-" is standard output */
};

/* "type=oci,dest=DIR" and, as in docker, a bare path for type=dir, "-" for a tar. */
int slip_output_parse(const char *text, struct slip_output *ret, struct slip_error *err);
void slip_output_release(struct slip_output *output);
/* Writes it; archives and layouts carry `names`. */
int slip_output_write(const struct slip_output *output, struct slip_session *s,
                      const struct slip_digest *manifest, const struct slip_strv *names,
                      struct slip_events *events, struct slip_error *err);
