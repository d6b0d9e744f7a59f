#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "dockerfile/lowering.h"
#include "dockerfile/platform.h"
#include "util/str.h"

/* To find the nearest of all names for each of many misspelt ones would take long. */
#define SUGGESTIONS_MAX 64

/* Which variables a word sees. */
struct scope {
    struct lowering *lo;
    bool global;
};

static const char *get(void *user, const char *name)
{
    const struct scope *scope = user;
    const struct lowering *lo = scope->lo;

    if (scope->global)
        return slip_map_get(&lo->globals, name);
    return slip_map_get(&lo->now->vars, name);
}

void slip_lower_set(struct lowering *lo, struct slip_map *map, const char *name, const char *value)
{
    slip_map_set(map, name, slip_arena_strdup(lo->arena, value));
}

void slip_lower_pairs(const struct slip_map *map, struct slip_strv *ret)
{
    for (size_t i = 0; i < map->n; i++)
        slip_strv_addf(ret, "%s=%s", map->entries[i].key, (const char *)map->entries[i].value);
}

static void add_names(const struct slip_map *map, struct slip_strv *names)
{
    for (size_t i = 0; i < map->n; i++)
        slip_strv_add(names, map->entries[i].key);
}

const char *slip_lower_suggest(struct lowering *lo, const char *name, const struct slip_strv *names)
{
    if (lo->quiet || lo->nsuggestions++ >= SUGGESTIONS_MAX)
        return NULL;
    return slip_suggest(name, (const char *const *)names->v, names->n);
}

static void report_unset(void *user, const char *name, struct slip_span at)
{
    const struct scope *scope = user;
    struct lowering *lo = scope->lo;
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;

    if (slip_map_get(scope->global ? &lo->global_names : &lo->now->known, name))
        return;
    if (!scope->global && slip_map_get(&lo->global_names, name)) {
        slip_lint_warn(lo, "UndefinedVar", at,
                       "the variable '%s' is not set: an ARG before the first FROM counts in a "
                       "stage only where 'ARG %s' repeats it",
                       name, name);
        return;
    }
    if (lo->nsuggestions < SUGGESTIONS_MAX)
        add_names(scope->global ? &lo->globals : &lo->now->vars, &names);
    const char *near = slip_lower_suggest(lo, name, &names);
    slip_lint_warn(lo, scope->global ? "UndefinedArgInFrom" : "UndefinedVar", at,
                   near ? "the variable '%s' is not set; did you mean '%s'?"
                        : "the variable '%s' is not set",
                   name, near);
}

static int expand(struct lowering *lo, bool global, bool keep_quotes, struct slip_word word,
                  const char **ret)
{
    slip_cleanup(slip_buf_release) struct slip_buf out = SLIP_BUF_INIT;
    struct scope scope = { lo, global };
    struct slip_expander expander = { .escape = keep_quotes ? '\\' : lo->ast->escape,
                                      .keep_quotes = keep_quotes,
                                      .get = get,
                                      .unset = report_unset,
                                      .user = &scope };

    if (slip_expand(&expander, word, &out, lo->err) < 0)
        return -1;
    *ret = slip_arena_strdup(lo->arena, slip_buf_str(&out));
    return 0;
}

int slip_lower_expand(struct lowering *lo, struct slip_word word, const char **ret)
{
    return expand(lo, false, false, word, ret);
}

int slip_lower_expand_global(struct lowering *lo, struct slip_word word, const char **ret)
{
    return expand(lo, true, false, word, ret);
}

int slip_lower_expand_text(struct lowering *lo, struct slip_word word, const char **ret)
{
    return expand(lo, false, true, word, ret);
}

int slip_lower_expand_split(struct lowering *lo, struct slip_word word, struct slip_strv *ret)
{
    struct scope scope = { lo, false };
    struct slip_expander expander = {
        .escape = lo->ast->escape, .get = get, .unset = report_unset, .user = &scope
    };

    return slip_expand_words(&expander, word, ret, lo->err);
}

/* Part of a word; its place is only known when the word stands in the source as it is. */
static struct slip_word part(struct lowering *lo, struct slip_word word, size_t from, size_t len)
{
    struct slip_word ret = { slip_arena_strndup(lo->arena, word.text + from, len), word.at };

    if (word.at.src && word.at.len == strlen(word.text)) {
        ret.at.off += from;
        ret.at.len = len;
    }
    return ret;
}

void slip_lower_split_pair(struct lowering *lo, struct slip_word word, struct slip_word *ret_key,
                           struct slip_word *ret_value)
{
    size_t n = strcspn(word.text, "=");

    *ret_key = part(lo, word, 0, n);
    *ret_value = (struct slip_word){ NULL, word.at };
    if (word.text[n])
        *ret_value = part(lo, word, n + 1, strlen(word.text + n + 1));
}

struct slip_word slip_lower_flag_word(const struct slip_flag *flag)
{
    size_t skip = strlen(flag->name) + 3, len = flag->value ? strlen(flag->value) : 0;
    struct slip_word word = { flag->value ? flag->value : "", flag->at };

    if (flag->at.src && flag->at.len == skip + len) {
        word.at.off += skip;
        word.at.len = len;
    }
    return word;
}

