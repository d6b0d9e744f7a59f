#include "dockerfile/flags.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "util/str.h"

static const struct slip_flag_rule rules[] = {
    { SLIP_INS_ADD, "checksum", SLIP_FLAG_TEXT },
    { SLIP_INS_ADD, "chmod", SLIP_FLAG_TEXT },
    { SLIP_INS_ADD, "chown", SLIP_FLAG_TEXT },
    { SLIP_INS_ADD, "exclude", SLIP_FLAG_TEXTS },
    { SLIP_INS_ADD, "keep-git-dir", SLIP_FLAG_BOOL },
    { SLIP_INS_ADD, "link", SLIP_FLAG_BOOL },
    { SLIP_INS_ADD, "unpack", SLIP_FLAG_BOOL },
    { SLIP_INS_COPY, "chmod", SLIP_FLAG_TEXT },
    { SLIP_INS_COPY, "chown", SLIP_FLAG_TEXT },
    { SLIP_INS_COPY, "exclude", SLIP_FLAG_TEXTS },
    { SLIP_INS_COPY, "from", SLIP_FLAG_TEXT },
    { SLIP_INS_COPY, "link", SLIP_FLAG_BOOL },
    { SLIP_INS_COPY, "parents", SLIP_FLAG_BOOL },
    { SLIP_INS_COPY, "installed", SLIP_FLAG_MAYBE },
    { SLIP_INS_COPY, "closure", SLIP_FLAG_BOOL },
    { SLIP_INS_COPY, "strip", SLIP_FLAG_BOOL },
    { SLIP_INS_COPY, "debug-files", SLIP_FLAG_BOOL },
    { SLIP_INS_COPY, "runtime-files", SLIP_FLAG_BOOL },
    { SLIP_INS_COPY, "destdir", SLIP_FLAG_TEXT },
    { SLIP_INS_COPY, "only", SLIP_FLAG_TEXTS },
    { SLIP_INS_COPY, "dlopen", SLIP_FLAG_TEXTS },
    { SLIP_INS_COPY, "data", SLIP_FLAG_TEXTS },
    { SLIP_INS_COPY, "entrypoint", SLIP_FLAG_TEXT },
    { SLIP_INS_COPY, "sysroot", SLIP_FLAG_TEXTS },
    { SLIP_INS_COPY, "class-of", SLIP_FLAG_TEXTS },
    { SLIP_INS_COPY, "strict", SLIP_FLAG_BOOL },
    { SLIP_INS_COPY, "acknowledge", SLIP_FLAG_TEXTS },
    { SLIP_INS_FROM, "platform", SLIP_FLAG_TEXT },
    { SLIP_INS_HEALTHCHECK, "interval", SLIP_FLAG_TIME },
    { SLIP_INS_HEALTHCHECK, "retries", SLIP_FLAG_COUNT },
    { SLIP_INS_HEALTHCHECK, "start-interval", SLIP_FLAG_TIME },
    { SLIP_INS_HEALTHCHECK, "start-period", SLIP_FLAG_TIME },
    { SLIP_INS_HEALTHCHECK, "timeout", SLIP_FLAG_TIME },
    { SLIP_INS_RUN, "device", SLIP_FLAG_TEXTS },
    { SLIP_INS_RUN, "install", SLIP_FLAG_BOOL },
    { SLIP_INS_RUN, "mount", SLIP_FLAG_TEXTS },
    { SLIP_INS_RUN, "network", SLIP_FLAG_TEXT },
    { SLIP_INS_RUN, "security", SLIP_FLAG_TEXT },
    { SLIP_INS_RUN, "test", SLIP_FLAG_BOOL },
};

const struct slip_flag_rule *slip_flag_rule_of(enum slip_instruction_kind kind, const char *name)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(rules); i++)
        if (rules[i].kind == kind && strcmp(rules[i].name, name) == 0)
            return &rules[i];
    return NULL;
}

static int unknown(const struct slip_instruction *ins, const struct slip_flag *flag,
                   struct slip_error *err)
{
    const char *names[SLIP_ARRAY_LEN(rules)];
    size_t n = 0;

    for (size_t i = 0; i < SLIP_ARRAY_LEN(rules); i++)
        if (rules[i].kind == ins->kind)
            names[n++] = rules[i].name;
    slip_fail_at(err, flag->at, "%s has no flag '--%s'", slip_instruction_name(ins->kind),
                 flag->name);
    const char *near = slip_suggest(flag->name, names, n);
    if (near)
        return slip_error_hint(err, "did you mean '--%s'?", near);
    if (n == 0)
        return slip_error_hint(err,
                               "%s takes no flags; write -- in front of a word that starts "
                               "with --",
                               slip_instruction_name(ins->kind));
    slip_cleanup(slip_buf_release) struct slip_buf list = SLIP_BUF_INIT;
    for (size_t i = 0; i < n; i++)
        slip_buf_printf(&list, "%s--%s", i ? ", " : "", names[i]);
    return slip_error_hint(err, "it has %s", slip_buf_str(&list));
}

