#include "plan/plan.h"

#include <string.h>

const char *slip_network_name(enum slip_network network)
{
    static const char *const names[] = {
        [SLIP_NET_DEFAULT] = "default", [SLIP_NET_NONE] = "none", [SLIP_NET_HOST] = "host"
    };

    return names[network];
}

const char *slip_mount_name(enum slip_mount_kind kind)
{
    static const char *const names[] = { [SLIP_MOUNT_BIND] = "bind",
                                         [SLIP_MOUNT_CACHE] = "cache",
                                         [SLIP_MOUNT_TMPFS] = "tmpfs",
                                         [SLIP_MOUNT_SECRET] = "secret",
                                         [SLIP_MOUNT_SSH] = "ssh" };

    return names[kind];
}

const char *slip_sharing_name(enum slip_sharing sharing)
{
    static const char *const names[] = {
        [SLIP_SHARED] = "shared", [SLIP_PRIVATE] = "private", [SLIP_LOCKED] = "locked"
    };

    return names[sharing];
}

const struct slip_input *slip_step_input(const struct slip_step *step, size_t i)
{
    switch (step->op) {
    case SLIP_OP_BASE:
        return i == 0 ? &step->base.input : NULL;
    case SLIP_OP_RUN:
        return i < step->run.nmounts ? &step->run.mounts[i].input : NULL;
    case SLIP_OP_COPY:
        return i == 0 ? &step->copy.input : NULL;
    case SLIP_OP_WORKDIR:
        break;
    }
    return NULL;
}

/* A stage only reads from those before it, so one way down finds all. */
static void mark_needed(struct slip_plan *plan, struct slip_stage *target)
{
    const struct slip_input *input;

    target->needed = true;
    for (size_t n = plan->nstages; n > 0; n--) {
        const struct slip_stage *stage = plan->stages[n - 1];
        for (size_t s = 0; stage->needed && s < stage->nsteps; s++)
            for (size_t i = 0; (input = slip_step_input(stage->steps[s], i)); i++)
                if (input->origin == SLIP_FROM_STAGE)
                    input->stage->needed = true;
    }
}

void slip_plan_prune(struct slip_plan *plan, struct slip_stage *target)
{
    size_t total = 0;

    for (size_t i = 0; i < plan->nstages; i++) {
        plan->stages[i]->needed = false;
        total += plan->stages[i]->nsteps;
    }
    mark_needed(plan, target);
    plan->target = target;
    plan->steps = slip_arena_alloc(plan->arena, (total + 1) * sizeof(struct slip_step *));
    plan->nsteps = 0;
    for (size_t i = 0; i < plan->nstages; i++)
        for (size_t s = 0; s < plan->stages[i]->nsteps; s++) {
            struct slip_step *step = plan->stages[i]->steps[s];
            step->number = 0;
            if (plan->stages[i]->needed) {
                plan->steps[plan->nsteps++] = step;
                step->number = (unsigned)plan->nsteps;
            }
        }
}

void slip_plan_release(struct slip_plan *plan)
{
    for (size_t i = 0; i < plan->nstages; i++) {
        json_decref(plan->stages[i]->config);
        json_decref(plan->stages[i]->history);
    }
    json_decref(plan->args);
    *plan = SLIP_PLAN_INIT;
}
