#include "recipe/project.h"

#include <string.h>
#include <sys/stat.h>

#include "recipe/assign.h"
#include "recipe/template.h"
#include "util/fs.h"
#include "util/str.h"

static bool holds(const char *dir, const char *name)
{
    slip_cleanup(slip_freep) char *path = slip_path_join(dir, name);
    struct stat st;

    return stat(path, &st) == 0;
}

static bool is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool holds_makefile(const char *dir)
{
    return holds(dir, "GNUmakefile") || holds(dir, "makefile") || holds(dir, "Makefile");
}

/* The build system of sources that are to be compiled, or NULL. */
static const char *system_of_sources(const char *source)
{
    if (holds(source, "CMakeLists.txt"))
        return "cmake";
    if (holds(source, "configure") || holds(source, "configure.ac"))
        return "autotools";
    return holds_makefile(source) ? "make" : NULL;
}

/* That of a tree that is built already: what can install it. */
static const char *system_of_tree(const char *dir)
{
    if (holds(dir, "cmake_install.cmake"))
        return "cmake";
    if (holds(dir, "config.status"))
        return "autotools";
    return holds_makefile(dir) ? "make" : NULL;
}

const struct slip_recipe_stage *slip_recipe_stage_find(const struct slip_recipe *recipe,
                                                       const char *name)
{
    for (size_t i = 0; i < recipe->nstages; i++)
        if (strcmp(recipe->stages[i]->name, name) == 0)
            return recipe->stages[i];
    return NULL;
}

struct slip_span slip_recipe_place(const struct slip_recipe *recipe, struct slip_span at,
                                   const char *section)
{
    struct slip_span first = { 0 };

    if (at.src)
        return at;
    for (size_t i = 0; i < slip_nsections; i++) {
        if (strcmp(slip_sections[i].name, section) == 0 && recipe->sections[i].src)
            return recipe->sections[i];
        if (!first.src)
            first = recipe->sections[i];
    }
    return first.src ? first : (struct slip_span){ recipe->file, 0, 0 };
}

static int no_template(const struct slip_recipe_options *options, const char *folder,
                       const char *name, struct slip_error *err)
{
    slip_fail(err, SLIP_ESYSTEM, "cannot find the template '%s/%s/%s.Dockerfile'",
              options->templates, folder, name);
    return slip_error_hint(err, "Slipway's templates are not installed where it looks for them");
}

static int template(struct slip_arena *arena, const struct slip_recipe_options *options,
                    const char *folder, const char *name, const char **ret, struct slip_error *err)
{
    *ret = slip_template_find(arena, options->templates, folder, name);
    return *ret ? 0 : no_template(options, folder, name, err);
}

const char *slip_project_base_template(struct slip_arena *arena,
                                       const struct slip_recipe_options *options, const char *base,
                                       struct slip_error *err)
{
    const char *name = slip_path_base(base), *found = NULL;
    size_t n = strcspn(name, ":@");

    if (!strncmp(base, "rootfs:", 7) || !strncmp(base, "oci", 3) || !strncmp(base, "docker-", 7))
        n = 0; /* a file name says nothing about what is in it */
    const char *word = slip_arena_strndup(arena, name, n);
    if (strcmp(word, "tree") != 0 && strcmp(word, "host") != 0)
        found = slip_template_find(arena, options->templates, "toolchain", word);
    if (!found && template(arena, options, "toolchain", "debian", &found, err) < 0)
        return NULL;
    return found;
}

/* Does the recipe say that something is built, or leave it to us to see? */
static bool wants_builder(const struct slip_recipe *recipe)
{
    struct slip_span at;

    return slip_assign_given(recipe, "toolchain", NULL, &at) ||
           slip_assign_given(recipe, "build", "source", &at);
}

static void find_tree(struct slip_arena *arena, const struct slip_recipe *recipe,
                      struct slip_project *p)
{
    slip_cleanup(slip_freep) char *usual = slip_path_join(p->source, "build");

    if (recipe->build.dir.text)
        p->dir = recipe->build.dir.text;
    else if (holds(usual, "CMakeCache.txt"))
        p->dir = slip_arena_strdup(arena, usual);
}

static int choose_toolchain(struct slip_arena *arena, const struct slip_recipe *recipe,
                            const struct slip_recipe_options *options, struct slip_project *p,
                            struct slip_error *err)
{
    const char *use = recipe->toolchain.use.text ? recipe->toolchain.use.text : "tree";

