#include "recipe/keys.h"

#include <string.h>

#include "recipe/check.h"
#include "recipe/recipe.h"
#include "util/str.h"

#define IMAGE(member) offsetof(struct slip_recipe_image, member)
#define TOOLCHAIN(member) offsetof(struct slip_recipe_toolchain, member)
#define BUILD(member) offsetof(struct slip_recipe_build, member)
#define RUNTIME(member) offsetof(struct slip_recipe_runtime, member)
#define CLASSES(member) offsetof(struct slip_recipe_classes, member)
#define COPY(member) offsetof(struct slip_recipe_copy, member)
#define TEST(member) offsetof(struct slip_recipe_test, member)
#define BUDGET(member) offsetof(struct slip_recipe_budget, member)

static const struct slip_key image_keys[] = {
    { "name", SLIP_KEY_WORD, IMAGE(name), NULL, slip_check_repository,
      "Name of the image, with a registry in front if it has one, without a tag." },
    { "tags", SLIP_KEY_LIST, IMAGE(tags), NULL, slip_check_tag, "Tags. Default: latest." },
    { "entrypoint", SLIP_KEY_COMMAND, IMAGE(entrypoint), NULL, NULL,
      "What the container runs. The name of an installed program is enough; that it is there is "
      "checked before the image exists." },
    { "cmd", SLIP_KEY_COMMAND, IMAGE(cmd), NULL, NULL,
      "Arguments that 'run' puts behind the entrypoint unless others are given." },
    { "user", SLIP_KEY_WORD, IMAGE(user), NULL, slip_check_user,
      "USER or USER:GROUP, as names or numbers. Default: 65532:65532." },
    { "workdir", SLIP_KEY_TEXT, IMAGE(workdir), NULL, slip_check_absolute,
      "Directory in which the entrypoint starts. It is made." },
    { "env", SLIP_KEY_PAIRS, IMAGE(env), NULL, slip_check_variable,
      "Environment of the container." },
    { "expose", SLIP_KEY_LIST, IMAGE(expose), NULL, slip_check_port,
      "Ports that the program listens on, such as 8080 or 53/udp." },
    { "volumes", SLIP_KEY_LIST, IMAGE(volumes), NULL, slip_check_absolute,
      "Directories that hold data beyond the life of a container." },
    { "stopsignal", SLIP_KEY_WORD, IMAGE(stopsignal), NULL, slip_check_signal,
      "Signal that asks the program to end." },
    { "healthcheck", SLIP_KEY_COMMAND, IMAGE(healthcheck), NULL, NULL,
      "Command that succeeds while the program is well; 'none' turns off the one of the base." },
    { "title", SLIP_KEY_TEXT, IMAGE(title), NULL, NULL,
      "What the image is called among people. This and the next five become labels and "
      "annotations, org.opencontainers.image.title and so on. Default: the last part of its "
      "name." },
    { "description", SLIP_KEY_TEXT, IMAGE(description), NULL, NULL, "What it is, in a sentence." },
    { "version", SLIP_KEY_TEXT, IMAGE(version), NULL, NULL,
      "Version of the packaged software. Default: the first tag that is not 'latest'." },
    { "url", SLIP_KEY_TEXT, IMAGE(url), NULL, NULL, "Where to read more about it." },
    { "source", SLIP_KEY_TEXT, IMAGE(source), NULL, NULL,
      "Where its sources are. Default: what git has as 'origin', without credentials." },
    { "licenses", SLIP_KEY_TEXT, IMAGE(licenses), NULL, NULL,
      "SPDX expression. Default: the names of the files in LICENSES/, all of which must be kept "
      "to." },
    { "labels", SLIP_KEY_PAIRS, IMAGE(labels), NULL, slip_check_label,
      "Labels in the configuration of the image. An empty value takes away one that Slipway "
      "would add." },
    { "annotations", SLIP_KEY_FACTS, IMAGE(annotations), NULL, slip_check_label,
      "Annotations in the manifest of the image. An empty value takes away one that Slipway would "
      "add." },
    { "debug-image", SLIP_KEY_YESNO, IMAGE(debug_image), NULL, NULL,
      "yes: 'build --target debug' makes the same image with one more layer, the debug information "
      "of the project's programs and libraries beneath /usr/lib/debug/.build-id; '-debug' stands "
      "behind its tags. Default: no." },
    { "platforms", SLIP_KEY_LIST, IMAGE(platforms), NULL, slip_check_platform,
      "What the image is for, such as linux/arm64; the programs of the project must be made for "
      "it. One platform: several need a build for each. Default: what the programs are made for." },
    { "compression", SLIP_KEY_CHOICE, IMAGE(compression), "gzip zstd none", NULL,
      "Of the layers that are made here. Default: gzip, as docker before 23 cannot pull zstd." },
    { "compression-level", SLIP_KEY_NUMBER, IMAGE(compression_level), NULL, slip_check_count,
      "1 to 12 for gzip, 1 to 19 for zstd: higher is smaller and slower." },
    { "sbom", SLIP_KEY_CHOICE, IMAGE(sbom), "spdx cyclonedx", NULL,
      "A bill of materials is made with the image and attached to it; layouts and archives have it "
      "beside them, as NAME.spdx.json or NAME.cdx.json. Default: none." },
    { "stage", SLIP_KEY_WORD, IMAGE(stage), NULL, slip_check_name,
      "The image is this [stage], as it is: nothing is built, added or set besides what the stages "
      "say, as in a Dockerfile. [toolchain], [build], [runtime] and [copy] are not used then." },
    { "steps", SLIP_KEY_SCRIPT, IMAGE(steps), NULL, NULL,
      "With 'stage =': the ARGs in front of the first stage. Stages repeat those that they use." },
    { "include", SLIP_KEY_LIST, IMAGE(include), NULL, NULL,
      "Recipes that are read first; this one overrides what they say. May also stand before the "
      "first section." },
};

