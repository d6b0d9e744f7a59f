#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "dockerfile/lex.h"
#include "dockerfile/lowering.h"
#include "dockerfile/rules.h"
#include "util/secret.h"
#include "util/str.h"

static void split_rules(const char *text, size_t len, struct slip_strv *ret, bool *ret_all)
{
    for (size_t i = 0; i < len;) {
        size_t n = strcspn(text + i, ",;");
        if (n > len - i)
            n = len - i;
        while (n && slip_is_blank(text[i]))
            i++, n--;
        size_t m = n;
        while (m && slip_is_blank(text[i + m - 1]))
            m--;
        if (m)
            slip_strv_addn(ret, text + i, m);
        i += n + 1;
    }
    *ret_all = slip_strv_has(ret, "all");
}

static int parse_bool(const char *text, size_t len, bool *ret)
{
    static const char *const words[] = { "0", "f", "false", "1", "t", "true" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(words); i++)
        if (strlen(words[i]) == len && strncasecmp(words[i], text, len) == 0) {
            *ret = i >= SLIP_ARRAY_LEN(words) / 2;
            return 0;
        }
    return -1;
}

/* One KEY=VALUE of the options; blanks around either do not count. */
static int set_option(struct lowering *lo, const char *text, size_t len, struct slip_span at)
{
    while (len && slip_is_blank(*text))
        text++, len--;
    size_t key = 0;
    while (key < len && text[key] != '=')
        key++;
    if (key == len) {
        slip_fail_at(lo->err, at, "'%.*s' is not an option of check", (int)len, text);
        return slip_error_hint(lo->err, "write check=skip=Rule1,Rule2;error=true");
    }
    const char *value = text + key + 1;
    size_t n = len - key - 1;
    while (key && slip_is_blank(text[key - 1]))
        key--;
    while (n && slip_is_blank(*value))
        value++, n--;
    while (n && slip_is_blank(value[n - 1]))
        n--;
    if (key == 4 && strncasecmp(text, "skip", 4) == 0) {
        split_rules(value, n, &lo->skip, &lo->skip_all);
    } else if (key == 12 && strncasecmp(text, "experimental", 12) == 0) {
        split_rules(value, n, &lo->experimental, &lo->all_experimental);
    } else if (key == 5 && strncasecmp(text, "error", 5) == 0) {
        if (parse_bool(value, n, &lo->warnings_fail) < 0)
            return slip_fail_at(lo->err, at, "error is true or false, not '%.*s'", (int)n, value);
    } else {
        slip_fail_at(lo->err, at, "check has no option '%.*s'", (int)key, text);
        return slip_error_hint(lo->err, "it has skip, error and experimental");
    }
    return 0;
}

/* # check=skip=RuleA,RuleB;error=true;experimental=all */
int slip_lint_setup(struct lowering *lo)
{
    const char *given = lo->options->build_args
                            ? slip_strv_getenv(lo->options->build_args, "BUILDKIT_DOCKERFILE_CHECK")
                            : NULL;
    const char *p = given ? given : lo->ast->check.text;
    struct slip_span at = given ? (struct slip_span){ 0 } : lo->ast->check.at;

    while (p && *p) {
        size_t n = strcspn(p, ";");
        if (set_option(lo, p, n, at) < 0) {
            if (given)
                slip_error_context(lo->err, "--build-arg BUILDKIT_DOCKERFILE_CHECK");
            return -1;
        }
        p += n + (p[n] == ';');
    }
    return 0;
}

static bool is_listed(const struct slip_strv *list, const char *rule)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcasecmp(list->v[i], rule) == 0)
            return true;
    return false;
}

