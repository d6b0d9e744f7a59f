/* show.h - a plan as text for goldens: one step a line, then the target's config. */
#pragma once

#include <inttypes.h>
#include <stdio.h>

#include "plan/plan.h"
#include "plan/remote.h"
#include "util/json.h"

static void show_remote(struct slip_buf *out, const struct slip_remote *r)
{
    slip_buf_printf(out, "%s%s%s%s%s%s%s", *r->ref ? "#" : "", r->ref,
                    *r->subdir ? " beneath " : "", r->subdir, r->keep_git_dir ? " with .git" : "",
                    r->checksum ? " is " : "", r->checksum ? r->checksum : "");
}

static void show_list(struct slip_buf *out, const char *label, const char *const *list)
{
    if (!list || !list[0])
        return;
    slip_buf_printf(out, "%s", label);
    for (size_t i = 0; list[i]; i++)
        slip_buf_printf(out, "%s%s", i ? "|" : "", list[i]);
}

static void show_input(struct slip_buf *out, const struct slip_input *input)
{
    static const char *const origins[] = { "scratch", "host",   "context", "stage", "image",
                                           "rootfs",  "inline", "url",     "git" };

    slip_buf_printf(out, "%s", origins[input->origin]);
    if (*input->name)
        slip_buf_printf(out, ":%s", input->name);
    if (input->remote)
        show_remote(out, input->remote);
}

static void show_mount(struct slip_buf *out, const struct slip_run_mount *m)
{
    static const char *const kinds[] = { "bind", "cache", "tmpfs", "secret", "ssh" };
    static const char *const sharings[] = { "", " private", " locked" };

    slip_buf_printf(out, "\n     mount %s ", kinds[m->kind]);
    if (m->input.origin != SLIP_FROM_SCRATCH) {
        show_input(out, &m->input);
        slip_buf_printf(out, "[%s] ", m->source);
    }
    slip_buf_printf(out, "at <%s>%s%s%s", m->target, m->readonly ? " ro" : "", m->rw ? " rw" : "",
                    m->required ? " required" : "");
    if (m->id)
        slip_buf_printf(out, " id=%s%s", m->id, sharings[m->sharing]);
    if (m->env)
        slip_buf_printf(out, " env=%s", m->env);
    if (m->mode)
        slip_buf_printf(out, " mode=%" PRIo32, m->mode);
    if (m->uid || m->gid)
        slip_buf_printf(out, " owner=%" PRIu32 ":%" PRIu32, m->uid, m->gid);
    if (m->size)
        slip_buf_printf(out, " size=%" PRIu64, m->size);
}

static void show_run(struct slip_buf *out, const struct slip_run *run)
{
    static const char *const networks[] = { "", " net=none", " net=host" };

    show_list(out, "run ", run->argv);
    slip_buf_printf(out, " in %s%s%s%s%s", run->cwd, *run->user ? " as " : "", run->user,
                    networks[run->network], run->install ? " install" : "");
    if (run->test)
        slip_buf_puts(out, " test");
    show_list(out, "\n     env ", run->env);
    if (run->script)
        slip_buf_printf(out, "\n     script %s", run->script);
    for (size_t i = 0; i < run->nmounts; i++)
        show_mount(out, &run->mounts[i]);
}

static void show_slim(struct slip_buf *out, const struct slip_slim *slim)
{
    slip_buf_printf(out, "\n     installed classes=%u%s%s%s%s", slim->classes,
                    slim->closure ? " closure" : "", slim->strip ? " strip" : "",
                    slim->debug_files ? " debug-files" : "",
                    slim->runtime_files ? " runtime-files" : "");
    if (*slim->destdir)
        slip_buf_printf(out, " destdir=%s", slim->destdir);
    show_list(out, " only=", slim->only);
    show_list(out, " dlopen=", slim->dlopen);
    show_list(out, " data=", slim->data);
    if (slim->entrypoint)
        slip_buf_printf(out, " entrypoint=%s", slim->entrypoint);
}

static void show_copy(struct slip_buf *out, const struct slip_copy *copy)
{
    slip_buf_puts(out, copy->add ? "add " : "copy ");
    show_input(out, &copy->input);
    show_list(out, " ", copy->sources);
    slip_buf_printf(out, " -> %s", copy->dest);
    if (copy->chown)
        slip_buf_printf(out, " chown=%s", copy->chown);
    if (copy->chmod)
        slip_buf_printf(out, " chmod=%s", copy->chmod);
    show_list(out, " exclude=", copy->exclude);
    slip_buf_printf(out, "%s%s", copy->link ? " link" : "", copy->parents ? " parents" : "");
    for (size_t i = 0; i < copy->ninlines; i++)
        slip_buf_printf(out, "\n     file %s=<%s>", copy->inlines[i].name, copy->inlines[i].text);
    if (copy->slim)
        show_slim(out, copy->slim);
}

static void show_step(struct slip_buf *out, const struct slip_step *step)
{
    slip_buf_printf(out, "%3u  ", step->number);
    switch (step->op) {
    case SLIP_OP_BASE:
        slip_buf_puts(out, "from ");
        show_input(out, &step->base.input);
        if (step->base.platform)
            slip_buf_printf(out, " for %s", step->base.platform);
        slip_buf_printf(out, " (%s)", step->stage->name);
        break;
    case SLIP_OP_RUN:
        show_run(out, &step->run);
        break;
    case SLIP_OP_COPY:
        show_copy(out, &step->copy);
        break;
    case SLIP_OP_WORKDIR:
        slip_buf_printf(out, "workdir %s%s%s", step->workdir.path,
                        *step->workdir.user ? " for " : "", step->workdir.user);
        break;
    }
    slip_buf_putc(out, '\n');
}

static void show_steps(struct slip_buf *out, const struct slip_plan *plan)
{
    for (size_t i = 0; i < plan->nsteps; i++)
        show_step(out, plan->steps[i]);
}

static void show_config(struct slip_buf *out, const struct slip_plan *plan)
{
    slip_cleanup(slip_freep) char *config = slip_json_text(plan->target->config);

    slip_buf_printf(out, "%s\n", config);
}