static const struct slip_key toolchain_keys[] = {
    { "use", SLIP_KEY_BASE, TOOLCHAIN(use), NULL, NULL,
      "tree: this very build tree, nothing is compiled again. host: the programs of this machine, "
      "in a sandbox. debian, or another template: a base image and packages. Or any base: "
      "rootfs:DIR-or-TAR, oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE, a reference in a "
      "registry, the name of a [stage]. Default: tree." },
    { "packages", SLIP_KEY_LIST, TOOLCHAIN(packages), NULL, slip_check_package,
      "Packages that the build needs. They are installed into a base; with 'host' they must be "
      "installed on this machine." },
    { "sysroot", SLIP_KEY_LIST, TOOLCHAIN(sysroot), NULL, slip_check_absolute,
      "Directories that a cross compiler takes for the root: the image's libraries come from "
      "there, "
      "the first one that has them. Default: for programs of another machine, /usr/<triplet>, if "
      "the "
      "toolchain has it and not their loader." },
    { "network", SLIP_KEY_CHOICE, TOOLCHAIN(network), "none host", NULL,
      "Network of the build steps; the package step always has it. Default: none." },
};

static const struct slip_key build_keys[] = {
    { "system", SLIP_KEY_CHOICE, BUILD(system), "cmake make autotools none", NULL,
      "The project's build system. Default: told by CMakeLists.txt, configure or Makefile in the "
      "source directory." },
    { "source", SLIP_KEY_PATH, BUILD(source), NULL, NULL,
      "Source directory, which is the build context. Default: the directory of the recipe." },
    { "dir", SLIP_KEY_PATH, BUILD(dir), NULL, NULL,
      "Build tree that exists already, for 'use = tree'. Default: build in the source directory, "
      "if it is one." },
    { "config", SLIP_KEY_WORD, BUILD(config), NULL, NULL,
      "Configuration, such as Release or Debug. Default: that of the tree, else Release." },
    { "generator", SLIP_KEY_TEXT, BUILD(generator), NULL, NULL,
      "CMake generator. Default: Ninja where it is installed, else Unix Makefiles." },
    { "options", SLIP_KEY_LIST, BUILD(options), NULL, NULL,
      "Arguments of the configure step, such as -DWITH_TLS=ON; with make, of every call of make, "
      "such as BUILD_TLS=yes." },
    { "targets", SLIP_KEY_LIST, BUILD(targets), NULL, slip_check_item,
      "Targets to build. Default: what the build system builds." },
    { "components", SLIP_KEY_LIST, BUILD(components), NULL, slip_check_item,
      "Components to install (CMake). Default: all." },
    { "prefix", SLIP_KEY_TEXT, BUILD(prefix), NULL, slip_check_absolute,
      "Where the project is installed. Default: /usr/local, or what the tree was configured "
      "with." },
    { "build", SLIP_KEY_SCRIPT, BUILD(build), NULL, NULL,
      "Shell commands that build the project, in place of the usual ones. They run in the source "
      "directory, with CMake in the build directory." },
    { "install", SLIP_KEY_SCRIPT, BUILD(install), NULL, NULL,
      "Shell commands that install it, in place of the usual ones. DESTDIR is set; what they "
      "write elsewhere is taken as well." },
    { "install-env", SLIP_KEY_PAIRS, BUILD(install_env), NULL, slip_check_variable,
      "Environment of the install step." },
    { "test", SLIP_KEY_YESNO, BUILD(test), NULL, NULL,
      "yes: run the project's own tests; no image comes of a project that fails them. Default: "
      "no." },
    { "only", SLIP_KEY_LIST, BUILD(only), NULL, slip_check_only,
      "Base names of the installed files to take. Default: all." },
    { "files", SLIP_KEY_LINES, BUILD(files), NULL, slip_check_file,
      "SOURCE:DESTINATION, one on each line: files or directories of the source tree or of the "
      "build tree, for projects that do not install them." },
    { "jobs", SLIP_KEY_NUMBER, BUILD(jobs), NULL, slip_check_jobs,
      "Compilers at the same time. Default: one for each processor; scripts of 'build =' as "
      "they say themselves." },
};

