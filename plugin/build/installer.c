#include "build/installer.h"

#include <ctype.h>
#include <fcntl.h>

#include "util/fs.h"
#include "util/json.h"
#include "util/mem.h"
#include "util/str.h"

#define TEXT_LIMIT ((size_t)4 << 20)
#define REPLY_LIMIT ((size_t)64 << 20)
#define DEPTH_LIMIT 8
#define FILES 20000
#define REPLY ".cmake/api/v1/reply"

struct search {
    struct slip_builder *b;
    const char *path;              /* of the installed file */
    const char *command, *keyword; /* what to look for in texts: install, TARGETS */
    char *source;                  /* owned: top of the project, or NULL */
    char *file;                    /* owned: found; relative to source, or absolute */
    size_t line;                   /* from 1 */
    char *target;                  /* owned */
    size_t files_left;             /* how many more are worth reading */
};

static void search_release(struct search *s)
{
    free(s->source);
    free(s->file);
    free(s->target);
}

static json_t *read_json(const char *dir, const char *name)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *path = slip_path_join(dir, name);

    if (slip_read_file(AT_FDCWD, path, REPLY_LIMIT, &text, &ignored) < 0)
        return NULL;
    return slip_json_parse(slip_buf_str(&text), text.len, name, &ignored);
}

/* "bin" as install() has it, for "/usr/bin/hello" whatever the prefix. */
static bool is_destination(const char *destination, const char *path)
{
    size_t n = strlen(destination), dir = (size_t)(slip_path_base(path) - path);

    while (n && destination[n - 1] == '/')
        n--;
    dir -= dir > 0; /* the slash */
    return n <= dir && strncmp(path + dir - n, destination, n) == 0 &&
           (n == dir || n == 0 || path[dir - n - 1] == '/');
}

static bool installs(const json_t *installer, const char *path)
{
    const char *destination = slip_json_str(installer, "destination");
    const json_t *one;
    size_t i;

    if (!destination || !is_destination(destination, path))
        return false;
    json_array_foreach (json_object_get(installer, "paths"), i, one) {
        const char *name = json_is_string(one) ? json_string_value(one) : slip_json_str(one, "to");
        if (name && strcmp(slip_path_base(name), slip_path_base(path)) == 0)
            return true;
    }
    return false;
}

/* An install() inside a function of the project: the outermost call that is in a CMakeLists.txt is
 * no better than the innermost, which names the rule itself. */
static bool take_backtrace(struct search *s, const json_t *directory, const json_t *installer)
{
    const json_t *graph = json_object_get(directory, "backtraceGraph");
    const json_t *at = json_object_get(installer, "backtrace");
    const json_t *node = json_array_get(json_object_get(graph, "nodes"),
                                        at ? (size_t)json_integer_value(at) : SIZE_MAX);
    json_int_t line = json_integer_value(json_object_get(node, "line"));
    const char *file = json_string_value(
        json_array_get(json_object_get(graph, "files"),
                       (size_t)json_integer_value(json_object_get(node, "file"))));
    const char *id = slip_json_str(installer, "targetId");

    if (!file || line < 1)
        return false;
    s->file = slip_xstrdup(file);
    s->line = (size_t)line;
    s->target = id ? slip_xstrndup(id, strcspn(id, ":")) : NULL;
    return true;
}

static bool search_directory(struct search *s, const char *reply, const json_t *entry)
{
    const char *name = slip_json_str(entry, "jsonFile");
    slip_cleanup(slip_json_decrefp) json_t *directory =
        name && !strchr(name, '/') ? read_json(reply, name) : NULL;
    const json_t *installer;
    size_t i;

    json_array_foreach (json_object_get(directory, "installers"), i, installer)
        if (installs(installer, s->path) && take_backtrace(s, directory, installer))
            return true;
    return false;
}

