#include "commands/network.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "registry/client.h"
#include "util/str.h"

const char *slip_session_home(void)
{
    const char *home = getenv("HOME");

    if (home && *home)
        return home;
    const struct passwd *user = getpwuid(getuid());
    return user ? user->pw_dir : "/";
}

/* $VARIABLE/rest, or ~/otherwise/rest. */
static char *beneath(const char *variable, const char *otherwise, const char *rest)
{
    const char *dir = getenv(variable);

    return dir && *dir == '/' ? slip_xasprintf("%s/%s", dir, rest)
                              : slip_xasprintf("%s/%s/%s", slip_session_home(), otherwise, rest);
}

static void list_auth_files(struct slip_strv *ret)
{
    const char *named = getenv("REGISTRY_AUTH_FILE"), *runtime = getenv("XDG_RUNTIME_DIR");

    if (named && *named)
        slip_strv_add(ret, named);
    if (runtime && *runtime == '/')
        slip_strv_addf(ret, "%s/containers/auth.json", runtime);
    slip_strv_add_take(ret, beneath("XDG_CONFIG_HOME", ".config", "containers/auth.json"));
    slip_strv_add_take(ret, beneath("DOCKER_CONFIG", ".docker", "config.json"));
    slip_strv_addf(ret, "%s/.dockercfg", slip_session_home());
}

static void list_cert_dirs(struct slip_strv *ret)
{
    slip_strv_add_take(ret, beneath("XDG_CONFIG_HOME", ".config", "containers/certs.d"));
    slip_strv_add(ret, "/etc/containers/certs.d");
    slip_strv_add(ret, "/etc/docker/certs.d");
}

int slip_session_registry(struct slip_session *s, struct slip_error *err)
{
    const char *config = getenv("SLIPWAY_CONFIG");

    if (s->registry)
        return 0;
    list_auth_files(&s->auth_files);
    list_cert_dirs(&s->cert_dirs);
    s->config = config && *config ? slip_xstrdup(config)
                                  : beneath("XDG_CONFIG_HOME", ".config", "slipway/config.ini");
    const struct slip_registry_options options = {
        .config = s->config,
        .auth_files = &s->auth_files,
        .cert_dirs = &s->cert_dirs,
        .user = getenv("SLIPWAY_REGISTRY_USER"),
        .password = getenv("SLIPWAY_REGISTRY_PASSWORD"),
        .cancel = s->cancel,
    };
    s->registry = slip_registry_open(&options, err);
    return s->registry ? 0 : -1;
}

void slip_session_access(struct slip_session *s)
{
    static const char *const names[] = {
        "PATH",     "HTTP_PROXY", "http_proxy", "HTTPS_PROXY",   "https_proxy",  "NO_PROXY",
        "no_proxy", "ALL_PROXY",  "all_proxy",  "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO",
    };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            slip_strv_setenv(&s->tool_env, names[i], value);
    }
    s->known_hosts = slip_xasprintf("%s/.ssh/known_hosts", slip_session_home());
    s->sources.access = (struct slip_access){
        .env = &s->tool_env,
        .known_hosts = s->known_hosts,
        .own_agent = getenv("SSH_AUTH_SOCK"),
        .cancel = s->cancel,
    };
}
