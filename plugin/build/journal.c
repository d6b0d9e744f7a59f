#include "build/journal.h"

#include "build/explain.h"
#include "build/makings.h"
#include "store/record.h"
#include "util/mem.h"

/* Where the steps of a stage are noted. */
static void stage_key(const struct slip_builder *b, const struct slip_stage *stage, char ret[65])
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;

    slip_sha256_field(&sha, "slipway journal 1");
    slip_sha256_field(&sha, b->options->file);
    slip_sha256_field(&sha, stage->name);
    slip_sha256_field(&sha, stage->steps[0]->base.platform);
    slip_key_finish(&sha, ret);
}

void slip_journal_key(const char *manifest_hex, char ret_hex[65])
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;

    slip_sha256_field(&sha, "slipway rebuild 1");
    slip_sha256_field(&sha, manifest_hex);
    slip_key_finish(&sha, ret_hex);
}

static size_t place_of(const struct slip_step *step)
{
    size_t i = 0;

    while (step->stage->steps[i] != step)
        i++;
    return i;
}

static bool has_text(const json_t *row, const char *text)
{
    slip_cleanup(slip_json_decrefp) json_t *shown = slip_shown_text(text);

    return row && json_equal(json_object_get(row, "text"), shown);
}

/* The same instruction last time, nearest to its place; NULL when there was none. */
static const json_t *find_before(const json_t *steps, const char *text, size_t at, size_t *ret_at)
{
    const json_t *best = NULL;

    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *row = json_array_get(steps, i);
        size_t far = i > at ? i - at : at - i;
        if (!has_text(row, text) || (best && far >= (*ret_at > at ? *ret_at - at : at - *ret_at)))
            continue;
        best = row;
        *ret_at = i;
    }
    return best;
}

static bool is_in_stage(const struct slip_stage *stage, const json_t *row)
{
    for (size_t i = 0; i < stage->nsteps; i++)
        if (has_text(row, stage->steps[i]->text))
            return true;
    return false;
}

static char *why_instruction(const struct slip_step *step, const json_t *steps, size_t at)
{
    const json_t *was = json_array_get(steps, at);

    if (!was || is_in_stage(step->stage, was))
        return slip_xstrdup("the instruction is new");
    return slip_xasprintf("the instruction changed; it was: %s", slip_json_str(was, "text"));
}

static char *compare(struct slip_builder *b, struct slip_node *node, const json_t *steps)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_json_decrefp) json_t *rows = json_object();
    size_t at = place_of(node->step), was_at = at;
    const json_t *was = find_before(steps, node->step->text, at, &was_at);

    if (!was)
        return why_instruction(node->step, steps, at);
    if (slip_key_step(b, node, rows, &ignored) < 0)
        return NULL;
    const json_t *before = json_object_get(was, "made_of");
    slip_cleanup(slip_freep) char *difference = slip_makings_difference(before, rows);
    if (difference && was_at > at && !is_in_stage(node->step->stage, json_array_get(steps, at)))
        return slip_xasprintf("an instruction before it was removed: %s",
                              slip_json_str(json_array_get(steps, at), "text"));
    if (difference)
        return SLIP_TAKE_PTR(difference);
    return slip_xstrdup(json_is_true(json_object_get(was, "done"))
                            ? "its result is not in the store any more"
                            : "it did not finish last time");
}

char *slip_journal_why(struct slip_builder *b, struct slip_node *node)
{
    char key[65];

    if (b->options->no_cache)
        return slip_xstrdup("--no-cache was given");
    if (slip_builder_skips_cache(b, node->step->stage))
        return slip_xstrdup("--no-cache-filter names its stage");
    if (!b->options->file)
        return NULL;
    stage_key(b, node->step->stage, key);
    slip_cleanup(slip_json_decrefp) json_t *record = slip_record_get(b->store, key);
    const json_t *steps = json_object_get(record, "steps");
    return steps ? compare(b, node, steps) : slip_xstrdup("it is built for the first time");
}