void slip_lint_warn(struct lowering *lo, const char *rule, struct slip_span at, const char *fmt,
                    ...)
{
    va_list ap;

    const struct slip_lint_rule *known = slip_lint_rule_find(rule);

    if (lo->quiet || lo->skip_all || is_listed(&lo->skip, rule))
        return;
    if (known->experimental && !lo->all_experimental && !is_listed(&lo->experimental, rule))
        return;
    va_start(ap, fmt);
    slip_cleanup(slip_freep) char *text = slip_xvasprintf(fmt, ap);
    va_end(ap);
    struct slip_warning warning = { rule, text, at };
    if (known->page && lo->nwarnings++ == 0) /* our own are advice, and no errors */
        lo->first_warning = (struct slip_warning){ rule, slip_arena_strdup(lo->arena, text), at };
    if (lo->options->warn)
        lo->options->warn(lo->options->user, &warning);
}

int slip_lint_finish(struct lowering *lo)
{
    if (!lo->warnings_fail || !lo->nwarnings)
        return 0;
    slip_fail_at(lo->err, lo->first_warning.at, "%s (%s)", lo->first_warning.text,
                 lo->first_warning.rule);
    lo->err->code = SLIP_EPOLICY;
    return slip_error_hint(lo->err,
                           "the file asks for warnings to be errors; check=skip=%s allows "
                           "this one",
                           lo->first_warning.rule);
}

void slip_lint_secret_name(struct lowering *lo, const struct slip_instruction *ins,
                           const char *name, struct slip_span at)
{
    if (slip_name_sounds_secret(name))
        slip_lint_warn(lo, "SecretsUsedInArgOrEnv", at,
                       "'%s' sounds like a secret, and %s leaves its value in the image; use RUN "
                       "--mount=type=secret",
                       name, slip_instruction_name(ins->kind));
}

static void lint_casing(struct lowering *lo)
{
    const struct slip_dockerfile *ast = lo->ast;
    size_t lower = 0, upper = 0;

    size_t first = 0;

    while (ast->instructions[first]->kind != SLIP_INS_FROM)
        first++;
    for (size_t i = first; i < ast->ninstructions; i++)
        if (!ast->instructions[i]->mixed_case)
            *(ast->instructions[i]->lower_case ? &lower : &upper) += 1;
    for (size_t i = first; i < ast->ninstructions; i++) {
        const struct slip_instruction *ins = ast->instructions[i];
        if (ins->mixed_case || ins->lower_case != (lower > upper))
            slip_lint_warn(lo, "ConsistentInstructionCasing", ins->keyword,
                           "%s should be written in %s case, as most instructions here are",
                           slip_instruction_name(ins->kind), lower > upper ? "lower" : "upper");
    }
}

static bool has_upper(const char *s)
{
    for (; *s; s++)
        if (isupper((unsigned char)*s))
            return true;
    return false;
}

static void lint_from(struct lowering *lo, const struct slip_instruction *ins)
{
    if (ins->nargs < 3)
        return;
    const struct slip_word *as = &ins->args[1], *name = &ins->args[2];
    bool as_lower = strcmp(as->text, "as") == 0, as_upper = strcmp(as->text, "AS") == 0;
    if (!ins->mixed_case && !(ins->lower_case ? as_lower : as_upper))
        slip_lint_warn(lo, "FromAsCasing", as->at, "'%s' and '%s' should be in the same case",
                       as->text, ins->lower_case ? "from" : "FROM");
    if (has_upper(name->text))
        slip_lint_warn(lo, "StageNameCasing", name->at,
                       "the stage name '%s' should be in lower case", name->text);
}

/* Only the last CMD, ENTRYPOINT and HEALTHCHECK of a stage has any effect. */
static void lint_repeats(struct lowering *lo, size_t at)
{
    const struct slip_dockerfile *ast = lo->ast;
    enum slip_instruction_kind kind = ast->instructions[at]->kind;

    for (size_t i = at + 1; i < ast->ninstructions; i++) {
        if (ast->instructions[i]->kind == SLIP_INS_FROM)
            return;
        if (ast->instructions[i]->kind == kind) {
            slip_lint_warn(lo, "MultipleInstructionsDisallowed", ast->instructions[at]->keyword,
                           "this %s has no effect: there is another one in the same stage",
                           slip_instruction_name(kind));
            return;
        }
    }
}

