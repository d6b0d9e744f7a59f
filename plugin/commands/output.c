#include "commands/output.h"

#include <errno.h>
#include <fcntl.h>

#include "build/container.h"
#include "image/archive.h"
#include "image/layout.h"
#include "util/fs.h"
#include "util/str.h"

static const struct {
    const char *name;
    enum slip_output_type type;
} types[] = {
    { "oci", SLIP_OUT_OCI }, { "oci-archive", SLIP_OUT_ARCHIVE }, { "docker", SLIP_OUT_ARCHIVE },
    { "dir", SLIP_OUT_DIR }, { "local", SLIP_OUT_DIR },           { "tar", SLIP_OUT_TAR },
};

static int set_type(struct slip_output *ret, const char *name, struct slip_error *err)
{
    const char *names[SLIP_ARRAY_LEN(types)];

    for (size_t i = 0; i < SLIP_ARRAY_LEN(types); i++) {
        names[i] = types[i].name;
        if (strcmp(name, types[i].name) == 0) {
            ret->type = types[i].type;
            return 0;
        }
    }
    if (strcmp(name, "registry") == 0 || strcmp(name, "image") == 0)
        return slip_fail(err, SLIP_EUSAGE, "output type '%s' is not served yet", name);
    const char *near = slip_suggest(name, names, SLIP_ARRAY_LEN(names));
    slip_fail(err, SLIP_EUSAGE, "there is no output type '%s'", name);
    return near ? slip_error_hint(err, "did you mean '%s'?", near)
                : slip_error_hint(err, "oci, oci-archive, docker, dir and tar are");
}

static int set_pair(struct slip_output *ret, bool *has_type, const char *pair,
                    struct slip_error *err)
{
    if (slip_starts_with(pair, "type=")) {
        *has_type = true;
        return set_type(ret, pair + 5, err);
    }
    if (slip_starts_with(pair, "dest=")) {
        free(ret->dest);
        ret->dest = slip_xstrdup(pair + 5);
        return 0;
    }
    slip_fail(err, SLIP_EUSAGE, "-o does not know '%s'", pair);
    return slip_error_hint(err, "write it as type=oci,dest=PATH");
}

int slip_output_parse(const char *text, struct slip_output *ret, struct slip_error *err)
{
    bool has_type = false;

    if (!strchr(text, '=')) {
        ret->type = strcmp(text, "-") == 0 ? SLIP_OUT_TAR : SLIP_OUT_DIR;
        ret->dest = slip_xstrdup(text);
        return 0;
    }
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, ",");
        slip_cleanup(slip_freep) char *pair = slip_xstrndup(p, n);
        if (set_pair(ret, &has_type, pair, err) < 0)
            return -1;
        p += n + (p[n] == ',');
    }
    if (!has_type || !ret->dest || !*ret->dest) {
        slip_fail(err, SLIP_EUSAGE, "-o needs a type and a dest, '%s' has not both", text);
        return slip_error_hint(err, "write it as type=oci,dest=PATH");
    }
    return 0;
}

void slip_output_release(struct slip_output *output)
{
    free(output->dest);
    output->dest = NULL;
}

struct target {
    int fd;
};

static int to_fd(void *user, const void *p, size_t n, struct slip_error *err)
{
    if (slip_write_all(((struct target *)user)->fd, p, n) < 0)
        return slip_fail_errno(err, "cannot write the archive");
    return 0;
}

static int write_stream(const struct slip_output *output, struct slip_session *s, int fd,
                        const struct slip_digest *manifest, const struct slip_strv *names,
                        struct slip_events *events, struct slip_error *err)
{
    struct target target = { .fd = fd };

    if (output->type == SLIP_OUT_TAR)
        return slip_image_flatten(&s->sources, manifest, fd, events, err);
    return slip_image_archive_write(&s->store, manifest, (const char *const *)names->v, to_fd,
                                    &target, err);
}

/* A file appears whole or not at all. */
static int write_file(const struct slip_output *output, struct slip_session *s,
                      const struct slip_digest *manifest, const struct slip_strv *names,
                      struct slip_events *events, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *aside = slip_xasprintf("%s.part", output->dest);
    slip_cleanup(slip_closep) int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0)
        return slip_fail_errno(err, "cannot write '%s'", output->dest);
    if (write_stream(output, s, fd, manifest, names, events, err) < 0) {
        (void)unlink(aside);
        return slip_error_context(err, "'%s'", output->dest);
    }
    if (fsync(fd) < 0 || rename(aside, output->dest) < 0) {
        slip_fail_errno(err, "cannot write '%s'", output->dest);
        (void)unlink(aside);
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
                      struct slip_events *events, struct slip_error *err)
{
    if (output->type != SLIP_OUT_DIR && output->type != SLIP_OUT_TAR &&
        complete(s, manifest, err) < 0)
        return -1;
    switch (output->type) {
    case SLIP_OUT_OCI:
        return slip_layout_write(&s->store, manifest, (const char *const *)names->v, output->dest,
                                 err);
    case SLIP_OUT_DIR:
        return slip_image_unpack(&s->sources, manifest, output->dest, events, err);
    case SLIP_OUT_ARCHIVE:
    case SLIP_OUT_TAR:
        break;
    }
    if (strcmp(output->dest, "-") != 0)
        return write_file(output, s, manifest, names, events, err);
    return write_stream(output, s, STDOUT_FILENO, manifest, names, events, err);
}