static const struct slip_key runtime_keys[] = {
    { "base", SLIP_KEY_BASE, RUNTIME(base), NULL, NULL,
      "What the image stands on: scratch, or any base as for [toolchain] use. Default: scratch." },
    { "packages", SLIP_KEY_LIST, RUNTIME(packages), NULL, slip_check_package,
      "Packages to install into the base." },
    { "classes", SLIP_KEY_LIST, RUNTIME(classes), "runtime dev doc debug", NULL,
      "Which of the installed files to take. Default: runtime." },
    { "dlopen", SLIP_KEY_LIST, RUNTIME(dlopen), NULL, slip_check_item,
      "Libraries that the program loads while it runs: names or globs." },
    { "data", SLIP_KEY_LIST, RUNTIME(data), NULL, slip_check_item,
      "Data that the program needs, such as ca-certificates or tzdata." },
    { "strict", SLIP_KEY_YESNO, RUNTIME(strict), NULL, NULL,
      "What the programs will miss at run time is an error, not a note. Default: no." },
    { "acknowledge", SLIP_KEY_LIST, RUNTIME(acknowledge), NULL, slip_check_item,
      "What they may go without: words of such notes (tzdata, dlopen, /bin/sh), or the path of a "
      "program for all that it asks for." },
    { "strip", SLIP_KEY_YESNO, RUNTIME(strip), NULL, NULL,
      "Leave symbols and debug sections out of the image. Default: yes." },
    { "closure", SLIP_KEY_YESNO, RUNTIME(closure), NULL, NULL,
      "Add the shared libraries that the programs need. Default: yes." },
};

