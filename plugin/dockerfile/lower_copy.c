#include <string.h>

#include "dockerfile/lex.h"
#include "dockerfile/lowering.h"
#include "plan/ignore.h"
#include "plan/match.h"
#include "plan/remote.h"
#include "util/fs.h"
#include "util/str.h"

static const struct slip_flag *flag_of(const struct slip_instruction *ins, const char *name)
{
    for (size_t i = 0; i < ins->nflags; i++)
        if (strcmp(ins->flags[i].name, name) == 0)
            return &ins->flags[i];
    return NULL;
}

/* The value of a flag, expanded; NULL when it is absent. */
static int flag_text(struct lowering *lo, const struct slip_instruction *ins, const char *name,
                     const char **ret)
{
    const struct slip_flag *flag = flag_of(ins, name);

    *ret = NULL;
    return flag ? slip_lower_expand(lo, slip_lower_flag_word(flag), ret) : 0;
}

/* Items of all flags of that name, also those between commas when `commas`; NULL for none. */
static int flag_list(struct lowering *lo, const struct slip_instruction *ins, const char *name,
                     bool commas, const char *const **ret)
{
    slip_cleanup(slip_strv_release) struct slip_strv list = SLIP_STRV_INIT;

    for (size_t i = 0; i < ins->nflags; i++) {
        const char *value;
        if (strcmp(ins->flags[i].name, name) != 0)
            continue;
        if (slip_lower_expand(lo, slip_lower_flag_word(&ins->flags[i]), &value) < 0)
            return -1;
        for (const char *p = value; *p;) {
            size_t n = commas ? strcspn(p, ",") : strlen(p);
            if (n)
                slip_strv_addn(&list, p, n);
            p += n + (p[n] == ',');
        }
    }
    *ret = list.n ? slip_lower_list(lo, &list) : NULL;
    return 0;
}

/* "a/../../b" and "/b" are beneath the root of the context all the same. */
static char *clamp(const char *source)
{
    slip_cleanup(slip_freep) char *rooted = slip_xasprintf("/%s", source);
    char *clean = slip_path_clean(rooted);

    memmove(clean, clean + 1, strlen(clean));
    return clean;
}

static void warn_ignored(struct lowering *lo, const struct slip_copy *copy, const char *source,
                         struct slip_span at)
{
    slip_cleanup(slip_freep) char *path = clamp(source);

    if (copy->input.origin == SLIP_FROM_CONTEXT && !*copy->input.name && lo->ignore && *path &&
        !slip_match_is_pattern(path) && slip_ignore_match(lo->ignore, path, false))
        slip_lint_warn(lo, "CopyIgnoredFile", at, "'%s' is left out by the ignore rules", source);
}

/* --parents keeps what stands behind a "/./"; at the front it changes nothing. */
static char *source_of(const char *text, bool parents)
{
    const char *pivot = parents ? strstr(text, "/./") : NULL;
    slip_cleanup(slip_freep) char *front = slip_xstrndup(text, pivot ? (size_t)(pivot - text) : 0);
    slip_cleanup(slip_freep) char *above = clamp(front);
    slip_cleanup(slip_freep) char *below = clamp(pivot ? pivot + 2 : text);

    if (!*below)
        return slip_xstrdup(*above ? above : ".");
    return *above ? slip_xasprintf("%s/./%s", above, below) : slip_xstrdup(below);
}

