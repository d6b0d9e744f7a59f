#include "build/builder.h"

#include <fcntl.h>
#include <sched.h>

#include "build/journal.h"
#include "build/provenance.h"
#include "store/blob.h"
#include "store/record.h"
#include "util/fs.h"
#include "util/mem.h"

/* Logs and notes of tools, objects and our own outputs in a build tree: they change with every
 * build and stand for nothing that is installed. In a source tree only our own outputs are passed
 * over. */
static const char *const build_tree_noise[] = {
    ".ninja_log",
    ".ninja_deps",
    ".ninja_lock",
    "**/*.o",
    "**/*.oci",
    "**/*.digest",
    "**/*.slipway",
    "CMakeFiles/slipway",
    "Testing",
    "Makefile.cmake",
    "**/CMakeFiles/*.log",
    "**/CMakeFiles/*.yaml",
    "*.tar",
    "compile_commands.json",
    "install_manifest*.txt",
    "CMakeFiles/d",
    "**/compiler_depend.*",
    NULL,
};
static const char *const own_outputs[] = { "**/*.oci", "**/*.digest", "**/*.slipway", NULL };

const struct slip_context *slip_builder_context(const struct slip_builder *b, const char *name)
{
    for (size_t i = 0; i < b->options->ncontexts; i++)
        if (strcmp(b->options->contexts[i].name, name) == 0)
            return &b->options->contexts[i];
    return NULL;
}

static const struct slip_scan *
scan_locked(struct slip_builder *b, const struct slip_context *context, struct slip_error *err)
{
    struct slip_scan *scan = &b->scans[context - b->options->contexts];

    if (scan->fd >= 0)
        return scan;
    const struct slip_scan_options options = {
        .ignore = context->is_build_tree ? build_tree_noise
                  : context->is_source   ? own_outputs
                                         : context->ignore,
        .list_hidden = !context->is_build_tree && !context->is_source,
        .skip_build_trees = context->is_source,
    };
    return slip_scan_directory(scan, b->store, context->path, &options, err) < 0 ? NULL : scan;
}

const struct slip_scan *slip_builder_scan(struct slip_builder *b, const struct slip_input *input,
                                          struct slip_error *err)
{
    const struct slip_context *context = slip_builder_context(b, input->name);

    if (!context || !context->path) {
        if (*input->name)
            slip_fail_at(err, input->at, "there is no build context '%s'", input->name);
        else
            slip_fail_at(err, input->at, "this build has no context");
        slip_error_hint(err, "name the directory at the end of the command line, or with "
                             "--build-context NAME=DIR");
        return NULL;
    }
    pthread_mutex_lock(&b->scan_mutex);
    const struct slip_scan *scan = scan_locked(b, context, err);
    pthread_mutex_unlock(&b->scan_mutex);
    if (!scan && !err->at.src)
        err->at = input->at;
    return scan;
}

static size_t place_in_stage(const struct slip_step *step)
{
    size_t i = 0;

    while (step->stage->steps[i] != step)
        i++;
    return i + 1;
}

static void event(struct slip_builder *b, enum slip_event_kind kind, const struct slip_step *step,
                  const char *text)
{
    slip_cleanup(slip_freep) char *name =
        slip_xasprintf("[%s %zu/%zu] %s", step->stage->name, place_in_stage(step),
                       step->stage->nsteps, step->text);

    slip_emit(b->events, &(struct slip_event){
                             .kind = kind, .step = step->number, .name = name, .text = text });
}

static int run_op(struct slip_builder *b, struct slip_node *node, struct slip_error *err)
{
    switch (node->step->op) {
    case SLIP_OP_BASE:
        return slip_op_base(b, node, err);
    case SLIP_OP_RUN:
        return slip_op_run(b, node, err);
    case SLIP_OP_COPY:
        if (!node->step->copy.slim)
            return slip_op_copy(b, node, err);
        return node->step->copy.slim->debug_files ? slip_op_debug(b, node, err)
                                                  : slip_op_slim(b, node, err);
    case SLIP_OP_WORKDIR:
        return slip_op_workdir(b, node, err);
    }
    return -1;
}

