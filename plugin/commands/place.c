#include "commands/place.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "build/context.h"
#include "build/locate.h"
#include "build/remote.h"
#include "plan/remote.h"
#include "store/blob.h"
#include "util/fs.h"
#include "util/source.h"
#include "util/str.h"

#define STDIN_BYTES ((uint64_t)64 << 30)

static const char *path_of(struct slip_session *s, const char *snapshot)
{
    slip_cleanup(slip_freep) char *path = slip_context_path(&s->store, snapshot);

    return slip_arena_strdup(&s->arena, path);
}

static int take_snapshot(struct slip_session *s, const char *snapshot, struct slip_place *ret)
{
    ret->dir = path_of(s, snapshot);
    ret->fetched = true;
    return 0;
}

/* --- standard input ------------------------------------------------------------------------ */

static int take_stdin(struct slip_draft *draft, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *chunk = slip_xmalloc((size_t)128 << 10);

    for (ssize_t n; (n = slip_read_full(STDIN_FILENO, chunk, (size_t)128 << 10)) != 0;) {
        if (n < 0)
            return slip_fail_errno(err, "cannot read standard input");
        if ((uint64_t)n > STDIN_BYTES - draft->size)
            return slip_fail(err, SLIP_EINPUT, "the context on standard input is too large");
        if (slip_draft_write(draft, chunk, (size_t)n, err) < 0)
            return -1;
    }
    if (draft->size == 0)
        return slip_fail(err, SLIP_EINPUT, "there is nothing on standard input");
    return lseek(draft->fd, 0, SEEK_SET) < 0 ? slip_fail_errno(err, "cannot read the context") : 0;
}

static int take_text(struct slip_session *s, const struct slip_draft *draft, struct slip_place *ret,
                     struct slip_error *err)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    char path[32], snapshot[65];

    if (slip_read_file(AT_FDCWD, slip_fd_path(draft->fd, path), SLIP_SOURCE_LIMIT, &text, err) < 0)
        return slip_error_context(err, "standard input is no archive, and no Dockerfile");
    ret->text = slip_arena_strndup(&s->arena, slip_buf_str(&text), text.len);
    return slip_context_empty(&s->store, snapshot, err) < 0 ? -1 : take_snapshot(s, snapshot, ret);
}

static int open_stdin(struct slip_session *s, struct slip_place *ret, struct slip_error *err)
{
    slip_cleanup(slip_draft_release) struct slip_draft draft = SLIP_DRAFT_INIT;
    struct slip_digest digest;
    char snapshot[65];

    if (slip_draft_open(&draft, &s->store, err) < 0 || take_stdin(&draft, err) < 0)
        return -1;
    int is_tar = slip_context_is_tar(draft.fd, err);
    if (is_tar <= 0)
        return is_tar < 0 ? -1 : take_text(s, &draft, ret, err);
    slip_sha256_finish(&draft.sha, &digest);
    if (slip_context_from_tar(&s->store, draft.fd, digest.hex, snapshot, err) < 0)
        return -1;
    return take_snapshot(s, snapshot, ret);
}

/* --- files and remote places ----------------------------------------------------------------- */

static int unpack_file(struct slip_session *s, const char *file, char ret[65],
                       struct slip_error *err)
{
    slip_cleanup(slip_closep) int fd = open(file, O_RDONLY | O_CLOEXEC);
    char content[65];
    bool is_dir;

    if (fd < 0)
        return slip_fail_errno(err, "cannot open the build context '%s'", file);
    int is_tar = slip_context_is_tar(fd, err);
    if (is_tar < 0)
        return slip_error_context(err, "'%s'", file);
    if (!is_tar) {
        slip_fail(err, SLIP_EUSAGE, "the build context '%s' is neither a directory nor a tar",
                  file);
        return slip_error_hint(err, "a Dockerfile is named with -f");
    }
    return slip_locate_rootfs(&s->store, file, content, &is_dir, err) < 0
               ? -1
               : slip_context_from_tar(&s->store, fd, content, ret, err);
}