bool slip_is_file_name(const char *name)
{
    return !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Texts stand in the order of the words that name them; `from` is where to look first. */
static int lower_inline(struct lowering *lo, const struct slip_instruction *ins,
                        const struct slip_heredoc *name, size_t from, struct slip_inline *ret)
{
    for (size_t i = 0; i < ins->nheredocs; i++) {
        const struct slip_heredoc *doc = &ins->heredocs[(from + i) % ins->nheredocs];
        if (strcmp(doc->name, name->name) != 0)
            continue;
        struct slip_word text = { slip_lower_heredoc_text(lo, doc), doc->at };
        if (doc->expand && slip_lower_expand_text(lo, text, &text.text) < 0)
            return -1;
        if (!slip_is_file_name(doc->name))
            return slip_fail_at(lo->err, doc->at, "'%.64s' cannot be the name of a file",
                                doc->name);
        *ret = (struct slip_inline){ doc->name, text.text };
        return 0;
    }
    return slip_fail_at(lo->err, ins->at, "the text of '%.64s' is missing", name->name);
}

/* The steps that an instruction becomes: sources with the same root follow each other in one. */
struct parts {
    struct slip_copy *v; /* in the arena */
    size_t n, nremote;
    struct slip_strv local; /* owned: sources for the next one */
};

static void parts_release(struct parts *parts)
{
    slip_strv_release(&parts->local);
}

static void end_local(struct lowering *lo, const struct slip_copy *copy, struct parts *parts)
{
    if (!parts->local.n)
        return;
    parts->v[parts->n] = *copy;
    parts->v[parts->n++].sources = slip_lower_list(lo, &parts->local);
    slip_strv_release(&parts->local);
}

/* The one name in the directory that something remote is, with nothing in it that matches. */
static const char *const *remote_sources(struct lowering *lo, const struct slip_input *input)
{
    slip_cleanup(slip_strv_release) struct slip_strv list = SLIP_STRV_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf name = SLIP_BUF_INIT;

    for (const char *p = input->remote->name ? input->remote->name : "."; *p; p++) {
        if (strchr("*?[\\", *p))
            slip_buf_putc(&name, '\\');
        slip_buf_putc(&name, *p);
    }
    slip_strv_add(&list, slip_buf_str(&name));
    return slip_lower_list(lo, &list);
}

static void add_remote(struct lowering *lo, const struct slip_instruction *ins,
                       const struct slip_copy *copy, const struct slip_input *input,
                       struct parts *parts)
{
    end_local(lo, copy, parts);
    parts->v[parts->n] = *copy;
    parts->v[parts->n].input = *input;
    parts->v[parts->n].sources = remote_sources(lo, input);
    parts->v[parts->n++].add = slip_flag_is_set(ins, "unpack"); /* never by itself */
    parts->nremote++;
}

static int lower_source(struct lowering *lo, const struct slip_instruction *ins,
                        const struct slip_word *word, const struct slip_copy *copy,
                        struct parts *parts)
{
    struct slip_input input;
    const char *text;

    if (slip_lower_expand(lo, *word, &text) < 0)
        return -1;
    int remote = slip_lower_remote(lo, ins, word, text, &input);
    if (remote) {
        if (remote > 0)
            add_remote(lo, ins, copy, &input, parts);
        return remote < 0 ? -1 : 0;
    }
    if (slip_match(text, "") < 0)
        return slip_fail_at(lo->err, word->at,
                            "'%.128s' is not a pattern: a '[' is not closed, "
                            "or a '\\' stands at the end",
                            text);
    warn_ignored(lo, copy, text, word->at);
    slip_strv_add_take(&parts->local, source_of(text, copy->parents));
    return 0;
}

/* Files in their order, then the texts that are written here. */
static int lower_sources(struct lowering *lo, const struct slip_instruction *ins,
                         const struct slip_copy *copy, struct parts *parts)
{
    struct slip_inline *inlines = slip_arena_alloc(lo->arena, ins->nargs * sizeof *inlines);
    size_t n = 0;

    parts->v = slip_arena_alloc(lo->arena, (ins->nargs + 1) * sizeof *parts->v);
    for (size_t i = 0; i + 1 < ins->nargs; i++) {
        const struct slip_word *word = &ins->args[i];
        struct slip_heredoc doc;
        if (!ins->json && slip_heredoc_word(lo->arena, word->text, strlen(word->text), &doc)) {
            if (lower_inline(lo, ins, &doc, n, &inlines[n]) < 0)
                return -1;
            n++;
        } else if (lower_source(lo, ins, word, copy, parts) < 0) {
            return -1;
        }
    }
    end_local(lo, copy, parts);
    if (!n)
        return 0;
    struct slip_copy *texts = &parts->v[parts->n++];
    *texts = *copy;
    texts->input = (struct slip_input){ .origin = SLIP_FROM_INLINE, .name = "", .at = ins->at };
    texts->sources = slip_lower_list(lo, &(struct slip_strv){ 0 });
    texts->inlines = inlines;
    texts->ninlines = n;
    texts->add = false;
    return 0;
}

static int lower_dest(struct lowering *lo, const struct slip_instruction *ins,
                      struct slip_copy *copy)
{
    const struct slip_word *word = &ins->args[ins->nargs - 1];
    struct slip_heredoc doc;
    const char *text;

    if (!ins->json && slip_heredoc_word(lo->arena, word->text, strlen(word->text), &doc)) {
        slip_fail_at(lo->err, word->at, "the destination cannot be a text that is written here");
        return slip_error_hint(lo->err, "the destination comes last: %s <<EOF /path",
                               slip_instruction_name(ins->kind));
    }
    if (slip_lower_expand(lo, *word, &text) < 0)
        return -1;
    const char *dest = slip_lower_path(lo, text);
    bool here = strcmp(text, ".") == 0 && !slip_ends_with(dest, "/");
    copy->dest = here ? slip_arena_printf(lo->arena, "%s/", dest) : dest;
    return 0;
}

/* 0644, or clauses such as u=rwX,go=rX */
static bool is_mode(const char *mode)
{
    if (*mode >= '0' && *mode <= '9')
        return strlen(mode) <= 5 && !mode[strspn(mode, "01234567")] &&
               (strlen(mode) < 5 || *mode == '0');
    for (;;) {
        mode += strspn(mode, "ugoa");
        if (!*mode || !strchr("+-=", *mode))
            return false;
        while (*mode && strchr("+-=", *mode)) {
            mode++;
            mode += strchr("ugo", *mode) && *mode ? 1 : strspn(mode, "rwxXst");
        }
        if (*mode != ',')
            return !*mode;
        mode++;
    }
}

static int lower_flags(struct lowering *lo, const struct slip_instruction *ins,
                       struct slip_copy *copy)
{
    if (flag_text(lo, ins, "chown", &copy->chown) < 0 ||
        flag_text(lo, ins, "chmod", &copy->chmod) < 0 ||
        flag_list(lo, ins, "exclude", false, &copy->exclude) < 0)
        return -1;
    if (copy->chown && !*copy->chown)
        copy->chown = NULL; /* variables that are empty */
    if (copy->chmod && !is_mode(copy->chmod)) {
        slip_fail_at(lo->err, flag_of(ins, "chmod")->at, "'%.64s' is not a mode", copy->chmod);
        return slip_error_hint(lo->err, "write 0755, or u=rwX,go=rX");
    }
    copy->link = slip_flag_is_set(ins, "link");
    copy->parents = slip_flag_is_set(ins, "parents");
    const struct slip_flag *unpack = flag_of(ins, "unpack");
    copy->add = ins->kind == SLIP_INS_ADD && (!unpack || slip_flag_is_set(ins, "unpack"));
    return 0;
}

static int lower_from(struct lowering *lo, const struct slip_instruction *ins,
                      struct slip_copy *copy)
{
    const struct slip_flag *flag = flag_of(ins, "from");
    const char *name;

    copy->input = (struct slip_input){ .origin = SLIP_FROM_CONTEXT, .name = "", .at = ins->at };
    if (!flag)
        return 0;
    struct slip_word word = slip_lower_flag_word(flag);
    if (slip_lower_from(lo, word, &name) < 0)
        return -1;
    return slip_lower_input(lo, name, lo->now->stage->index, word.at, &copy->input);
}

static const char *const classes[] = { "runtime", "dev", "doc", "debug", "none" };
#define CLASSES_OF_FILES 4 /* "none" is only what a file can be made */

/* Which of the first `count` classes, or -1. */
static int class_of_word(struct lowering *lo, const struct slip_flag *flag, const char *text,
                         size_t n, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(classes[i]) == n && strncmp(classes[i], text, n) == 0)
            return (int)i;
    slip_cleanup(slip_freep) char *word = slip_xstrndup(text, n);
    slip_fail_at(lo->err, flag->at, "there is no class '%.64s' of installed files", word);
    const char *near = slip_suggest(word, classes, count);
    return near ? slip_error_hint(lo->err, "did you mean '%s'?", near)
                : slip_error_hint(lo->err, "it is one of runtime, dev, doc, debug%s",
                                  count > CLASSES_OF_FILES ? ", or none for what no image needs"
                                                           : "");
}