/* Bases are cheap to look at and name no result of their own: they are done anew in every pass. */
static bool is_recorded(const struct slip_step *step)
{
    return step->op != SLIP_OP_BASE;
}

bool slip_builder_skips_cache(const struct slip_builder *b, const struct slip_stage *stage)
{
    const struct slip_strv *filter = b->options->no_cache_filter;

    return b->options->no_cache || (filter && slip_strv_has(filter, stage->name));
}

/* 1: known from an earlier build. 0: it must run. */
static int lookup(struct slip_builder *b, struct slip_node *node, struct slip_error *err)
{
    int rc =
        is_recorded(node->step) ? slip_key_step(b, node, NULL, err) : slip_op_base(b, node, err);
    if (rc < 0 && !err->at.src)
        err->at = node->step->at;
    if (rc < 0 || !is_recorded(node->step))
        return rc < 0 ? -1 : 1;
    return slip_builder_skips_cache(b, node->step->stage) ? 0 : slip_result_lookup(b, node);
}

static int run_step(struct slip_builder *b, const struct slip_step *step, struct slip_error *err)
{
    struct slip_node *node = slip_node_of(b, step);

    if (b->options->cancel && *b->options->cancel)
        return slip_fail(err, SLIP_ECANCELLED, "cancelled");
    if (node->identity[0] && is_recorded(step)) {
        event(b, SLIP_EVENT_CACHED, step, NULL);
        return 0;
    }
    int known = is_recorded(step) ? lookup(b, node, err) : 0;
    if (known < 0)
        return -1;
    if (known) {
        event(b, SLIP_EVENT_CACHED, step, NULL);
        return 0;
    }
    if (is_recorded(step))
        node->why = slip_journal_why(b, node);
    event(b, SLIP_EVENT_STEP, step, NULL);
    if (node->why)
        slip_note(b->events, "step %u runs: %s", step->number, node->why);
    if (run_op(b, node, err) < 0 || (is_recorded(step) && slip_result_record(b, node, err) < 0)) {
        bool cancelled = err->code == SLIP_ECANCELLED;
        if (!err->at.src && !cancelled)
            err->at = step->at;
        event(b, cancelled ? SLIP_EVENT_CANCELED : SLIP_EVENT_FAILED, step, err->msg);
        return -1;
    }
    event(b, SLIP_EVENT_DONE, step, NULL);
    return 0;
}

/* Waits until a stage is done. -1 when the build stops instead. */
static int wait_stage(struct slip_builder *b, const struct slip_stage *stage,
                      struct slip_error *err)
{
    int rc = 0;

    pthread_mutex_lock(&b->mutex);
    bool waits = b->stages[stage->index] == SLIP_STAGE_TODO;
    if (waits)
        b->running--; /* somebody else may use the place meanwhile */
    pthread_cond_broadcast(&b->changed);
    while (b->stages[stage->index] == SLIP_STAGE_TODO && !b->stop)
        pthread_cond_wait(&b->changed, &b->mutex);
    while (waits && b->running >= b->options->jobs && !b->stop)
        pthread_cond_wait(&b->changed, &b->mutex);
    if (waits)
        b->running++;
    if (b->stages[stage->index] != SLIP_STAGE_DONE)
        rc = slip_fail(err, SLIP_ECANCELLED, "stopped, because stage '%s' did not finish",
                       stage->name);
    pthread_mutex_unlock(&b->mutex);
    return rc;
}

static int wait_input(struct slip_builder *b, const struct slip_input *input,
                      struct slip_error *err)
{
    return input->origin == SLIP_FROM_STAGE ? wait_stage(b, input->stage, err) : 0;
}