const char *slip_place_unpack(struct slip_session *s, const char *file, struct slip_error *err)
{
    char snapshot[65];

    if (slip_session_store(s, err) < 0 || unpack_file(s, file, snapshot, err) < 0)
        return NULL;
    return path_of(s, snapshot);
}

/* What a URL gives is called `context`, as in BuildKit. */
static int open_url(struct slip_session *s, struct slip_remote *remote, struct slip_place *ret,
                    struct slip_error *err)
{
    struct slip_fetched fetched;
    char snapshot[65];

    remote->name = "context";
    if (slip_remote_fetch(&s->sources, remote, &fetched, err) < 0)
        return -1;
    slip_cleanup(slip_freep) char *dir = slip_context_path(&s->store, fetched.snapshot);
    slip_cleanup(slip_freep) char *file = slip_path_join(dir, "context");
    slip_cleanup(slip_closep) int fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int is_tar = fd < 0 ? slip_fail_errno(err, "cannot open what was fetched")
                        : slip_context_is_tar(fd, err);
    if (is_tar < 0)
        return -1;
    if (!is_tar) {
        ret->dockerfile = "context";
        return take_snapshot(s, fetched.snapshot, ret);
    }
    if (slip_context_from_tar(&s->store, fd, fetched.identity, snapshot, err) < 0)
        return -1;
    return take_snapshot(s, snapshot, ret);
}

const struct slip_source *slip_place_source(struct slip_session *s, const char *url,
                                            struct slip_error *err)
{
    struct slip_fetched fetched;
    struct slip_remote remote;

    if (slip_session_store(s, err) < 0 || slip_remote_parse(&s->arena, url, &remote, err) < 0)
        return NULL;
    if (remote.kind == SLIP_REMOTE_GIT) {
        slip_fail(err, SLIP_EUSAGE, "-f takes a file, and '%s' is a repository", remote.shown);
        return NULL;
    }
    if (slip_remote_fetch(&s->sources, &remote, &fetched, err) < 0)
        return NULL;
    slip_cleanup(slip_freep) char *dir = slip_context_path(&s->store, fetched.snapshot);
    slip_cleanup(slip_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return slip_source_read_in(&s->arena, fd, remote.name, remote.shown, err);
}

static int open_git(struct slip_session *s, const struct slip_remote *remote,
                    struct slip_place *ret, struct slip_error *err)
{
    struct slip_fetched fetched;
    struct stat st;

    if (slip_remote_fetch(&s->sources, remote, &fetched, err) < 0)
        return -1;
    take_snapshot(s, fetched.snapshot, ret);
    ret->time = stat(ret->dir, &st) == 0 ? (int64_t)st.st_mtim.tv_sec : 0;
    return 0;
}

static int open_remote(struct slip_session *s, struct slip_remote *remote, struct slip_place *ret,
                       struct slip_error *err)
{
    return remote->kind == SLIP_REMOTE_GIT ? open_git(s, remote, ret, err)
                                           : open_url(s, remote, ret, err);
}

int slip_place_open(struct slip_session *s, const char *where, struct slip_place *ret,
                    struct slip_error *err)
{
    struct slip_remote remote;
    char snapshot[65];
    struct stat st;

    *ret = (struct slip_place){ .dir = where ? where : "." };
    bool is_stdin = where && strcmp(where, "-") == 0;
    bool is_there = !is_stdin && stat(ret->dir, &st) == 0;
    if (!where || (is_there && S_ISDIR(st.st_mode)))
        return 0;
    if (!is_stdin && !is_there) {
        if (slip_remote_parse_context(&s->arena, where, &remote, err) < 0) {
            err->code = SLIP_EUSAGE;
            return -1;
        }
        if (remote.kind == SLIP_REMOTE_NONE)
            return 0; /* who opens it says that it is not there */
    }
    if (slip_session_store(s, err) < 0)
        return -1;
    if (is_stdin)
        return open_stdin(s, ret, err);
    if (!is_there)
        return open_remote(s, &remote, ret, err);
    return unpack_file(s, where, snapshot, err) < 0 ? -1 : take_snapshot(s, snapshot, ret);
}
