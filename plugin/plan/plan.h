/* plan.h - what a build will do: stages, steps, and what each step reads.
 *
 * Lowering (dockerfile/lower.h) makes a plan; after that nobody looks at the AST again: a copy
 * carries its ignore rules, a RUN its environment. Everything lives in the arena of the
 * invocation, but the two JSON documents of a stage, which slip_plan_release() lets go.
 * Steps are numbered in the order of the file; a step only reads from steps before it.
 *
 * Depends on: util/. Made by: dockerfile/. Walked by: build/.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/error.h"
#include "util/mem.h"

struct slip_remote;
struct slip_stage;

enum slip_op {
    SLIP_OP_BASE,    /* FROM: the root file system a stage starts with */
    SLIP_OP_RUN,     /* RUN: a command in the sandbox */
    SLIP_OP_COPY,    /* COPY and ADD: files from a context, a stage or an image */
    SLIP_OP_WORKDIR, /* WORKDIR: makes the directory */
};

/* Where files come from: of COPY --from, of a RUN mount's from=, and of FROM itself. */
enum slip_origin {
    SLIP_FROM_SCRATCH, /* nothing */
    SLIP_FROM_HOST,    /* this machine's own root file system, read-only */
    SLIP_FROM_CONTEXT, /* a directory of the user's: name = "" is the main context, else the one
                          given by --build-context NAME= */
    SLIP_FROM_STAGE,   /* stage */
    SLIP_FROM_IMAGE,   /* name = image reference, or oci:, oci-archive:, docker-archive: */
    SLIP_FROM_ROOTFS,  /* name = path of a directory or tar, from `rootfs:PATH` */
    SLIP_FROM_INLINE,  /* heredoc files of COPY: text in copy.inlines */
    SLIP_FROM_URL,     /* a directory with one file, which stands at remote->url */
    SLIP_FROM_GIT,     /* the files of a commit, or of a directory in it; name = remote->shown */
};

struct slip_input {
    enum slip_origin origin;
    const char *name; /* see above; never NULL */
    struct slip_stage *stage;
    struct slip_span at;
    const struct slip_remote *remote; /* URL, GIT; plan/remote.h */
};

enum slip_mount_kind {
    SLIP_MOUNT_BIND,   /* input/source at target; rw: writes are allowed and thrown away */
    SLIP_MOUNT_CACHE,  /* a directory that outlives the build; with an input: begins with its files;
                          one whose id starts with "build:" is laid over them, so that the command
                          sees the input's files of today and keeps what it wrote */
    SLIP_MOUNT_TMPFS,  /* empty, in memory, size bytes (0: half the memory) */
    SLIP_MOUNT_SECRET, /* file id=, or environment variable env= */
    SLIP_MOUNT_SSH,    /* agent socket */
};

enum slip_sharing { SLIP_SHARED, SLIP_PRIVATE, SLIP_LOCKED };

struct slip_run_mount {
    enum slip_mount_kind kind;
    struct slip_input input; /* BIND, CACHE; SLIP_FROM_SCRATCH when there is none */
    const char *source;      /* path in the input, "" for its root */
    const char *target;      /* absolute; "" for a SECRET that is only a variable */
    const char *id;          /* CACHE, SECRET, SSH */
    const char *env;         /* SECRET: variable name, or NULL */
    enum slip_sharing sharing;
    bool readonly, rw, required;
    uint32_t mode, uid, gid; /* mode has the default of its kind when none was given */
    bool has_mode;           /* it was given */
    uint64_t size;
    struct slip_span at;
};

enum slip_network { SLIP_NET_DEFAULT, SLIP_NET_NONE, SLIP_NET_HOST };

struct slip_run {
    const char *const *argv; /* NULL-terminated; SHELL already in front of a shell form */
    const char *const *env;  /* NULL-terminated "K=V": ENV, then ARG in use; proxies not */
    const char *const *args; /* names of those in it that an ARG declares; NULL-terminated */
    const char *script; /* or NULL: text of a heredoc that begins with "#!", a program at ... */
    const char *script_path; /* ... this place, where only this step sees it */
    const char *cwd;         /* absolute */
    const char *user;        /* "", "name", "uid:gid" ... as USER said */
    enum slip_network network;
    struct slip_run_mount *mounts;
    size_t nmounts;
    bool install; /* what this step writes is the installed set (COPY --installed) */
    bool test;    /* a failure is the project's test failing; says so */
};

/* Class of an installed file; a bit set. */
enum slip_class {
    SLIP_CLASS_RUNTIME = 1,
    SLIP_CLASS_DEV = 2,
    SLIP_CLASS_DOC = 4,
    SLIP_CLASS_DEBUG = 8,
};

