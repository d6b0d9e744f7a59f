/* bills.h - bills of materials that a build makes: --sbom, and the recipe's `sbom =`.
 *
 * The document is attached to the image, so that it goes where the image is pushed, and is written
 * beside every layout and archive: app.oci and app.tar have app.spdx.json, or app.cdx.json.
 * Depends on: build/bill, commands/front, commands/output.
 */
#pragma once

#include "commands/front.h"
#include "commands/output.h"
#include "image/bill.h"

struct slip_bills {
    bool wanted;
    enum slip_bill_format format;
};

#define SLIP_BILLS_INIT ((struct slip_bills){ false, SLIP_SPDX })

/* A format by its name, "did you mean" included. */
int slip_bills_format(const char *text, enum slip_bill_format *ret, struct slip_error *err);
/* `option`: what --sbom was given (true, false or a format), which wins; NULL: what the recipe
 * says.
 */
int slip_bills_read(const struct slip_front *front, const char *option, struct slip_bills *ret,
                    struct slip_error *err);
/* `names` are those of the image. */
int slip_bills_write(const struct slip_bills *bills, struct slip_session *s,
                     const struct slip_outputs *outputs, const struct slip_digest *manifest,
                     const struct slip_strv *names, struct slip_events *events,
                     struct slip_error *err);