/* What a step was made from; of one that was not reached, what was noted before. */
static json_t *note_step(struct slip_builder *b, struct slip_node *node, const json_t *before)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    const struct slip_step *step = node->step;
    json_t *row = json_object(), *rows = json_object();
    bool reached = node->def[0] && slip_key_step(b, node, rows, &ignored) == 0;

    if (!reached && step->op != SLIP_OP_BASE && has_text(before, step->text)) {
        json_decref(rows);
        json_decref(row);
        return json_deep_copy(before);
    }
    json_object_set_new(row, "text", slip_shown_text(step->text));
    json_object_set_new(row, "done", json_boolean(node->identity[0]));
    json_object_set_new(row, "made_of", rows);
    return row;
}

static void note_stage(struct slip_builder *b, const struct slip_stage *stage)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_json_decrefp) json_t *record = json_object();
    json_t *steps = json_array();
    char key[65];

    stage_key(b, stage, key);
    slip_cleanup(slip_json_decrefp) json_t *before = slip_record_get(b->store, key);
    json_object_set_new(record, "steps", steps);
    for (size_t i = 0; i < stage->nsteps; i++)
        json_array_append_new(steps,
                              note_step(b, slip_node_of(b, stage->steps[i]),
                                        json_array_get(json_object_get(before, "steps"), i)));
    (void)slip_record_put(b->store, key, record, &ignored);
}

/* Which steps ran, in the order of the plan. */
static json_t *list_reasons(struct slip_builder *b)
{
    json_t *list = json_array();

    for (size_t i = 0; i < b->plan->nsteps; i++) {
        const struct slip_node *node = &b->nodes[i];
        const struct slip_step *step = node->step;
        if (!node->why)
            continue;
        json_t *row = json_object();
        slip_cleanup(slip_freep) char *name =
            slip_xasprintf("[%s %zu/%zu] %s", step->stage->name, place_of(step) + 1,
                           step->stage->nsteps, step->text);
        json_object_set_new(row, "step", slip_shown_text(name));
        json_object_set_new(row, "why", json_string(node->why));
        json_array_append_new(list, row);
    }
    return list;
}

/* Under which key stands what the last build of this file and target was made from, as one digest:
 * *ret_sum. */
static void sum_of(const struct slip_builder *b, char ret_key[65], char ret_sum[16])
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;
    char hex[65];

    slip_sha256_field(&sha, "slipway journal sum 1");
    slip_sha256_field(&sha, b->options->file);
    slip_sha256_field(&sha, b->plan->target->name);
    slip_key_finish(&sha, ret_key);
    for (size_t i = 0; i < b->plan->nsteps; i++) {
        slip_sha256_field(&sha, b->nodes[i].def);
        slip_sha256_field(&sha, b->nodes[i].identity);
    }
    slip_key_finish(&sha, hex);
    snprintf(ret_sum, 16, "%.12s", hex);
}

void slip_journal_confirm(struct slip_builder *b, const struct slip_digest *manifest)
{
    char key[65], sum[16];

    if (!b->options->file)
        return;
    sum_of(b, key, sum);
    slip_cleanup(slip_json_decrefp) json_t *record = slip_record_get(b->store, key);
    const char *known = slip_json_str(record, "sum");
    if (!known || strcmp(known, sum) != 0)
        slip_journal_write(b, manifest);
}

void slip_journal_write(struct slip_builder *b, const struct slip_digest *manifest)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_json_decrefp) json_t *record = json_object();
    slip_cleanup(slip_json_decrefp) json_t *summary = json_object();
    char key[65], sum[16];

    if (!b->options->file)
        return;
    sum_of(b, key, sum);
    json_object_set_new(summary, "sum", json_string(sum));
    (void)slip_record_put(b->store, key, summary, &ignored);
    for (size_t i = 0; i < b->plan->nstages; i++)
        if (b->plan->stages[i]->needed)
            note_stage(b, b->plan->stages[i]);
    json_object_set_new(record, "file", slip_shown_text(b->options->file));
    json_object_set_new(record, "target", json_string(b->plan->target->name));
    json_object_set_new(record, "ran", list_reasons(b));
    json_object_set_new(record, "of", json_integer((json_int_t)b->plan->nsteps));
    slip_journal_key("", key);
    (void)slip_record_put(b->store, key, record, &ignored);
    if (!manifest)
        return;
    slip_journal_key(manifest->hex, key);
    (void)slip_record_put(b->store, key, record, &ignored);
}
