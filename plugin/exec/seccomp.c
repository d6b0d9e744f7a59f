#include "exec/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "exec/seccomp_calls.h"
#include "util/mem.h"

#define LOW32 UINT32_C(0xffffffff) /* the kernel looks at no more of an int or a flag word */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct slip_seccomp compiled[2]; /* by `emulating` */

/* What the emulation answers, whatever the arguments. */
static const char *const emulated_calls[] = {
    "chown",      "lchown",    "fchown",   "fchownat",  "stat",       "lstat",      "fstat",
    "newfstatat", "statx",     "getuid",   "geteuid",   "getgid",     "getegid",    "getresuid",
    "getresgid",  "getgroups", "setuid",   "setgid",    "setreuid",   "setregid",   "setresuid",
    "setresgid",  "setfsuid",  "setfsgid", "setgroups", "mknod",      "mknodat",    "mkdir",
    "mkdirat",    "creat",     "openat2",  "listxattr", "llistxattr", "flistxattr", "chroot",
};

/* Those that make a file only with a flag. */
static const struct {
    const char *name;
    unsigned arg;
} opening_calls[] = { { "open", 1 }, { "openat", 2 } };

static void releasep(scmp_filter_ctx *ctx)
{
    if (*ctx)
        seccomp_release(*ctx);
}

/* Names that this architecture does not have are no error. */
static int add(scmp_filter_ctx ctx, uint32_t action, const char *name, unsigned n,
               const struct scmp_arg_cmp *cmp)
{
    int nr = seccomp_syscall_resolve_name(name);

    if (nr < 0)
        return 0;
    int rc = seccomp_rule_add_array(ctx, action, nr, n, cmp);
    return rc == -EEXIST ? 0 : rc;
}

static int add_masked(scmp_filter_ctx ctx, uint32_t action, const char *name, unsigned arg,
                      uint64_t mask, uint64_t value)
{
    const struct scmp_arg_cmp cmp = SCMP_CMP64(arg, SCMP_CMP_MASKED_EQ, mask, value);

    return add(ctx, action, name, 1, &cmp);
}

static int fill_known(scmp_filter_ctx ctx)
{
    static const uint32_t personalities[] = { PER_LINUX,         PER_LINUX32,
                                              UNAME26,           PER_LINUX32 | UNAME26,
                                              ADDR_NO_RANDOMIZE, LOW32 };
    int rc = 0;

    for (size_t i = 0; i < SLIP_ARRAY_LEN(known_calls) && rc == 0; i++)
        rc = add(ctx, SCMP_ACT_ALLOW, known_calls[i], 0, NULL);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(refused_calls) && rc == 0; i++)
        rc = add(ctx, SCMP_ACT_ERRNO(EPERM), refused_calls[i], 0, NULL);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(personalities) && rc == 0; i++)
        rc = add_masked(ctx, SCMP_ACT_ALLOW, "personality", 0, LOW32, personalities[i]);
    return rc;
}

static int fill_refusals(scmp_filter_ctx ctx)
{
    static const uint32_t namespaces[] = { CLONE_NEWNS,    CLONE_NEWUTS, CLONE_NEWIPC,
                                           CLONE_NEWUSER,  CLONE_NEWPID, CLONE_NEWNET,
                                           CLONE_NEWCGROUP };
    const struct scmp_arg_cmp audit[] = {
        SCMP_CMP64(0, SCMP_CMP_MASKED_EQ, LOW32, AF_NETLINK),
        SCMP_CMP64(2, SCMP_CMP_MASKED_EQ, LOW32, NETLINK_AUDIT),
    };
    int rc = add(ctx, SCMP_ACT_ERRNO(EINVAL), "socket", 2, audit); /* "no audit in this kernel" */

    for (size_t i = 0; i < SLIP_ARRAY_LEN(namespaces) && rc == 0; i++)
        rc = add_masked(ctx, SCMP_ACT_ERRNO(EPERM), "clone", 0, namespaces[i], namespaces[i]);
    rc = rc ? rc : add_masked(ctx, SCMP_ACT_ERRNO(EPERM), "socket", 0, LOW32, AF_ALG);
    rc = rc ? rc : add_masked(ctx, SCMP_ACT_ERRNO(EPERM), "socket", 0, LOW32, AF_VSOCK);
    rc = rc ? rc : add_masked(ctx, SCMP_ACT_ERRNO(EPERM), "ioctl", 1, LOW32, TIOCSTI);
    return rc ? rc : add_masked(ctx, SCMP_ACT_ERRNO(EPERM), "ioctl", 1, LOW32, TIOCLINUX);
}

