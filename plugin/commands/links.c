#include "commands/links.h"

#include <fcntl.h>
#include <unistd.h>

#include "slim/closure.h"
#include "util/fs.h"
#include "util/str.h"

static int add_roots(int root, char *const *files, struct slip_strv *ret, struct slip_error *err)
{
    if (!*files) {
        slip_fail(err, SLIP_EUSAGE, "which files of the root file system?");
        return slip_error_hint(err, "name them as absolute paths inside it");
    }
    for (char *const *f = files; *f; f++) {
        if (**f != '/')
            return slip_fail(err, SLIP_EUSAGE, "'%s' is no absolute path", *f);
        if (slip_is_elf(root, *f) != 1)
            return slip_fail(err, SLIP_EUSAGE, "'%s' is no ELF file there", *f);
        slip_strv_add(ret, *f);
    }
    return 0;
}

int slip_links_show(struct slip_session *s, const char *where, char *const *files,
                    struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv roots = SLIP_STRV_INIT;
    slip_cleanup(slip_closure_release) struct slip_closure closure = SLIP_CLOSURE_INIT;
    const char *dir = where + strlen(SLIP_LINKS_ROOTFS);
    slip_cleanup(slip_closep) int root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct slip_closure_options options = SLIP_CLOSURE_OPTIONS_INIT;

    if (root < 0)
        return slip_fail_errno(err, "cannot open '%s'", dir);
    if (add_roots(root, files, &roots, err) < 0)
        return -1;
    options.root = root;
    options.as_image = true;
    if (slip_closure_compute(&closure, &roots, &options, err) < 0) {
        err->code = SLIP_ESTEP;
        return -1;
    }
    for (size_t i = 0; i < closure.nhints; i++)
        if (strcmp(closure.hints[i].need, "symbols") == 0)
            fprintf(s->err, "%s %s\n", closure.hints[i].path, closure.hints[i].text);
    for (size_t i = 0; i < closure.nfiles; i++) {
        const struct slip_needed *n = &closure.files[i];
        slip_cleanup(slip_freep) char *chain = slip_closure_chain(&closure, n->path);
        fprintf(s->out, "%s\t%s%s\n", n->path, chain,
                strcmp(n->soname, "dlopen") == 0 ? " (opened by itself)" : "");
    }
    return 0;
}
