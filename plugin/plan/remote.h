/* remote.h - what a source that is not local means: a file at a URL, or a git repository.
 *
 * The rules are those of BuildKit's Dockerfile frontend:
 *
 *   http[s]://HOST/PATH.git[#REF[:SUBDIR]]     git: the path ends with ".git"
 *   git://, ssh://, USER@HOST:PATH             git, whatever the path ends with
 *   http[s]:// with any other path             a file
 *
 * A git source may carry what it wants as a query instead: ref=, branch=, tag=, subdir=,
 * checksum= (or commit=), keep-git-dir[=BOOL], submodules[=BOOL]; unknown keys and keys that
 * contradict each other are errors. file:// is git for contexts only, where the user himself names
 * it. github.com/OWNER/NAME without a scheme likewise.
 *
 * User and password may stand in a URL; they are part of `url`, which is for the host alone, and
 * never of `shown`, which is for messages, histories and keys. Depends on: util/.
 */
#pragma once

#include <stdbool.h>

#include "util/buf.h"
#include "util/error.h"
#include "util/mem.h"

enum slip_remote_kind { SLIP_REMOTE_NONE, SLIP_REMOTE_URL, SLIP_REMOTE_GIT };

/* Everything lives in an arena. */
struct slip_remote {
    enum slip_remote_kind kind;
    const char *url;       /* what is asked; of git: without fragment and query */
    const char *shown;     /* the same without credentials */
    const char *checksum;  /* URL: "sha256:<hex>" (or sha384, sha512); GIT: a commit, or its first
                              digits; NULL: none */
    const char *name;      /* URL: the file in the directory; never NULL, "" or a path */
    const char *ref;       /* GIT: branch, tag, commit or refs/...; "": what HEAD is there */
    const char *subdir;    /* GIT: clean, relative; "": all */
    bool keep_git_dir;     /* GIT: the directory .git too; never with a subdir */
    bool submodules;       /* GIT: theirs too */
    bool keep_git_dir_set; /* the URL itself says so, or says not */
    bool by_user;          /* GIT: named on the command line, where file:// is fine */
};

/* Looks at a word of ADD. ret->kind is NONE for what is local. -1: it is git, but wrong. */
int slip_remote_parse(struct slip_arena *arena, const char *text, struct slip_remote *ret,
                      struct slip_error *err);
/* The same for a context that the user named. */
int slip_remote_parse_context(struct slip_arena *arena, const char *text, struct slip_remote *ret,
                              struct slip_error *err);
/* Whether a checksum has the form that `kind` asks for. */
bool slip_remote_is_checksum(enum slip_remote_kind kind, const char *text);

/* Appends a text, without the credentials of every URL in it. */
void slip_remote_redact(struct slip_buf *out, const char *text);