static int wait_inputs(struct slip_builder *b, const struct slip_step *step, struct slip_error *err)
{
    if (step->op == SLIP_OP_BASE)
        return wait_input(b, &step->base.input, err);
    if (step->op == SLIP_OP_COPY)
        return wait_input(b, &step->copy.input, err);
    for (size_t i = 0; step->op == SLIP_OP_RUN && i < step->run.nmounts; i++)
        if (wait_input(b, &step->run.mounts[i].input, err) < 0)
            return -1;
    return 0;
}

struct worker {
    struct slip_builder *b;
    const struct slip_stage *stage;
    pthread_t thread;
    bool started;
};

static int run_stage(struct slip_builder *b, const struct slip_stage *stage, struct slip_error *err)
{
    for (size_t i = 0; i < stage->nsteps; i++) {
        pthread_mutex_lock(&b->mutex);
        bool stop = b->stop;
        pthread_mutex_unlock(&b->mutex);
        if (stop)
            return slip_fail(err, SLIP_ECANCELLED, "stopped");
        if (wait_inputs(b, stage->steps[i], err) < 0 || run_step(b, stage->steps[i], err) < 0)
            return -1;
    }
    return 0;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct slip_builder *b = w->b;
    struct slip_error err = SLIP_ERROR_INIT;

    pthread_mutex_lock(&b->mutex);
    while (b->running >= b->options->jobs && !b->stop)
        pthread_cond_wait(&b->changed, &b->mutex);
    b->running++;
    pthread_mutex_unlock(&b->mutex);

    int rc = run_stage(b, w->stage, &err);

    pthread_mutex_lock(&b->mutex);
    b->running--;
    b->stages[w->stage->index] = rc < 0 ? SLIP_STAGE_FAILED : SLIP_STAGE_DONE;
    /* The first real failure is the one to tell; stopped siblings only follow from it. */
    if (rc < 0 && (!b->error->code || b->error->code == SLIP_ECANCELLED))
        slip_error_move(b->error, &err);
    b->stop = b->stop || rc < 0;
    b->halt = b->stop;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->mutex);
    slip_error_release(&err);
    return NULL;
}

/* One thread for each stage; those that wait for another do not count as running. */
static int run_stages(struct slip_builder *b, struct slip_error *err)
{
    const struct slip_plan *plan = b->plan;
    slip_cleanup(slip_freep) struct worker *workers = slip_xcalloc(plan->nstages, sizeof *workers);

    b->error = err;
    for (size_t i = 0; i < plan->nstages; i++) {
        workers[i] = (struct worker){ .b = b, .stage = plan->stages[i] };
        if (plan->stages[i]->needed)
            workers[i].started = pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0;
        if (plan->stages[i]->needed && !workers[i].started)
            work(&workers[i]); /* no thread to be had: in this one; stages come in order */
    }
    for (size_t i = 0; i < plan->nstages; i++)
        if (workers[i].started)
            pthread_join(workers[i].thread, NULL);
    return err->code ? -1 : 0;
}

/* A stage that should have been part of it is missed here, before anything is waited for. */
static void tell_plan(const struct slip_builder *b)
{
    const struct slip_plan *plan = b->plan;

    slip_emit(b->events, &(struct slip_event){ .kind = SLIP_EVENT_PLAN, .number = plan->nsteps });
    for (size_t i = 0; i < plan->nstages; i++)
        if (!plan->stages[i]->needed)
            slip_emit(b->events, &(struct slip_event){ .kind = SLIP_EVENT_SKIPPED,
                                                       .name = plan->stages[i]->name });
}

/* In order, without running anything: 1 when every step is known, 0 when something must run. */
static int lookup_all(struct slip_builder *b, struct slip_error *err)
{
    int all = 1;

    for (size_t i = 0; i < b->plan->nsteps; i++) {
        const struct slip_step *step = b->plan->steps[i];
        struct slip_node *node = slip_node_of(b, step);
        bool ready = !step->parent || slip_node_of(b, step->parent)->identity[0];
        const struct slip_input *input = step->op == SLIP_OP_BASE   ? &step->base.input
                                         : step->op == SLIP_OP_COPY ? &step->copy.input
                                                                    : NULL;
        if (input && input->origin == SLIP_FROM_STAGE)
            ready = ready && slip_node_of_stage(b, input->stage)->identity[0];
        for (size_t k = 0; step->op == SLIP_OP_RUN && k < step->run.nmounts; k++)
            if (step->run.mounts[k].input.origin == SLIP_FROM_STAGE)
                ready =
                    ready && slip_node_of_stage(b, step->run.mounts[k].input.stage)->identity[0];
        int known = ready ? lookup(b, node, err) : 0;
        if (known < 0)
            return -1;
        all = all && known;
    }
    return all;
}

