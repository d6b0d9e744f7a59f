#include "exec/emulate.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "exec/emulate_calls.h"
#include "util/mem.h"

/* Linux 6.6: the waker hands its CPU over, which takes a good part off a round trip. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

#define THREADS_LIMIT 4
#define STACK_SIZE ((size_t)256 << 10)
#define CALLS_LIMIT 512
#define RECORD_LIMIT 256 /* the kernel's structures may be larger than the headers' */

typedef void answer_fn(struct slip_call *call);

static void note_chroot(struct slip_call *call)
{
    slip_call_expect_chroot();
    call->go_on = true;
}

static answer_fn *const answers[CALLS_LIMIT] = {
#ifdef SYS_chown /* and the other calls that only older architectures have */
    [SYS_chown] = slip_emulate_chown,
    [SYS_lchown] = slip_emulate_chown,
    [SYS_stat] = slip_emulate_stat,
    [SYS_lstat] = slip_emulate_stat,
    [SYS_mknod] = slip_emulate_mknod,
    [SYS_mkdir] = slip_emulate_mkdir,
    [SYS_open] = slip_emulate_open,
    [SYS_creat] = slip_emulate_open,
#endif
    [SYS_fchown] = slip_emulate_chown,
    [SYS_fchownat] = slip_emulate_chown,
    [SYS_fstat] = slip_emulate_stat,
    [SYS_newfstatat] = slip_emulate_stat,
    [SYS_statx] = slip_emulate_statx,
    [SYS_mknodat] = slip_emulate_mknod,
    [SYS_mkdirat] = slip_emulate_mkdir,
    [SYS_openat] = slip_emulate_open,
    [SYS_openat2] = slip_emulate_open,
    [SYS_listxattr] = slip_emulate_list_xattrs,
    [SYS_llistxattr] = slip_emulate_list_xattrs,
    [SYS_flistxattr] = slip_emulate_list_xattrs,
    [SYS_getuid] = slip_emulate_get_id,
    [SYS_geteuid] = slip_emulate_get_id,
    [SYS_getgid] = slip_emulate_get_id,
    [SYS_getegid] = slip_emulate_get_id,
    [SYS_getresuid] = slip_emulate_get_res_ids,
    [SYS_getresgid] = slip_emulate_get_res_ids,
    [SYS_getgroups] = slip_emulate_get_groups,
    [SYS_setgroups] = slip_emulate_set_groups,
    [SYS_setuid] = slip_emulate_set_id,
    [SYS_setgid] = slip_emulate_set_id,
    [SYS_setreuid] = slip_emulate_set_id,
    [SYS_setregid] = slip_emulate_set_id,
    [SYS_setresuid] = slip_emulate_set_id,
    [SYS_setresgid] = slip_emulate_set_id,
    [SYS_setfsuid] = slip_emulate_set_id,
    [SYS_setfsgid] = slip_emulate_set_id,
    [SYS_prctl] = slip_emulate_keep_caps,
    [SYS_chroot] = note_chroot,
};

static void answer(struct slip_call *call, const struct seccomp_data *data)
{
    answer_fn *fn = data->nr >= 0 && data->nr < CALLS_LIMIT ? answers[data->nr] : NULL;

    call->nr = data->nr;
    for (size_t i = 0; i < 6; i++)
        call->args[i] = data->args[i];
    call->go_on = !fn;
    call->answered = false;
    call->error = 0;
    call->value = 0;
    call->held = -1;
    if (fn)
        fn(call);
    slip_call_release(call);
}

static void send_answer(const struct slip_call *call)
{
    union {
        struct seccomp_notif_resp resp;
        char bytes[RECORD_LIMIT];
    } out = { .bytes = { 0 } };

    out.resp.id = call->id;
    if (call->go_on)
        out.resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    else if (call->error)
        out.resp.error = -call->error;
    else
        out.resp.val = call->value;
    /* it may have been killed meanwhile */
    (void)ioctl(call->listener, SECCOMP_IOCTL_NOTIF_SEND, &out.resp);
}

static bool is_deserted(int listener)
{
    struct pollfd p = { .fd = listener, .events = POLLIN };

    return poll(&p, 1, 0) > 0 && (p.revents & POLLHUP);
}

static void *serve(void *user)
{
    struct slip_call call = { .listener = (int)(intptr_t)user, .held = -1 };
    union {
        struct seccomp_notif req;
        char bytes[RECORD_LIMIT];
    } in;

    if (slip_call_setup_thread() < 0)
        return NULL;
    for (;;) {
        memset(&in, 0, sizeof in);
        if (ioctl(call.listener, SECCOMP_IOCTL_NOTIF_RECV, &in.req) < 0) {
            /* ENOENT: killed before we could look; for good, when nobody is left to ask */
            if (errno == EINTR || (errno == ENOENT && !is_deserted(call.listener)))
                continue;
            return NULL;
        }
        call.id = in.req.id;
        call.tid = (pid_t)in.req.pid;
        answer(&call, &in.req.data);
        if (!call.answered)
            send_answer(&call);
    }
}

static int sizes_fit(void)
{
    struct seccomp_notif_sizes sizes;

    return syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0 &&
           sizes.seccomp_notif <= RECORD_LIMIT && sizes.seccomp_notif_resp <= RECORD_LIMIT;
}

int slip_emulate_start(int listener, struct slip_error *err)
{
    pthread_attr_t attr;
    pthread_t thread;
    cpu_set_t cpus;
    int n = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1, started = 0;

    (void)umask(0); /* the caller's is applied by hand */
    if (slip_call_setup() < 0 || !sizes_fit())
        return slip_fail(err, SLIP_EHOST, "cannot emulate root on this kernel");
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setstacksize(&attr, STACK_SIZE);
    (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    for (int i = 0; i < n && i < THREADS_LIMIT; i++)
        started += pthread_create(&thread, &attr, serve, (void *)(intptr_t)listener) == 0;
    (void)pthread_attr_destroy(&attr);
    return started ? 0 : slip_fail(err, SLIP_EHOST, "cannot start a thread");
}
