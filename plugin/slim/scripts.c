#include "slim/scripts.h"

#include "slim/hints.h"
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
    if (!is_there(world, interp))
        slip_hint_add(world->closure, path, interp,
                      "is a script for '%s', which is not in the image", interp);
    if (strcmp(slip_path_base(interp), "env") != 0)
        return;
    const char *program = save ? word_of_env(save) : NULL;
    if (program && !is_in_path(world, program))
        slip_hint_add(world->closure, path, program,
                      "is a script for '%s', which is not in the image", program);
}
