/* deliver.c - writes what output.c has read. */
#include "commands/output.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "build/container.h"
#include "build/locate.h"
#include "commands/engine.h"
#include "image/archive.h"
#include "image/layout.h"
#include "image/layout_referrers.h"
#include "registry/companions.h"
#include "registry/referrers.h"
#include "store/record.h"
#include "util/fs.h"
#include "util/proc.h"
#include "util/str.h"

static int to_fd(void *user, const void *p, size_t n, struct slip_error *err)
{
    if (slip_write_all(*(const int *)user, p, n) < 0)
        return slip_fail_errno(err, "cannot write the archive");
    return 0;
}

int slip_output_stream(struct slip_session *s, const struct slip_digest *manifest,
                       const struct slip_strv *names, int fd, struct slip_error *err)
{
    return slip_image_archive_write(&s->store, manifest, (const char *const *)names->v, to_fd, &fd,
                                    err);
}

static int write_stream(const struct slip_output *output, struct slip_session *s, int fd,
                        const struct slip_digest *manifest, const struct slip_strv *names,
                        struct slip_events *events, struct slip_error *err)
{
    if (output->type == SLIP_OUT_TAR)
        return slip_image_flatten(&s->sources, manifest, fd, events, err);
    return slip_output_stream(s, manifest, names, fd, err);
}

/* A file appears whole or not at all; devices and pipes are written to. */
static int write_file(const struct slip_output *output, struct slip_session *s,
                      const struct slip_digest *manifest, const struct slip_strv *names,
                      struct slip_events *events, struct slip_error *err)
{
    struct stat st;
    bool special = stat(output->dest, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
    slip_cleanup(slip_freep) char *aside =
        special ? slip_xstrdup(output->dest) : slip_xasprintf("%s.%d.part", output->dest, getpid());
    slip_cleanup(slip_closep) int fd =
        open(aside, O_WRONLY | O_CREAT | (special ? 0 : O_EXCL) | O_CLOEXEC, 0644);

    if (fd < 0)
        return slip_fail_errno(err, "cannot write '%s'", output->dest);
    if (write_stream(output, s, fd, manifest, names, events, err) < 0) {
        (void)(special || unlink(aside));
        return slip_error_context(err, "'%s'", output->dest);
    }
    if (!special && (fsync(fd) < 0 || rename(aside, output->dest) < 0)) {
        slip_fail_errno(err, "cannot write '%s'", output->dest);
        (void)unlink(aside);
        return -1;
    }
    return 0;
}

static int push_one(struct slip_session *s, const struct slip_digest *manifest, const char *name,
                    struct slip_buf *said, struct slip_error *err)
{
    slip_cleanup(slip_reference_release) struct slip_reference to = SLIP_REFERENCE_INIT;
    struct slip_push_counts counts = { 0 };
    char size[16];

    if (slip_image_reference(&to, name, err) < 0 ||
        slip_registry_push(s->registry, &s->store, manifest, &to, &counts, err) < 0 ||
        slip_registry_push_referrers(s->registry, &s->store, manifest, &to, &counts, err) < 0 ||
        slip_registry_push_companions(s->registry, &s->store, manifest, &to, &counts, err) < 0)
        return -1;
    slip_cleanup(slip_freep) char *familiar = slip_reference_familiar(&to);
    slip_buf_printf(said, "pushed %s: %u uploaded (%s), %u mounted, %u there already\n", familiar,
                    counts.uploaded, slip_format_size(counts.bytes, size), counts.mounted,
                    counts.present);
    return 0;
}

static int push(const struct slip_output *output, struct slip_session *s,
                const struct slip_digest *manifest, const struct slip_strv *names,
                struct slip_events *events, struct slip_buf *said, struct slip_error *err)
{
    int rc = 0;

    if (names->n == 0) {
        slip_fail(err, SLIP_EUSAGE, "nothing says under which name '%s' is to push",
                  output->text ? output->text : "type=registry");
        return slip_error_hint(err, "give one with -t REGISTRY/NAME:TAG");
    }
    slip_registry_events(s->registry, events);
    for (size_t i = 0; rc == 0 && i < names->n; i++)
        rc = push_one(s, manifest, names->v[i], said, err);
    slip_registry_events(s->registry, NULL);
    return rc;
}

static int name(struct slip_session *s, const struct slip_digest *manifest,
                const struct slip_strv *names, struct slip_error *err)
{
    for (size_t i = 0; i < names->n; i++) {
        slip_cleanup(slip_freep) char *own = slip_image_name(names->v[i], err);
        if (!own || slip_ref_set(&s->store, own, manifest, err) < 0)
            return -1;
    }
    return 0;
}

/* Layers of a pulled image that nothing has needed yet are fetched now. */
static int complete(struct slip_session *s, const struct slip_digest *manifest,
                    struct slip_error *err)
{
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT;

