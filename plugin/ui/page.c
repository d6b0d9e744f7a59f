#include "ui/page.h"

#include <string.h>

#include "ui/line.h"
#include "ui/table.h"
#include "util/mem.h"

static const char *text_at(const json_t *array, size_t i)
{
    const char *text = json_string_value(json_array_get(array, i));

    return text ? text : "";
}

static void text_row(struct slip_table *table, const json_t *row, size_t n)
{
    slip_cleanup(slip_freep) const char **cells = slip_xcalloc(n + 1, sizeof *cells);

    for (size_t i = 0; i < n; i++)
        cells[i] = text_at(row, i);
    slip_table_row(table, cells);
}

void slip_page_text(const json_t *page, struct slip_buf *out)
{
    const char *title = slip_json_str(page, "title");
    size_t i, k;
    json_t *fact, *section, *row;

    slip_line_clean(out, title, strlen(title));
    slip_buf_putc(out, '\n');
    json_array_foreach (json_object_get(page, "facts"), i, fact) {
        slip_buf_printf(out, "  %-10s ", text_at(fact, 0));
        slip_line_clean(out, text_at(fact, 1), strlen(text_at(fact, 1)));
        slip_buf_putc(out, '\n');
    }
    json_array_foreach (json_object_get(page, "sections"), i, section) {
        const char *align = slip_json_str(section, "align");
        slip_cleanup(slip_table_release) struct slip_table table = SLIP_TABLE_INIT(align);
        text_row(&table, json_object_get(section, "columns"), strlen(align));
        json_array_foreach (json_object_get(section, "rows"), k, row)
            text_row(&table, row, strlen(align));
        slip_buf_printf(out, "\n%s\n\n", slip_json_str(section, "title"));
        slip_table_text(&table, out);
    }
}

static void escape(struct slip_buf *out, const char *text)
{
    static const struct {
        char c;
        const char *entity;
    } entities[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" } };
    slip_cleanup(slip_buf_release) struct slip_buf clean = SLIP_BUF_INIT;

    slip_line_clean(&clean, text, strlen(text));
    for (const char *p = slip_buf_str(&clean); *p; p++) {
        const char *entity = NULL;
        for (size_t i = 0; i < SLIP_ARRAY_LEN(entities); i++)
            entity = *p == entities[i].c ? entities[i].entity : entity;
        if (entity)
            slip_buf_puts(out, entity);
        else
            slip_buf_putc(out, *p);
    }
}

static void html_cells(struct slip_buf *out, const json_t *row, const char *align, const char *tag)
{
    slip_buf_puts(out, "<tr>");
    for (size_t i = 0; align[i]; i++) {
        slip_buf_printf(out, "<%s%s>", tag, align[i] == 'r' ? " class=r" : "");
        escape(out, text_at(row, i));
        slip_buf_printf(out, "</%s>", tag);
    }
}

static void html_section(struct slip_buf *out, const json_t *section)
{
    const char *align = slip_json_str(section, "align");
    const json_t *shares = json_object_get(section, "shares");
    size_t i;
    json_t *row;

    slip_buf_puts(out, "<h2>");
    escape(out, slip_json_str(section, "title"));
    slip_buf_puts(out, "</h2>\n<table>\n");
    html_cells(out, json_object_get(section, "columns"), align, "th");
    slip_buf_puts(out, "</tr>\n");
    json_array_foreach (json_object_get(section, "rows"), i, row) {
        html_cells(out, row, align, "td");
        if (shares)
            slip_buf_printf(out, "<td class=bar><div style=\"width:%.1f%%\"></div></td>",
                            100 * json_number_value(json_array_get(shares, i)));
        slip_buf_puts(out, "</tr>\n");
    }
    slip_buf_puts(out, "</table>\n");
}

void slip_page_html(const json_t *page, struct slip_buf *out)
{
    static const char style[] =
        "body{font:14px/1.4 sans-serif;margin:2em auto;max-width:75em;padding:0 1em}"
        "table{border-collapse:collapse}th,td{text-align:left;padding:.15em .8em;"
        "border-bottom:1px solid #ddd;vertical-align:top;overflow-wrap:anywhere}"
        ".r{text-align:right;white-space:nowrap}.bar{width:12em}"
        ".bar div{background:#48c;height:1em;min-width:1px}";
    size_t i;
    json_t *fact, *section;

    slip_buf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                       "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    escape(out, slip_json_str(page, "title"));
    slip_buf_printf(out, "</title>\n<style>%s</style></head><body>\n<h1>", style);
    escape(out, slip_json_str(page, "title"));
    slip_buf_puts(out, "</h1>\n<table>\n");
    json_array_foreach (json_object_get(page, "facts"), i, fact) {
        html_cells(out, fact, "ll", "td");
        slip_buf_puts(out, "</tr>\n");
    }
    slip_buf_puts(out, "</table>\n");
    json_array_foreach (json_object_get(page, "sections"), i, section)
        html_section(out, section);
    slip_buf_puts(out, "</body></html>\n");
}