static const struct slip_key classes_keys[] = {
    { "runtime", SLIP_KEY_LIST, CLASSES(runtime), NULL, slip_check_glob,
      "Globs of files that are of this class, whatever they look like; '*' also stands for '/', "
      "and "
      "of several globs the longest decides." },
    { "dev", SLIP_KEY_LIST, CLASSES(dev), NULL, slip_check_glob, "The same." },
    { "doc", SLIP_KEY_LIST, CLASSES(doc), NULL, slip_check_glob, "The same." },
    { "debug", SLIP_KEY_LIST, CLASSES(debug), NULL, slip_check_glob, "The same." },
    { "none", SLIP_KEY_LIST, CLASSES(none), NULL, slip_check_glob, "Files that are in no image." },
};

/* No offsets: a stage keeps its keys in the order in which they were written. */
static const struct slip_key stage_keys[] = {
    { "from", SLIP_KEY_BASE, 0, NULL, NULL,
      "What the stage stands on: any base as for [toolchain] use, or a stage. Default: scratch." },
    { "platform", SLIP_KEY_WORD, 0, NULL, NULL, "Platform of the base, such as linux/arm64." },
    { "packages", SLIP_KEY_LIST, 0, NULL, slip_check_package, "Packages to install." },
    { "env", SLIP_KEY_PAIRS, 0, NULL, slip_check_variable, "Environment of what follows." },
    { "workdir", SLIP_KEY_TEXT, 0, NULL, NULL, "Directory of what follows." },
    { "user", SLIP_KEY_WORD, 0, NULL, slip_check_user, "User of what follows." },
    { "copy", SLIP_KEY_LINES, 0, NULL, NULL,
      "[--FLAG...] SOURCE... DESTINATION, one COPY on each line." },
    { "run", SLIP_KEY_LINES, 0, NULL, NULL,
      "One RUN on each line; a backslash at its end joins the next one." },
    { "install", SLIP_KEY_SCRIPT, 0, NULL, NULL,
      "A RUN whose files are what the stage installs, for [stage build]. DESTDIR is set." },
    { "steps", SLIP_KEY_SCRIPT, 0, NULL, NULL,
      "Any instructions of a Dockerfile, heredocs included." },
};

static const struct slip_key copy_keys[] = {
    { "from", SLIP_KEY_BASE, COPY(from), NULL, NULL,
      "A stage, or any base. Default: the build context." },
    { "src", SLIP_KEY_LIST, COPY(src), NULL, NULL, "What to copy; patterns are welcome." },
    { "dst", SLIP_KEY_TEXT, COPY(dst), NULL, NULL,
      "Where to; a '/' at the end means a directory." },
    { "chown", SLIP_KEY_WORD, COPY(chown), NULL, slip_check_user, "Owner of the copies." },
    { "chmod", SLIP_KEY_WORD, COPY(chmod), NULL, NULL, "Mode of the copies." },
    { "link", SLIP_KEY_YESNO, COPY(link), NULL, NULL,
      "Copy without looking at what is there. Default: no." },
};

static const struct slip_key test_keys[] = {
    { "command", SLIP_KEY_COMMAND, TEST(command), NULL, NULL,
      "Arguments for the entrypoint, as those of 'slipway run'; default: those of cmd." },
    { "expect-output", SLIP_KEY_TEXT, TEST(expect_output), NULL, slip_check_regex,
      "Regular expression that the output must match." },
    { "expect-exit", SLIP_KEY_NUMBER, TEST(expect_exit), NULL, slip_check_exit,
      "Exit status. Default: 0." },
    { "link-check", SLIP_KEY_YESNO, TEST(link_check), NULL, NULL,
      "Check that every program finds its libraries in the image. Default: no." },
};

