/* provenance.h - what an image was made from, as others can check it: a SLSA provenance (v1) in an
 * in-toto statement (v1), which is attached to the image (image/referrer.h).
 *
 *   subject               the digest of the manifest
 *   externalParameters    what the user chose: the file and its digest, the stage, the platform,
 * and with mode=max the build arguments resolvedDependencies  what was read: images by manifest,
 * files at URLs, commits, contexts builder               its id, and the version of slipway
 *
 * Times and machines are not told: the same inputs make the same statement. Nothing in it is a
 * secret: values of arguments whose name sounds like one are "***", all texts pass the veil of
 * the build's secrets (secret.h), and URLs lose their credentials and queries.
 * The digest "slipwayTree" of a directory is one over names, types, contents and whether a file is
 * executable (scan.h). Depends on: build/, plan/, util/.
 */
#pragma once

#include "build/builder.h"
#include "image/statement.h"

struct slip_provenance {
    const struct slip_plan *plan;
    const json_t *materials; /* slip_materials() */
    const struct slip_secrets *secrets;
    const struct slip_source *file; /* the recipe or Dockerfile */
    bool is_recipe;
    bool full;              /* mode=max */
    const char *platform;   /* "linux/amd64" */
    const char *builder_id; /* NULL: slipway's own */
    const char *source;     /* URL of the repository that the context is a checkout of, or NULL */
    const char *commit;     /* what is checked out; NULL: nothing is known */
    bool modified;          /* tracked files differ from it */
};

/* What the steps of a build read from outside, each once, in the order of the plan: an array of
 * in-toto ResourceDescriptors. For slip_build(). New reference; NULL with *err. */
json_t *slip_materials(struct slip_builder *b, struct slip_error *err);

/* The statement, as it is attached; the text ends with a line feed. Caller frees. */
char *slip_provenance_text(const struct slip_provenance *provenance,
                           const struct slip_digest *manifest);
