/* facts.h - what an image says about itself: org.opencontainers.image.*, as labels in the
 * configuration and as annotations in the manifest (OCI image specification, annotations.md).
 *
 *   created                    the epoch of the build
 *   title, version             name and first tag of the recipe
 *   source, revision           git: origin's address for everybody, the commit (commands/git.h)
 *   licenses                   file names in LICENSES/ (REUSE), joined by AND
 *   base.name, base.digest     the image that the target stands on: its reference in full, if it
 *                              has one that others know, and the manifest for this platform
 *
 * Recipes are described; a Dockerfile only when --describe was given, as docker adds nothing to it.
 * Stronger than what is found: --describe, then the recipe's own keys, then labels and annotations
 * that the user set, one of which stands for both unless both were. An empty value takes the fact
 * away. What a base image says of itself is not what the user set.
 *
 * Facts are in documents only: a commit that changes no input runs no command again. (Its time is
 * that of all files, though, unless SOURCE_DATE_EPOCH is set.) Depends on: commands/git, front,
 * build/.
 */
#pragma once

#include "commands/front.h"

/* "KEY=VALUE" of --describe, for those facts that one can say. */
int slip_facts_check(const struct slip_strv *given, struct slip_error *err);
/* Adds to the labels of the plan's target and to `annotations`, which is sorted then, and lists
 * what was read in front->inputs. */
int slip_facts_apply(struct slip_front *front, struct slip_session *s,
                     const struct slip_strv *given, int64_t epoch, json_t *annotations,
                     struct slip_error *err);
