#include "commands/command.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>

#include "recipe/write.h"
#include "util/fs.h"
#include "util/source.h"

#define RECIPE "image.slipway"

/* The directory's name, as far as it can be that of an image. */
static char *name_of(const char *dir)
{
    slip_cleanup(slip_freep) char *absolute = slip_path_absolute(dir);
    slip_cleanup(slip_buf_release) struct slip_buf name = SLIP_BUF_INIT;

    for (const char *p = slip_path_base(absolute); *p; p++) {
        char c = (char)tolower((unsigned char)*p);
        bool letter = islower((unsigned char)c) || isdigit((unsigned char)c);
        if (letter)
            slip_buf_putc(&name, c);
        else if (name.len && name.data[name.len - 1] != '-' && p[1])
            slip_buf_putc(&name, '-');
    }
    if (name.len && name.data[name.len - 1] == '-')
        name.data[--name.len] = '\0';
    return slip_xstrdup(name.len ? slip_buf_str(&name) : "image");
}

static int from_dockerfile(struct slip_session *s, const char *file, const char *name,
                           struct slip_buf *out, struct slip_error *err)
{
    const struct slip_source *src = slip_source_read(&s->arena, file, err);
    struct slip_dockerfile ast;

    if (!src || slip_dockerfile_parse(&s->arena, src, &ast, err) < 0)
        return -1;
    slip_buf_printf(out, "; Written by 'slipway init' from %s.\n", slip_path_base(file));
    return slip_recipe_write(&ast, name, out, err);
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    const char *dockerfile = NULL, *output = NULL;
    bool force = false;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    const struct slip_opt opts[] = {
        SLIP_OPT_TEXT(0, "from-dockerfile", &dockerfile, "FILE", "say what this Dockerfile says"),
        SLIP_OPT_TEXT('o', "output", &output, "FILE", "the recipe [" RECIPE " in DIR]"),
        SLIP_OPT_FLAG(0, "force", &force, "overwrite it"),
        SLIP_OPT_END,
    };
    int done = slip_command_opts(s, &slip_command_init, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    const char *dir = argc ? argv[0] : ".";
    slip_cleanup(slip_freep) char *usual =
        strcmp(dir, ".") == 0 ? slip_xstrdup(RECIPE) : slip_path_join(dir, RECIPE);
    slip_cleanup(slip_freep) char *name = name_of(dir);
    if (!output)
        output = usual;
    if (!force && access(output, F_OK) == 0) {
        slip_fail(err, SLIP_EUSAGE, "'%s' is there already", output);
        return slip_error_hint(err, "--force overwrites it, -o FILE writes another one");
    }
    if (dockerfile ? from_dockerfile(s, dockerfile, name, &text, err) < 0
                   : slip_recipe_start(dir, name, &text, err) < 0)
        return -1;
    if (slip_write_file(AT_FDCWD, output, slip_buf_str(&text), text.len, 0644, false, err) < 0)
        return -1;
    fprintf(s->out, "%s\n", output);
    return 0;
}

const struct slip_command slip_command_init = {
    .name = "init",
    .synopsis = "init [--from-dockerfile FILE] [-o RECIPE] [--force] [DIR]",
    .summary = "write a recipe to begin with",
    .about =
        "Looks at the project in DIR and writes image.slipway beside it. With --from-dockerfile\n"
        "the recipe means exactly what the Dockerfile does.",
    .max_args = 1,
    .run = run,
};
