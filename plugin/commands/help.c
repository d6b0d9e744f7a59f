#include "commands/command.h"
#include "recipe/keys.h"
#include "util/str.h"

static void list(FILE *out)
{
    fputs("usage: slipway COMMAND [OPTION...] [ARG...]\n\n"
          "Slipway makes container images as ordinary build outputs: no Dockerfile, no daemon,\n"
          "no root.\n\n",
          out);
    for (const struct slip_command *const *c = slip_commands; *c; c++)
        fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->summary);
    fputs("\n'slipway help COMMAND' tells more; 'slipway help recipe' lists the keys of recipes.\n"
          "'slipway --mk' and '--cmake-dir' say where the make include and the CMake package\n"
          "are; '--version' says which this is.\n\n"
          "Exit status: 0 done, 1 a step or a test failed, 2 usage or recipe error, 3 this host\n"
          "cannot, 4 network, 5 policy, 130 interrupted.\n",
          out);
}

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    if (argc == 0 || argv[0][0] == '-') {
        list(s->out);
        return 0;
    }
    if (strcmp(argv[0], "recipe") == 0) {
        slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
        slip_recipe_help(&text);
        fputs(slip_buf_str(&text), s->out);
        return 0;
    }
    const struct slip_command *command = slip_command_find(argv[0]);
    if (command && command != &slip_command_help) {
        char *help[] = { (char[]){ "--help" }, NULL };
        return command->run(s, 1, help, err);
    }
    if (command) {
        list(s->out);
        return 0;
    }
    slip_fail(err, SLIP_EUSAGE, "there is no command '%s'", argv[0]);
    return slip_error_hint(err, "'slipway help' lists them");
}

const struct slip_command slip_command_help = {
    .name = "help",
    .synopsis = "help [COMMAND|recipe]",
    .summary = "say what a command does",
    .max_args = 1,
    .run = run,
};
