#include "commands/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "image/image.h"
#include "util/proc.h"
#include "util/str.h"

enum state { HELD, ABSENT, SILENT };

/* Docker and podman call an image by the digest of its configuration, a docker that keeps images in
 * containerd by that of its manifest; some say "sha256:" in front. */
static bool is_this(const char *id, size_t n, const struct slip_image *image)
{
    if (n > 7 && strncmp(id, "sha256:", 7) == 0) {
        id += 7;
        n -= 7;
    }
    return n == 64 && (strncmp(id, image->config_digest.hex, n) == 0 ||
                       strncmp(id, image->manifest_digest.hex, n) == 0);
}

/* Whether every name stands for this image there; without names, whether it is there at all. */
static bool holds(const char *engine, const struct slip_image *image, const struct slip_strv *names)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv argv = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf answer = SLIP_BUF_INIT;
    size_t right = 0;
    int status;

    slip_strv_add(&argv, engine);
    slip_strv_add(&argv, "image");
    slip_strv_add(&argv, "inspect");
    slip_strv_add(&argv, "--format");
    slip_strv_add(&argv, "{{.Id}}");
    slip_strv_copy(&argv, names);
    if (names->n == 0)
        slip_strv_add(&argv, image->config_digest.hex);
    if (slip_proc_ask(argv.v, false, &answer, &status, &ignored) < 0 || status != 0)
        return false;
    for (const char *p = slip_buf_str(&answer); *p;) {
        size_t n = strcspn(p, "\n");
        right += is_this(p, n, image);
        p += n + (p[n] == '\n');
    }
    return right == (names->n ? names->n : 1);
}

/* `why` is what the engine says when it does not answer. */
static enum state ask(const char *engine, const struct slip_image *image,
                      const struct slip_strv *names, struct slip_buf *why)
{
    slip_cleanup(slip_error_release) struct slip_error broken = SLIP_ERROR_INIT;
    char *const argv[] = { (char *)(uintptr_t)engine, (char[]){ "images" }, (char[]){ "-q" },
                           (char[]){ "slipway.invalid/none" }, NULL };
    int status;

    if (holds(engine, image, names))
        return HELD;
    if (slip_proc_ask(argv, true, why, &status, &broken) < 0)
        slip_buf_puts(why, broken.msg);
    else if (status == 0)
        return ABSENT;
    return SILENT;
}

/* The last line of what an engine complained of says it best. */
static char *last_line(struct slip_buf *text)
{
    const char *s = slip_buf_str(text), *from = s;
    size_t n = strlen(s);

    while (n && (s[n - 1] == '\n' || s[n - 1] == ' '))
        n--;
    for (size_t i = 0; i < n; i++)
        if (s[i] == '\n')
            from = s + i + 1;
    return slip_xstrndup(from, n - (size_t)(from - s));
}

/* The engine to load into; *ret_held says that nothing is to be done. NULL with *err. */
static const char *choose(const char *wanted, const struct slip_image *image,
                          const struct slip_strv *names, bool *ret_held, struct slip_error *err)
{
    static const char *const engines[] = { "docker", "podman", "nerdctl" };
    bool any = !wanted || strcmp(wanted, "auto") == 0, found = false;

    if (!any && !slip_proc_have(wanted) && !strchr(wanted, '/')) {
        slip_fail(err, SLIP_EHOST, "there is no '%s' on this machine", wanted);
        return NULL;
    }
    for (size_t i = 0; i < SLIP_ARRAY_LEN(engines); i++) {
        slip_cleanup(slip_buf_release) struct slip_buf why = SLIP_BUF_INIT;
        const char *engine = any ? engines[i] : wanted;
        if (any && !slip_proc_have(engine))
            continue;
        enum state state = ask(engine, image, names, &why);
        *ret_held = state == HELD;
        if (state != SILENT)
            return slip_error_release(err), engine;
        slip_cleanup(slip_freep) char *words = last_line(&why);
        if (!found)
            slip_fail(err, SLIP_EHOST, "%s does not answer: %s", engine, words);
        found = true;
        if (!any)
            break;
    }
    if (!found)
        slip_fail(err, SLIP_EHOST, "there is no docker, podman or nerdctl to load into");
    slip_error_hint(err, found ? "start it, or become one who may use it; 'slipway run' needs none"
                               : "'slipway run' runs images without any of them");
    return NULL;
}

/* `ENGINE load`, with the archive on its standard input; what it says goes to stderr. */
static pid_t start(const char *engine, int *ret_input, struct slip_error *err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return slip_fail_errno(err, "cannot make a pipe");
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGPIPE, SIG_DFL);
        (void)dup2(ends[0], STDIN_FILENO);
        (void)dup2(STDERR_FILENO, STDOUT_FILENO);
        execlp(engine, engine, "load", (char *)NULL);
        fprintf(stderr, "error: cannot start '%s': %s\n", engine, strerror(errno));
        _exit(127);
    }
    (void)close(ends[0]);
    *ret_input = ends[1];
    if (pid < 0) {
        (void)close(ends[1]);
        return slip_fail_errno(err, "cannot start '%s'", engine);
    }
    return pid;
}

static int load(struct slip_session *s, const char *engine, const struct slip_digest *manifest,
                const struct slip_strv *names, struct slip_error *err)
{
    int input = -1, status = 0;
    pid_t pid = start(engine, &input, err);

    if (pid < 0)
        return -1;
    int rc = slip_output_stream(s, manifest, names, input, err);
    (void)close(input);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (status == 0)
        return rc;
    slip_error_release(err); /* that the pipe broke only follows from it */
    slip_cleanup(slip_freep) char *words = slip_proc_status_words(status);
    return slip_fail(err, SLIP_ESTEP, "'%s load' %s", engine, words);
}

int slip_engine_load(struct slip_session *s, const char *wanted, const struct slip_digest *manifest,
                     const struct slip_strv *names, struct slip_buf *said, struct slip_error *err)
{
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT;
    slip_cleanup(slip_freep) char *what = NULL;
    bool held = false;

    if (slip_sources_load(&s->sources, NULL, manifest, &image, err) < 0)
        return -1;
    const char *engine = choose(wanted, &image, names, &held, err);
    if (!engine)
        return -1;
    what = names->n ? slip_xstrdup(names->v[0]) : slip_xasprintf("sha256:%.12s", manifest->hex);
    if (held) {
        slip_buf_printf(said, "%s has %s already\n", engine, what);
        return 0;
    }
    if (slip_sources_complete(&s->sources, NULL, &image, err) < 0 ||
        load(s, engine, manifest, names, err) < 0)
        return -1;
    slip_buf_printf(said, "loaded %s into %s\n", what, engine);
    return 0;
}
