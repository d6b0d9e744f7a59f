#include <ctype.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "dockerfile/lowering.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/str.h"

static json_t *config(const struct lowering *lo)
{
    return lo->now->stage->config;
}

/* The object under a key of the config, made when missing. */
static json_t *object(const struct lowering *lo, const char *key)
{
    json_t *found = json_object_get(config(lo), key);

    if (!json_is_object(found)) {
        found = json_object();
        json_object_set_new(config(lo), key, found);
    }
    return found;
}

static int text(struct lowering *lo, struct slip_span at, const char *value, json_t **ret)
{
    *ret = json_string(value);
    return *ret ? 0 : slip_fail_at(lo->err, at, "the text is not UTF-8, so no image can hold it");
}

static int set_text(struct lowering *lo, struct slip_span at, json_t *in, const char *key,
                    const char *value)
{
    json_t *json, *ignored;

    if (text(lo, at, key, &ignored) < 0)
        return -1;
    json_decref(ignored);
    if (text(lo, at, value, &json) < 0)
        return -1;
    json_object_set_new(in, key, json);
    return 0;
}

json_t *slip_lower_command(struct lowering *lo, const struct slip_instruction *ins, size_t from,
                           const char *shell_text)
{
    static const char *const default_shell[] = { "/bin/sh", "-c" };
    json_t *words = json_array(), *shell = json_object_get(config(lo), "Shell"), *word;
    size_t i;

    if (ins->json) {
        for (i = from; i < ins->nargs; i++) {
            if (text(lo, ins->args[i].at, ins->args[i].text, &word) < 0) {
                json_decref(words);
                return NULL;
            }
            json_array_append_new(words, word);
        }
        return words;
    }
    if (json_array_size(shell)) {
        json_array_foreach (shell, i, word)
            json_array_append(words, word);
    } else {
        for (i = 0; i < SLIP_ARRAY_LEN(default_shell); i++)
            json_array_append_new(words, json_string(default_shell[i]));
        if (ins->kind == SLIP_INS_CMD || ins->kind == SLIP_INS_ENTRYPOINT)
            slip_lint_warn(lo, "JSONArgsRecommended", ins->at,
                           "the shell form of %s hides signals from the program; write "
                           "%s [\"program\", \"argument\"]",
                           slip_instruction_name(ins->kind), slip_instruction_name(ins->kind));
    }
    json_t *last = json_string(shell_text);
    if (!last) {
        json_decref(words);
        slip_fail_at(lo->err, ins->at, "the command is not UTF-8");
        return NULL;
    }
    json_array_append_new(words, last);
    return words;
}

static int lower_command(struct lowering *lo, const struct slip_instruction *ins)
{
    bool entrypoint = ins->kind == SLIP_INS_ENTRYPOINT;
    const char *key = entrypoint ? "Entrypoint" : "Cmd";
    json_t *words = slip_lower_command(lo, ins, 0, ins->nargs ? ins->args[0].text : "");

    if (!words)
        return -1;
    if (json_array_size(words)) {
        json_object_set_new(config(lo), key, words);
    } else { /* [] takes it away */
        json_decref(words);
        json_object_del(config(lo), key);
    }
    if (entrypoint && !lo->now->cmd_set)
        json_object_del(config(lo), "Cmd"); /* arguments of an entry point that is gone */
    lo->now->cmd_set |= !entrypoint;
    return 0;
}

/* Both halves of a pair, expanded. */
static int pair(struct lowering *lo, const struct slip_instruction *ins, size_t i,
                const char **ret_key, const char **ret_value)
{
    struct slip_word key, value;

    slip_lower_split_pair(lo, ins->args[i], &key, &value);
    if (!value.text) /* the old form */
        value = ins->args[i + 1];
    if (slip_lower_expand(lo, key, ret_key) < 0 || slip_lower_expand(lo, value, ret_value) < 0)
        return -1;
    if (!**ret_key)
        return slip_fail_at(lo->err, ins->args[i].at, "%s needs a name before '='",
                            slip_instruction_name(ins->kind));
    return 0;
}

/* All values first: one instruction sees the variables as they were before it. */
static int lower_env(struct lowering *lo, const struct slip_instruction *ins)
{
    slip_cleanup(slip_map_release) struct slip_map set = SLIP_MAP_INIT;
    const char *key, *value;
    bool old_form = !strchr(ins->args[0].text, '=');

    for (size_t i = 0; i < (old_form ? 1 : ins->nargs); i++) {
        if (pair(lo, ins, i, &key, &value) < 0)
            return -1;
        json_t *checked;
        slip_cleanup(slip_freep) char *entry = slip_xasprintf("%s=%s", key, value);
        if (text(lo, ins->args[i].at, entry, &checked) < 0)
            return -1;
        json_decref(checked);
        slip_lint_secret_name(lo, ins, key, ins->args[i].at);
        slip_lower_set(lo, &set, key, value);
    }
    for (size_t i = 0; i < set.n; i++)
        slip_map_set(&lo->now->env, set.entries[i].key, set.entries[i].value);
    return 0;
}