static int fill_emulated(scmp_filter_ctx ctx)
{
    int rc = 0;

    for (size_t i = 0; i < SLIP_ARRAY_LEN(emulated_calls) && rc == 0; i++)
        rc = add(ctx, SCMP_ACT_NOTIFY, emulated_calls[i], 0, NULL);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(opening_calls) && rc == 0; i++) {
        rc = add_masked(ctx, SCMP_ACT_NOTIFY, opening_calls[i].name, opening_calls[i].arg, O_CREAT,
                        O_CREAT);
        rc = rc ? rc
                : add_masked(ctx, SCMP_ACT_NOTIFY, opening_calls[i].name, opening_calls[i].arg,
                             __O_TMPFILE, __O_TMPFILE);
    }
    return rc ? rc : add_masked(ctx, SCMP_ACT_NOTIFY, "prctl", 0, LOW32, PR_SET_KEEPCAPS);
}

/* The kernel's form of a filter; owned by the caller. */
static int export(scmp_filter_ctx ctx, struct sock_fprog *ret)
{
    slip_cleanup(slip_closep) int fd = memfd_create("seccomp", MFD_CLOEXEC);
    struct stat st;

    if (fd < 0 || seccomp_export_bpf(ctx, fd) < 0 || fstat(fd, &st) < 0)
        return -1;
    size_t n = (size_t)st.st_size;
    if (n % sizeof(struct sock_filter) != 0 || n / sizeof(struct sock_filter) > BPF_MAXINSNS)
        return -1;
    struct sock_filter *code = slip_xmalloc(n);
    if (pread(fd, code, n, 0) != (ssize_t)n) {
        free(code);
        return -1;
    }
    *ret = (struct sock_fprog){
        .len = (unsigned short)(n / sizeof *code),
        .filter = code,
    };
    return 0;
}

static int compile(uint32_t otherwise, int (*fill)(scmp_filter_ctx), int (*more)(scmp_filter_ctx),
                   struct sock_fprog *ret)
{
    slip_cleanup(releasep) scmp_filter_ctx ctx = seccomp_init(otherwise);

    if (!ctx || seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) < 0 ||
        seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0)
        return -1;
    int rc = fill(ctx);
    if (rc == 0 && more)
        rc = more(ctx);
    return rc < 0 ? -1 : export(ctx, ret);
}

int slip_seccomp_get(bool emulating, const struct slip_seccomp **ret, struct slip_error *err)
{
    struct slip_seccomp *s = &compiled[emulating];
    int rc = 0;

    (void)pthread_mutex_lock(&lock);
    if (!s->known.len) {
        s->emulating = emulating;
        rc = compile(SCMP_ACT_ALLOW, fill_refusals, emulating ? fill_emulated : NULL, &s->looked);
        rc = rc ? rc : compile(SCMP_ACT_ERRNO(ENOSYS), fill_known, NULL, &s->known);
    }
    (void)pthread_mutex_unlock(&lock);
    if (rc < 0)
        return slip_fail(err, SLIP_EHOST, "cannot compile the system call filter");
    *ret = s;
    return 0;
}

static int load(unsigned flags, const struct sock_fprog *program)
{
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
}

int slip_seccomp_load(const struct slip_seccomp *filters, int *ret_listener, struct slip_error *err)
{
    int fd = -1;

    if (load(0, &filters->known) < 0 || (!filters->emulating && load(0, &filters->looked) < 0))
        return slip_fail_errno(err, "cannot load the system call filter");
    if (filters->emulating) {
        /* a call that we have begun to answer must not be restarted by a signal */
        unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
        fd = load(flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &filters->looked);
        if (fd < 0 && errno == EINVAL)
            fd = load(flags, &filters->looked);
        if (fd < 0) {
            slip_fail_errno(err, "cannot load the system call filter");
            err->code = SLIP_EHOST;
            return slip_error_hint(err, "tier single needs seccomp user notification (Linux 5.0; "
                                        "not inside another tool that uses it): use tier range");
        }
    }
    *ret_listener = fd;
    return 0;
}
