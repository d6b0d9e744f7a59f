/* lower_add.c - sources of ADD that are not in the context: URLs and git repositories. */
#include <string.h>

#include "dockerfile/lowering.h"
#include "plan/remote.h"
#include "util/str.h"

static const struct slip_flag *flag_of(const struct slip_instruction *ins, const char *name)
{
    for (size_t i = 0; i < ins->nflags; i++)
        if (strcmp(ins->flags[i].name, name) == 0)
            return &ins->flags[i];
    return NULL;
}

static int set_checksum(struct lowering *lo, const struct slip_instruction *ins,
                        struct slip_remote *remote)
{
    const struct slip_flag *flag = flag_of(ins, "checksum");
    bool is_git = remote->kind == SLIP_REMOTE_GIT;
    const char *text;

    if (!flag)
        return 0;
    if (slip_lower_expand(lo, slip_lower_flag_word(flag), &text) < 0)
        return -1;
    if (!*text) /* a variable that is not set; as if the flag were not there */
        return 0;
    if (!slip_remote_is_checksum(remote->kind, text)) {
        slip_fail_at(lo->err, flag->at, "'%.160s' is not a checksum", text);
        return slip_error_hint(lo->err, is_git ? "of git it is the commit, in hexadecimal digits"
                                               : "write sha256:<64 hexadecimal digits>");
    }
    if (remote->checksum && strcmp(remote->checksum, text) != 0)
        return slip_fail_at(lo->err, flag->at, "--checksum and the URL name different commits");
    remote->checksum = text;
    return 0;
}

static int set_keep_git_dir(struct lowering *lo, const struct slip_instruction *ins,
                            struct slip_remote *remote)
{
    const struct slip_flag *flag = flag_of(ins, "keep-git-dir");
    bool keep = slip_flag_is_set(ins, "keep-git-dir");

    if (flag && remote->keep_git_dir_set && keep != remote->keep_git_dir)
        return slip_fail_at(lo->err, flag->at, "--keep-git-dir and the URL contradict each other");
    remote->keep_git_dir = remote->keep_git_dir || keep;
    if (*remote->subdir) /* there is no repository of a part */
        remote->keep_git_dir = false;
    return 0;
}

static int refuse_copy(struct lowering *lo, const struct slip_word *word,
                       const struct slip_remote *remote)
{
    slip_fail_at(lo->err, word->at, "COPY cannot fetch '%.128s'", remote->shown);
    return slip_error_hint(lo->err, "ADD can");
}

/* A URL that nobody fetches is no path either. */
static int refuse_scheme(struct lowering *lo, const struct slip_word *word, const char *text)
{
    static const char *const schemes[] = { "ftp://", "ftps://", "s3://", "file://" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(schemes); i++)
        if (slip_starts_with(text, schemes[i])) {
            slip_fail_at(lo->err, word->at, "'%s' cannot be fetched", schemes[i]);
            return slip_error_hint(lo->err, "ADD takes http://, https:// and git repositories");
        }
    return 0;
}

int slip_lower_remote(struct lowering *lo, const struct slip_instruction *ins,
                      const struct slip_word *word, const char *text, struct slip_input *ret)
{
    struct slip_remote *remote = slip_arena_alloc(lo->arena, sizeof *remote);

    if (flag_of(ins, "from"))
        return 0;
    if (slip_remote_parse(lo->arena, text, remote, lo->err) < 0) {
        lo->err->at = word->at;
        return -1;
    }
    if (remote->kind == SLIP_REMOTE_NONE)
        return refuse_scheme(lo, word, text);
    if (ins->kind == SLIP_INS_COPY)
        return refuse_copy(lo, word, remote);
    if (set_checksum(lo, ins, remote) < 0 || set_keep_git_dir(lo, ins, remote) < 0)
        return -1;
    *ret = (struct slip_input){
        .origin = remote->kind == SLIP_REMOTE_GIT ? SLIP_FROM_GIT : SLIP_FROM_URL,
        .name = remote->shown,
        .at = word->at,
        .remote = remote,
    };
    return 1;
}

int slip_lower_check_checksum(struct lowering *lo, const struct slip_instruction *ins,
                              size_t nremote)
{
    const struct slip_flag *flag = flag_of(ins, "checksum");
    const char *text;

    if (!flag)
        return 0;
    if (slip_lower_expand(lo, slip_lower_flag_word(flag), &text) < 0)
        return -1;
    if (!*text)
        return 0;
    if (ins->nargs != 2)
        return slip_fail_at(lo->err, flag->at, "--checksum is for a single source");
    return nremote ? 0
                   : slip_fail_at(lo->err, flag->at,
                                  "--checksum is for a URL or a git repository");
}