    if (slip_sources_load(&s->sources, NULL, manifest, &image, err) < 0)
        return -1;
    return slip_sources_complete(&s->sources, NULL, &image, err);
}

int slip_output_write(const struct slip_output *output, struct slip_session *s,
                      const struct slip_digest *manifest, const struct slip_strv *names,
                      struct slip_events *events, struct slip_buf *said, struct slip_error *err)
{
    names = output->names.n ? &output->names : names;
    if ((output->type == SLIP_OUT_OCI || output->type == SLIP_OUT_ARCHIVE) &&
        complete(s, manifest, err) < 0)
        return -1;
    switch (output->type) {
    case SLIP_OUT_OCI:
        if (slip_layout_write(&s->store, manifest, (const char *const *)names->v, output->dest,
                              err) < 0)
            return -1;
        return output->referrers ? slip_layout_attach(&s->store, manifest, output->dest, err) : 0;
    case SLIP_OUT_DIR:
        return slip_image_unpack(&s->sources, manifest, output->dest, events, err);
    case SLIP_OUT_REGISTRY:
        return push(output, s, manifest, names, events, said, err);
    case SLIP_OUT_STORE:
        return name(s, manifest, &output->names, err);
    case SLIP_OUT_ARCHIVE:
    case SLIP_OUT_TAR:
    case SLIP_OUT_ENGINE:
        break;
    }
    if (strcmp(output->dest, "-") != 0)
        return write_file(output, s, manifest, names, events, err);
    return write_stream(output, s, STDOUT_FILENO, manifest, names, events, err);
}

/* Becomes `slipway load DIGEST -t NAME...` when it is told to. A build moves into namespaces of its
 * own, where podman would look for other images, as another user. */
static void wait_for_order(struct slip_session *s, int from)
{
    slip_cleanup(slip_strv_release) struct slip_strv argv = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf order = SLIP_BUF_INIT;
    ssize_t n;

    while ((n = read(from, slip_buf_reserve(&order, 4096), 4096)) > 0 || (n < 0 && errno == EINTR))
        order.len += n > 0 ? (size_t)n : 0;
    slip_strv_add(&argv, "slipway");
    slip_strv_add(&argv, "load");
    for (size_t at = 0; at < order.len; at += strlen(order.data + at) + 1)
        slip_strv_add(&argv, order.data + at);
    if (order.len == 0)
        _exit(0);
    (void)setenv("SLIPWAY_STORE", s->store.path, 1);
    execv("/proc/self/exe", argv.v);
    fprintf(s->err, "error: cannot start the loader: %s\n", strerror(errno));
    _exit(127);
}

int slip_outputs_prepare(struct slip_outputs *outputs, struct slip_session *s,
                         struct slip_error *err)
{
    bool wanted = false;
    int ends[2], words[2];

