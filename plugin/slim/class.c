#include "slim/class.h"

#include <string.h>
#include <sys/stat.h>

#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

enum { RUNTIME = 1, DEV = 2, DOC = 4, DEBUG = 8 };

static const struct {
    unsigned bit;
    const char *name;
} names[] = { { RUNTIME, "runtime" }, { DEV, "dev" }, { DOC, "doc" }, { DEBUG, "debug" } };

/* A rule fits when the path holds `within` and ends in `suffix`; the first that fits decides, so
 * that the debug file of a development tool is debug, and a header in a doc directory is doc. */
static const struct rule {
    const char *within, *suffix;
    unsigned class;
} rules[] = {
    { "/lib/debug/", NULL, DEBUG },
    { "/src/debug/", NULL, DEBUG },
    { NULL, ".debug", DEBUG },
    { NULL, ".dwo", DEBUG },
    { NULL, ".dwp", DEBUG },
    { "/share/doc/", NULL, DOC },
    { "/share/man/", NULL, DOC },
    { "/share/info/", NULL, DOC },
    { "/share/gtk-doc/", NULL, DOC },
    { "/share/help/", NULL, DOC },
    { "/usr/doc/", NULL, DOC },
    { "/local/doc/", NULL, DOC },
    { "/man/man", NULL, DOC },
    { "/include/", NULL, DEV },
    { "/pkgconfig/", ".pc", DEV },
    { "/lib/cmake/", NULL, DEV },
    { "/lib64/cmake/", NULL, DEV },
    { "/share/cmake/", NULL, DEV },
    { "/cmake/", ".cmake", DEV },
    { NULL, "Config.cmake", DEV },
    { NULL, "ConfigVersion.cmake", DEV },
    { NULL, "-config.cmake", DEV },
    { NULL, "-config-version.cmake", DEV },
    { "/share/aclocal/", NULL, DEV },
    { "/share/gir-1.0/", NULL, DEV },
    { "/share/vala/", NULL, DEV },
    { "/bin/", "-config", DEV },
    { NULL, ".a", DEV },
    { NULL, ".la", DEV },
    { NULL, ".o", DEV },
    { NULL, ".h", DEV },
    { NULL, ".hh", DEV },
    { NULL, ".hpp", DEV },
    { NULL, ".hxx", DEV },
};

/* libfoo.so -> libfoo.so.1: what only the linker follows. libfoo.so -> foo/plugin.so is not. */
static bool is_namelink(const char *path, mode_t mode, const char *link)
{
    const char *base = slip_path_base(path);

    if (!S_ISLNK(mode) || !link || !slip_starts_with(base, "lib") || !slip_ends_with(base, ".so"))
        return false;
    const char *target = slip_path_base(link);
    const char *so = strstr(target, ".so.");
    if (so && so[4] >= '0' && so[4] <= '9')
        return true;
    /* libfoo.so -> libfoo-1.2.so, as binutils has it */
    size_t stem = strlen(base) - strlen(".so");
    return strncmp(base, target, stem) == 0 && target[stem] == '-' && slip_ends_with(target, ".so");
}

unsigned slip_class_of(const char *path, mode_t mode, const char *link)
{
    /* A directory is of the class of what it is made for. */
    slip_cleanup(slip_freep) char *text = slip_xasprintf(S_ISDIR(mode) ? "%s/" : "%s", path);

    for (size_t i = 0; i < SLIP_ARRAY_LEN(rules); i++)
        if ((!rules[i].within || strstr(text, rules[i].within)) &&
            (!rules[i].suffix || slip_ends_with(text, rules[i].suffix)))
            return rules[i].class;
    return is_namelink(path, mode, link) ? DEV : RUNTIME;
}

unsigned slip_class_parse(const char *name)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].bit;
    return 0;
}

const char *slip_class_name(unsigned bit)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        if (names[i].bit == bit)
            return names[i].name;
    return "none";
}