/* The manifest that a build of the same target step and configuration made. */
static int lookup_image(struct slip_builder *b, const char *key, struct slip_digest *ret)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_json_decrefp) json_t *record = slip_record_get(b->store, key);
    const char *manifest = slip_json_str(record, "manifest");
    slip_cleanup(slip_image_release) struct slip_image image = { 0 };

    if (b->options->no_cache || !manifest || slip_digest_parse(manifest, ret, &ignored) < 0 ||
        slip_image_load(b->store, ret, &image, &ignored) < 0)
        return 0;
    for (size_t i = 0; i < image.nlayers; i++)
        if (slip_blob_has(b->store, &image.layers[i].digest, &ignored) != 1)
            return 0;
    return 1;
}

static bool stands_on_host(const struct slip_stage *stage)
{
    const struct slip_input *base = &stage->steps[0]->base.input;

    return base->origin == SLIP_FROM_STAGE ? stands_on_host(base->stage)
                                           : base->origin == SLIP_FROM_HOST;
}

static int finish(struct slip_builder *b, struct slip_digest *ret, struct slip_error *err)
{
    char key[65], name[72];

    if (stands_on_host(b->plan->target))
        return 0;
    slip_image_key(b, key);
    if (lookup_image(b, key, ret))
        return 0;
    if (slip_assemble(b, ret, err) < 0)
        return -1;
    slip_cleanup(slip_json_decrefp) json_t *record = json_object();
    json_object_set_new(record, "manifest", json_string(slip_digest_name(ret, name)));
    return slip_record_put(b->store, key, record, err);
}

/* What was opened before belongs to the mount namespace that was left; nothing can be mounted from
 * there. */
