#include <stdio.h>
#include <string.h>

#include "ui/line.h"
#include "ui/view.h"
#include "util/mem.h"
#include "util/str.h"

static struct slip_ui_transfer *find(struct slip_ui *ui, const char *key)
{
    for (size_t i = 0; i < ui->ntransfers; i++)
        if (strcmp(ui->transfers[i].key, key) == 0)
            return &ui->transfers[i];
    return NULL;
}

static struct slip_ui_transfer *begin(struct slip_ui *ui, const struct slip_event *event)
{
    struct slip_buf clean = SLIP_BUF_INIT;

    if (ui->ntransfers == SLIP_UI_TRANSFERS)
        return NULL;
    struct slip_ui_transfer *t = &ui->transfers[ui->ntransfers++];
    slip_line_clean(&clean, event->name, strlen(event->name));
    *t = (struct slip_ui_transfer){
        .key = slip_xstrdup(event->name),
        .name = slip_buf_take(&clean),
        .first = event->number < event->total ? event->number : 0,
        .start = slip_ui_now(ui),
    };
    t->said = t->start;
    return t;
}

static void forget(struct slip_ui *ui, struct slip_ui_transfer *t)
{
    size_t after = ui->ntransfers - (size_t)(t - ui->transfers) - 1;

    free(t->key);
    free(t->name);
    memmove(t, t + 1, after * sizeof *t); /* the others keep their order */
    ui->ntransfers--;
}

void slip_ui_transfer_take(struct slip_ui *ui, const struct slip_event *event)
{
    bool over = event->number >= event->total || event->text;

    if (!ui->view->transfer || ui->finished || !event->name)
        return;
    struct slip_ui_transfer *t = find(ui, event->name);
    if (!t && !(t = begin(ui, event)))
        return;
    t->number = event->number;
    t->total = event->total;
    ui->view->transfer(ui, t, !over ? NULL : event->text ? event->text : "");
    if (over)
        forget(ui, t);
}

void slip_ui_transfer_release(struct slip_ui *ui)
{
    while (ui->ntransfers)
        forget(ui, &ui->transfers[ui->ntransfers - 1]);
}

const char *slip_ui_transfer_bytes(const struct slip_ui_transfer *t, char out[40])
{
    char have[16], all[16];

    slip_format_size(t->number, have);
    slip_format_size(t->total, all);
    /* The same unit is said once. */
    const char *unit = strchr(have, ' ');
    int n = (int)(unit && strcmp(unit, strchr(all, ' ')) == 0 ? unit - have : (long)strlen(have));
    snprintf(out, 40, "%.*s of %s", n, have, all);
    return out;
}
