/* The socket of a step, with an agent behind it that is made up here. */
#include "build/relay.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "main.h"
#include "util/fs.h"
#include "util/mem.h"

static char dir[] = "/tmp/slipway-relay.XXXXXX";
static int dirfd_;

static int bound(const char *name)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", dir, name);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static int dialled(const char *name)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", dir, name);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* Tells what kind of message came, in a message of type 99. */
static void *agent_main(void *arg)
{
    int listener = *(int *)arg;

    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; (void)close(fd)) {
        unsigned char head[5], body[1024];
        while (slip_read_full(fd, head, 5) == 5) {
            size_t left = ((size_t)head[2] << 8 | head[3]) - 1;
            if (slip_read_full(fd, body, left) != (ssize_t)left)
                break;
            const unsigned char answer[] = { 0, 0, 0, 2, 99, head[4] };
            if (slip_write_all(fd, answer, sizeof answer) < 0)
                break;
        }
    }
    return NULL;
}

struct world {
    int listener;
    char agent[64];
    pthread_t thread;
    struct slip_relay relay;
    struct slip_error err;
};

static int set_up(void **state)
{
    struct world *w = slip_xcalloc(1, sizeof *w);

    w->listener = bound("agent");
    snprintf(w->agent, sizeof w->agent, "%s/agent", dir);
    w->relay = SLIP_RELAY_INIT;
    assert_int_equal(pthread_create(&w->thread, NULL, agent_main, &w->listener), 0);
    assert_int_equal(slip_relay_open(&w->relay, w->agent, dirfd_, "step", &w->err), 0);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    slip_relay_release(&w->relay);
    slip_relay_release(&w->relay);
    (void)shutdown(w->listener, SHUT_RDWR);
    (void)pthread_join(w->thread, NULL);
    (void)close(w->listener);
    (void)unlinkat(dirfd_, "agent", 0);
    (void)unlinkat(dirfd_, "step", 0);
    free(w);
    return 0;
}

/* Sends it byte by byte, and expects this answer. */
static void asks(int fd, const char *request, size_t n, const char *answer, size_t len)
{
    char seen[16];

    for (size_t i = 0; i < n; i++)
        assert_int_equal(send(fd, request + i, 1, MSG_NOSIGNAL), 1);
    assert_int_equal(slip_read_full(fd, seen, len), len);
    assert_memory_equal(seen, answer, len);
}

static void test_passes_on_and_refuses(void **state)
{
    slip_cleanup(slip_closep) int fd = dialled("step"), other = dialled("step");

    (void)state;
    asks(fd, "\0\0\0\1\13", 5, "\0\0\0\2\143\13", 6);        /* which keys? */
    asks(fd, "\0\0\0\1\23", 5, "\0\0\0\1\5", 5);             /* remove all */
    asks(other, "\0\0\0\3\21ab", 7, "\0\0\0\1\5", 5);        /* add */
    asks(other, "\0\0\0\1\26", 5, "\0\0\0\1\5", 5);          /* lock */
    asks(other, "\0\0\0\1\33", 5, "\0\0\0\1\5", 5);          /* extension */
    asks(fd, "\0\0\0\3\15ab", 7, "\0\0\0\2\143\15", 6);      /* sign */
    asks(fd, "\0\0\0\1\23\0\0\0\1\13", 10, "\0\0\0\1\5", 5); /* two at once */
    asks(fd, "", 0, "\0\0\0\2\143\13", 6);
}

static void test_hangs_up_on_nonsense(void **state)
{
    slip_cleanup(slip_closep) int empty = dialled("step"), huge = dialled("step");
    char c;

    (void)state;
    assert_int_equal(send(empty, "\0\0\0\0\13", 5, MSG_NOSIGNAL), 5);
    assert_int_equal(recv(empty, &c, 1, 0), 0);
    assert_int_equal(send(huge, "\377\377\377\377\13", 5, MSG_NOSIGNAL), 5);
    assert_int_equal(recv(huge, &c, 1, 0), 0);
}

/* More than it holds at once: they wait for their turn. */
static void test_many(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        slip_cleanup(slip_closep) int fd = dialled("step");
        asks(fd, "\0\0\0\1\13", 5, "\0\0\0\2\143\13", 6);
    }
}

/* Clients that say nothing, or half of something, do not keep it. */
static void test_ends_with_clients(void **state)
{
    struct world *w = *state;
    slip_cleanup(slip_closep) int silent = dialled("step"), half = dialled("step");
    char c;

    assert_int_equal(send(half, "\0\0", 2, MSG_NOSIGNAL), 2);
    slip_relay_release(&w->relay);
    assert_true(recv(silent, &c, 1, 0) <= 0);
    assert_true(recv(half, &c, 1, 0) <= 0);
}

static void test_no_agent(void **state)
{
    slip_cleanup(slip_relay_release) struct slip_relay relay = SLIP_RELAY_INIT;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    (void)state;
    assert_int_equal(slip_relay_open(&relay, "/nosuch/agent", dirfd_, "other", &err), -1);
    assert_string_equal(err.msg, "cannot reach the ssh agent at '/nosuch/agent'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_passes_on_and_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hangs_up_on_nonsense, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ends_with_clients, set_up, tear_down),
        cmocka_unit_test(test_no_agent),
    };

    if (!mkdtemp(dir) || (dirfd_ = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return 1;
    int failed = cmocka_run_group_tests_name("relay", tests, NULL, NULL);
    (void)close(dirfd_);
    (void)rmdir(dir);
    return failed;
}
