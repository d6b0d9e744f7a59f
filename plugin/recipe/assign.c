#include "recipe/assign.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "recipe/check.h"
#include "recipe/quote.h"
#include "util/fs.h"
#include "util/str.h"

/* Room for one more pointer in an array of the recipe. */
static void *add(struct slip_arena *arena, void *list, size_t n, size_t *cap, void *item)
{
    void **v = list;

    if (n == *cap) {
        *cap = *cap ? 2 * *cap : 4;
        void **larger = slip_arena_alloc(arena, *cap * sizeof *larger);
        if (n)
            memcpy(larger, v, n * sizeof *larger);
        v = larger;
    }
    v[n] = item;
    return v;
}

static void *find_or_add_stage(struct slip_recipe *recipe, const char *name, struct slip_span at)
{
    for (size_t i = 0; i < recipe->nstages; i++)
        if (strcmp(recipe->stages[i]->name, name) == 0)
            return recipe->stages[i];
    struct slip_recipe_stage *stage = slip_arena_alloc(recipe->arena, sizeof *stage);
    *stage = (struct slip_recipe_stage){ .name = name, .at = at };
    recipe->stages =
        add(recipe->arena, recipe->stages, recipe->nstages, &recipe->stages_cap, stage);
    recipe->nstages++;
    return stage;
}

static void *find_or_add_copy(struct slip_recipe *recipe, const char *name, struct slip_span at)
{
    for (size_t i = 0; *name && i < recipe->ncopies; i++)
        if (strcmp(recipe->copies[i]->name, name) == 0)
            return recipe->copies[i];
    struct slip_recipe_copy *copy = slip_arena_alloc(recipe->arena, sizeof *copy);
    *copy = (struct slip_recipe_copy){ .name = name, .at = at };
    recipe->copies = add(recipe->arena, recipe->copies, recipe->ncopies, &recipe->copies_cap, copy);
    recipe->ncopies++;
    return copy;
}

static void *find_or_add_test(struct slip_recipe *recipe, const char *name, struct slip_span at)
{
    for (size_t i = 0; i < recipe->ntests; i++)
        if (strcmp(recipe->tests[i]->name, name) == 0)
            return recipe->tests[i];
    struct slip_recipe_test *test = slip_arena_alloc(recipe->arena, sizeof *test);
    *test = (struct slip_recipe_test){ .name = name, .at = at };
    recipe->tests = add(recipe->arena, recipe->tests, recipe->ntests, &recipe->tests_cap, test);
    recipe->ntests++;
    return test;
}

static int check_stage_name(const struct slip_recipe *recipe, const struct slip_value *name,
                            struct slip_error *err)
{
    static const char *const taken[] = { "runtime", "scratch", "host",
                                         "tree",    "context", "build-tree" };

    if (slip_check_name(name, err) < 0)
        return -1;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(taken); i++)
        if (strcmp(taken[i], name->text) == 0 && !(i == 0 && recipe->image.stage.text)) {
            slip_fail_at(err, name->at, "a stage cannot be called '%s'", name->text);
            return slip_error_hint(err, "the name has a meaning of its own; choose another");
        }
    return 0;
}

static int named(struct slip_assign *assign, const struct slip_value *name, struct slip_span line,
                 struct slip_error *err)
{
    struct slip_recipe *recipe = assign->recipe;

    if (strcmp(assign->section->name, "stage") == 0) {
        if (check_stage_name(recipe, name, err) < 0)
            return -1;
        assign->to = find_or_add_stage(recipe, name->text, name->at);
    } else if (strcmp(assign->section->name, "copy") == 0) {
        assign->to = find_or_add_copy(recipe, name->text, line);
    } else {
        assign->to = find_or_add_test(recipe, name->text, line);
    }
    return 0;
}

