/* rawtar.h - archives put together byte by byte, so that they may be as wrong as a test likes. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "archive/ustar.h"
#include "util/buf.h"

/* Rows of entries leave out what is zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

struct raw {
    char type; /* 0 ends a list; 'z' adds `body` as it is, without a header */
    const char *name, *link;
    const char *body;
    size_t len;    /* of the body; 0: as a string */
    unsigned mode; /* 0: 0644, directories 0755 */
    unsigned uid, gid;
    const char *size;   /* the field as it is, 12 bytes */
    const char *prefix; /* ustar's */
    const char *device; /* two octal digits: major, minor */
    int spoil;          /* the checksum */
};

static inline void raw_field(char *field, size_t width, unsigned long long value)
{
    char text[32];

    snprintf(text, sizeof text, "%0*llo", (int)width - 1, value);
    memcpy(field, text, width);
}

static inline void raw_add(struct slip_buf *out, const struct raw *e)
{
    static const char zeros[SLIP_TAR_BLOCK];
    struct slip_ustar h = { 0 };
    size_t len = e->len ? e->len : e->body ? strlen(e->body) : 0;
    unsigned sum = 0;

    if (e->type == 'z') {
        slip_buf_put(out, e->body, len);
        return;
    }
    snprintf(h.name, sizeof h.name, "%s", e->name ? e->name : "");
    snprintf(h.linkname, sizeof h.linkname, "%s", e->link ? e->link : "");
    snprintf(h.prefix, sizeof h.prefix, "%s", e->prefix ? e->prefix : "");
    raw_field(h.mode, sizeof h.mode, e->mode ? e->mode : e->type == '5' ? 0755 : 0644);
    raw_field(h.uid, sizeof h.uid, e->uid);
    raw_field(h.gid, sizeof h.gid, e->gid);
    raw_field(h.size, sizeof h.size, len);
    if (e->size)
        memcpy(h.size, e->size, sizeof h.size);
    raw_field(h.mtime, sizeof h.mtime, 1000000000);
    if (e->device) {
        raw_field(h.devmajor, sizeof h.devmajor, (unsigned)(e->device[0] - '0'));
        raw_field(h.devminor, sizeof h.devminor, (unsigned)(e->device[1] - '0'));
    }
    h.typeflag = e->type;
    memcpy(h.magic, "ustar", 6);
    memcpy(h.version, "00", 2);
    memset(h.chksum, ' ', sizeof h.chksum);
    for (size_t i = 0; i < sizeof h; i++)
        sum += ((unsigned char *)&h)[i];
    raw_field(h.chksum, 7, sum + (unsigned)e->spoil);
    slip_buf_put(out, &h, sizeof h);
    slip_buf_put(out, e->body ? e->body : "", len);
    slip_buf_put(out, zeros, -len % SLIP_TAR_BLOCK);
}

static inline void raw_end(struct slip_buf *out)
{
    static const char zeros[2 * SLIP_TAR_BLOCK];

    slip_buf_put(out, zeros, sizeof zeros);
}