static int lower_classes(struct lowering *lo, const struct slip_flag *flag, unsigned *ret)
{
    const char *value;

    *ret = 0;
    if (slip_lower_expand(lo, slip_lower_flag_word(flag), &value) < 0)
        return -1;
    if (!*value)
        value = "runtime";
    for (const char *p = value; *p;) {
        size_t n = strcspn(p, ",");
        int i = class_of_word(lo, flag, p, n, CLASSES_OF_FILES);
        if (i < 0)
            return -1;
        *ret |= 1u << i;
        p += n + (p[n] == ',');
    }
    return 0;
}

/* CLASS=GLOB, each. */
static int check_class_of(struct lowering *lo, const struct slip_instruction *ins,
                          const char *const *patterns)
{
    for (; patterns && *patterns; patterns++) {
        size_t n = strcspn(*patterns, "=");
        const struct slip_flag *flag = flag_of(ins, "class-of");
        if ((*patterns)[n] != '=' || !strchr("/*", (*patterns)[n + 1]) || !(*patterns)[n + 1]) {
            slip_fail_at(lo->err, flag->at, "--class-of needs CLASS=GLOB, not '%.96s'", *patterns);
            return slip_error_hint(lo->err, "such as --class-of=doc=/usr/share/foo/*");
        }
        if (class_of_word(lo, flag, *patterns, n, SLIP_ARRAY_LEN(classes)) < 0)
            return -1;
    }
    return 0;
}

