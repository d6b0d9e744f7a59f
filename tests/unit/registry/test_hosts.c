#include "main.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registry/hosts.h"
#include "util/buf.h"
#include "util/fs.h"

/* Each place is "address/prefix" and letters: i insecure, l loopback, a ca, c cert and key. */
struct row {
    const char *name;
    const char *config; /* NULL: no file */
    const char *registry;
    const char *places; /* or a part of the error */
    unsigned line;      /* of an error */
};

static const struct row rows[] = {
    { "nothing is said", NULL, "r.example", "r.example/", 0 },
    { "the hub", NULL, "docker.io", "registry-1.docker.io/", 0 },
    { "loopback", "", "localhost:5000", "localhost:5000/ l", 0 },
    { "loopback by number", "", "127.1.2.3", "127.1.2.3/ l", 0 },
    { "loopback of IPv6", "", "[::1]:80", "[::1]:80/ l", 0 },
    { "no loopback", "", "localhost.example", "localhost.example/", 0 },
    { "mirrors, in order",
      "[registry docker.io]\nmirror = a:1\nmirror = https://b/hub/\n  c.example\n", "docker.io",
      "a:1/\nb/hub/\nc.example/\nregistry-1.docker.io/", 0 },
    { "a mirror has settings of its own",
      "[registry r]\nmirror = m\n[registry m]\ninsecure = yes\n", "r", "m/ i\nr/", 0 },
    { "insecure", "[registry r:5]\ninsecure = true\n", "r:5", "r:5/ i", 0 },
    { "certificates", "[registry r]\nca = x.crt\ncert = c\nkey = k\n", "r", "r/ ac", 0 },
    { "certs.d", "", "in.certs.d", "in.certs.d/ ac", 0 },
    { "config.ini before certs.d", "[registry in.certs.d]\nca = mine\n", "in.certs.d",
      "in.certs.d/ ac", 0 },
    { "another registry's section", "[registry x]\ninsecure = true\n", "r", "r/", 0 },
    { "no such section", "\n[mirror x]\n", "r", "no section", 2 },
    { "no such key", "[registry x]\nmirrors = a\n", "r", "no setting 'mirrors'", 2 },
    { "before any section", "insecure = true\n", "r", "needs a section", 1 },
    { "neither true nor false", "[registry x]\ninsecure = 2\n", "r", "neither", 2 },
    { "no host", "[registry x]\nmirror = /a\n", "r", "no host", 2 },
    { "twice", "[registry x]\n[registry x]\n", "r", "second time", 2 },
};

static char dir[] = "/tmp/slip-hosts-XXXXXX";

static void put(const char *name, const char *text)
{
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/%s", dir, name);
    slip_cleanup(slip_closep) int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(slip_write_all(fd, text, strlen(text)), 0);
}

static void show(const struct slip_host *v, size_t n, struct slip_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        bool any = v[i].insecure || v[i].loopback || v[i].ca || v[i].cert;
        slip_buf_printf(out, "%s%s/%s%s%s%s%s%s", i ? "\n" : "", v[i].address, v[i].prefix,
                        any ? " " : "", v[i].insecure ? "i" : "", v[i].loopback ? "l" : "",
                        v[i].ca ? "a" : "", v[i].cert && v[i].key ? "c" : "");
    }
}

static void are_found(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv certs = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf seen = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *path =
        slip_xasprintf("%s/%s", dir, row->config ? "config.ini" : "absent.ini");
    struct slip_hosts *hosts = NULL;
    struct slip_host *v;
    size_t n;

    slip_strv_addf(&certs, "%s/absent", dir);
    slip_strv_addf(&certs, "%s/certs.d", dir);
    if (row->config)
        put("config.ini", row->config);
    int rc = slip_hosts_open(&hosts, path, &certs, &err);
    if (row->line) {
        assert_int_equal(rc, -1);
        assert_non_null(strstr(err.msg, row->places));
        assert_int_equal(slip_span_line(err.at), row->line);
    } else {
        assert_int_equal(rc, 0);
        assert_int_equal(slip_hosts_find(hosts, row->registry, &v, &n, &err), 0);
        show(v, n, &seen);
        assert_string_equal(slip_buf_str(&seen), row->places);
        slip_hosts_free(v, n);
    }
    slip_hosts_close(hosts);
}

int main(void)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    if (!mkdtemp(dir))
        return 1;
    slip_cleanup(slip_freep) char *certs = slip_xasprintf("%s/certs.d/in.certs.d", dir);
    if (slip_mkdirs(AT_FDCWD, certs, 0755, &err) < 0)
        return 1;
    put("certs.d/in.certs.d/ca.crt", "");
    put("certs.d/in.certs.d/client.cert", "");
    put("certs.d/in.certs.d/client.key", "");
    int rc = SLIP_RUN_ROWS("registry/hosts", rows, are_found);
    return slip_remove_tree(AT_FDCWD, dir, &err) < 0 ? 1 : rc;
}
