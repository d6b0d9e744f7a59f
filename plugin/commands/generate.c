#include "commands/front.h"

#include <fcntl.h>

#include "dockerfile/ast.h"
#include "util/fs.h"

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    const char *output = NULL;
    slip_cleanup(slip_front_options_release) struct slip_front_options options =
        SLIP_FRONT_OPTIONS_INIT;
    slip_cleanup(slip_front_release) struct slip_front front = SLIP_FRONT_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    const struct slip_opt opts[] = {
        SLIP_FRONT_OPTS(&options),
        SLIP_OPT_TEXT('o', "output", &output, "FILE", "write there, not to standard output"),
        SLIP_OPT_END,
    };
    int done = slip_command_opts(s, &slip_command_generate, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    options.context = argc ? argv[0] : NULL;
    if (slip_front_open(&front, s, &options, err) < 0)
        return -1;
    if (slip_dockerfile_print(&front.ast, &text, err) < 0)
        return -1;
    if (output)
        return slip_write_file(AT_FDCWD, output, slip_buf_str(&text), text.len, 0644, false, err);
    fputs(slip_buf_str(&text), s->out);
    return 0;
}

const struct slip_command slip_command_generate = {
    .name = "generate",
    .synopsis = "generate -f RECIPE [-o FILE]",
    .summary = "print the Dockerfile that a recipe means",
    .max_args = 1,
    .run = run,
};
