#include "recipe/check.h"

#include <ctype.h>
#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "dockerfile/platform.h"
#include "util/buf.h"
#include "util/mem.h"
#include "util/str.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* A variable decides later. */
static bool is_late(const struct slip_value *value)
{
    return strchr(value->text, '$') != NULL;
}

static bool consists_of(const char *text, const char *first, const char *rest)
{
    return *text && strchr(first, *text) && !text[strspn(text, rest)];
}

/* Behind the registry, if there is one: a first part with a '.', a ':' or named localhost. */
static const char *path_of(const char *name)
{
    size_t n = strcspn(name, "/");

    if (name[n] &&
        (memchr(name, '.', n) || memchr(name, ':', n) || strncmp(name, "localhost", n) == 0))
        return name + n + 1;
    return name;
}

int slip_check_repository(const struct slip_value *value, struct slip_error *err)
{
    const char *text = value->text, *path = path_of(text);

    if (is_late(value))
        return 0;
    if (strpbrk(path, ":@")) {
        slip_fail_at(err, value->at, "the name of an image has no tag and no digest");
        return slip_error_hint(err, "write the tag behind 'tags ='");
    }
    if (strpbrk(path, UPPER)) {
        slip_cleanup(slip_freep) char *lower = slip_xstrdup(text);
        for (char *p = lower + (path - text); *p; p++)
            *p = (char)tolower((unsigned char)*p);
        slip_fail_at(err, value->at, "the name of an image must be lower case");
        return slip_error_hint(err, "did you mean '%s'?", lower);
    }
    if (!consists_of(path, LOWER DIGITS, LOWER DIGITS "._-/") || strstr(path, "//") ||
        slip_ends_with(path, "/")) {
        slip_fail_at(err, value->at, "'%s' is not the name of an image", text);
        return slip_error_hint(err,
                               "write something like 'hello' or 'registry.example/team/hello'");
    }
    return 0;
}

int slip_check_tag(const struct slip_value *value, struct slip_error *err)
{
    if (is_late(value) ||
        (consists_of(value->text, LOWER UPPER DIGITS "_", LOWER UPPER DIGITS "_.-") &&
         strlen(value->text) <= 128))
        return 0;
    slip_fail_at(err, value->at, "'%s' is not a tag", value->text);
    return slip_error_hint(err, "a tag has letters, digits, '_', '.' and '-', at most 128 of them");
}

int slip_check_user(const struct slip_value *value, struct slip_error *err)
{
    const char *colon = strchr(value->text, ':');

    if (is_late(value) ||
        (value->text[0] && !strpbrk(value->text, " \t,/") &&
         (!colon || (colon != value->text && colon[1] && !strchr(colon + 1, ':')))))
        return 0;
    slip_fail_at(err, value->at, "'%s' is not a user", value->text);
    return slip_error_hint(err, "write a name or a number, and a group behind ':' if need be");
}

int slip_check_absolute(const struct slip_value *value, struct slip_error *err)
{
    if (is_late(value) || value->text[0] == '/')
        return 0;
    slip_fail_at(err, value->at, "'%s' is not an absolute path", value->text);
    return slip_error_hint(err, "a path inside the image begins with '/'");
}

int slip_check_port(const struct slip_value *value, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *copy = slip_xstrdup(value->text);
    char *proto = strchr(copy, '/');
    uint64_t first, last = 0;

    if (is_late(value))
        return 0;
    if (proto)
        *proto++ = '\0';
    char *dash = strchr(copy, '-');
    if (dash)
        *dash++ = '\0';
    if (slip_parse_uint(copy, 65535, &first) == 0 && first > 0 &&
        (!dash || (slip_parse_uint(dash, 65535, &last) == 0 && last >= first)) &&
        (!proto || strcmp(proto, "tcp") == 0 || strcmp(proto, "udp") == 0 ||
         strcmp(proto, "sctp") == 0))
        return 0;
    slip_fail_at(err, value->at, "'%s' is not a port", value->text);
    return slip_error_hint(err, "write 8080, 53/udp or 7000-7010");
}

int slip_check_signal(const struct slip_value *value, struct slip_error *err)
{
    static const char *const names[] = { "SIGHUP",  "SIGINT",  "SIGQUIT", "SIGKILL",
                                         "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGWINCH",
                                         "SIGCONT", "SIGSTOP", "SIGPWR",  "SIGABRT" };
    const char *text = value->text;
    uint64_t number;

    if (is_late(value) || (slip_parse_uint(text, 64, &number) == 0 && number > 0) ||
        slip_starts_with(text, "SIGRTM"))
        return 0;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        if (strcmp(names[i], text) == 0 || strcmp(names[i] + 3, text) == 0)
            return 0;
    slip_fail_at(err, value->at, "'%s' is not a signal", text);
    const char *near = slip_suggest(text, names, SLIP_ARRAY_LEN(names));
    return near ? slip_error_hint(err, "did you mean '%s'?", near)
                : slip_error_hint(err, "write a name such as SIGTERM, or its number");
}

int slip_check_package(const struct slip_value *value, struct slip_error *err)
{
    /* name, name:arch, name=version, name/release */
    if (is_late(value) ||
        consists_of(value->text, LOWER UPPER DIGITS "@", LOWER UPPER DIGITS "+-.:=~/_@^*"))
        return 0;
    slip_fail_at(err, value->at, "'%s' is not the name of a package", value->text);
    if (strchr(value->text, '='))
        return slip_error_hint(err, "an indented line continues the key above it; a new key "
                                    "begins at the first column");
    return slip_error_hint(err, "write names as the package manager of the base has them");
}