int slip_assign_section(struct slip_assign *assign, struct slip_span name, struct slip_error *err)
{
    struct slip_recipe *recipe = assign->recipe;
    const char *text = name.src->text + name.off;
    size_t word = 0, gap;

    while (word < name.len && text[word] != ' ' && text[word] != '\t')
        word++;
    for (gap = word; gap < name.len && (text[gap] == ' ' || text[gap] == '\t');)
        gap++;
    struct slip_span kind = { name.src, name.off, word };
    struct slip_span rest = { name.src, name.off + gap, name.len - gap };
    struct slip_value label = { slip_span_text(recipe->arena, rest), rest, rest };

    assign->section = slip_section_find(kind, err);
    if (!assign->section)
        return -1;
    struct slip_span *first = &recipe->sections[assign->section - slip_sections];
    if (!first->src)
        *first = name;
    if (assign->section->kind == SLIP_SECTION_ONE || assign->section->kind == SLIP_SECTION_FREE) {
        assign->to = (char *)recipe + assign->section->offset;
        if (!rest.len)
            return 0;
        slip_fail_at(err, rest, "[%s] has no name", assign->section->name);
        return slip_error_hint(err, "write '[%s]'", assign->section->name);
    }
    if (assign->section->kind == SLIP_SECTION_NAMED && !rest.len) {
        slip_fail_at(err, name, "[%s] needs a name", assign->section->name);
        return slip_error_hint(err, "write something like '[%s first]'", assign->section->name);
    }
    return named(assign, &label, name, err);
}

static int not_one_of(const struct slip_value *value, const char *choices, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv words = SLIP_STRV_INIT;

    if (slip_shell_split(choices, strlen(choices), value->at, &words, err) < 0)
        return -1;
    slip_fail_at(err, value->at, "'%s' is not one of: %s", value->text, choices);
    const char *near = slip_suggest(value->text, (const char *const *)words.v, words.n);
    return near ? slip_error_hint(err, "did you mean '%s'?", near) : -1;
}

static int check_choice(const struct slip_value *value, const char *choices, struct slip_error *err)
{
    size_t n = strlen(value->text);

    for (const char *p = choices; *p; p += strspn(p, " ")) {
        size_t m = strcspn(p, " ");
        if (n == m && strncmp(p, value->text, n) == 0)
            return 0;
        p += m;
    }
    return not_one_of(value, choices, err);
}

static int check_yesno(struct slip_value *value, struct slip_error *err)
{
    static const struct {
        const char *word, *means;
    } words[] = {
        { "yes", "yes" }, { "no", "no" },  { "true", "yes" }, { "false", "no" },
        { "on", "yes" },  { "off", "no" }, { "1", "yes" },    { "0", "no" },
    };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(words); i++)
        if (strcasecmp(words[i].word, value->text) == 0) {
            value->text = words[i].means;
            return 0;
        }
    slip_fail_at(err, value->at, "'%s' is neither yes nor no", value->text);
    return -1;
}

static const char *absolute(struct slip_assign *assign, const char *path)
{
    slip_cleanup(slip_freep) char *joined = slip_path_join(assign->dir, path);
    slip_cleanup(slip_freep) char *clean = slip_path_clean(joined);

    return slip_arena_strdup(assign->recipe->arena, clean);
}

/* A base that is a path of this machine gets it absolute; the tag of oci:DIR:TAG goes along. */
static const char *absolute_base(struct slip_assign *assign, const char *base)
{
    static const char *const kinds[] = { "rootfs:", "oci:", "oci-archive:", "docker-archive:" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(kinds); i++)
        if (slip_starts_with(base, kinds[i]) && base[strlen(kinds[i])] != '$')
            return slip_arena_printf(assign->recipe->arena, "%s%s", kinds[i],
                                     absolute(assign, base + strlen(kinds[i])));
    return base;
}

/* What one value must be, by the type of its key. */
static int check_value(struct slip_assign *assign, const struct slip_key *key,
                       struct slip_value *value, struct slip_error *err)
{
    slip_cleanup(slip_error_release) struct slip_error why = SLIP_ERROR_INIT;
    uint64_t size;

    if (key->type == SLIP_KEY_YESNO)
        return check_yesno(value, err);
    if (key->choices)
        return check_choice(value, key->choices, err);
    if (key->type == SLIP_KEY_SIZE && slip_parse_file_size(value->text, &size, &why) < 0) {
        slip_fail_at(err, value->at, "%s", why.msg);
        return slip_error_hint(err, "%s", why.hint);
    }
    if (key->type == SLIP_KEY_WORD && strpbrk(value->text, " \t")) {
        slip_fail_at(err, value->at, "'%s' has one value, without blanks", key->name);
        return -1;
    }
    if (key->type == SLIP_KEY_PATH)
        value->text = absolute(assign, value->text);
    if (key->type == SLIP_KEY_BASE)
        value->text = absolute_base(assign, value->text);
    return key->check ? key->check(value, err) : 0;
}

