#include "slim/scripts.h"

#include "slim/hints.h"
#include "slim/packages.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

#define LINE_LIMIT 256 /* BINPRM_BUF_SIZE */

static bool is_there(struct slip_world *w, const char *path)
{
    const struct slip_closure_options *o = w->options;
    slip_cleanup(slip_trail_release) struct slip_trail in_base = SLIP_TRAIL_INIT;

    if (o->base_root >= 0 && slip_trail_walk(o->base_root, path, &in_base) == 1)
        return true;
    slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;
    return slip_trail_walk(o->root, path, &trail) == 1 && slip_map_get(&w->installed, trail.real);
}

/* The program that `env` would start, or NULL: the first word that is no option and no setting. */
static const char *word_of_env(char *arguments)
{
    char *save = NULL;

    for (char *word = strtok_r(arguments, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
        if (word[0] != '-' && !strchr(word, '='))
            return word;
    return NULL;
}

static bool is_in_path(struct slip_world *w, const char *name)
{
    static const char *const dirs[] = { "/usr/local/bin",  "/usr/bin",  "/bin",
                                        "/usr/local/sbin", "/usr/sbin", "/sbin" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(dirs); i++) {
        slip_cleanup(slip_freep) char *path = slip_path_join(dirs[i], name);
        if (is_there(w, path))
            return true;
    }
    return false;
}

/* Debian's package of a program: that of the usual ones, else whose it is in the builder. */
static void take_package(void *user, void *value, const char *package, const char *arch)
{
    char **to = value;

    (void)user, (void)arch;
    if (!*to)
        *to = slip_xstrdup(package);
}

static char *package_of(struct slip_world *w, const char *path)
{
    static const char *const usual[][2] = {
        { "awk", "mawk" },        { "bash", "bash" },   { "env", "coreutils" },
        { "guile", "guile-3.0" }, { "lua", "lua5.4" },  { "node", "nodejs" },
        { "perl", "perl" },       { "php", "php-cli" }, { "python3", "python3" },
        { "python", "python3" },  { "ruby", "ruby" },   { "sed", "sed" },
        { "sh", "dash" },         { "tclsh", "tcl" },   { "zsh", "zsh" },
    };
    slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;
    slip_cleanup(slip_map_release) struct slip_map wanted = SLIP_MAP_INIT;
    char *package = NULL;

    for (size_t i = 0; i < SLIP_ARRAY_LEN(usual); i++)
        if (strcmp(usual[i][0], slip_path_base(path)) == 0)
            return slip_xstrdup(usual[i][1]);
    if (path[0] == '/' && slip_trail_walk(w->options->root, path, &trail) == 1) {
        slip_map_set(&wanted, trail.real, &package);
        slip_packages_owners(w->options->root, &wanted, take_package, NULL);
    }
    return package;
}

static void tell(struct slip_world *w, const char *path, const char *program)
{
    slip_cleanup(slip_freep) char *package = package_of(w, program);
    slip_cleanup(slip_freep) char *has =
        package ? slip_xasprintf(" (package %s)", package) : slip_xstrdup("");
    struct slip_hint *hint =
        slip_hint_add(w->closure, path, program,
                      "is a script for '%s', and the image has none; take a BASE that has it%s, "
                      "leave the script out with CLASS_OF none %s, or ACKNOWLEDGE %s",
                      program, has, path, program);

    if (hint)
        hint->is_script = true;
}

void slip_script_check(struct slip_world *world, const char *path)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_trail_release) struct slip_trail trail = SLIP_TRAIL_INIT;
    char *save = NULL;

    if (slip_trail_walk(world->options->root, path, &trail) != 1 || !S_ISREG(trail.mode) ||
        !(trail.mode & 0111) ||
        !slip_trail_read(world->options->root, trail.real, LINE_LIMIT, &text) ||
        !slip_starts_with(slip_buf_str(&text), "#!"))
        return;
    text.data[strcspn(text.data, "\n")] = '\0';
    const char *interp = strtok_r(text.data + 2, " \t\r", &save);
    if (!interp || interp[0] != '/')
        return;
    bool env = strcmp(slip_path_base(interp), "env") == 0;
    const char *program = env && save ? word_of_env(save) : NULL;
    if (program && !is_in_path(world, program))
        tell(world, path, program);
    else if (!is_there(world, interp))
        tell(world, path, interp);
}
