#include "registry/hosts.h"
#include "util/mem.h"
#include <string.h>
struct slip_hosts {
    int x;
};
struct slip_hosts *slip_hosts_open(const char *config, const struct slip_strv *cert_dirs,
                                   struct slip_error *err)
{
    (void)config;
    (void)cert_dirs;
    (void)err;
    return slip_xcalloc(1, sizeof(struct slip_hosts));
}
void slip_hosts_close(struct slip_hosts *hosts)
{
    free(hosts);
}
int slip_hosts_find(struct slip_hosts *hosts, const char *registry, struct slip_host **ret,
                    size_t *ret_n, struct slip_error *err)
{
    (void)hosts;
    (void)err;
    *ret = slip_xcalloc(1, sizeof **ret);
    *ret_n = 1;
    (*ret)->name = slip_xstrdup(registry);
    (*ret)->address =
        slip_xstrdup(strcmp(registry, "docker.io") ? registry : "registry-1.docker.io");
    (*ret)->prefix = slip_xstrdup("");
    (*ret)->loopback = strncmp(registry, "localhost", 9) == 0 || strncmp(registry, "127.", 4) == 0;
    return 0;
}
void slip_hosts_free(struct slip_host *hosts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(hosts[i].name);
        free(hosts[i].address);
        free(hosts[i].prefix);
    }
    free(hosts);
}
