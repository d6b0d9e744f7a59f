#include "main.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registry/credentials.h"
#include "util/fs.h"

#define TESTER "dGVzdGVyOnNlY3JldDp3b3Jk" /* tester:secret:word */
#define OTHER "b3RoZXI6eA=="              /* other:x */

struct row {
    const char *name;
    const char *file; /* what stands in it */
    const char *registry, *repository;
    int found;
    const char *user, *secret; /* of an error: a part of the message, in user */
};

static const struct row rows[] = {
    { "an empty file", "", "r", "a", 0, NULL, NULL },
    { "no entry", "{}", "r", "a", 0, NULL, NULL },
    { "docker login", "{\"auths\": {\"r:5000\": {\"auth\": \"" TESTER "\"}}}", "r:5000", "a", 1,
      "tester", "secret:word" },
    { "another port", "{\"auths\": {\"r:5000\": {\"auth\": \"" TESTER "\"}}}", "r:5001", "a", 0,
      NULL, NULL },
    { "the hub by its old key",
      "{\"auths\": {\"https://index.docker.io/v1/\": {\"auth\": \"" TESTER "\"}}}", "docker.io",
      "library/alpine", 1, "tester", "secret:word" },
    { "the hub by its name", "{\"auths\": {\"docker.io\": {\"auth\": \"" TESTER "\"}}}",
      "docker.io", "library/alpine", 1, "tester", "secret:word" },
    { "an old key with a scheme", "{\"auths\": {\"https://r/v2/\": {\"auth\": \"" TESTER "\"}}}",
      "r", "a", 1, "tester", "secret:word" },
    { "the longest namespace",
      "{\"auths\": {\"r\": {\"auth\": \"" OTHER "\"}, \"r/a/b\": {\"auth\": \"" TESTER
      "\"}, \"r/a\": {\"auth\": \"" OTHER "\"}}}",
      "r", "a/b/c", 1, "tester", "secret:word" },
    { "a namespace is whole parts", "{\"auths\": {\"r/a\": {\"auth\": \"" TESTER "\"}}}", "r", "ab",
      0, NULL, NULL },
    { "user and password by themselves",
      "{\"auths\": {\"r\": {\"username\": \"u\", \"password\": \"p\"}}}", "r", "a", 1, "u", "p" },
    { "an identity token",
      "{\"auths\": {\"r\": {\"auth\": \"" OTHER "\", \"identitytoken\": \"t\"}}}", "r", "a", 1,
      "<token>", "t" },
    { "an empty entry", "{\"auths\": {\"r\": {}}}", "r", "a", 0, NULL, NULL },
    { "no base64", "{\"auths\": {\"r\": {\"auth\": \"!!!!\"}}}", "r", "a", -1,
      "no user and password", NULL },
    { "no colon in it", "{\"auths\": {\"r\": {\"auth\": \"dGVzdGVy\"}}}", "r", "a", -1,
      "no user and password", NULL },
    { "half a file", "{\"auths\": {", "r", "a", -1, "not valid JSON", NULL },
    { "a helper that says it", "{\"credsStore\": \"good\"}", "r", "a", 1, "helped", "r" },
    { "one for this registry first",
      "{\"credHelpers\": {\"r\": \"good\"}, \"credsStore\": \"absent\"}", "r", "a", 1, "helped",
      "r" },
    { "the hub's helper is asked by the old key", "{\"credsStore\": \"good\"}", "docker.io", "a", 1,
      "helped", "https://index.docker.io/v1/" },
    { "one that has nothing, then the file",
      "{\"credsStore\": \"empty\", \"auths\": {\"r\": {\"auth\": \"" TESTER "\"}}}", "r", "a", 1,
      "tester", "secret:word" },
    { "one that is not there", "{\"credsStore\": \"absent\"}", "r", "a", -1, "is not installed",
      NULL },
    { "one that fails", "{\"credsStore\": \"bad\"}", "r", "a", -1, "fails with status 3", NULL },
    { "one that talks nonsense", "{\"credsStore\": \"mad\"}", "r", "a", -1, "no credential", NULL },
    { "one from elsewhere", "{\"credsStore\": \"../x\"}", "r", "a", -1, "no name", NULL },
};

static char dir[] = "/tmp/slip-cred-XXXXXX";

static void put(const char *name, const char *text)
{
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s/%s", dir, name);
    slip_cleanup(slip_closep) int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0755);

    assert_true(fd >= 0);
    assert_int_equal(slip_write_all(fd, text, strlen(text)), 0);
}

static void is_found(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    slip_cleanup(slip_credential_release) struct slip_credential c = SLIP_CREDENTIAL_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv files = SLIP_STRV_INIT;

    put("config.json", row->file);
    slip_strv_addf(&files, "%s/absent.json", dir);
    slip_strv_addf(&files, "%s/config.json", dir);
    int rc = slip_credential_find(&files, row->registry, row->repository, &c, &err);
    assert_int_equal(rc, row->found);
    if (rc < 0)
        assert_non_null(strstr(err.msg, row->user));
    if (rc <= 0)
        return;
    assert_string_equal(c.user, row->user);
    assert_string_equal(c.secret, row->secret);
    assert_int_equal(c.is_identity, strcmp(row->user, "<token>") == 0);
}

int main(void)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;

    if (!mkdtemp(dir))
        return 1;
    slip_cleanup(slip_freep) char *path = slip_xasprintf("%s:%s", dir, getenv("PATH"));
    setenv("PATH", path, 1);
    put("docker-credential-good",
        "#!/bin/sh\nread -r server || :\n"
        "printf '{\"Username\": \"helped\", \"Secret\": \"%s\"}' \"$server\"\n");
    put("docker-credential-empty",
        "#!/bin/sh\necho 'credentials not found in native keychain'\nexit 1\n");
    put("docker-credential-bad", "#!/bin/sh\necho broken\nexit 3\n");
    put("docker-credential-mad", "#!/bin/sh\necho '[1]'\n");
    int rc = SLIP_RUN_ROWS("registry/credentials", rows, is_found);
    return slip_remove_tree(AT_FDCWD, dir, &err) < 0 ? 1 : rc;
}