    for (size_t i = 0; i < outputs->n; i++)
        wanted = wanted || outputs->v[i].type == SLIP_OUT_ENGINE;
    if (!wanted)
        return 0;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return slip_fail_errno(err, "cannot make a pipe");
    fflush(NULL);
    outputs->order = ends[1];
    if (pipe2(words, O_CLOEXEC) < 0) {
        (void)close(ends[0]);
        return slip_fail_errno(err, "cannot make a pipe");
    }
    outputs->answer = words[0];
    outputs->loader = fork();
    if (outputs->loader == 0) {
        (void)close(ends[1]);
        (void)dup2(words[1], STDERR_FILENO);
        wait_for_order(s, ends[0]);
    }
    (void)close(ends[0]);
    (void)close(words[1]);
    return outputs->loader < 0 ? slip_fail_errno(err, "cannot start the loader") : 0;
}

/* Lets the loader go, with an order or without, and hears what it has to say. Its exit status. */
static int dismiss(struct slip_outputs *outputs, struct slip_buf *said)
{
    int status = 0;
    ssize_t n;

    slip_closep(&outputs->order);
    outputs->order = -1;
    if (outputs->loader <= 0)
        return 0;
    while ((n = read(outputs->answer, slip_buf_reserve(said, 4096), 4096)) > 0 ||
           (n < 0 && errno == EINTR))
        said->len += n > 0 ? (size_t)n : 0;
    said->data[said->len] = '\0';
    slip_closep(&outputs->answer);
    while (waitpid(outputs->loader, &status, 0) < 0 && errno == EINTR)
        ;
    outputs->loader = 0;
    return slip_proc_exit_code(status);
}

/* The loader's error, as ours, with what the engine said last before it. */
static int pass_on(const char *words, int status, struct slip_error *err)
{
    static const char mark[] = "error: ", hint_mark[] = "hint: ";
    const char *error = strstr(words, mark), *hint = strstr(words, hint_mark), *before = words;

    for (const char *next; error && (next = strstr(error + 1, mark));)
        error = next;
    for (const char *p = words; error && p < error; p++)
        if (*p == '\n' && p + 1 < error)
            before = p + 1;
    int length = error && before < error ? (int)strcspn(before, "\n") : 0;
    error = error ? error + strlen(mark) : "the image was not loaded";
    slip_fail(err, status == 3 ? SLIP_EHOST : SLIP_ESTEP, "%.*s%s%.*s", (int)strcspn(error, "\n"),
              error, length ? ": " : "", length, before);
    if (!hint)
        return -1;
    hint += strlen(hint_mark);
    return slip_error_hint(err, "%.*s", (int)strcspn(hint, "\n"), hint);
}

static int order_load(struct slip_outputs *outputs, const struct slip_output *output,
                      const struct slip_digest *manifest, const struct slip_strv *names,
                      struct slip_buf *said, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf order = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf words = SLIP_BUF_INIT;
    char digest[72];

    names = output->names.n ? &output->names : names;
    slip_digest_name(manifest, digest);
    slip_buf_put(&order, digest, strlen(digest) + 1);
    for (size_t i = 0; i < names->n; i++) {
        slip_buf_put(&order, "-t", 3);
        slip_buf_put(&order, names->v[i], strlen(names->v[i]) + 1);
    }
    if (outputs->order < 0)
        return slip_fail(err, SLIP_EUSAGE, "an image is loaded once");
    if (slip_write_all(outputs->order, order.data, order.len) < 0)
        return slip_fail_errno(err, "cannot tell the loader what to do");
    int status = dismiss(outputs, &words);
    if (status == 0) {
        slip_buf_puts(said, slip_buf_str(&words));
        return 0;
    }
    return pass_on(slip_buf_str(&words), status, err);
}

/* "output 2 of 3, after 'type=...' was written: " */
static int say_which(const struct slip_outputs *outputs, size_t failed, struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf before = SLIP_BUF_INIT;

    for (size_t i = 0; i < failed; i++)
        slip_buf_printf(&before, "%s'%s'", i == 0 ? ", after " : " and ", outputs->v[i].text);
    return outputs->n == 1 ? -1
                           : slip_error_context(err, "output %zu of %zu%s", failed + 1, outputs->n,
                                                slip_buf_str(&before));
}

int slip_outputs_write(struct slip_outputs *outputs, struct slip_session *s,
                       const struct slip_digest *manifest, const struct slip_strv *layout_names,
                       const struct slip_strv *names, struct slip_events *events,
                       struct slip_buf *said, struct slip_error *err)
{
    for (size_t i = 0; i < outputs->n; i++) {
        const struct slip_output *o = &outputs->v[i];
        int rc =
            o->type == SLIP_OUT_ENGINE
                ? order_load(outputs, o, manifest, names, said, err)
                : slip_output_write(o, s, manifest, o->type == SLIP_OUT_OCI ? layout_names : names,
                                    events, said, err);
        if (rc < 0)
            return say_which(outputs, i, err);
    }
    return 0;
}

void slip_outputs_release(struct slip_outputs *outputs)
{
    slip_cleanup(slip_buf_release) struct slip_buf ignored = SLIP_BUF_INIT;

    (void)dismiss(outputs, &ignored);
    for (size_t i = 0; i < outputs->n; i++) {
        free(outputs->v[i].dest);
        slip_strv_release(&outputs->v[i].names);
    }
    free(outputs->v);
    *outputs = SLIP_OUTPUTS_INIT;
}