static int check_sysroots(struct lowering *lo, const struct slip_instruction *ins,
                          const char *const *dirs)
{
    for (; dirs && *dirs; dirs++)
        if (**dirs != '/' || !(*dirs)[1])
            return slip_fail_at(lo->err, flag_of(ins, "sysroot")->at,
                                "--sysroot needs an absolute path, not '%.96s'", *dirs);
    return 0;
}

/* Flags that only make sense with --installed must not be dropped without it. */
static int check_slim_flags(struct lowering *lo, const struct slip_instruction *ins, bool installed)
{
    static const char *const with[] = { "closure",  "strip",  "runtime-files", "destdir",
                                        "only",     "dlopen", "data",          "entrypoint",
                                        "class-of", "strict", "acknowledge",   "debug-files",
                                        "sysroot" };
    static const char *const without[] = { "parents", "exclude" };
    static const char *const no_debug[] = {
        "closure",    "runtime-files", "dlopen",      "data",
        "entrypoint", "strict",        "acknowledge", "sysroot"
    };

    for (size_t i = 0; !installed && i < SLIP_ARRAY_LEN(with); i++)
        if (flag_of(ins, with[i])) {
            slip_fail_at(lo->err, flag_of(ins, with[i])->at, "--%s goes with --installed", with[i]);
            return slip_error_hint(lo->err, "write COPY --from=STAGE --installed --%s ... / /",
                                   with[i]);
        }
    for (size_t i = 0; installed && i < SLIP_ARRAY_LEN(without); i++)
        if (flag_of(ins, without[i]))
            return slip_fail_at(lo->err, flag_of(ins, without[i])->at,
                                "--%s does not go with --installed", without[i]);
    for (size_t i = 0; flag_of(ins, "debug-files") && i < SLIP_ARRAY_LEN(no_debug); i++)
        if (flag_of(ins, no_debug[i]))
            return slip_fail_at(lo->err, flag_of(ins, no_debug[i])->at,
                                "--%s does not go with --debug-files", no_debug[i]);
    return 0;
}

