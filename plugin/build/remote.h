/* remote.h - what stands at a URL, or in a git repository, becomes a directory in the store.
 *
 * Two questions, as for images. What is it now? costs one request: a conditional one when the file
 * is held already (ETag, else Last-Modified), `git ls-remote` for a branch or tag; nothing when a
 * checksum or a whole commit is given. The answer is an identity that stands for content and name
 * alone, and what keys hold. Fetching it brings a snapshot of the store: for a URL one file, mode
 * 0600, with the time of Last-Modified; for git the files of the commit, 0644 or 0755, with its
 * time. They belong to whoever builds, which is root inside of any tier.
 *
 * A process asks once. What was answered is remembered in a record: without a registry client
 * (--offline) that answer counts, and without one it is SLIP_EREMOTE. Nothing that is half there
 * gets into the store.
 *
 * git is the program of that name, in an environment of our own: no configuration of the system or
 * the user, no hooks, no prompts, no credential helpers, protocols http, https, git and ssh (and
 * file, where the user named it). Credentials stand in the environment alone: those of the URL, or
 * the secrets that BuildKit knows too: GIT_AUTH_TOKEN[.HOST], GIT_AUTH_HEADER[.HOST]; for URLs
 * HTTP_AUTH_TOKEN_HOST, HTTP_AUTH_HEADER_HOST. No message, record or key has them. ssh asks the
 * agent "default" of --ssh, for contexts the user's own, and no other key; host keys that the user
 * knows are checked, others are taken as they come and forgotten.
 *
 * Depends on: plan/remote, registry/download, store/, util/sealed, git.
 */
#pragma once

#include "build/sources.h"
#include "plan/remote.h"

struct slip_fetched {
    char identity[65];
    char snapshot[65]; /* of slip_remote_fetch(): it is in the store */
    char content[144]; /* what it is to everybody: "gitCommit:<hex>", or "sha256:<hex>" of a file
                          (its checksum, when that is of another kind) */
};

int slip_remote_resolve(struct slip_sources *sources, const struct slip_remote *remote,
                        struct slip_fetched *ret, struct slip_error *err);
/* The same, and the directory is there. */
int slip_remote_fetch(struct slip_sources *sources, const struct slip_remote *remote,
                      struct slip_fetched *ret, struct slip_error *err);

/* --- for build/remote*.c only -------------------------------------------------------------- */

int slip_remote_resolve_url(struct slip_sources *sources, const struct slip_remote *remote,
                            struct slip_fetched *ret, struct slip_error *err);
int slip_remote_fetch_url(struct slip_sources *sources, const struct slip_remote *remote,
                          struct slip_fetched *ret, struct slip_error *err);
int slip_remote_resolve_git(struct slip_sources *sources, const struct slip_remote *remote,
                            struct slip_fetched *ret, struct slip_error *err);
int slip_remote_fetch_git(struct slip_sources *sources, const struct slip_remote *remote,
                          struct slip_fetched *ret, struct slip_error *err);
/* A key (64 hex digits) of texts up to NULL. */
void slip_remote_key(char ret[65], const char *kind, ...) __attribute__((sentinel));
/* What this process was answered under a key; false: nothing yet. */
bool slip_remote_recall(struct slip_sources *sources, const char *key, struct slip_fetched *ret);
void slip_remote_remember(struct slip_sources *sources, const char *key,
                          const struct slip_fetched *answer);
/* The first line of a secret of the user's; NULL: there is none. The name is put together as by
 * printf. Caller frees. */
char *slip_remote_secret(struct slip_sources *sources, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int slip_remote_offline(const struct slip_remote *remote, struct slip_error *err);
