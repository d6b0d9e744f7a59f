/* fetch.h - small things that pulling and pushing share. Only for this room. */
#pragma once

#include "registry/request.h"

/* A request to a repository below `host`; all borrowed. */
struct slip_request slip_repository_request(const struct slip_host *host, const char *repository,
                                            const char *scope, const char *path);
/* The Accept line for every kind of manifest and index that is understood. */
void slip_accept_documents(struct slip_strv *headers);
/* Caller frees. */
char *slip_pull_scope(const struct slip_host *host, const char *repository);
