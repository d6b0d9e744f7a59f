/* journal.h - what each step of a file was made from last time, and why steps ran.
 *
 * A build that runs something writes, for each stage, what the keys of its steps were made from
 * (makings.h), so that the next one can say what is new; and the list of what ran and why, under
 * the image's digest and as that of the last build. One record each, replaced by the next build of
 * the same file: nothing piles up, and none of them leads to an object of the store.
 * Depends on: build/makings, store/record.
 */
#pragma once

#include "build/builder.h"

/* Why a step whose result was not found must run, in words. Caller frees. */
char *slip_journal_why(struct slip_builder *b, struct slip_node *node);
/* After a build, also one that failed: then `manifest` is NULL. What cannot be written is not worth
 * a failure. */
void slip_journal_write(struct slip_builder *b, const struct slip_digest *manifest);
/* After a build that ran nothing. When it went back to inputs of an earlier one, what is noted is
 * brought up to date; else this is one look at a small record. */
void slip_journal_confirm(struct slip_builder *b, const struct slip_digest *manifest);
