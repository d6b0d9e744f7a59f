#include "commands/findings.h"

#include "dockerfile/rules.h"
#include "util/json.h"
#include "util/mem.h"

/* More than this on a terminal is read by nobody. */
#define SHOWN_MAX 100

/* {"line": 1, "character": 0}, as editors count characters. */
static json_t *position(struct slip_findings *f, const struct slip_source *src, size_t off)
{
    if (src != f->src || off < f->off) {
        f->src = src;
        f->off = f->start = 0;
        f->line = 1;
    }
    for (; f->off < off && f->off < src->len; f->off++)
        if (src->text[f->off] == '\n') {
            f->start = f->off + 1;
            f->line++;
        }
    return json_pack("{s:i, s:I}", "line", (int)f->line, "character", (json_int_t)(off - f->start));
}

static json_t *location(struct slip_findings *f, struct slip_span at)
{
    if (!at.src)
        return json_null();
    json_t *start = position(f, at.src, at.off);
    json_t *end = position(f, at.src, at.off + at.len);
    return json_pack("{s:s, s:[{s:o, s:o}]}", "file", at.src->name, "ranges", "start", start, "end",
                     end);
}

static json_t *as_json(struct slip_findings *f, const struct slip_warning *warning)
{
    const struct slip_lint_rule *rule = slip_lint_rule_find(warning->rule);
    json_t *row = json_pack("{s:s, s:s}", "ruleName", rule->name, "description", rule->description);
    json_t *detail = json_string(warning->text);

    if (rule->page)
        json_object_set_new(
            row, "url", json_sprintf("https://docs.docker.com/go/dockerfile/rule/%s/", rule->page));
    json_object_set_new(row, "detail", detail ? detail : json_string("(not UTF-8)"));
    json_object_set_new(row, "location", location(f, warning->at));
    return row;
}

void slip_findings_take(void *user, const struct slip_warning *warning)
{
    struct slip_findings *f = user;

    f->n++;
    if (f->json)
        json_array_append_new(f->json, as_json(f, warning));
    if (!f->out || f->n > SHOWN_MAX)
        return;
    slip_cleanup(slip_freep) char *text = slip_xasprintf("%s (%s)", warning->text, warning->rule);
    slip_diagnostic_print(f->out, warning->at, "warning", text, NULL);
}

void slip_findings_end(struct slip_findings *f)
{
    if (f->out && f->n > SHOWN_MAX)
        fprintf(f->out, "warning: and %zu more\n", f->n - SHOWN_MAX);
}

json_t *slip_findings_error(struct slip_findings *f, const struct slip_error *err)
{
    json_t *message = json_string(err->msg ? err->msg : "failed");
    json_t *row = json_pack("{s:o}", "message", message ? message : json_string("(not UTF-8)"));

    if (err->hint)
        json_object_set_new(row, "hint", json_string(err->hint));
    json_object_set_new(row, "location", location(f, err->at));
    return row;
}