static bool search_codemodel(struct search *s, const char *reply, const char *name)
{
    slip_cleanup(slip_json_decrefp) json_t *model = read_json(reply, name);
    const json_t *configuration, *entry;
    const char *source = slip_json_str(json_object_get(model, "paths"), "source");
    size_t i, k;

    if (!source)
        return false;
    free(s->source);
    s->source = slip_xstrdup(source);
    json_array_foreach (json_object_get(model, "configurations"), i, configuration)
        json_array_foreach (json_object_get(configuration, "directories"), k, entry)
            if (search_directory(s, reply, entry))
                return true;
    return false;
}

/* The reply of the last configuring; its index is the last by name. */
static bool search_reply(struct search *s, const char *build)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_freep) char *reply = slip_path_join(build, REPLY);
    const char *model = NULL;

    if (slip_list_dir(AT_FDCWD, reply, &names, &ignored) < 0)
        return false;
    for (size_t i = 0; i < names.n; i++)
        if (slip_starts_with(names.v[i], "codemodel-v2-"))
            model = names.v[i];
    return model && search_codemodel(s, reply, model);
}

static void read_home(struct search *s, const char *build)
{
    static const char key[] = "\nCMAKE_HOME_DIRECTORY:INTERNAL=";
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *path = slip_path_join(build, "CMakeCache.txt");

    if (s->source || slip_read_file(AT_FDCWD, path, TEXT_LIMIT, &text, &ignored) < 0)
        return;
    const char *at = strstr(slip_buf_str(&text), key);
    if (at)
        s->source = slip_xstrndup(at + strlen(key), strcspn(at + strlen(key), "\n"));
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.' || c == '+';
}

/* `word` stands by itself among the arguments, at `text` up to `end`. */
static bool has_word(const char *text, const char *end, const char *word, size_t n)
{
    for (const char *p = text; (p = memmem(p, (size_t)(end - p), word, n)); p++)
        if (!is_name_char(p[-1]) && (p + n == end || !is_name_char(p[n])))
            return true;
    return false;
}

/* libfoo.so.1.2 is what the target foo makes, and hello what hello makes. */
static char *target_of(const char *path)
{
    const char *base = slip_path_base(path), *so = strstr(base, ".so");

    if (!so)
        return slip_xstrdup(base);
    if (slip_starts_with(base, "lib"))
        base += 3;
    return slip_xstrndup(base, (size_t)(so - base));
}

/* install(TARGETS ... <target> ...) in one CMakeLists.txt, or add_library(<target> ...). */
static bool search_text(struct search *s, const char *text, const char *target)
{
    size_t n = strlen(target), command = strlen(s->command);

    for (const char *p = text; (p = strstr(p, s->command)); p += command) {
        const char *open = p + command;
        open += strspn(open, " \t");
        const char *words = *open == '(' ? open + 1 + strspn(open + 1, " \t\r\n") : NULL;
        const char *end = words ? strchr(words, ')') : NULL;
        if (!end || (p > text && is_name_char(p[-1])) || !slip_starts_with(words, s->keyword) ||
            !has_word(words + strlen(s->keyword), end, target, n))
            continue;
        s->line = 1;
        for (const char *c = text; c < p; c++)
            s->line += *c == '\n';
        return true;
    }
    return false;
}

static bool search_file(struct search *s, const char *relative, const char *target)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *path = slip_path_join(s->source, relative);

    if (slip_read_file(AT_FDCWD, path, TEXT_LIMIT, &text, &ignored) < 0 ||
        !search_text(s, slip_buf_str(&text), target))
        return false;
    s->file = slip_xstrdup(relative);
    s->target = slip_xstrdup(target);
    return true;
}

static bool search_sources(struct search *s, const char *dir, const char *target, int depth)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    slip_cleanup(slip_freep) char *here = slip_path_join(s->source, dir);
    slip_cleanup(slip_freep) char *lists =
        slip_xasprintf("%s%sCMakeLists.txt", dir, *dir ? "/" : "");
    struct stat st;

    if (depth > DEPTH_LIMIT || search_file(s, lists, target))
        return depth <= DEPTH_LIMIT;
    if (slip_list_dir(AT_FDCWD, here, &names, &ignored) < 0)
        return false;
    for (size_t i = 0; i < names.n && s->files_left; i++, s->files_left--) {
        slip_cleanup(slip_freep) char *path =
            slip_xasprintf("%s%s%s", dir, *dir ? "/" : "", names.v[i]);
        slip_cleanup(slip_freep) char *whole = slip_path_join(s->source, path);
        if (names.v[i][0] != '.' && lstat(whole, &st) == 0 && S_ISDIR(st.st_mode) &&
            search_sources(s, path, target, depth + 1))
            return true;
    }
    return false;
}

