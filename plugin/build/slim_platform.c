/* slim_platform.c - what an image is for is told by the programs in it: a cross compiler says it
 * with every file that it makes. What was asked for, and the base, must agree.
 */
#include "build/slim.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "slim/elf.h"
#include "slim/loader.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/str.h"

static bool no_symbol(const char *name)
{
    (void)name;
    return false;
}

/* Is it something that runs, or is linked with what runs? Firmware and the like is data: ELF files
 * that are neither executable nor dynamic. */
static bool read_program(const struct slip_entry *e, struct slip_machine *ret, char **ret_interp)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_elf_release) struct slip_elf elf = SLIP_ELF_INIT;

    if (!S_ISREG(e->mode) || e->hardlink || slip_is_elf(e->root, e->source) != 1)
        return false;
    slip_cleanup(slip_closep) int fd = slip_open_in_root(e->root, e->source, O_RDONLY, 0);
    if (fd < 0 || slip_elf_read(fd, e->path, no_symbol, &elf, &ignored) != 1)
        return false; /* the closure says what is wrong with it */
    if (!(elf.dynamic || e->mode & 0100) || !slip_loader_machine(&elf, ret))
        return false;
    if (elf.interp && !*ret_interp)
        *ret_interp = SLIP_TAKE_PTR(elf.interp);
    return true;
}

/* Does a machine of architecture `on` run programs of `arch`? */
static bool runs_on(const char *arch, const char *on)
{
    return strcmp(arch, on) == 0 || (strcmp(arch, "386") == 0 && strcmp(on, "amd64") == 0) ||
           (strcmp(arch, "arm") == 0 && strcmp(on, "arm64") == 0);
}

/* The architecture of the image that the runtime stands on; "" when it stands on none. */
static int base_architecture(const struct slip_slim_job *job, char ret[16], struct slip_error *err)
{
    slip_cleanup(slip_resolved_release) struct slip_resolved base = SLIP_RESOLVED_INIT;
    const struct slip_input *input = &slip_slim_base(job)->base.input;

    ret[0] = '\0';
    if (input->origin != SLIP_FROM_IMAGE)
        return 0;
    if (slip_base_resolve(job->b->sources, input, &base, err) < 0)
        return -1;
    const char *arch = slip_json_str(base.image.config, "architecture");
    snprintf(ret, 16, "%s", arch ? arch : "");
    return 0;
}

/* "linux/arm64/v8" is of arm64. */
static void architecture_of(const char *platform, char ret[16])
{
    const char *arch = platform ? strchr(platform, '/') : NULL;

    snprintf(ret, 16, "%.*s", arch ? (int)strcspn(arch + 1, "/") : 0, arch ? arch + 1 : "");
}

static int disagree(const struct slip_entry *e, const char *arch, const char *what,
                    const char *wanted, struct slip_error *err)
{
    return slip_fail(err, SLIP_EINPUT, "'/%s' is a program for linux/%s, but %s linux/%s", e->path,
                     arch, what, wanted);
}

static int check(const struct slip_slim_job *job, const struct slip_entry *e, const char *arch,
                 struct slip_error *err)
{
    char asked[16], base[16];

    architecture_of(job->node->step->stage->steps[0]->base.platform, asked);
    if (*asked && !runs_on(arch, asked)) {
        disagree(e, arch, "the image is to be for", asked, err);
        return slip_error_hint(err, "build it with a compiler for %s, or ask for linux/%s", asked,
                               arch);
    }
    if (base_architecture(job, base, err) < 0)
        return -1;
    if (*base && !runs_on(arch, base)) {
        disagree(e, arch, "the base is for", base, err);
        return slip_error_hint(err, "take a base for linux/%s, or scratch", arch);
    }
    if (*base)
        snprintf(job->node->arch, sizeof job->node->arch, "%s", base);
    return 0;
}

int slip_slim_platform(struct slip_slim_job *job, struct slip_error *err)
{
    struct slip_node *node = job->node;
    const struct slip_entry *first = NULL;

    job->root = job->view.mounted.root;
    node->arch[0] = node->variant[0] = '\0';
    for (size_t i = 0; i < job->app.n; i++) {
        const struct slip_entry *e = &job->app.entries[i];
        struct slip_machine m;
        if (!read_program(e, &m, &job->interp) || (first && runs_on(m.arch, node->arch)))
            continue;
        if (first && !runs_on(node->arch, m.arch)) {
            slip_fail(err, SLIP_EINPUT, "'/%s' is a program for linux/%s, but '/%s' for linux/%s",
                      first->path, node->arch, e->path, m.arch);
            return slip_error_hint(err,
                                   "an image is for one architecture: leave out the programs of "
                                   "the other");
        }
        first = e;
        job->machine = m;
        snprintf(node->arch, sizeof node->arch, "%s", m.arch);
        snprintf(node->variant, sizeof node->variant, "%s", m.variant ? m.variant : "");
    }
    return first ? check(job, first, node->arch, err) : 0;
}