static int lower_slim(struct lowering *lo, const struct slip_instruction *ins,
                      struct slip_copy *copy)
{
    const struct slip_flag *installed = flag_of(ins, "installed");

    if (check_slim_flags(lo, ins, installed != NULL) < 0)
        return -1;
    if (!installed)
        return 0;
    struct slip_slim *slim = slip_arena_alloc(lo->arena, sizeof *slim);
    if (lower_classes(lo, installed, &slim->classes) < 0 ||
        flag_text(lo, ins, "destdir", &slim->destdir) < 0 ||
        flag_text(lo, ins, "entrypoint", &slim->entrypoint) < 0 ||
        flag_list(lo, ins, "only", true, &slim->only) < 0 ||
        flag_list(lo, ins, "dlopen", true, &slim->dlopen) < 0 ||
        flag_list(lo, ins, "data", true, &slim->data) < 0 ||
        flag_list(lo, ins, "class-of", true, &slim->class_of) < 0 ||
        flag_list(lo, ins, "acknowledge", true, &slim->acknowledge) < 0 ||
        flag_list(lo, ins, "sysroot", true, &slim->sysroots) < 0 ||
        check_sysroots(lo, ins, slim->sysroots) < 0 || check_class_of(lo, ins, slim->class_of) < 0)
        return -1;
    static const char *const none[] = { NULL };
    slim->dlopen = slim->dlopen ? slim->dlopen : none;
    slim->data = slim->data ? slim->data : none;
    slim->closure = slip_flag_is_set(ins, "closure");
    slim->strict = slip_flag_is_set(ins, "strict");
    if (slim->strict)
        slim->strict_at = flag_of(ins, "strict")->at;
    slim->debug_files = slip_flag_is_set(ins, "debug-files");
    slim->strip = slim->debug_files || slip_flag_is_set(ins, "strip");
    slim->runtime_files = slip_flag_is_set(ins, "runtime-files");
    if (slim->destdir && *slim->destdir && *slim->destdir != '/')
        return slip_fail_at(lo->err, flag_of(ins, "destdir")->at,
                            "--destdir needs an absolute path");
    slip_cleanup(slip_freep) char *clean =
        slim->destdir && *slim->destdir ? slip_path_clean(slim->destdir) : slip_xstrdup("");
    slim->destdir = slip_arena_strdup(lo->arena, strcmp(clean, "/") == 0 ? "" : clean);
    if (copy->input.origin != SLIP_FROM_STAGE) {
        slip_fail_at(lo->err, installed->at, "--installed needs --from=STAGE");
        return slip_error_hint(lo->err, "the files are those that RUN --install wrote there");
    }
    if (ins->nargs != 2 || strcmp(ins->args[0].text, "/") != 0) {
        slip_fail_at(lo->err, ins->at, "COPY --installed takes all that was installed");
        return slip_error_hint(lo->err, "write / as its only source, and choose with --only or "
                                        "--installed=CLASS");
    }
    copy->slim = slim;
    return 0;
}

int slip_lower_copy(struct lowering *lo, const struct slip_instruction *ins)
{
    slip_cleanup(parts_release) struct parts parts = { 0 };
    struct slip_copy copy = { 0 };

    if (lower_from(lo, ins, &copy) < 0 || lower_flags(lo, ins, &copy) < 0 ||
        lower_dest(lo, ins, &copy) < 0 || lower_slim(lo, ins, &copy) < 0 ||
        lower_sources(lo, ins, &copy, &parts) < 0 ||
        slip_lower_check_checksum(lo, ins, parts.nremote) < 0)
        return -1;
    for (size_t i = 0; i < parts.n; i++) {
        slip_lower_step(lo, SLIP_OP_COPY, ins)->copy = parts.v[i];
        slip_lower_history(lo, ins, true);
    }
    return 0;
}
