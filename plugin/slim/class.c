#include "slim/class.h"

#include <fnmatch.h>
#include <stdbool.h>
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

/* The first rule that fits decides, so that the debug file of a development tool is debug, and a
 * header in a doc directory is doc. '*' stands for any text, '/' included. */
static const struct rule {
    const char *glob;
    unsigned class;
    const char *name;
} rules[] = {
    { "*/lib/debug/*", DEBUG, "debug-directory" },
    { "*/src/debug/*", DEBUG, "debug-directory" },
    { "*.debug", DEBUG, "debug-file" },
    { "*.dwo", DEBUG, "debug-file" },
    { "*.dwp", DEBUG, "debug-file" },
    { "*/share/gdb/auto-load/*", DEBUG, "debugger-script" },

    { "*/share/doc/*", DOC, "documentation" },
    { "*/share/doc-base/*", DOC, "documentation" },
    { "*/share/gtk-doc/*", DOC, "documentation" },
    { "*/share/devhelp/*", DOC, "documentation" },
    { "*/share/help/*", DOC, "documentation" },
    { "/usr/doc/*", DOC, "documentation" },
    { "*/local/doc/*", DOC, "documentation" },
    { "*/share/man/*", DOC, "manual" },
    { "*/man/man*", DOC, "manual" },
    { "*/share/info/*", DOC, "info" },
    { "*/share/*/examples/*", DOC, "examples" },
    { "*/share/bash-completion/*", DOC, "shell-completion" },
    { "*/etc/bash_completion.d/*", DOC, "shell-completion" },
    { "*/share/zsh/site-functions/*", DOC, "shell-completion" },
    { "*/share/zsh/vendor-completions/*", DOC, "shell-completion" },
    { "*/share/fish/*completions*", DOC, "shell-completion" },
    { "*/share/lintian/*", DOC, "packaging-notes" },
    { "*/share/bug/*", DOC, "packaging-notes" },
    { "*/share/metainfo/*", DOC, "packaging-notes" },
    { "*/share/appdata/*", DOC, "packaging-notes" },

    { "/etc/*", RUNTIME, "configuration" },
    { "/usr/etc/*", RUNTIME, "configuration" },
    { "/usr/local/etc/*", RUNTIME, "configuration" },
    { "*.bpf.o", RUNTIME, "bpf-object" },

    { "*.h", DEV, "headers" },
    { "*.hh", DEV, "headers" },
    { "*.hpp", DEV, "headers" },
    { "*.hxx", DEV, "headers" },
    { "*/share/*/include/*", RUNTIME, "data" },
    { "*/include/*", DEV, "headers" },
    { "*.gch", DEV, "precompiled-header" },
    { "*/pkgconfig/*.pc", DEV, "pkg-config" },
    { "*/lib/cmake/*", DEV, "cmake-package" },
    { "*/lib64/cmake/*", DEV, "cmake-package" },
    { "*/lib/*-linux-*/cmake/*", DEV, "cmake-package" },
    { "*/share/cmake/*", DEV, "cmake-package" },
    { "*/cmake/*.cmake", DEV, "cmake-package" },
    { "*Config.cmake", DEV, "cmake-package" },
    { "*ConfigVersion.cmake", DEV, "cmake-package" },
    { "*-config.cmake", DEV, "cmake-package" },
    { "*-config-version.cmake", DEV, "cmake-package" },
    { "*/share/aclocal/*", DEV, "aclocal" },
    { "*/share/aclocal-[0-9]*/*", DEV, "aclocal" },
    { "*/share/gir-1.0/*", DEV, "gir" },
    { "*/share/vala/*", DEV, "vala" },
    { "*/share/vala-[0-9]*/*", DEV, "vala" },
    { "*/mkspecs/*", DEV, "qmake" },
    { "*.prl", DEV, "qmake" },
    { "*/lib/rpm/macros.d/*", DEV, "rpm-macros" },
    { "*/share/dbus-1/interfaces/*", DEV, "dbus-interface" },
    { "*/lib/python*/config-*/*", DEV, "python-config" },
    { "*/bin/*-config", DEV, "development-tool" },
    { "*.a", DEV, "static-library" },
    { "*.la", DEV, "libtool" },
    { "*.o", DEV, "object-file" },

    { "*/systemd/*", RUNTIME, "systemd-unit" },
    { "*/share/locale/*", RUNTIME, "locale" },
    { "*.so", RUNTIME, "shared-library" },
    { "*.so.[0-9]*", RUNTIME, "shared-library" },
    { "*/bin/*", RUNTIME, "program" },
    { "*/sbin/*", RUNTIME, "program" },
    { "*/libexec/*", RUNTIME, "program" },
    { "*", RUNTIME, "data" },
};

static const char development_link[] = "development-link";

/* Is it a directory in which the linker looks, and not one of plugins below it? */
static bool is_library_dir(const char *path)
{
    static const char *const names_of_dirs[] = { "lib", "lib32", "lib64", "libx32" };
    const char *base = slip_path_base(path);
    slip_cleanup(slip_freep) char *dir =
        slip_xstrndup(path, base > path ? (size_t)(base - path) - 1 : 0);
    const char *name = slip_path_base(dir);

    if (strstr(name, "-linux-"))
        return true;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(names_of_dirs); i++)
        if (strcmp(name, names_of_dirs[i]) == 0)
            return true;
    return false;
}

static bool is_linkers_name(const char *path)
{
    return slip_starts_with(slip_path_base(path), "lib") && slip_ends_with(path, ".so") &&
           is_library_dir(path);
}

/* libfoo.so -> libfoo.so.1: what only the linker follows. libfoo.so -> foo/plugin.so is not. */
static bool is_namelink(const char *path, mode_t mode, const char *link)
{
    const char *base = slip_path_base(path);

    if (!S_ISLNK(mode) || !link || !is_linkers_name(path))
        return false;
    const char *target = slip_path_base(link);
    const char *so = strstr(target, ".so.");
    if (so && so[4] >= '0' && so[4] <= '9')
        return true;
    /* libfoo.so -> libfoo-1.2.so, as binutils has it */
    size_t stem = strlen(base) - strlen(".so");
    return strncmp(base, target, stem) == 0 && target[stem] == '-' && slip_ends_with(target, ".so");
}

unsigned slip_class_of(const char *path, mode_t mode, const char *link, const char **ret_rule)
{
    /* A directory is of the class of what it is made for. */
    slip_cleanup(slip_freep) char *text = slip_xasprintf(S_ISDIR(mode) ? "%s/" : "%s", path);
    const struct rule *rule = rules;

    while (fnmatch(rule->glob, text, 0) != 0)
        rule++; /* the last one fits everything */
    bool link_only = rule->class == RUNTIME && is_namelink(path, mode, link);
    *ret_rule = link_only ? development_link : rule->name;
    return link_only ? DEV : rule->class;
}

int slip_class_may_be_script(const char *path, mode_t mode)
{
    return S_ISREG(mode) && is_linkers_name(path);
}

int slip_class_declared(const char *const *patterns, const char *path, const char **ret_glob)
{
    size_t longest = 0;
    int class = -1;

    for (; patterns && *patterns; patterns++) {
        const char *glob = strchr(*patterns, '=') + 1; /* it was checked when it was read */
        if (strlen(glob) < longest || fnmatch(glob, path, 0) != 0)
            continue;
        slip_cleanup(slip_freep) char *name =
            slip_xstrndup(*patterns, (size_t)(glob - 1 - *patterns));
        longest = strlen(glob);
        class = (int)slip_class_parse(name);
        *ret_glob = glob;
    }
    return class;
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