static const struct slip_key budget_keys[] = {
    { "size", SLIP_KEY_SIZE, BUDGET(size), NULL, NULL,
      "Largest size, such as 20MB or 20MiB: that of all files in all layers, uncompressed, as "
      "'docker images' shows it." },
    { "files", SLIP_KEY_NUMBER, BUDGET(files), NULL, slip_check_count,
      "Largest number of files, links and devices; directories do not count." },
    { "layers", SLIP_KEY_NUMBER, BUDGET(layers), NULL, slip_check_count,
      "Largest number of layers, those of the base included." },
    { "forbid", SLIP_KEY_LIST, BUDGET(forbid), NULL, slip_check_forbidden,
      "What may not be there: patterns of paths (/bin/sh, /usr/include/**), patterns of names "
      "without a '/' (*.a), and the words setuid, setgid, world-writable, shell and "
      "capabilities." },
    { "max-size", SLIP_KEY_SIZE, BUDGET(size), NULL, NULL, "The same as size." },
    { "max-files", SLIP_KEY_NUMBER, BUDGET(files), NULL, slip_check_count, "The same as files." },
};

#define SECTION(name, kind, member, keys, help)                                            \
    {                                                                                      \
        name, kind, offsetof(struct slip_recipe, member), keys, SLIP_ARRAY_LEN(keys), help \
    }

const struct slip_section slip_sections[] = {
    SECTION("image", SLIP_SECTION_ONE, image, image_keys, "The image, and how it runs."),
    SECTION("toolchain", SLIP_SECTION_ONE, toolchain, toolchain_keys,
            "What the project is built with."),
    SECTION("build", SLIP_SECTION_ONE, build, build_keys,
            "How the project is configured, built, tested and installed."),
    SECTION("runtime", SLIP_SECTION_ONE, runtime, runtime_keys,
            "What the image holds besides the project."),
    SECTION("classes", SLIP_SECTION_ONE, classes, classes_keys,
            "Which class an installed file is of, where the rules are wrong."),
    SECTION("stage", SLIP_SECTION_NAMED, stages, stage_keys,
            "A stage of your own; its keys take effect in the order in which they stand. "
            "[stage build] takes the place of the one that [toolchain] and [build] describe."),
    SECTION("copy", SLIP_SECTION_ANY, copies, copy_keys,
            "Files that the image gets besides the installed ones."),
    { "args", SLIP_SECTION_FREE, offsetof(struct slip_recipe, args), NULL, 0,
      "NAME = DEFAULT: variables that other values use as $NAME or ${NAME}; --build-arg overrides "
      "them. A plain dollar sign is written \\$." },
    SECTION("test", SLIP_SECTION_NAMED, tests, test_keys, "A test that 'slipway test' runs."),
    SECTION("budget", SLIP_SECTION_ONE, budget, budget_keys,
            "Limits; beyond them the build fails."),
};

const size_t slip_nsections = SLIP_ARRAY_LEN(slip_sections);
_Static_assert(SLIP_ARRAY_LEN(slip_sections) == SLIP_RECIPE_SECTIONS, "one place per section");

const struct slip_section *slip_section_find(struct slip_span name, struct slip_error *err)
{
    const char *names[SLIP_ARRAY_LEN(slip_sections)];
    slip_cleanup(slip_freep) char *word = slip_xstrndup(name.src->text + name.off, name.len);

    for (size_t i = 0; i < SLIP_ARRAY_LEN(slip_sections); i++) {
        names[i] = slip_sections[i].name;
        if (strcmp(names[i], word) == 0)
            return &slip_sections[i];
    }
    slip_fail_at(err, name, "there is no section '%s'", word);
    const char *near = slip_suggest(word, names, SLIP_ARRAY_LEN(names));
    if (near)
        slip_error_hint(err, "did you mean '%s'?", near);
    else
        slip_error_hint(err, "sections are image, toolchain, build, runtime, classes, stage NAME, "
                             "copy, args, test NAME and budget");
    return NULL;
}

static void suggest_key(const struct slip_section *section, const char *word,
                        struct slip_error *err)
{
    slip_cleanup(slip_freep) const char **names = slip_xcalloc(section->n, sizeof *names);