static int check_list(struct slip_assign *assign, const struct slip_key *key,
                      struct slip_values *list, size_t from, struct slip_error *err)
{
    for (size_t i = from; i < list->n; i++)
        if (check_value(assign, key, &list->v[i], err) < 0)
            return -1;
    return 0;
}

static int twice(const struct slip_key *key, struct slip_span before,
                 const struct slip_assignment *from, struct slip_error *err)
{
    if (before.src != from->key.src)
        return 0; /* never given, or by an included file */
    slip_fail_at(err, from->key, "'%s' is given twice", key->name);
    return slip_error_hint(err, "the first one stands on line %u", slip_span_line(before));
}

static int read_one(struct slip_assign *assign, const struct slip_key *key,
                    const struct slip_assignment *from, struct slip_value *ret,
                    struct slip_error *err)
{
    struct slip_value value;

    if (twice(key, ret->key, from, err) < 0 ||
        slip_value_read_one(assign->recipe->arena, from, &value, err) < 0)
        return -1;
    if (!value.text[0])
        value.text = NULL; /* as if it had not been written */
    else if (check_value(assign, key, &value, err) < 0)
        return -1;
    *ret = value;
    return 0;
}

static int read_many(struct slip_assign *assign, const struct slip_key *key,
                     const struct slip_assignment *from, struct slip_values *ret,
                     struct slip_error *err)
{
    struct slip_arena *arena = assign->recipe->arena;
    size_t had = ret->n;
    int rc;

    if (key->type == SLIP_KEY_COMMAND && twice(key, ret->key, from, err) < 0)
        return -1;
    switch (key->type) {
    case SLIP_KEY_LIST:
        rc = slip_value_read_list(arena, from, ret, err);
        break;
    case SLIP_KEY_LINES:
        rc = slip_value_read_lines(arena, from, ret, err);
        break;
    case SLIP_KEY_PAIRS:
        rc = slip_value_read_pairs(arena, from, ret, err);
        break;
    case SLIP_KEY_FACTS:
        rc = slip_value_read_pairs(arena, from, ret, err);
        for (size_t i = had; i < ret->n; i++)
            ret->v[i].text = slip_quote_plain(arena, ret->v[i].text);
        break;
    default:
        rc = slip_value_read_command(arena, from, ret, err);
        had = 0;
    }
    return rc < 0 ? -1 : check_list(assign, key, ret, had < ret->n ? had : ret->n, err);
}

static int read_script(struct slip_assign *assign, const struct slip_key *key,
                       const struct slip_assignment *from, struct slip_script *ret,
                       struct slip_error *err)
{
    if (twice(key, ret->key, from, err) < 0)
        return -1;
    slip_value_read_script(assign->recipe->arena, from, ret);
    if (!ret->text[0])
        ret->text = NULL;
    return 0;
}

static bool is_many(const struct slip_key *key)
{
    return key->type == SLIP_KEY_LIST || key->type == SLIP_KEY_LINES ||
           key->type == SLIP_KEY_PAIRS || key->type == SLIP_KEY_FACTS ||
           key->type == SLIP_KEY_COMMAND;
}

static int read_step(struct slip_assign *assign, const struct slip_key *key,
                     const struct slip_assignment *from, struct slip_error *err)
{
    struct slip_recipe_stage *stage = assign->to;
    struct slip_arena *arena = assign->recipe->arena;
    struct slip_recipe_step step = { .key = key };
    struct slip_value one = { 0 };

    if (strcmp(key->name, "from") == 0)
        return read_one(assign, key, from, &stage->from, err);
    if (strcmp(key->name, "platform") == 0)
        return read_one(assign, key, from, &stage->platform, err);
    if (is_many(key)                   ? read_many(assign, key, from, &step.values, err) < 0
        : key->type == SLIP_KEY_SCRIPT ? read_script(assign, key, from, &step.script, err) < 0
                                       : read_one(assign, key, from, &one, err) < 0)
        return -1;
    if (one.text)
        slip_values_add(arena, &step.values, one);
    if (stage->nsteps == stage->cap) {
        stage->cap = stage->cap ? 2 * stage->cap : 4;
        struct slip_recipe_step *larger = slip_arena_alloc(arena, stage->cap * sizeof *larger);
        if (stage->nsteps)
            memcpy(larger, stage->steps, stage->nsteps * sizeof *larger);
        stage->steps = larger;
    }
    stage->steps[stage->nsteps++] = step;
    return 0;
}