/* What Go calls a duration: 1h30m, 1.5s, 100ms, 0; in nanoseconds. */
static int parse_time(const char *p, int64_t *ret)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = { { "ns", 1 },   { "us", 1e3 }, { "\xc2\xb5s", 1e3 }, { "\xce\xbcs", 1e3 },
                  { "ms", 1e6 }, { "s", 1e9 },  { "m", 60e9 },        { "h", 3600e9 } };
    double total = 0;

    p += *p == '+';
    if (!*p)
        return -1;
    if (strcmp(p, "0") == 0)
        p++;
    while (*p) {
        double value = 0, scale = 1;
        bool digits = isdigit((unsigned char)*p) || (*p == '.' && isdigit((unsigned char)p[1]));
        if (!digits)
            return -1;
        for (; isdigit((unsigned char)*p); p++)
            value = value * 10 + (*p - '0');
        if (*p == '.')
            for (p++; isdigit((unsigned char)*p); p++)
                value += (*p - '0') * (scale /= 10);
        size_t n = 0, unit = SLIP_ARRAY_LEN(units);
        while (p[n] && !isdigit((unsigned char)p[n]) && p[n] != '.')
            n++;
        for (size_t i = 0; i < SLIP_ARRAY_LEN(units); i++)
            if (strlen(units[i].name) == n && strncmp(units[i].name, p, n) == 0)
                unit = i;
        if (unit == SLIP_ARRAY_LEN(units))
            return -1;
        total += value * units[unit].ns;
        p += n;
    }
    if (total > 9e18)
        return -1;
    *ret = (int64_t)(total + 0.5);
    return 0;
}

int slip_flag_number(const struct slip_flag *flag, enum slip_flag_type type, int64_t *ret,
                     struct slip_error *err)
{
    uint64_t count;

    *ret = 0;
    if (!*flag->value)
        return 0;
    if (type == SLIP_FLAG_COUNT) {
        if (slip_parse_uint(flag->value, INT32_MAX, &count) < 0)
            return slip_fail_at(err, flag->at, "'%.64s' is not a number of retries", flag->value);
        *ret = (int64_t)count;
        return 0;
    }
    if (parse_time(flag->value, ret) == 0 && (*ret == 0 || *ret >= 1000000))
        return 0;
    slip_fail_at(err, flag->at, "'%.64s' is not a duration of at least a millisecond", flag->value);
    return slip_error_hint(err, "write it as in 30s, 1m30s or 500ms");
}

static int check_value(const struct slip_flag *flag, enum slip_flag_type type,
                       struct slip_error *err)
{
    bool is_bool = type == SLIP_FLAG_BOOL;

    if (!is_bool && type != SLIP_FLAG_MAYBE && !flag->value) {
        slip_fail_at(err, flag->at, "the flag '--%s' needs a value", flag->name);
        return slip_error_hint(err, "write --%s=...", flag->name);
    }
    if (is_bool && flag->value && strcasecmp(flag->value, "true") != 0 &&
        strcasecmp(flag->value, "false") != 0) {
        slip_fail_at(err, flag->at, "the flag '--%s' is either true or false, not '%s'", flag->name,
                     flag->value);
        return -1;
    }
    int64_t ignored;
    return type == SLIP_FLAG_TIME || type == SLIP_FLAG_COUNT
               ? slip_flag_number(flag, type, &ignored, err)
               : 0;
}

int slip_flags_check(const struct slip_instruction *ins, struct slip_error *err)
{
    for (size_t i = 0; i < ins->nflags; i++) {
        const struct slip_flag *flag = &ins->flags[i];
        const struct slip_flag_rule *rule = slip_flag_rule_of(ins->kind, flag->name);

        if (!rule)
            return unknown(ins, flag, err);
        if (check_value(flag, rule->type, err) < 0)
            return -1;
        for (size_t j = 0; rule->type != SLIP_FLAG_TEXTS && j < i; j++)
            if (strcmp(ins->flags[j].name, flag->name) == 0)
                return slip_fail_at(err, flag->at, "the flag '--%s' is given twice", flag->name);
    }
    return 0;
}