static int lower_label(struct lowering *lo, const struct slip_instruction *ins)
{
    const char *key, *value;
    bool old_form = !strchr(ins->args[0].text, '=');

    for (size_t i = 0; i < (old_form ? 1 : ins->nargs); i++)
        if (pair(lo, ins, i, &key, &value) < 0 ||
            set_text(lo, ins->args[i].at, object(lo, "Labels"), key, value) < 0)
            return -1;
    return 0;
}

static int bad_port(struct lowering *lo, const struct slip_instruction *ins, const char *port)
{
    slip_fail_at(lo->err, ins->at, "'%.64s' is not a port", port);
    return slip_error_hint(lo->err, "write 80, 80/udp or 8000-8010");
}

/* [address:][host port:]port[-port][/protocol] */
static void lint_port(struct lowering *lo, const struct slip_instruction *ins, const char *spec)
{
    const char *slash = strchr(spec, '/');

    for (const char *p = slash; p && *p; p++)
        if (*p >= 'A' && *p <= 'Z') {
            slip_lint_warn(lo, "ExposeProtoCasing", ins->at,
                           "the protocol of '%s' should be in lower case", spec);
            break;
        }
    if (strchr(spec, ':'))
        slip_lint_warn(lo, "ExposeInvalidFormat", ins->at,
                       "EXPOSE takes a port of the container; '%s' has more", spec);
}

static int expose(struct lowering *lo, const struct slip_instruction *ins, const char *spec)
{
    static const char *const protocols[] = { "tcp", "udp", "sctp" };
    const char *slash = strchr(spec, '/'), *protocol = "tcp", *first = spec;
    size_t len = slash ? (size_t)(slash - spec) : strlen(spec);
    uint64_t low, high;

    if (slash) {
        protocol = NULL;
        for (size_t i = 0; i < SLIP_ARRAY_LEN(protocols); i++)
            if (strcasecmp(slash + 1, protocols[i]) == 0)
                protocol = protocols[i];
    }
    for (size_t i = 0; i < len; i++)
        if (spec[i] == ':')
            first = spec + i + 1;
    slip_cleanup(slip_freep) char *range = slip_xstrndup(first, len - (size_t)(first - spec));
    char *dash = strchr(range, '-');
    if (dash)
        *dash = '\0';
    if (!protocol || slip_parse_uint(range, 65535, &low) < 0 || low == 0)
        return bad_port(lo, ins, spec);
    high = low;
    if (dash && (slip_parse_uint(dash + 1, 65535, &high) < 0 || high < low))
        return bad_port(lo, ins, spec);
    for (uint64_t port = low; port <= high; port++) {
        slip_cleanup(slip_freep) char *key = slip_xasprintf("%" PRIu64 "/%s", port, protocol);
        json_object_set_new(object(lo, "ExposedPorts"), key, json_object());
    }
    return 0;
}

static int lower_expose(struct lowering *lo, const struct slip_instruction *ins)
{
    slip_cleanup(slip_strv_release) struct slip_strv ports = SLIP_STRV_INIT;

    for (size_t i = 0; i < ins->nargs; i++)
        if (slip_lower_expand_split(lo, ins->args[i], &ports) < 0)
            return -1;
    for (size_t i = 0; i < ports.n; i++)
        lint_port(lo, ins, ports.v[i]);
    for (size_t i = 0; i < ports.n; i++)
        if (expose(lo, ins, ports.v[i]) < 0)
            return -1;
    return 0;
}

static int lower_volume(struct lowering *lo, const struct slip_instruction *ins)
{
    for (size_t i = 0; i < ins->nargs; i++) {
        const char *path;
        json_t *checked;
        if (slip_lower_expand(lo, ins->args[i], &path) < 0)
            return -1;
        if (!*path)
            return slip_fail_at(lo->err, ins->args[i].at, "VOLUME needs a path; this one is empty");
        if (text(lo, ins->args[i].at, path, &checked) < 0)
            return -1;
        json_decref(checked);
        json_object_set_new(object(lo, "Volumes"), path, json_object());
    }
    return 0;
}

