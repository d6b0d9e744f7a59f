#include "recipe/graft.h"

#include <string.h>

#include "util/source.h"

/* A text that was made out of lines of the recipe, and how to find them again. */
struct origin {
    const struct slip_source *made;
    const struct slip_span *lines;
    size_t n;
    size_t prefix;         /* bytes in front of the first line */
    struct slip_span only; /* the place of everything, when lines do not match byte by byte */
};

static struct slip_span place_of(const struct origin *o, size_t off)
{
    const char *text = o->made->text;
    size_t line = 0, begin = o->prefix;

    if (off < o->prefix)
        off = o->prefix;
    for (size_t i = o->prefix; i < off && line + 1 < o->n; i++)
        if (text[i] == '\n') {
            line++;
            begin = i + 1;
        }
    size_t in = off - begin < o->lines[line].len ? off - begin : o->lines[line].len;
    return (struct slip_span){ o->lines[line].src, o->lines[line].off + in, 0 };
}

static void map(const struct origin *o, struct slip_span *at)
{
    if (at->src != o->made)
        return;
    if (o->only.src || !o->n) {
        *at = o->only;
        return;
    }
    struct slip_span from = place_of(o, at->off), to = place_of(o, at->off + at->len);
    from.len = to.off > from.off ? to.off - from.off : 0;
    *at = from;
}

static void map_instruction(const struct origin *o, struct slip_instruction *ins)
{
    map(o, &ins->at);
    map(o, &ins->keyword);
    for (size_t i = 0; i < ins->nflags; i++)
        map(o, &ins->flags[i].at);
    for (size_t i = 0; i < ins->nargs; i++)
        map(o, &ins->args[i].at);
    for (size_t i = 0; i < ins->nheredocs; i++)
        map(o, &ins->heredocs[i].at);
    if (ins->trigger)
        map_instruction(o, ins->trigger);
}

/* The parser asks for a stage; its FROM is dropped again. */
#define STAGE "FROM scratch\n"

static int append(struct slip_dockerfile *to, const struct slip_dockerfile *from,
                  const struct origin *o, struct slip_error *err)
{
    for (size_t i = 1; i < from->ninstructions; i++) {
        struct slip_instruction *ins = from->instructions[i];
        map_instruction(o, ins);
        if (ins->kind == SLIP_INS_FROM) {
            slip_fail_at(err, ins->keyword, "a stage cannot begin here");
            return slip_error_hint(err, "write a [stage NAME] with its 'from ='");
        }
        slip_ast_append(to, ins);
    }
    for (size_t i = 0; i < from->nremarks; i++) {
        struct slip_span at = from->remarks[i].at;
        map(o, &at);
        slip_ast_remark(to, from->remarks[i].rule, at, from->remarks[i].text);
    }
    return 0;
}

static int graft(struct slip_dockerfile *to, struct origin *o, struct slip_error *err)
{
    struct slip_dockerfile from;

    if (slip_dockerfile_parse(to->arena, o->made, &from, err) < 0) {
        map(o, &err->at);
        return -1;
    }
    return append(to, &from, o, err);
}

int slip_graft_line(struct slip_dockerfile *to, const char *keyword, const struct slip_value *text,
                    struct slip_error *err)
{
    const char *made = slip_arena_printf(to->arena, STAGE "%s %s\n", keyword, text->text);
    struct slip_span at = text->at;
    bool same = at.len == strlen(text->text) && !memcmp(at.src->text + at.off, text->text, at.len);
    struct origin o = { .lines = &at, .n = 1, .prefix = strlen(STAGE) + strlen(keyword) + 1 };

    if (!same)
        o.only = at;
    o.made = slip_source_text(to->arena, at.src->name, made, strlen(made));
    return graft(to, &o, err);
}

int slip_graft_script(struct slip_dockerfile *to, const struct slip_script *script,
                      struct slip_error *err)
{
    struct origin o = { .lines = script->lines, .n = script->n, .prefix = strlen(STAGE) };
    const char *made = slip_arena_printf(to->arena, STAGE "%s\n", script->text);

    o.made = slip_source_text(to->arena, script->at.src->name, made, strlen(made));
    return graft(to, &o, err);
}
