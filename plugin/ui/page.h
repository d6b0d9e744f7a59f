/* page.h - a document of tables: as text, or as one HTML file that needs nothing else.
 *
 *   {"title": text, "facts": [[name, value]],
 *    "sections": [{"title", "align": one letter per column ('l', 'r'), "columns": [text],
 *                  "rows": [[text]], "shares": [number from 0 to 1, one per row]}]}
 *
 * Shares are drawn as bars in HTML. All text is foreign: it is made safe for the terminal, or
 * escaped; the page has no scripts and loads nothing. Depends on: ui/table, ui/line, util/json.
 */
#pragma once

#include "util/buf.h"
#include "util/json.h"

void slip_page_text(const json_t *page, struct slip_buf *out);
void slip_page_html(const json_t *page, struct slip_buf *out);