    p->builder = strcmp(use, "tree") == 0   ? SLIP_BUILDER_TREE
                 : strcmp(use, "host") == 0 ? SLIP_BUILDER_HOST
                                            : SLIP_BUILDER_BASE;
    if (p->builder != SLIP_BUILDER_BASE && options->elsewhere) {
        if (p->builder == SLIP_BUILDER_TREE)
            find_tree(arena, recipe, p); /* 'files =' may name what is in it */
        p->builder = SLIP_BUILDER_BASE;
        p->stands_in = true;
        use = options->elsewhere;
    }
    if (p->builder != SLIP_BUILDER_BASE)
        return template(arena, options, "toolchain", use, &p->toolchain, err);
    if (!slip_recipe_stage_find(recipe, use))
        p->toolchain = slip_template_find(arena, options->templates, "toolchain", use);
    if (p->toolchain)
        return 0;
    p->base = use;
    p->toolchain = slip_project_base_template(arena, options, use, err);
    return p->toolchain ? 0 : -1;
}

static int not_built(const struct slip_recipe *recipe, const struct slip_project *p,
                     struct slip_error *err)
{
    struct slip_span at = recipe->build.dir.text
                              ? recipe->build.dir.at
                              : slip_recipe_place(recipe, recipe->build.source.at, "build");

    if (p->dir && !is_dir(p->dir))
        slip_fail_at(err, at, "there is no build tree '%s'", p->dir);
    else
        slip_fail_at(err, at, "there is no build tree that could be installed in '%s'",
                     p->dir ? p->dir : p->source);
    return slip_error_hint(err, "configure and build the project first and set 'dir =' in "
                                "[build], or let Slipway build it: 'use = host' in [toolchain]");
}

static int no_system(const struct slip_recipe *recipe, const struct slip_project *p,
                     struct slip_error *err)
{
    struct slip_span at = slip_recipe_place(recipe, recipe->build.source.at, "build");

    slip_fail_at(err, at,
                 "cannot tell how '%s' is built: it has no CMakeLists.txt, configure or "
                 "Makefile",
                 p->source);
    return slip_error_hint(err, "set 'source =' in [build], or say how with 'build =' and "
                                "'install ='; a recipe without a project has a [copy]");
}

/* 1: found. 0: there is nothing to build, and that is fine. */
static int choose_system(const struct slip_recipe *recipe, struct slip_project *p,
                         struct slip_error *err)
{
    const struct slip_recipe_build *build = &recipe->build;
    bool tree = p->builder == SLIP_BUILDER_TREE, scripts = build->build.text || build->install.text;

    p->system = build->system.text;
    if (!p->system && tree)
        p->system = system_of_tree(p->dir ? p->dir : p->source);
    if (!p->system && !tree)
        p->system = system_of_sources(p->source);
    if (!p->system && (scripts || build->files.n))
        p->system = "none";
    if (!p->system && !wants_builder(recipe) && (recipe->ncopies || recipe->runtime.base.text))
        return 0;
    if (!p->system && tree && (p->dir || system_of_sources(p->source)))
        return not_built(recipe, p, err);
    return p->system ? 1 : no_system(recipe, p, err);
}

static int check_tree(const struct slip_recipe *recipe, const struct slip_project *p,
                      struct slip_error *err)
{
    const struct slip_recipe_build *build = &recipe->build;
    bool cmake = strcmp(p->system, "cmake") == 0;

    if ((cmake && !p->dir) || (p->dir && !is_dir(p->dir)))
        return not_built(recipe, p, err);
    if (cmake && (build->options.n || build->generator.text)) {
        slip_fail_at(err, build->options.n ? build->options.v[0].at : build->generator.at,
                     "the build tree is configured already");
        return slip_error_hint(err,
                               "configure '%s' with it, or let Slipway build the project: "
                               "'use = host' in [toolchain]",
                               p->dir);
    }
    return 0;
}

static int check_installs(const struct slip_recipe *recipe, const struct slip_project *p,
                          struct slip_error *err)
{
    const struct slip_recipe_build *build = &recipe->build;

    if (strcmp(p->system, "none") != 0 || build->install.text || build->files.n)
        return 0;
    slip_fail_at(err, slip_recipe_place(recipe, build->system.at, "build"),
                 "nothing of the project is installed");
    return slip_error_hint(err, "say what with 'install =' or 'files =' in [build]");
}

static void place_in_stage(struct slip_project *p)
{
    bool tree = p->builder == SLIP_BUILDER_TREE, cmake = strcmp(p->system, "cmake") == 0;

    p->at_source = tree ? p->source : "/src";
    p->at_dir = tree ? (p->dir ? p->dir : p->source) : cmake ? "/build" : "/src";
}

static int resolve_builder(struct slip_arena *arena, const struct slip_recipe *recipe,
                           const struct slip_recipe_options *options, struct slip_project *p,
                           struct slip_error *err)
{
    int found;

