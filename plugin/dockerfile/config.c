#include <ctype.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "dockerfile/flags.h"
#include "dockerfile/lowering.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/str.h"

#define BLANKS " \t\v\f\r\n"

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
    for (size_t i = 0; i < set.n; i++) {
        slip_map_set(&lo->now->env, set.entries[i].key, set.entries[i].value);
        slip_map_set(&lo->now->vars, set.entries[i].key, set.entries[i].value);
    }
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

static int lower_expose(struct lowering *lo, const struct slip_instruction *ins)
{
    return slip_lower_expose(lo, ins, object(lo, "ExposedPorts"));
}

static int lower_volume(struct lowering *lo, const struct slip_instruction *ins)
{
    for (size_t i = 0; i < ins->nargs; i++) {
        struct slip_word word = ins->args[i];
        const char *path;
        json_t *checked;
        size_t n = strlen(word.text), from = strspn(word.text, BLANKS);
        while (n > from && strchr(BLANKS, word.text[n - 1]))
            n--;
        word.text = slip_arena_strndup(lo->arena, word.text + from, n - from);
        if (slip_lower_expand(lo, word, &path) < 0)
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

static int lower_healthcheck(struct lowering *lo, const struct slip_instruction *ins)
{
    static const char *const keys[][2] = { { "interval", "Interval" },
                                           { "timeout", "Timeout" },
                                           { "start-period", "StartPeriod" },
                                           { "start-interval", "StartInterval" },
                                           { "retries", "Retries" } };
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
        for (size_t k = 0; k < SLIP_ARRAY_LEN(keys); k++) {
            int64_t value;
            if (strcmp(ins->flags[i].name, keys[k][0]) != 0)
                continue;
            if (slip_flag_number(&ins->flags[i],
                                 strcmp(keys[k][0], "retries") == 0 ? SLIP_FLAG_COUNT
                                                                    : SLIP_FLAG_TIME,
                                 &value, lo->err) < 0)
                return -1;
            if (value) /* 0 is the default, which is not written */
                json_object_set_new(check, keys[k][1], json_integer(value));
        }
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

    /* Numbers are left to those who send them, but for 0. */
    if (slip_parse_uint(name + (*name == '-' || *name == '+'), INT64_MAX, &number) == 0)
        return number > 0;
    if (strncasecmp(name, "SIG", 3) == 0)
        name += 3;
    bool front = strncasecmp(name, "RTMIN", 5) == 0, back = strncasecmp(name, "RTMAX", 5) == 0;
    if (front || back)
        return !name[5] || (name[5] == (front ? '+' : '-') && name[6] != '0' &&
                            slip_parse_uint(name + 6, front ? 15 : 14, &number) == 0);
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
    if (ins->kind == SLIP_INS_USER)
        return set_text(lo, ins->args[0].at, config(lo), "User", value);
    if (is_signal(value))
        return set_text(lo, ins->args[0].at, config(lo), "StopSignal", value);
    slip_fail_at(lo->err, ins->args[0].at, "'%.64s' is not a signal", value);
    return slip_error_hint(lo->err, "write a name such as SIGTERM, or a number");
}

static int lower_onbuild(struct lowering *lo, const struct slip_instruction *ins)
{
    json_t *list = json_object_get(config(lo), "OnBuild"), *json;

    if (text(lo, ins->at, ins->trigger->written, &json) < 0)
        return -1;
    if (!json_is_array(list)) {
        list = json_array();
        json_object_set_new(config(lo), "OnBuild", list);
    }
    json_array_append_new(list, json);
    return 0;
}

static int lower_maintainer(struct lowering *lo, const struct slip_instruction *ins)
{
    json_t *checked;

    if (text(lo, ins->args[0].at, ins->args[0].text, &checked) < 0)
        return -1;
    json_decref(checked);
    lo->now->stage->author = ins->args[0].text;
    return 0;
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