    for (size_t i = 0; i < section->n; i++)
        names[i] = section->keys[i].name;
    const char *near = slip_suggest(word, names, section->n);
    if (near) {
        slip_error_hint(err, "did you mean '%s'?", near);
        return;
    }
    for (size_t i = 0; i < SLIP_ARRAY_LEN(slip_sections); i++)
        for (size_t k = 0; k < slip_sections[i].n; k++)
            if (strcmp(slip_sections[i].keys[k].name, word) == 0) {
                slip_error_hint(err, "[%s] has a key of that name", slip_sections[i].name);
                return;
            }
    slip_error_hint(err, "'slipway help recipe' lists all keys");
}

const struct slip_key *slip_key_find(const struct slip_section *section, struct slip_span key,
                                     struct slip_error *err)
{
    slip_cleanup(slip_freep) char *word = slip_xstrndup(key.src->text + key.off, key.len);

    for (size_t i = 0; i < section->n; i++)
        if (strcmp(section->keys[i].name, word) == 0)
            return &section->keys[i];
    slip_fail_at(err, key, "[%s] has no key '%s'", section->name, word);
    suggest_key(section, word, err);
    return NULL;
}

/* How the value of a key is written. */
static const char *form(const struct slip_key *key)
{
    switch (key->type) {
    case SLIP_KEY_WORD:
    case SLIP_KEY_TEXT:
        return "VALUE";
    case SLIP_KEY_CHOICE:
        return "one of: ";
    case SLIP_KEY_YESNO:
        return "yes | no";
    case SLIP_KEY_NUMBER:
        return "NUMBER";
    case SLIP_KEY_SIZE:
        return "SIZE";
    case SLIP_KEY_PATH:
        return "PATH";
    case SLIP_KEY_BASE:
        return "BASE";
    case SLIP_KEY_LIST:
        return key->choices ? "list of: " : "list";
    case SLIP_KEY_LINES:
        return "lines";
    case SLIP_KEY_PAIRS:
    case SLIP_KEY_FACTS:
        return "lines NAME=VALUE";
    case SLIP_KEY_COMMAND:
        return "COMMAND";
    case SLIP_KEY_SCRIPT:
        return "SCRIPT";
    }
    return "";
}

static void put_wrapped(struct slip_buf *out, size_t indent, const char *text)
{
    size_t column = 0;

    for (const char *p = text; *p;) {
        size_t n = strcspn(p, " ");
        if (column == 0 || column + 1 + n > 79) {
            slip_buf_printf(out, "%s%*s", column ? "\n" : "", (int)indent, "");
            column = indent;
        } else {
            slip_buf_putc(out, ' ');
            column++;
        }
        slip_buf_put(out, p, n);
        column += n;
        p += n + (p[n] == ' ');
    }
    slip_buf_putc(out, '\n');
}

void slip_recipe_help(struct slip_buf *out)
{
    slip_buf_puts(out,
                  "A recipe (*.slipway) says what goes into an image, in sections of keys.\n\n");
    put_wrapped(out, 0,
                "A line whose first character is '#' or ';' is a comment. An indented line "
                "continues the value above it. A list has words as in a shell; 'lines' have one "
                "item on each line. Lists grow when their key is repeated. A COMMAND is a JSON "
                "array or words as in a shell. Relative paths are taken from the directory of the "
                "recipe.");
    for (size_t i = 0; i < slip_nsections; i++) {
        const struct slip_section *s = &slip_sections[i];
        slip_buf_printf(out, "\n[%s%s]\n", s->name,
                        s->kind == SLIP_SECTION_NAMED ? " NAME"
                        : s->kind == SLIP_SECTION_ANY ? "] or [copy NAME"
                                                      : "");
        put_wrapped(out, 2, s->help);
        for (size_t k = 0; k < s->n; k++) {
            slip_buf_printf(out, "\n  %s = %s%s\n", s->keys[k].name, form(&s->keys[k]),
                            s->keys[k].choices ? s->keys[k].choices : "");
            put_wrapped(out, 6, s->keys[k].help);
        }
    }
}
