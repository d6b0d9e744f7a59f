/* dump.h - a syntax tree as text for goldens: one instruction a line, KIND --flag=value [args]. */
#pragma once

#include "dockerfile/ast.h"

static void dump_text(struct slip_buf *out, const char *text)
{
    slip_buf_putc(out, '<');
    for (; *text; text++) {
        if (*text == '\n')
            slip_buf_puts(out, "\\n");
        else if (*text == '\t')
            slip_buf_puts(out, "\\t");
        else if (*text == '\r')
            slip_buf_puts(out, "\\r");
        else
            slip_buf_putc(out, *text);
    }
    slip_buf_putc(out, '>');
}

static void dump_instruction(struct slip_buf *out, const struct slip_instruction *ins)
{
    if (ins->comment) {
        slip_buf_puts(out, "# ");
        dump_text(out, ins->comment);
        slip_buf_putc(out, '\n');
    }
    slip_buf_puts(out, slip_instruction_name(ins->kind));
    for (size_t i = 0; i < ins->nflags; i++) {
        slip_buf_printf(out, " --%s", ins->flags[i].name);
        if (ins->flags[i].value) {
            slip_buf_putc(out, '=');
            dump_text(out, ins->flags[i].value);
        }
    }
    if (ins->json)
        slip_buf_puts(out, " json");
    for (size_t i = 0; i < ins->nargs; i++) {
        slip_buf_putc(out, ' ');
        dump_text(out, ins->args[i].text);
    }
    for (size_t i = 0; i < ins->nheredocs; i++) {
        const struct slip_heredoc *doc = &ins->heredocs[i];
        slip_buf_printf(out, " %s%s%s:", doc->name, doc->expand ? "" : " quoted",
                        doc->strip_tabs ? " strip" : "");
        dump_text(out, doc->text);
    }
    slip_buf_putc(out, '\n');
    if (ins->trigger) {
        slip_buf_puts(out, "  ");
        dump_instruction(out, ins->trigger);
    }
}

static void dump_dockerfile(struct slip_buf *out, const struct slip_dockerfile *ast)
{
    if (ast->syntax.text)
        slip_buf_printf(out, "syntax=%s\n", ast->syntax.text);
    if (ast->escape != '\\')
        slip_buf_printf(out, "escape=%c\n", ast->escape);
    if (ast->check.text)
        slip_buf_printf(out, "check=%s\n", ast->check.text);
    for (size_t i = 0; i < ast->ninstructions; i++)
        dump_instruction(out, ast->instructions[i]);
}
