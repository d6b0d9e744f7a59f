#include <fcntl.h>

#include "build/bill.h"
#include "commands/bills.h"
#include "commands/target.h"
#include "util/fs.h"

static int run(struct slip_session *s, int argc, char **argv, struct slip_error *err)
{
    const char *format_text = "spdx", *output = NULL;
    const struct slip_opt opts[] = {
        SLIP_OPT_TEXT(0, "format", &format_text, "FORMAT",
                      "spdx (2.3; default) or cyclonedx (1.5)"),
        SLIP_OPT_TEXT('o', "output", &output, "FILE", "write it there instead of standard output"),
        SLIP_OPT_END,
    };
    slip_cleanup(slip_strv_release) struct slip_strv names = SLIP_STRV_INIT;
    enum slip_bill_format format = SLIP_SPDX;
    struct slip_digest manifest;
    int done = slip_command_opts(s, &slip_command_sbom, &argc, &argv, opts, err);

    if (done)
        return done < 0 ? -1 : 0;
    if (slip_bills_format(format_text, &format, err) < 0 ||
        slip_target_image(s, argv[0], &manifest, &names, err) < 0)
        return -1;
    slip_cleanup(slip_json_decrefp) json_t *bill =
        slip_bill(&s->sources, &manifest, names.n ? names.v[0] : NULL, NULL, err);
    if (!bill)
        return -1;
    slip_cleanup(slip_freep) char *text = slip_bill_text(bill, format);
    if (output && strcmp(output, "-") != 0)
        return slip_write_file_if_changed(AT_FDCWD, output, text, strlen(text), 0644, err) < 0 ? -1
                                                                                               : 0;
    fputs(text, s->out);
    return 0;
}

const struct slip_command slip_command_sbom = {
    .name = "sbom",
    .synopsis = "sbom [--format spdx|cyclonedx] [-o FILE] IMAGE",
    .summary = "list what is in an image and where it comes from",
    .about =
        "The bill of materials of an image: the project, the packages that its libraries come\n"
        "from, the static libraries in its programs, and every file with its digests. Of\n"
        "images that a recipe made here the link graph is known; of others, their packages\n"
        "and what runs. The same image gives the same document.",
    .min_args = 1,
    .max_args = 1,
    .needs_store = true,
    .run = run,
};