/* COPY --installed: what of an install set goes into a runtime, and what it drags along. */
struct slip_slim {
    unsigned classes;            /* of enum slip_class */
    bool closure;                /* add the shared libraries, loader and data that programs need */
    bool strict;                 /* what programs will miss at run time is an error ... */
    struct slip_span strict_at;  /* ... which is shown here */
    bool strip;                  /* without symbol tables and debug sections, in the image only */
    bool debug_files;            /* not the files: what `strip` takes out of them, beneath
                                    /usr/lib/debug */
    bool runtime_files;          /* /etc/passwd, group, nsswitch.conf, /tmp: for an empty base */
    const char *destdir;         /* files beneath it are taken as beneath / ; "" for none */
    const char *const *only;     /* base names to keep (TARGETS), or NULL for all */
    const char *const *dlopen;   /* sonames or globs to add to the closure; NULL-terminated */
    const char *const *data;     /* "ca-certificates", "tzdata" ... */
    const char *const *class_of; /* CLASS=GLOB, or NULL (slim/class.h) */
    const char *const *acknowledge; /* needs that are known and not met, or paths of programs; or
                                       NULL */
    const char *const *sysroots;    /* absolute directories of the builder, in whose place programs
                                       of another machine see "/": their libraries come from there,
                                       the first that has one; or NULL */
    const char *entrypoint;         /* a program that must be there, by name or path; or NULL */
};

struct slip_inline { /* one heredoc file of COPY */
    const char *name, *text;
};

struct slip_copy {
    struct slip_input input;
    const char *const *sources; /* patterns (plan/match.h), cleaned, relative to the input's root,
                                   "." for the root itself; with --parents perhaps one "/./" in the
                                   middle; NULL-terminated */
    const char *dest;           /* absolute; a trailing '/' is kept and means a directory */
    const char *chown;          /* "user[:group]", or NULL */
    const char *chmod;          /* octal or symbolic, or NULL */
    const char *const *exclude; /* patterns (plan/ignore.h), NULL-terminated, or NULL */
    const struct slip_inline *inlines;
    size_t ninlines;
    bool add, link, parents, optional;
    struct slip_slim *slim; /* COPY --installed only; sources then are unused */
};

struct slip_base {
    struct slip_input input;
    const char *platform; /* "linux/amd64" or NULL */
};

struct slip_workdir {
    const char *path; /* absolute */
    const char *user; /* owner of what is made */
};

struct slip_step {
    unsigned number; /* 1-based, in the plan */
    enum slip_op op;
    struct slip_stage *stage;
    struct slip_step *parent; /* the step before it in the stage; NULL for BASE */
    struct slip_span at;
    const char *text; /* the instruction as one line, for display and history */
    union {
        struct slip_base base;
        struct slip_run run;
        struct slip_copy copy;
        struct slip_workdir workdir;
    };
};

struct slip_stage {
    const char *name; /* lower case; "stage-N" when it has none */
    unsigned index;   /* as numbers in --from= count */
    struct slip_step **steps;
    size_t nsteps;      /* >= 1: the first is BASE */
    json_t *config;     /* owned: the "config" object of the OCI image configuration */
    const char *author; /* of MAINTAINER; NULL: the base's */
    json_t *history; /* owned: array, oldest first, of this stage's own instructions; those without
                        empty_layer stand for its steps but BASE, in order */
    bool needed;     /* the target needs it */
    struct slip_span at;
};

struct slip_plan {
    struct slip_arena *arena; /* borrowed */
    struct slip_stage **stages;
    size_t nstages;
    struct slip_step **steps; /* those of needed stages only, in order */
    size_t nsteps;
    struct slip_stage *target;
    const char *const *ignore; /* lines of the ignore file, NULL-terminated; may be empty; NULL:
                                  none were given. plan/ignore.h reads them */
    json_t *args;              /* owned: object of build arguments that were used */
};

#define SLIP_PLAN_INIT ((struct slip_plan){ 0 })

/* "none" and so on, as --network has them; "bind" and "locked" and so on, as --mount has them. */
const char *slip_network_name(enum slip_network network);
const char *slip_mount_name(enum slip_mount_kind kind);
const char *slip_sharing_name(enum slip_sharing sharing);
/* The i-th thing a step reads from: the base, RUN's mounts, COPY's source. NULL after the last. */
const struct slip_input *slip_step_input(const struct slip_step *step, size_t i);
/* Marks what `target` needs, renumbers, and fills plan->steps. */
void slip_plan_prune(struct slip_plan *plan, struct slip_stage *target);
/* Every stage and step as JSON (slipway plan --json). Caller decrefs. */
json_t *slip_plan_json(const struct slip_plan *plan);
/* A listing for people, and a Graphviz graph. */
void slip_plan_print(const struct slip_plan *plan, struct slip_buf *out);
/* A tree for people: the target, its steps, and beneath each what it reads from. */
void slip_plan_draw(const struct slip_plan *plan, struct slip_buf *out);
void slip_plan_dot(const struct slip_plan *plan, struct slip_buf *out);
void slip_plan_release(struct slip_plan *plan);
