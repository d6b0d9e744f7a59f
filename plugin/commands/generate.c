#include "commands/front.h"

#include <fcntl.h>

#include "commands/distribution.h"
#include "commands/resource.h"
#include "dockerfile/ast.h"
#include "engine/eject.h"
#include "util/fs.h"
#include "util/str.h"

#define SCRIPT_LIMIT ((size_t)1 << 20)

struct generation {
    const char *dialect, *base, *output, *target;
    struct slip_eject_options eject;
};

static void describe_recipe(const struct slip_front *front, const char *base, const char *target,
                            struct slip_buf *out)
{
    const struct slip_recipe *recipe = &front->recipe;
    const char *use = recipe->toolchain.use.text ? recipe->toolchain.use.text : "tree";

    if (strcmp(use, "tree") == 0 || strcmp(use, "host") == 0)
        slip_buf_printf(out,
                        "\n\nThe recipe's toolchain is '%s', which no other builder has: %s with "
                        "packages takes its\nplace, and the project is built anew. Add the "
                        "packages that it needs besides.",
                        use, base);
    if (recipe->image.annotations.n)
        slip_buf_puts(out, "\nNot said here: the recipe's annotations (docker buildx build "
                           "--annotation).");
    if (slip_value_is_yes(&recipe->image.debug_image, false) &&
        !slip_recipe_asks_debug(recipe, target))
        slip_buf_puts(out, "\nNot said here: the recipe's debug image (slipway generate --target "
                           "debug).");
    if (recipe->ntests)
        slip_buf_puts(out, "\nNot said here: the recipe's tests, which 'slipway test' runs.");
    if (recipe->budget.size.text || recipe->budget.files.text || recipe->budget.layers.text ||
        recipe->budget.forbid.n)
        slip_buf_puts(out, "\nNot said here: the recipe's budget.");
}

static const char *head(const struct slip_front *front, struct slip_session *s,
                        const struct generation *g)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    const char *context = front->contexts[0].path;

    slip_buf_printf(&text, "Written by 'slipway generate' from %s, in the dialect %s.\n",
                    slip_path_base(front->source->name), g->dialect);
    slip_buf_puts(&text, "Build it with: docker build");
    if (front->name)
        slip_buf_printf(&text, " -t %s", front->name);
    if (front->is_recipe && front->recipe.image.platforms.n)
        slip_buf_printf(&text, " --platform %s", front->recipe.image.platforms.v[0].text);
    slip_buf_puts(&text, " -f THIS_FILE ");
    slip_buf_puts(&text, context && strcmp(context, ".") != 0 && front->is_recipe
                             ? "SOURCE_DIRECTORY"
                             : "CONTEXT");
    if (front->is_recipe)
        describe_recipe(front, g->eject.base, g->target, &text);
    return slip_arena_strdup(&s->arena, slip_buf_str(&text));
}

/* The facts of [image], which Slipway makes labels of. */
static void add_facts(struct slip_front *front)
{
    const struct slip_recipe_image *image = &front->recipe.image;
    const struct {
        const char *name;
        const struct slip_value *value;
    } facts[] = {
        { "title", &image->title },     { "description", &image->description },
        { "version", &image->version }, { "url", &image->url },
        { "source", &image->source },   { "licenses", &image->licenses },
    };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(facts); i++) {
        if (!facts[i].value->text)
            continue;
        slip_cleanup(slip_freep) char *key =
            slip_xasprintf("org.opencontainers.image.%s", facts[i].name);
        struct slip_instruction *label =
            slip_ast_add(&front->ast, SLIP_INS_LABEL, facts[i].value->at);
        slip_instruction_pair(&front->ast, label, key, facts[i].value->text, facts[i].value->at);
    }
}

static int eject(struct slip_front *front, struct slip_session *s, struct generation *g,
                 struct slip_dockerfile *ret, struct slip_error *err)
{
    slip_cleanup(slip_freep) char *templates = slip_resource_path("templates", err);
    slip_cleanup(slip_buf_release) struct slip_buf script = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *path =
        templates ? slip_path_join(templates, "eject/collect.sh") : NULL;

    if (!path || slip_read_file(AT_FDCWD, path, SCRIPT_LIMIT, &script, err) < 0)
        return -1;
    if (front->is_recipe)
        add_facts(front);
    g->eject.collect = slip_buf_str(&script);
    g->eject.comment = head(front, s, g);
    return slip_eject(&front->ast, &g->eject, ret, err);
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    struct generation g = { .dialect = "portable" };
    slip_cleanup(slip_front_options_release) struct slip_front_options options =
        SLIP_FRONT_OPTIONS_INIT;
    slip_cleanup(slip_front_release) struct slip_front front = SLIP_FRONT_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    struct slip_dockerfile ejected;
    const struct slip_opt opts[] = {
        SLIP_FRONT_OPTS(&options),
        SLIP_OPT_TEXT(0, "dialect", &g.dialect, "NAME", "portable, current or slipway [portable]"),
        SLIP_OPT_TEXT(0, "base", &g.base, "IMAGE", "takes the place of what only this machine has"),
        SLIP_OPT_TEXT('o', "output", &g.output, "FILE", "write there, not to standard output"),
        SLIP_OPT_END,
    };
    int done = slip_command_opts(s, &slip_command_generate, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    bool own = strcmp(g.dialect, "slipway") == 0;
    if (!own && slip_dialect_parse(g.dialect, &g.eject.dialect, err) < 0)
        return -1;
    slip_cleanup(slip_freep) char *distribution = slip_distribution_image();
    g.eject.base = g.base ? g.base : distribution;
    g.eject.replace_files = g.base != NULL;
    options.context = argc ? argv[0] : NULL;
    g.target = options.target;
    options.elsewhere = own ? NULL : g.eject.base;
    options.mounts = g.eject.dialect == SLIP_DIALECT_CURRENT;
    if (slip_front_open(&front, s, &options, err) < 0)
        return -1;
    if (!own && eject(&front, s, &g, &ejected, err) < 0)
        return -1;
    if (slip_dockerfile_print(own ? &front.ast : &ejected, &text, err) < 0)
        return -1;
    if (g.output)
        return slip_write_file(AT_FDCWD, g.output, slip_buf_str(&text), text.len, 0644, false, err);
    fputs(slip_buf_str(&text), s->out);
    return 0;
}

const struct slip_command slip_command_generate = {
    .name = "generate",
    .synopsis = "generate -f FILE [--dialect NAME] [--base IMAGE] [-o FILE] [CONTEXT]",
    .summary = "write the Dockerfile that a recipe means, for other builders",
    .about =
        "The dialect 'portable' is for docker 20.10 and buildah 1.28, 'current' for BuildKit of\n"
        "today; 'slipway' has Slipway's own words and means exactly what is built here. What a\n"
        "dialect cannot say is written another way, stands in a comment, or is an error.",
    .max_args = 1,
    .run = run,
};
