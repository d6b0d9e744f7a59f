/* output.h - where an image goes: `-o type=oci,dest=DIR` and its kin, as buildx has them.
 *
 *   oci          dest: a layout directory; with tar=true, or a dest that ends in .tar, one archive;
 *                with referrers=true, what is attached to the image goes there too
 *   oci-archive  dest: a tar of a layout, with docker's manifest.json in it
 *   docker       dest: the same; without dest the image is loaded into the engine that is there
 *   dir, local   dest: the root file system
 *   tar          dest: the root file system as a tar
 *   registry     pushed under its names, with what is attached; type=image,push=true is the same
 *   image        kept in the store, which every image is: gives it a name
 *
 * compression=, compression-level= and force-compression=false say how a build makes its layers
 * (packing.h). name= stands for the image's own names and may hold several ("name=a,b" in double
 * quotes, as in CSV). A dest of "-" is standard output. `-o DIR` is type=dir, `-o -` a tar. Used by
 * build, export, push and load.
 */
#pragma once

#include <sys/types.h>

#include "commands/command.h"
#include "commands/packing.h"
#include "util/digest.h"
#include "util/events.h"

#define SLIP_OUTPUT_TYPES "oci, oci-archive, docker, dir, tar, registry, image; repeatable"

enum slip_output_type {
    SLIP_OUT_OCI,
    SLIP_OUT_ARCHIVE,
    SLIP_OUT_DIR,
    SLIP_OUT_TAR,
    SLIP_OUT_REGISTRY,
    SLIP_OUT_ENGINE,
    SLIP_OUT_STORE,
};

struct slip_output {
    enum slip_output_type type;
    char *dest;             /* owned; "-" is standard output; NULL where nothing is written */
    bool referrers;         /* OCI: with what is attached to the image */
    struct slip_strv names; /* owned; none: those of the image */
    const char *text;       /* borrowed: as the user wrote it */
};

struct slip_outputs {
    struct slip_output *v; /* owned */
    size_t n, cap;
    struct slip_packing packing; /* what they ask of the layers */
    bool to_stdout;              /* one of them: nothing else may be written there */
    pid_t loader; /* process that waits, outside of all namespaces, to load into an engine; or 0 */
    int order;    /* owned fd: where it is told what to load; -1 */
    int answer;   /* owned fd: where it says what became of it; with `loader` */
};

#define SLIP_OUTPUTS_INIT ((struct slip_outputs){ .order = -1, .answer = -1 })

/* Checks all of them, before anything is built. `texts` outlive *ret. */
int slip_outputs_parse(const struct slip_strv *texts, struct slip_outputs *ret,
                       struct slip_error *err);
/* For commands that take an image as it is. */
int slip_outputs_refuse_packing(const struct slip_outputs *outputs, struct slip_error *err);
/* Readies what must be readied before a build enters namespaces. No thread may be running. */
int slip_outputs_prepare(struct slip_outputs *outputs, struct slip_session *s,
                         struct slip_error *err);
/* Writes them in order, each whole or not at all; an error says which ones are there. Layouts carry
 * `layout_names`, everything else `names`. What there is to tell people is appended to `said`. */
int slip_outputs_write(struct slip_outputs *outputs, struct slip_session *s,
                       const struct slip_digest *manifest, const struct slip_strv *layout_names,
                       const struct slip_strv *names, struct slip_events *events,
                       struct slip_buf *said, struct slip_error *err);
void slip_outputs_release(struct slip_outputs *outputs);

/* One of them; SLIP_OUT_ENGINE is for slip_outputs_write alone. */
int slip_output_write(const struct slip_output *output, struct slip_session *s,
                      const struct slip_digest *manifest, const struct slip_strv *names,
                      struct slip_events *events, struct slip_buf *said, struct slip_error *err);
/* The archive for engines, on `fd`. */
int slip_output_stream(struct slip_session *s, const struct slip_digest *manifest,
                       const struct slip_strv *names, int fd, struct slip_error *err);