static int reopen(struct slip_builder *b, struct slip_error *err)
{
    if (slip_store_reopen(b->store, err) < 0)
        return -1;
    for (size_t i = 0; i < b->options->ncontexts; i++) {
        struct slip_scan *scan = &b->scans[i];
        if (scan->fd < 0)
            continue;
        (void)close(scan->fd);
        scan->fd = open(scan->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (scan->fd < 0)
            return slip_fail_errno(err, "cannot open the build context '%s'", scan->root);
    }
    return 0;
}

int slip_builder_enter(struct slip_builder *b, struct slip_error *err)
{
    if (slip_tier_enter(b->options->tier, &b->tier, b->events, err) < 0 || reopen(b, err) < 0)
        return -1;
    b->entered = true;
    if (b->sources && b->sources->registry) /* not before: showing them may take a thread */
        slip_registry_events(b->sources->registry, b->events);
    b->tier_name = slip_tier_name(b->tier);
    (void)slip_write_file_if_changed(b->store->root, "tier", b->tier_name, strlen(b->tier_name),
                                     0600, err);
    return slip_store_session(b->store, err) < 0 ? -1 : 0;
}

/* Before anything is entered: the tier that the last build here had. */
static void guess_tier(struct slip_builder *b)
{
    static const enum slip_tier tiers[] = { SLIP_TIER_ROOT, SLIP_TIER_RANGE, SLIP_TIER_SINGLE };
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    const char *name = b->options->tier;

    if (!name && slip_read_file(b->store->root, "tier", 64, &text, &ignored) == 0)
        name = slip_buf_str(&text);
    b->tier = SLIP_TIER_ROOT;
    for (size_t i = 0; name && i < SLIP_ARRAY_LEN(tiers); i++)
        if (strcmp(name, slip_tier_name(tiers[i])) == 0)
            b->tier = tiers[i];
    b->tier_name = slip_tier_name(b->tier);
}

static int build(struct slip_builder *b, struct slip_built *ret, struct slip_error *err)
{
    enum slip_tier guess = b->tier;
    int known = lookup_all(b, err);
    char key[65];

    if (known < 0)
        return -1;
    if (known) {
        slip_image_key(b, key);
        ret->was_cached = stands_on_host(b->plan->target) || lookup_image(b, key, &ret->manifest);
        if (ret->was_cached) {
            slip_journal_confirm(b, ret->manifest.hex[0] ? &ret->manifest : NULL);
            return 0;
        }
    }
    tell_plan(b);
    if (slip_builder_enter(b, err) < 0)
        return -1;
    if (b->tier != guess) /* what was found is not for this tier */
        for (size_t i = 0; i < b->plan->nsteps; i++) {
            struct slip_node *node = slip_node_of(b, b->plan->steps[i]);
            node->identity[0] = '\0';
            node->nparts = 0;
        }
    int rc = run_stages(b, err);
    if (rc == 0)
        rc = finish(b, &ret->manifest, err);
    slip_journal_write(b, rc == 0 && ret->manifest.hex[0] ? &ret->manifest : NULL);
    return rc;
}

static void release(struct slip_builder *b)
{
    for (size_t i = 0; i < b->plan->nsteps; i++) {
        slip_base_parts_release(&b->nodes[i].base);
        free(b->nodes[i].why);
    }
    for (size_t i = 0; i < b->options->ncontexts; i++)
        slip_scan_release(&b->scans[i]);
    free(b->scans);
    free(b->nodes);
    free(b->stages);
    pthread_mutex_destroy(&b->mutex);
    pthread_mutex_destroy(&b->scan_mutex);
    pthread_cond_destroy(&b->changed);
}

/* What a build system should watch. */
static void list_inputs(const struct slip_builder *b, struct slip_strv *ret)
{
    for (size_t i = 0; i < b->options->ncontexts; i++) {
        const struct slip_scan *scan = &b->scans[i];
        if (scan->fd < 0 || b->options->contexts[i].fetched)
            continue;
        for (size_t k = 0; k < scan->n; k++)
            if (S_ISREG(scan->entries[k].mode) || S_ISDIR(scan->entries[k].mode))
                slip_strv_addf(ret, "%s/%s", scan->root, scan->entries[k].path);
    }
}

int slip_build(const struct slip_plan *plan, const struct slip_build_options *options,
               struct slip_built *ret, struct slip_error *err)
{
    struct slip_build_options own = *options;
    struct slip_builder b = {
        .plan = plan,
        .options = &own,
        .sources = options->sources,
        .store = options->sources->store,
        .events = options->events,
        .mutex = PTHREAD_MUTEX_INITIALIZER,
        .scan_mutex = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };
    cpu_set_t cpus;

    if (own.jobs == 0)
        own.jobs = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? (unsigned)CPU_COUNT(&cpus) : 2;
    b.nodes = slip_xcalloc(plan->nsteps, sizeof *b.nodes);
    b.stages = slip_xcalloc(plan->nstages, sizeof *b.stages);
    b.scans = slip_xcalloc(options->ncontexts, sizeof *b.scans);
    for (size_t i = 0; i < options->ncontexts; i++)
        b.scans[i] = SLIP_SCAN_INIT;
    for (size_t i = 0; i < plan->nsteps; i++)
        b.nodes[i].step = plan->steps[i];
    guess_tier(&b);
    int rc = build(&b, ret, err);
    if (rc == 0 && own.materials && !(ret->materials = slip_materials(&b, err)))
        rc = -1;
    list_inputs(&b, &ret->inputs);
    ret->failed = b.failed;
    release(&b);
    return rc;
}

void slip_built_release(struct slip_built *built)
{
    slip_strv_release(&built->inputs);
    json_decref(built->materials);
    free(built->failed.words);
    *built = SLIP_BUILT_INIT;
}