/* Does the comment right above begin with the name of what is defined? */
static void lint_description(struct lowering *lo, const struct slip_instruction *ins)
{
    bool from = ins->kind == SLIP_INS_FROM;
    const char *line = ins->comment ? strrchr(ins->comment, '\n') : NULL;

    if (!ins->comment || (from && ins->nargs < 3))
        return;
    line = line ? line + 1 : ins->comment;
    size_t len = strcspn(line, " ");
    for (size_t i = from ? 2 : 0; i < ins->nargs; i++) {
        size_t n = strcspn(ins->args[i].text, "=");
        if (n == len && strncmp(ins->args[i].text, line, n) == 0)
            return;
    }
    const char *name = ins->args[from ? 2 : 0].text;
    slip_lint_warn(lo, "InvalidDefinitionDescription", ins->at,
                   "the comment above %s should begin with its name: # %.*s description",
                   from ? "a stage" : "an ARG", (int)strcspn(name, "="), name);
}

/* The base as it is when nobody gives a build argument; NULL when there is none. */
static const char *default_base(struct lowering *lo, const struct slip_word *word)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    struct slip_error *err = lo->err;
    const char *name;

    lo->err = &ignored;
    int rc = slip_lower_expand_global(lo, *word, &name);
    lo->err = err;
    return rc < 0 ? NULL : name;
}

static void take_defaults(struct lowering *lo)
{
    for (size_t i = 0; lo->ast->instructions[i]->kind != SLIP_INS_FROM; i++) {
        const struct slip_instruction *ins = lo->ast->instructions[i];
        for (size_t a = 0; a < ins->nargs; a++) {
            struct slip_word key, value;
            slip_lower_split_pair(lo, ins->args[a], &key, &value);
            const char *text = value.text ? default_base(lo, &value) : NULL;
            if (text)
                slip_lower_set(lo, &lo->globals, key.text, text);
        }
    }
}

void slip_lint_default_bases(struct lowering *lo)
{
    bool quiet = lo->quiet;

    lo->quiet = true; /* the variables are looked at again, with what the user gives */
    take_defaults(lo);
    for (size_t i = 0; i < lo->nstages; i++) {
        const struct slip_word *word = &lo->stages[i].from->args[0];
        lo->quiet = true;
        const char *name = strchr(word->text, '$') ? default_base(lo, word) : NULL;
        lo->quiet = quiet;
        if (name && !slip_lower_could_be_base(name))
            slip_lint_warn(lo, "InvalidDefaultArgInFrom", word->at,
                           "without build arguments, '%s' is not the name of an image", word->text);
    }
    lo->quiet = quiet;
}

void slip_lint_tree(struct lowering *lo)
{
    const struct slip_dockerfile *ast = lo->ast;

    for (size_t i = 0; i < ast->nremarks; i++)
        slip_lint_warn(lo, ast->remarks[i].rule, ast->remarks[i].at, "%s", ast->remarks[i].text);
    lint_casing(lo);
    for (size_t i = 0; i < ast->ninstructions; i++) {
        const struct slip_instruction *ins = ast->instructions[i];
        switch (ins->kind) {
        case SLIP_INS_FROM:
            lint_from(lo, ins);
            lint_description(lo, ins);
            break;
        case SLIP_INS_ARG:
            lint_description(lo, ins);
            break;
        case SLIP_INS_MAINTAINER:
            slip_lint_warn(lo, "MaintainerDeprecated", ins->keyword,
                           "MAINTAINER is deprecated; use LABEL "
                           "org.opencontainers.image.authors=...");
            break;
        case SLIP_INS_ENV:
        case SLIP_INS_LABEL:
            if (!strchr(ins->args[0].text, '='))
                slip_lint_warn(lo, "LegacyKeyValueFormat", ins->at,
                               "write %s key=value instead of the old form %s key value",
                               slip_instruction_name(ins->kind), slip_instruction_name(ins->kind));
            break;
        case SLIP_INS_CMD:
        case SLIP_INS_ENTRYPOINT:
        case SLIP_INS_HEALTHCHECK:
            lint_repeats(lo, i);
            break;
        default:
            break;
        }
    }
}