static int read_arg(struct slip_assign *assign, const struct slip_assignment *from,
                    struct slip_error *err)
{
    static const struct slip_key any = { .name = "args", .type = SLIP_KEY_TEXT };
    struct slip_recipe *recipe = assign->recipe;
    struct slip_value name = { slip_span_text(recipe->arena, from->key), from->key, from->key };
    struct slip_value value = { 0 };

    if (slip_check_variable(&name, err) < 0 || read_one(assign, &any, from, &value, err) < 0)
        return -1;
    if (!value.text)
        value.text = "";
    for (size_t i = 0; i < recipe->args.n; i++) {
        struct slip_value *arg = &recipe->args.v[i];
        slip_cleanup(slip_freep) char *had =
            slip_xstrndup(arg->key.src->text + arg->key.off, arg->key.len);
        if (strcmp(had, name.text) != 0)
            continue;
        if (twice(&(struct slip_key){ .name = name.text }, arg->key, from, err) < 0)
            return -1;
        *arg = value;
        return 0;
    }
    slip_values_add(recipe->arena, &recipe->args, value);
    return 0;
}

/* An indented line that reads '[runtime]' was not meant to be text of the key above it. */
static int check_indented_sections(const struct slip_assignment *from, struct slip_error *err)
{
    for (size_t i = 1; i < from->n; i++) {
        slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
        struct slip_span at = from->lines[i].at;
        const char *text = at.src->text + at.off;
        struct slip_span word = { at.src, at.off + 1, strcspn(text, " \t]") - 1 };
        if (at.len < 3 || text[0] != '[' || memchr(text, ']', at.len) != text + at.len - 1 ||
            !slip_section_find(word, &ignored))
            continue;
        slip_fail_at(err, at, "an indented line is more of the value above it");
        return slip_error_hint(err, "begin the section at the first column");
    }
    return 0;
}

int slip_assign_key(struct slip_assign *assign, const struct slip_assignment *from,
                    struct slip_error *err)
{
    if (check_indented_sections(from, err) < 0)
        return -1;
    if (assign->section->kind == SLIP_SECTION_FREE)
        return read_arg(assign, from, err);
    const struct slip_key *key = slip_key_find(assign->section, from->key, err);
    if (!key)
        return -1;
    if (strcmp(assign->section->name, "stage") == 0)
        return read_step(assign, key, from, err);
    void *field = (char *)assign->to + key->offset;
    if (key->type == SLIP_KEY_SCRIPT)
        return read_script(assign, key, from, field, err);
    if (is_many(key))
        return read_many(assign, key, from, field, err);
    return read_one(assign, key, from, field, err);
}

bool slip_assign_given(const struct slip_recipe *recipe, const char *section, const char *except,
                       struct slip_span *ret_at)
{
    for (size_t i = 0; i < slip_nsections; i++) {
        const struct slip_section *s = &slip_sections[i];
        if (strcmp(s->name, section) != 0)
            continue;
        for (size_t k = 0; k < s->n; k++) {
            const char *field = (const char *)recipe + s->offset + s->keys[k].offset;
            const char *among = except ? strstr(except, s->keys[k].name) : NULL;
            size_t n = strlen(s->keys[k].name);
            if (among && (among[n] == ' ' || !among[n]) && (among == except || among[-1] == ' '))
                continue;
            *ret_at = s->keys[k].type == SLIP_KEY_SCRIPT ? ((const struct slip_script *)field)->key
                      : is_many(&s->keys[k])             ? ((const struct slip_values *)field)->key
                                                         : ((const struct slip_value *)field)->key;
            if (ret_at->src)
                return true;
        }
    }
    return false;
}
