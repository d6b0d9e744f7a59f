#include "build/import.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "build/locate.h"
#include "commands/display.h"
#include "commands/epoch.h"
#include "dockerfile/ast.h"
#include "dockerfile/lower.h"
#include "store/record.h"
#include "util/fs.h"
#include "util/source.h"

/* Those that say how an image starts, and change no file. */
static int check_change(const struct slip_instruction *ins, struct slip_error *err)
{
    switch (ins->kind) {
    case SLIP_INS_CMD:
    case SLIP_INS_ENTRYPOINT:
    case SLIP_INS_ENV:
    case SLIP_INS_EXPOSE:
    case SLIP_INS_HEALTHCHECK:
    case SLIP_INS_LABEL:
    case SLIP_INS_ONBUILD:
    case SLIP_INS_STOPSIGNAL:
    case SLIP_INS_USER:
    case SLIP_INS_VOLUME:
    case SLIP_INS_WORKDIR:
        return 0;
    default:
        break;
    }
    slip_fail_at(err, ins->keyword, "%s cannot be a change", slip_instruction_name(ins->kind));
    return slip_error_hint(err, "CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, "
                                "STOPSIGNAL, USER, VOLUME and WORKDIR can");
}

/* The "config" object that the changes make; a new reference. */
static int lower_changes(struct slip_session *s, const struct slip_strv *changes, json_t **ret,
                         struct slip_error *err)
{
    slip_cleanup(slip_plan_release) struct slip_plan plan = SLIP_PLAN_INIT;
    const struct slip_lower_options options = { 0 };
    struct slip_dockerfile ast;

    slip_dockerfile_init(&ast, &s->arena);
    struct slip_instruction *from = slip_ast_add(&ast, SLIP_INS_FROM, (struct slip_span){ 0 });
    slip_instruction_arg(&ast, from, "scratch", from->at);
    for (size_t i = 0; i < changes->n; i++) {
        size_t n = strlen(changes->v[i]);
        const struct slip_source *source =
            slip_source_text(&s->arena, "--change", changes->v[i], n);
        if (slip_dockerfile_parse_at(&ast, (struct slip_span){ source, 0, n }, err) < 0 ||
            check_change(ast.instructions[ast.ninstructions - 1], err) < 0)
            return -1;
    }
    if (slip_dockerfile_lower(&s->arena, &ast, &options, &plan, err) < 0)
        return -1;
    *ret = json_incref(plan.target->config);
    return 0;
}

static int import(const struct slip_import *how, const char *from, struct slip_digest *ret,
                  struct slip_error *err)
{
    struct stat st;

    if (strcmp(from, "-") == 0)
        return slip_import_tar(how, STDIN_FILENO, ret, err);
    slip_cleanup(slip_closep) int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) {
        slip_fail_errno(err, "cannot open '%s'", from);
        err->code = SLIP_EINPUT;
        return -1;
    }
    int rc = S_ISDIR(st.st_mode) ? slip_import_directory(how, from, ret, err)
                                 : slip_import_tar(how, fd, ret, err);
    return rc < 0 && !S_ISDIR(st.st_mode) ? slip_error_context(err, "'%s'", from) : rc;
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv changes = SLIP_STRV_INIT;
    slip_cleanup(slip_json_decrefp) json_t *config = NULL;
    struct slip_display display = { 0 };
    const struct slip_opt opts[] = {
        SLIP_OPT_LIST('c', "change", &changes, "INSTRUCTION",
                      "Dockerfile instruction on how the image starts; repeatable"),
        SLIP_DISPLAY_OPTS(&display),
        SLIP_OPT_END,
    };
    struct slip_import how = { .tier = getenv("SLIPWAY_TIER") };
    struct slip_digest manifest;
    struct slip_ui *ui;
    char digest[72];
    int done = slip_command_opts(s, &slip_command_import, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    slip_cleanup(slip_freep) char *name = slip_image_name(argv[1], err);
    if (!name || lower_changes(s, &changes, &config, err) < 0 ||
        slip_epoch_find(strcmp(argv[0], "-") ? argv[0] : NULL, 0, &how.epoch, err) < 0 ||
        slip_display_open(&ui, s, &display, -1, err) < 0)
        return -1;
    how.store = &s->store;
    how.events = slip_ui_events(ui);
    how.config = config;
    int rc = import(&how, argv[0], &manifest, err);
    slip_ui_close(ui);
    if (rc < 0 || slip_ref_set(&s->store, name, &manifest, err) < 0)
        return -1;
    fprintf(s->out, "%.*s@%s\n", (int)(strrchr(name, ':') - name), name,
            slip_digest_name(&manifest, digest));
    return 0;
}

const struct slip_command slip_command_import = {
    .name = "import",
    .synopsis = "import FILE|DIR|- NAME[:TAG] [-c INSTRUCTION]...",
    .summary = "make a root file system an image",
    .about =
        "Takes a tar in any compression, a directory, or a tar on standard input, and keeps it\n"
        "in the store as an image of one layer, to run or to build on. A tar keeps its own\n"
        "bytes; one that no root file system would be is refused.",
    .min_args = 2,
    .max_args = 2,
    .needs_store = true,
    .run = run,
};