/* Where a directory of the stage lies on this machine: the context that is mounted there. */
static char *outside(const struct slip_builder *b, const struct slip_run *run, const char *dir)
{
    for (size_t i = run->nmounts; i-- > 0;) {
        const struct slip_run_mount *m = &run->mounts[i];
        size_t n = strlen(m->target);
        if (m->input.origin != SLIP_FROM_CONTEXT || strncmp(dir, m->target, n) != 0 ||
            (dir[n] && dir[n] != '/'))
            continue;
        const struct slip_context *context = slip_builder_context(b, m->input.name);
        if (!context || !context->path)
            continue;
        slip_cleanup(slip_freep) char *whole =
            slip_xasprintf("%s/%s%s", context->path, m->source, dir + n);
        return slip_path_absolute(whole);
    }
    return NULL;
}

static bool search_step(struct search *s, const struct slip_run *run)
{
    slip_cleanup(slip_freep) char *build = outside(s->b, run, run->cwd);
    slip_cleanup(slip_freep) char *target = target_of(s->path);

    if (build && *s->keyword && search_reply(s, build))
        return true;
    if (build)
        read_home(s, build);
    for (size_t i = 0; i < run->nmounts && !s->source; i++)
        s->source = outside(s->b, run, run->mounts[i].target);
    return s->source && search_sources(s, "", target, 0);
}

/* The span of a whole line, from its first word on. */
static bool span_of(struct search *s, struct slip_span *ret_at)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *path = slip_path_join(s->source, s->file);
    struct slip_arena *arena = s->b->plan->arena;

    if (slip_read_file(AT_FDCWD, path, TEXT_LIMIT, &text, &ignored) < 0)
        return false;
    pthread_mutex_lock(&s->b->mutex); /* other stages are at work */
    struct slip_source *source = slip_arena_alloc(arena, sizeof *source);
    source->name = slip_arena_strdup(arena, s->file);
    source->text = slip_arena_strndup(arena, slip_buf_str(&text), text.len);
    pthread_mutex_unlock(&s->b->mutex);
    source->len = strlen(source->text);
    const char *p = source->text;
    for (size_t line = 1; line < s->line && p; line++) {
        p = strchr(p, '\n');
        p += p != NULL;
    }
    if (!p)
        return false;
    p += strspn(p, " \t");
    *ret_at = (struct slip_span){ source, (size_t)(p - source->text), strcspn(p, "\r\n") };
    return true;
}

bool slip_installer_find(struct slip_builder *b, const struct slip_stage *stage, const char *path,
                         struct slip_span *ret_at, char **ret_target)
{
    for (size_t i = 0; i < stage->nsteps; i++) {
        const struct slip_step *step = stage->steps[i];
        slip_cleanup(search_release) struct search s = {
            .b = b, .path = path, .command = "install", .keyword = "TARGETS", .files_left = FILES
        };
        if (step->op != SLIP_OP_RUN || !step->run.install || !search_step(&s, &step->run) ||
            !span_of(&s, ret_at))
            continue;
        *ret_target = s.target ? SLIP_TAKE_PTR(s.target) : slip_xstrdup(slip_path_base(path));
        return true;
    }
    return false;
}

char *slip_installer_maker(struct slip_builder *b, const struct slip_stage *stage,
                           const char *soname)
{
    for (size_t i = 0; i < stage->nsteps; i++) {
        const struct slip_step *step = stage->steps[i];
        slip_cleanup(search_release) struct search s = {
            .b = b, .path = soname, .command = "add_library", .keyword = "", .files_left = FILES
        };
        if (step->op == SLIP_OP_RUN && step->run.install && search_step(&s, &step->run))
            return SLIP_TAKE_PTR(s.target);
    }
    return NULL;
}