/* A duration as Go writes it: 1h30m, 1.5s, 100ms; in nanoseconds. */
static int parse_duration(const char *p, int64_t *ret)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = { { "ns", 1 },  { "us", 1e3 }, { "\xc2\xb5s", 1e3 }, { "ms", 1e6 },
                  { "s", 1e9 }, { "m", 60e9 }, { "h", 3600e9 } };
    double total = 0;

    if (strcmp(p, "0") == 0)
        p++;
    else if (!*p)
        return -1;
    while (*p) {
        if (!isdigit((unsigned char)*p) && *p != '.')
            return -1;
        double value = 0, scale = 1;
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

static int add_duration(struct lowering *lo, const struct slip_flag *flag, json_t *check,
                        const char *key)
{
    int64_t ns;

    if (parse_duration(flag->value, &ns) < 0 || (ns && ns < 1000000)) {
        slip_fail_at(lo->err, flag->at, "'%.64s' is not a duration of at least a millisecond",
                     flag->value);
        return slip_error_hint(lo->err, "write it as in 30s, 1m30s or 500ms");
    }
    if (ns)
        json_object_set_new(check, key, json_integer(ns));
    return 0;
}

static int lower_healthcheck(struct lowering *lo, const struct slip_instruction *ins)
{
    static const char *const durations[][2] = { { "interval", "Interval" },
                                                { "timeout", "Timeout" },
                                                { "start-period", "StartPeriod" },
                                                { "start-interval", "StartInterval" } };
    json_t *check = json_object(), *test = json_array();

    json_object_set_new(config(lo), "Healthcheck", check);
    json_object_set_new(check, "Test", test);
    if (ins->nargs == 1) {
        json_array_append_new(test, json_string("NONE"));
        return 0;
    }
    json_array_append_new(test, json_string(ins->json ? "CMD" : "CMD-SHELL"));
    for (size_t i = 1; i < ins->nargs; i++) {
        json_t *word;
        if (text(lo, ins->args[i].at, ins->args[i].text, &word) < 0)
            return -1;
        json_array_append_new(test, word);
    }
    for (size_t i = 0; i < ins->nflags; i++) {
        const struct slip_flag *flag = &ins->flags[i];
        uint64_t retries;
        for (size_t d = 0; d < SLIP_ARRAY_LEN(durations); d++)
            if (strcmp(flag->name, durations[d][0]) == 0 &&
                add_duration(lo, flag, check, durations[d][1]) < 0)
                return -1;
        if (strcmp(flag->name, "retries") != 0)
            continue;
        if (slip_parse_uint(flag->value, INT32_MAX, &retries) < 0)
            return slip_fail_at(lo->err, flag->at, "'%.64s' is not a number of retries",
                                flag->value);
        if (retries)
            json_object_set_new(check, "Retries", json_integer((json_int_t)retries));
    }
    return 0;
}

static bool is_signal(const char *name)
{
    static const char *const names[] = { "ABRT", "ALRM",   "BUS",  "CHLD",   "CLD",  "CONT", "FPE",
                                         "HUP",  "ILL",    "INT",  "IO",     "IOT",  "KILL", "PIPE",
                                         "POLL", "PROF",   "PWR",  "QUIT",   "SEGV", "STOP", "SYS",
                                         "TERM", "STKFLT", "TRAP", "TSTP",   "TTIN", "TTOU", "URG",
                                         "USR1", "USR2",   "XCPU", "VTALRM", "XFSZ", "WINCH" };
    uint64_t number;

    if (isdigit((unsigned char)*name))
        return slip_parse_uint(name, 64, &number) == 0 && number > 0;
    if (strncasecmp(name, "SIG", 3) == 0)
        name += 3;
    if (strncasecmp(name, "RTMIN", 5) == 0 || strncasecmp(name, "RTMAX", 5) == 0)
        return !name[5] ||
               ((name[5] == '+' || name[5] == '-') && slip_parse_uint(name + 6, 30, &number) == 0);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

static int lower_one_text(struct lowering *lo, const struct slip_instruction *ins)
{
    const char *value;

    if (slip_lower_expand(lo, ins->args[0], &value) < 0)
        return -1;
    if (!*value)
        return slip_fail_at(lo->err, ins->args[0].at,
                            "%s is given nothing: the variables in it "
                            "are empty",
                            slip_instruction_name(ins->kind));
    if (ins->kind == SLIP_INS_USER)
        return set_text(lo, ins->args[0].at, config(lo), "User", value);
    if (is_signal(value))
        return set_text(lo, ins->args[0].at, config(lo), "StopSignal", value);
    slip_fail_at(lo->err, ins->args[0].at, "'%.64s' is not a signal", value);
    return slip_error_hint(lo->err, "write a name such as SIGTERM, or a number");
}

static int lower_onbuild(struct lowering *lo, const struct slip_instruction *ins)
{
    slip_cleanup(slip_buf_release) struct slip_buf line = SLIP_BUF_INIT;
    struct slip_instruction *trigger = ins->trigger;
    struct slip_dockerfile one = {
        .arena = lo->arena, .escape = '\\', .instructions = &trigger, .ninstructions = 1
    };
    json_t *list = json_object_get(config(lo), "OnBuild"), *json;

    if (slip_dockerfile_print(&one, &line, lo->err) < 0)
        return -1;
    while (line.len && line.data[line.len - 1] == '\n')
        line.data[--line.len] = '\0';
    const char *head = strstr(slip_buf_str(&line), "\n\n"); /* of another escape character */
    if (text(lo, ins->at, lo->ast->escape != '\\' && head ? head + 2 : slip_buf_str(&line), &json) <
        0)
        return -1;
    if (!json_is_array(list)) {
        list = json_array();
        json_object_set_new(config(lo), "OnBuild", list);
    }
    json_array_append_new(list, json);
    return 0;
}

/* The image format has a field for it that no one reads; the label is what docker recommends. */
static int lower_maintainer(struct lowering *lo, const struct slip_instruction *ins)
{
    return set_text(lo, ins->args[0].at, object(lo, "Labels"), "org.opencontainers.image.authors",
                    ins->args[0].text);
}

static int lower_shell(struct lowering *lo, const struct slip_instruction *ins)
{
    json_t *words = slip_lower_command(lo, ins, 0, "");

    if (!words)
        return -1;
    json_object_set_new(config(lo), "Shell", words);
    return 0;
}

int slip_lower_config(struct lowering *lo, const struct slip_instruction *ins)
{
    static int (*const by_kind[SLIP_INS_COUNT])(struct lowering *,
                                                const struct slip_instruction *) = {
        [SLIP_INS_CMD] = lower_command,
        [SLIP_INS_ENTRYPOINT] = lower_command,
        [SLIP_INS_ENV] = lower_env,
        [SLIP_INS_EXPOSE] = lower_expose,
        [SLIP_INS_HEALTHCHECK] = lower_healthcheck,
        [SLIP_INS_LABEL] = lower_label,
        [SLIP_INS_MAINTAINER] = lower_maintainer,
        [SLIP_INS_ONBUILD] = lower_onbuild,
        [SLIP_INS_SHELL] = lower_shell,
        [SLIP_INS_STOPSIGNAL] = lower_one_text,
        [SLIP_INS_USER] = lower_one_text,
        [SLIP_INS_VOLUME] = lower_volume,
    };

    if (by_kind[ins->kind](lo, ins) < 0)
        return -1;
    slip_lower_history(lo, ins, false);
    return 0;
}

const char *slip_lower_cwd(const struct lowering *lo)
{
    const char *cwd = slip_json_str(config(lo), "WorkingDir");

    return cwd && *cwd ? cwd : "/";
}

const char *slip_lower_path(struct lowering *lo, const char *path)
{
    size_t n = strlen(path);
    bool is_dir =
        n == 0 || path[n - 1] == '/' || strcmp(path, ".") == 0 || slip_ends_with(path, "/.");
    slip_cleanup(slip_freep) char *joined = slip_path_join(slip_lower_cwd(lo), path);
    slip_cleanup(slip_freep) char *rooted = slip_xasprintf("/%s", joined);
    slip_cleanup(slip_freep) char *clean = slip_path_clean(rooted);

    return slip_arena_printf(lo->arena, "%s%s", clean, is_dir && clean[1] ? "/" : "");
}

int slip_lower_workdir(struct lowering *lo, const struct slip_instruction *ins)
{
    struct lower_stage *st = lo->now;
    const char *value;

    if (slip_lower_expand(lo, ins->args[0], &value) < 0)
        return -1;
    if (!*value)
        return slip_fail_at(lo->err, ins->args[0].at,
                            "WORKDIR is given nothing: the variables in it are empty");
    if (!st->workdir_set && *value != '/')
        slip_lint_warn(lo, "WorkdirRelativePath", ins->args[0].at,
                       "'%s' depends on where the base image stands; start with an absolute path",
                       value);
    st->workdir_set = true;
    slip_cleanup(slip_freep) char *path = slip_xstrdup(slip_lower_path(lo, value));
    size_t n = strlen(path);
    if (n > 1 && path[n - 1] == '/')
        path[n - 1] = '\0';
    if (set_text(lo, ins->args[0].at, config(lo), "WorkingDir", path) < 0)
        return -1;
    bool makes = strcmp(path, "/") != 0;
    if (makes) {
        const char *user = slip_json_str(config(lo), "User");
        struct slip_step *step = slip_lower_step(lo, SLIP_OP_WORKDIR, ins);
        step->workdir.path = slip_arena_strdup(lo->arena, path);
        step->workdir.user = slip_arena_strdup(lo->arena, user ? user : "");
    }
    slip_lower_history(lo, ins, makes);
    return 0;
}
