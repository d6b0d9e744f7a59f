/* container.h - an image's program in the same sandbox that builds: slipway run, shell, test.
 *
 * The image's layers are unpacked once (by diff_id, shared with builds); what the program writes is
 * gone when it ends. Depends on: build/, exec/, image/, store/.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include "build/sources.h"
#include "exec/sandbox.h"
#include "util/buf.h"
#include "util/digest.h"
#include "util/error.h"
#include "util/events.h"

struct slip_volume {
    const char *host, *target; /* borrowed */
    bool readonly;
    bool overlay; /* a directory that can be written to, and is as it was when the program ends */
};

struct slip_container {
    const struct slip_strv *args; /* instead of Cmd; empty: Cmd */
    const char *entrypoint;       /* instead of Entrypoint; NULL: as the image says; "": none */
    const struct slip_strv *env;  /* "K=V" added to the image's */
    const char *user, *workdir;   /* NULL: as the image says */
    const struct slip_volume *volumes;
    size_t nvolumes;
    bool host_network, readonly;   /* the image's root can not be written to */
    const struct slip_strv *tmpfs; /* directories that are empty and in memory; may be NULL */
    const char *tier;
    /* Where output goes; NULL: the caller's own streams. */
    void (*output)(void *user_data, int fd, const char *bytes, size_t n);
    void *user_data;
    const volatile sig_atomic_t *cancel;
    struct slip_events *events;
};

int slip_container_run(struct slip_sources *sources, const struct slip_digest *manifest,
                       const struct slip_container *container, struct slip_exit *ret,
                       struct slip_error *err);

/* Takes an image apart: its root file system into `dest` (made, must be empty or missing), or as
 * one uncompressed tar on `fd`. */
int slip_image_unpack(struct slip_sources *sources, const struct slip_digest *manifest,
                      const char *dest, struct slip_events *events, struct slip_error *err);
int slip_image_flatten(struct slip_sources *sources, const struct slip_digest *manifest, int fd,
                       struct slip_events *events, struct slip_error *err);

/* Makes directories of an image's layers, as a build or a run would need them, downloading what is
 * not there: `slipway pull`. */
int slip_image_prepare(struct slip_sources *sources, const char *name,
                       const struct slip_digest *manifest, const char *tier,
                       struct slip_events *events, struct slip_error *err);

/* Calls `look` with the image's root file system, mounted read-only. */
int slip_image_look(struct slip_sources *sources, const struct slip_digest *manifest,
                    struct slip_events *events,
                    int (*look)(void *user, int root, const struct slip_image *image,
                                struct slip_error *err),
                    void *user, struct slip_error *err);

/* Checks that every ELF file in the image finds its libraries inside it, in the versions that it
 * wants, and that the script it starts with, if it is one, finds its interpreter. Answers the
 * number of ELF files; SLIP_ESTEP naming the first that does not. `ret_scripts` gets a sentence for
 * each other script without its interpreter. */
int slip_image_link_check(struct slip_sources *sources, const struct slip_digest *manifest,
                          struct slip_events *events, struct slip_strv *ret_scripts,
                          struct slip_error *err);

/* Where a failed step stopped: a shell there. `id` is what the failure message shows. */
int slip_container_at_failure(struct slip_sources *sources, const char *id,
                              const struct slip_container *container, struct slip_exit *ret,
                              struct slip_error *err);
