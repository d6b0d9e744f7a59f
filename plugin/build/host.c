#include "build/host.h"

#include <sys/wait.h>
#include <unistd.h>

#include "exec/tier.h"
#include "util/mem.h"

#if defined(__x86_64__)
#define SLIP_DEB_ARCH "amd64"
#elif defined(__aarch64__)
#define SLIP_DEB_ARCH "arm64"
#elif defined(__i386__)
#define SLIP_DEB_ARCH "i386"
#else
#define SLIP_DEB_ARCH "all"
#endif

void slip_host_doctor(slip_host_fact_fn *say, void *user)
{
    slip_tier_doctor(say, user);
}

int slip_host_can_build(const char **ret_tier)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    enum slip_tier tier;
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(slip_tier_enter(NULL, &tier, NULL, &err) < 0 ? 255 : (int)tier);
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 255)
        return 0;
    if (ret_tier)
        *ret_tier = slip_tier_name((enum slip_tier)WEXITSTATUS(status));
    return 1;
}

void slip_host_missing_packages(const struct slip_strv *names, struct slip_strv *ret)
{
    if (access("/var/lib/dpkg/info", F_OK) < 0)
        return;
    for (size_t i = 0; i < names->n; i++) {
        slip_cleanup(slip_freep) char *plain =
            slip_xasprintf("/var/lib/dpkg/info/%s.list", names->v[i]);
        slip_cleanup(slip_freep) char *arch =
            slip_xasprintf("/var/lib/dpkg/info/%s:%s.list", names->v[i], SLIP_DEB_ARCH);
        if (access(plain, F_OK) < 0 && access(arch, F_OK) < 0)
            slip_strv_add(ret, names->v[i]);
    }
}
