/* agents.h - --ssh ID[=SOCKET|=KEYFILE[,KEYFILE...]]: the ssh agents that steps may ask.
 *
 * An ID alone is the agent of SSH_AUTH_SOCK. Key files are served by an ssh-agent (OpenSSH) of this
 * build's own, with its socket in a directory that nobody else may enter. It hangs on a pipe: when
 * this process closes it, or is gone, agent and directory go.
 * Depends on: build/relay, util/proc.
 */
#pragma once

#include <sys/types.h>

#include "util/buf.h"
#include "util/error.h"

/* One that was started. */
struct slip_own_agent {
    pid_t pid; /* of a shell that waits for the pipe to be closed, and then ends the agent */
    int hold;  /* owned: our end of it */
};

struct slip_agents {
    struct slip_strv sockets; /* owned: "id=path" */
    struct slip_own_agent *own;
    size_t nown, cap;
};

#define SLIP_AGENTS_INIT ((struct slip_agents){ 0 })

int slip_agents_open(struct slip_agents *agents, const struct slip_strv *given,
                     struct slip_error *err);
void slip_agents_release(struct slip_agents *agents);
