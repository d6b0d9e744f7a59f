#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "dockerfile/lex.h"
#include "dockerfile/lowering.h"
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

/* # check=skip=RuleA,RuleB;error=true;experimental=all */
int slip_lint_setup(struct lowering *lo)
{
    const char *p = lo->ast->check.text;

    while (p && *p) {
        size_t n = strcspn(p, ";"), key = strcspn(p, "=");
        const char *value = p + key + 1;
        if (key >= n) {
            slip_fail_at(lo->err, lo->ast->check.at, "'%.*s' is not an option of check", (int)n, p);
            return slip_error_hint(lo->err, "write check=skip=Rule1,Rule2;error=true");
        }
        size_t len = n - key - 1;
        while (key && slip_is_blank(*p))
            p++, key--, n--;
        if (key == 4 && strncasecmp(p, "skip", 4) == 0) {
            split_rules(value, len, &lo->skip, &lo->skip_all);
        } else if (key == 12 && strncasecmp(p, "experimental", 12) == 0) {
            split_rules(value, len, &lo->experimental, &lo->all_experimental);
        } else if (key == 5 && strncasecmp(p, "error", 5) == 0) {
            lo->warnings_fail = len == 4 && strncasecmp(value, "true", 4) == 0;
        } else {
            slip_fail_at(lo->err, lo->ast->check.at, "check has no option '%.*s'", (int)key, p);
            return slip_error_hint(lo->err, "it has skip, error and experimental");
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

static bool is_experimental(const char *rule)
{
    return strcmp(rule, "CopyIgnoredFile") == 0;
}

void slip_lint_warn(struct lowering *lo, const char *rule, struct slip_span at, const char *fmt,
                    ...)
{
    va_list ap;

    if (lo->quiet || lo->skip_all || is_listed(&lo->skip, rule))
        return;
    if (is_experimental(rule) && !lo->all_experimental && !is_listed(&lo->experimental, rule))
        return;
    va_start(ap, fmt);
    slip_cleanup(slip_freep) char *text = slip_xvasprintf(fmt, ap);
    va_end(ap);
    struct slip_warning warning = { rule, text, at };
    if (lo->nwarnings++ == 0)
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

    for (size_t i = 0; i < ast->ninstructions; i++)
        if (!ast->instructions[i]->mixed_case)
            *(ast->instructions[i]->lower_case ? &lower : &upper) += 1;
    for (size_t i = 0; i < ast->ninstructions; i++) {
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
