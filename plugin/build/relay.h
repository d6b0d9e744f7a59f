/* relay.h - a socket of a step's own in front of an ssh agent.
 *
 * The step never has the agent's socket, which it could keep or use for more than it should: it has
 * one that is made for it, with the owner and mode that its mount asks for, on which a thread of
 * ours answers. Listing keys and signing are passed on; adding, removing, locking and extensions
 * are answered with a failure, as an agent would. Both ends are closed with the relay.
 *
 * Messages (draft-ietf-sshm-ssh-agent): a length in four bytes, big-endian, then a type in one.
 * Depends on: util/.
 */
#pragma once

#include <pthread.h>
#include <stdint.h>

#include "util/error.h"

struct slip_relay {
    int listener; /* owned */
    int stop;     /* owned: eventfd */
    char *agent;  /* owned: path of the socket behind it */
    pthread_t thread;
    int is_running;
};

#define SLIP_RELAY_INIT ((struct slip_relay){ .listener = -1, .stop = -1 })

/* Makes the socket `name` in the directory `dir`, which must be this process's own, and serves it.
 */
int slip_relay_open(struct slip_relay *relay, const char *agent, int dir, const char *name,
                    struct slip_error *err);
/* Waits for the thread; the socket's file stays. Twice is fine. */
void slip_relay_release(struct slip_relay *relay);

/* 0 when somebody listens on the socket at `path`; -1 with the reason. */
int slip_relay_probe(const char *path, struct slip_error *err);