int slip_check_variable(const struct slip_value *value, struct slip_error *err)
{
    size_t n = strcspn(value->text, "=");
    slip_cleanup(slip_freep) char *name = slip_xstrndup(value->text, n);
    struct slip_span at = { value->at.src, value->at.off, n };

    if (consists_of(name, LOWER UPPER "_", LOWER UPPER DIGITS "_"))
        return 0;
    if (strchr(name, ' ')) {
        slip_fail_at(err, at, "a name has no blanks, and none stands around '='");
        return slip_error_hint(err, "write NAME=value; a new key begins at the first column");
    }
    slip_fail_at(err, at, "'%s' is not the name of a variable", name);
    return slip_error_hint(err, "a name has letters, digits and '_', and begins with no digit");
}

int slip_check_label(const struct slip_value *value, struct slip_error *err)
{
    size_t n = strcspn(value->text, "=");
    struct slip_span at = { value->at.src, value->at.off, n };

    if (!memchr(value->text, ' ', n) && !memchr(value->text, '\t', n))
        return 0;
    slip_fail_at(err, at, "a name has no blanks, and none stands around '='");
    return slip_error_hint(err, "write NAME=value; a new key begins at the first column");
}

int slip_check_file(const struct slip_value *value, struct slip_error *err)
{
    const char *colon = strrchr(value->text, ':');

    if (colon && colon != value->text && colon[1] == '/')
        return 0;
    slip_fail_at(err, value->at, "expected SOURCE:DESTINATION");
    return slip_error_hint(err, "the destination is an absolute path in the image, such as "
                                "'src/lua:/usr/bin/lua'");
}

int slip_check_only(const struct slip_value *value, struct slip_error *err)
{
    if (value->text[0] && !strpbrk(value->text, "/,"))
        return 0;
    slip_fail_at(err, value->at, "'%s' is not the base name of a file", value->text);
    return slip_error_hint(err, "write names without directories, such as 'hello' or "
                                "'libhello.so.1'");
}

int slip_check_item(const struct slip_value *value, struct slip_error *err)
{
    if (value->text[0] && !strpbrk(value->text, ", \t"))
        return 0;
    return slip_fail_at(err, value->at, "an item has no blanks and no commas");
}

int slip_check_glob(const struct slip_value *value, struct slip_error *err)
{
    if (slip_check_item(value, err) < 0)
        return -1;
    if (value->text[0] == '/' || value->text[0] == '*')
        return 0;
    slip_fail_at(err, value->at, "'%s' is no path in the image", value->text);
    return slip_error_hint(err, "write /usr/share/foo/* or */examples/*; '*' also stands for '/'");
}

int slip_check_regex(const struct slip_value *value, struct slip_error *err)
{
    char why[128];
    regex_t re;
    int rc = regcomp(&re, value->text, REG_EXTENDED | REG_NOSUB);

    if (rc == 0) {
        regfree(&re);
        return 0;
    }
    regerror(rc, &re, why, sizeof why);
    why[0] = (char)tolower((unsigned char)why[0]);
    slip_fail_at(err, value->at, "not a regular expression: %s", why);
    return slip_error_hint(err, "extended expressions as of 'grep -E' are meant");
}

int slip_check_exit(const struct slip_value *value, struct slip_error *err)
{
    uint64_t number;

    if (slip_parse_uint(value->text, 255, &number) == 0)
        return 0;
    return slip_fail_at(err, value->at, "an exit status is a number from 0 to 255");
}

int slip_check_jobs(const struct slip_value *value, struct slip_error *err)
{
    uint64_t number;

    if (slip_parse_uint(value->text, 4096, &number) == 0 && number > 0)
        return 0;
    return slip_fail_at(err, value->at, "the number of jobs is from 1 to 4096");
}

int slip_check_platform(const struct slip_value *value, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *platform = slip_platform_normal(value->text);

    if (platform && slip_starts_with(platform, "linux/"))
        return 0;
    slip_fail_at(err, value->at, "'%s' is not a platform that images can be made for", value->text);
    return slip_error_hint(err, "write linux/amd64, linux/arm64, linux/arm/v7 and so on");
}

int slip_check_count(const struct slip_value *value, struct slip_error *err)
{
    uint64_t number;

    if (slip_parse_uint(value->text, INT32_MAX, &number) == 0 && number > 0)
        return 0;
    return slip_fail_at(err, value->at, "'%s' is not a number like 100", value->text);
}

int slip_check_forbidden(const struct slip_value *value, struct slip_error *err)
{
    static const char *const words[] = { "setuid", "setgid", "world-writable", "shell",
                                         "capabilities" };
    const char *text = value->text;

    if (strchr("!#", text[0]))
        return slip_fail_at(err, value->at, "'%s' is no pattern of paths", text);
    if (strpbrk(text, "/*?[.\\"))
        return 0;
    const char *near = slip_suggest(text, words, SLIP_ARRAY_LEN(words));
    if (!near || strcmp(near, text) == 0)
        return 0;
    slip_fail_at(err, value->at, "'%s' is none of the words that can be forbidden", text);
    return slip_error_hint(err, "did you mean '%s'? A file of that name is '**/%s'", near, text);
}

int slip_check_name(const struct slip_value *value, struct slip_error *err)
{
    if (consists_of(value->text, LOWER, LOWER DIGITS "_.-"))
        return 0;
    slip_fail_at(err, value->at, "'%s' is no good name for a section", value->text);
    return slip_error_hint(err, "a name begins with a lower case letter and has lower case "
                                "letters, digits, '_', '.' and '-'");
}
