/* bills.h - bills of materials as files: those that a build writes beside what it makes.
 *
 * With --sbom, or the recipe's `sbom =`, every layout and archive has the document beside it that
 * is attached to the image (attest.h): app.oci and app.tar have app.spdx.json, or app.cdx.json.
 * Depends on: build/bill, commands/attest, commands/output.
 */
#pragma once

#include "commands/attest.h"
#include "commands/output.h"

/* A format by its name. */
int slip_bills_format(const char *text, enum slip_bill_format *ret, struct slip_error *err);
/* What the recipe says, where the command line says nothing. */
int slip_bills_of_recipe(const struct slip_front *front, struct slip_attest *attest,
                         struct slip_error *err);
/* Once the outputs are there. `name` (may be NULL) is what the image is called. */
int slip_bills_write(enum slip_bill_format format, struct slip_session *s,
                     const struct slip_outputs *outputs, const struct slip_digest *manifest,
                     const char *name, struct slip_events *events, struct slip_error *err);