const char *const *slip_lower_list(struct lowering *lo, const struct slip_strv *list)
{
    const char **v = slip_arena_alloc(lo->arena, (list->n + 1) * sizeof *v);

    for (size_t i = 0; i < list->n; i++)
        v[i] = slip_arena_strdup(lo->arena, list->v[i]);
    return v;
}

const char *const *slip_lower_environment(struct lowering *lo)
{
    slip_cleanup(slip_strv_release) struct slip_strv list = SLIP_STRV_INIT;

    slip_lower_pairs(&lo->now->vars, &list);
    return slip_lower_list(lo, &list);
}

const char *const *slip_lower_arg_names(struct lowering *lo)
{
    slip_cleanup(slip_strv_release) struct slip_strv list = SLIP_STRV_INIT;

    add_names(&lo->now->known, &list);
    return slip_lower_list(lo, &list);
}

static const char *build_arg(const struct lowering *lo, const char *name)
{
    return lo->options->build_args ? slip_strv_getenv(lo->options->build_args, name) : NULL;
}

static void set_platform(struct lowering *lo, const char *prefix, const char *platform)
{
    static const char *const parts[] = { "OS", "ARCH", "VARIANT" };
    slip_cleanup(slip_freep) char *name = slip_xasprintf("%sPLATFORM", prefix);
    const char *p = platform;

    slip_lower_set(lo, &lo->globals, name, platform);
    slip_cleanup(slip_freep) char *version = slip_xasprintf("%sOSVERSION", prefix);
    slip_lower_set(lo, &lo->globals, version, "");
    for (size_t i = 0; i < SLIP_ARRAY_LEN(parts); i++) {
        slip_cleanup(slip_freep) char *key = slip_xasprintf("%s%s", prefix, parts[i]);
        size_t n = strcspn(p, "/");
        slip_cleanup(slip_freep) char *value = slip_xstrndup(p, n);
        slip_lower_set(lo, &lo->globals, key, value);
        p += n + (p[n] == '/');
    }
}

/* Remembers which build arguments there were. */
static int record(struct lowering *lo, struct slip_word key, const char *value)
{
    json_t *json = json_string(value);

    if (!json || json_object_set_new(lo->plan->args, key.text, json) < 0)
        return slip_fail_at(lo->err, key.at, "the value of this argument is not UTF-8");
    return 0;
}

static int set_global(struct lowering *lo, struct slip_word key, const char *value)
{
    slip_lower_set(lo, &lo->globals, key.text, value);
    return record(lo, key, value);
}

static int set_platforms(struct lowering *lo, const struct lower_stage *stage)
{
    slip_cleanup(slip_freep) char *host = slip_platform_normal("linux");
    const char *given = lo->options->platform;
    slip_cleanup(slip_freep) char *target = slip_platform_normal(given ? given : "linux");

    if (!target)
        return slip_fail(lo->err, SLIP_EUSAGE, "'%.64s' is not a platform", given);
    if (given)
        lo->platform = slip_arena_strdup(lo->arena, target);

    set_platform(lo, "BUILD", host);
    set_platform(lo, "TARGET", target);
    slip_lower_set(lo, &lo->globals, "TARGETSTAGE", stage->named ? stage->stage->name : "default");
    return 0;
}

int slip_lower_globals(struct lowering *lo, const struct lower_stage *stage)
{
    if (set_platforms(lo, stage) < 0)
        return -1;
    slip_lint_default_bases(lo);
    slip_map_release(&lo->globals);
    if (set_platforms(lo, stage) < 0)
        return -1;
    for (size_t i = 0; i < lo->globals.n; i++) { /* users may override these, too */
        const char *given = build_arg(lo, lo->globals.entries[i].key);
        if (given)
            lo->globals.entries[i].value = slip_arena_strdup(lo->arena, given);
    }
    for (size_t i = 0; i < lo->ast->ninstructions; i++) {
        const struct slip_instruction *ins = lo->ast->instructions[i];
        if (ins->kind == SLIP_INS_FROM)
            break;
        for (size_t a = 0; a < ins->nargs; a++) {
            struct slip_word key, value;
            const char *text;
            slip_lower_split_pair(lo, ins->args[a], &key, &value);
            slip_map_set(&lo->global_names, key.text, (void *)(uintptr_t) "");
            text = build_arg(lo, key.text);
            if (!text && value.text && slip_lower_expand_global(lo, value, &text) < 0)
                return -1;
            if (text && set_global(lo, key, text) < 0)
                return -1;
        }
    }
    return 0;
}

int slip_lower_arg(struct lowering *lo, const struct slip_instruction *ins)
{
    for (size_t i = 0; i < ins->nargs; i++) {
        struct slip_word key, value;
        const char *text;

        slip_lower_split_pair(lo, ins->args[i], &key, &value);
        slip_lint_secret_name(lo, ins, key.text, key.at);
        text = build_arg(lo, key.text);
        if (!text && !value.text)
            text = slip_map_get(&lo->globals, key.text);
        if (!text && value.text && slip_lower_expand(lo, value, &text) < 0)
            return -1;
        slip_map_set(&lo->now->known, key.text, (void *)(uintptr_t) "");
        if (!text)
            continue;
        slip_lower_set(lo, &lo->now->vars, key.text, text);
        if (record(lo, key, text) < 0)
            return -1;
    }
    slip_lower_history(lo, ins, false);
    return 0;
}