    if (slip_recipe_stage_find(recipe, "build")) {
        p->builder = SLIP_BUILDER_OWN;
        return 0;
    }
    if (!wants_builder(recipe) && recipe->ncopies) {
        p->builder = SLIP_BUILDER_NONE;
        return 0;
    }
    if (choose_toolchain(arena, recipe, options, p, err) < 0)
        return -1;
    if (p->builder == SLIP_BUILDER_TREE)
        find_tree(arena, recipe, p);
    found = choose_system(recipe, p, err);
    if (found <= 0) {
        p->builder = SLIP_BUILDER_NONE;
        return found;
    }
    if ((p->builder == SLIP_BUILDER_TREE && check_tree(recipe, p, err) < 0) ||
        check_installs(recipe, p, err) < 0)
        return -1;
    place_in_stage(p);
    p->installs = true;
    if (recipe->build.files.n && template(arena, options, "build", "files", &p->files, err) < 0)
        return -1;
    return template(arena, options, "build", p->system, &p->build, err);
}

static bool stage_installs(const struct slip_recipe_stage *stage)
{
    for (size_t i = 0; i < stage->nsteps; i++)
        if (strcmp(stage->steps[i].key->name, "install") == 0 ||
            (stage->steps[i].script.text && strstr(stage->steps[i].script.text, "--install")))
            return true;
    return false;
}

/* With [image] stage, nothing but stages says what is in the image. */
static int check_alone(const struct slip_recipe *recipe, struct slip_error *err)
{
    const struct slip_recipe_image *image = &recipe->image;
    const struct slip_values *lists[] = { &image->entrypoint, &image->cmd,     &image->env,
                                          &image->expose,     &image->volumes, &image->healthcheck,
                                          &image->labels };
    const struct slip_value *texts[] = { &image->user, &image->workdir, &image->stopsignal,
                                         &image->debug_image };
    struct slip_span at = { 0 };

    if (!slip_recipe_stage_find(recipe, image->stage.text)) {
        slip_fail_at(err, image->stage.at, "there is no [stage %s]", image->stage.text);
        return slip_error_hint(err, "name one of the recipe's stages");
    }
    for (size_t i = 0; i < SLIP_ARRAY_LEN(lists); i++)
        if (lists[i]->key.src)
            at = lists[i]->key;
    for (size_t i = 0; i < SLIP_ARRAY_LEN(texts); i++)
        if (texts[i]->text)
            at = texts[i]->key;
    if (recipe->ncopies)
        at = recipe->copies[0]->at;
    if (!at.src && !slip_assign_given(recipe, "toolchain", NULL, &at) &&
        !slip_assign_given(recipe, "build", "source", &at) &&
        !slip_assign_given(recipe, "runtime", NULL, &at))
        return 0;
    slip_fail_at(err, at, "this does not go with 'stage =' in [image]");
    return slip_error_hint(err,
                           "the image is that stage as it is: say it in the stage's 'steps ='");
}

int slip_project_resolve(struct slip_arena *arena, const struct slip_recipe *recipe,
                         const struct slip_recipe_options *options, struct slip_project *ret,
                         struct slip_error *err)
{
    struct slip_project p = { .source = recipe->build.source.text };
    const char *base = recipe->runtime.base.text;
    const struct slip_recipe_stage *own = slip_recipe_stage_find(recipe, "build");

    if (!p.source)
        p.source = recipe->dir;
    if (!is_dir(p.source))
        return slip_fail_at(err, recipe->build.source.at, "there is no directory '%s'", p.source);
    if (recipe->image.stage.text) {
        *ret = p;
        return check_alone(recipe, err);
    }
    if (resolve_builder(arena, recipe, options, &p, err) < 0)
        return -1;
    if (own)
        p.installs = stage_installs(own);
    if (own && !p.installs && !recipe->ncopies) {
        slip_fail_at(err, own->at, "nothing of this stage gets into the image");
        return slip_error_hint(err, "give it an 'install =', or take files with a [copy]");
    }
    if (base && strcmp(base, "scratch") != 0) {
        p.runtime_base = slip_project_base_template(arena, options, base, err);
        if (!p.runtime_base)
            return -1;
    }
    if (template(arena, options, "runtime", p.runtime_base ? "base" : "scratch", &p.runtime, err) <
        0)
        return -1;
    if (slip_recipe_asks_debug(recipe, options->target)) {
        if (!p.installs)
            return slip_fail_at(err, recipe->image.debug_image.at,
                                "there is nothing to debug: the recipe builds nothing");
        if (template(arena, options, "runtime", "debug", &p.debug, err) < 0)
            return -1;
    }
    *ret = p;
    return 0;
}
