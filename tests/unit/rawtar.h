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
    /* GNU's sparse header: real size, then offset and length of each piece, then -1. */
    const long long *sparse;
    const char *time; /* the mtime field as it is, 12 bytes */
};

static inline void raw_field(char *field, size_t width, unsigned long long value)
{
    char text[32];

    snprintf(text, sizeof text, "%0*llo", (int)width - 1, value);
    memcpy(field, text, width);
}

static inline void raw_sparse(struct slip_ustar *h, const long long *sparse)
{
    struct slip_gnu_sparse gnu;

    memcpy(h->magic, "ustar  ", 8); /* and version */
    memcpy(&gnu, h, sizeof gnu);
    if (sparse[0] < 1LL << 33) {
        raw_field(gnu.size, sizeof gnu.size, (unsigned long long)sparse[0]);
    } else {
        gnu.size[0] = (char)0x80;
        for (int i = 0; i < 8; i++)
            gnu.size[4 + i] = (char)(sparse[0] >> (56 - 8 * i));
    }
    for (size_t i = 0; sparse[1 + 2 * i] >= 0; i++) {
        raw_field(gnu.pieces[i].at, sizeof gnu.pieces[i].at, (unsigned long long)sparse[1 + 2 * i]);
        raw_field(gnu.pieces[i].len, sizeof gnu.pieces[i].len,
                  (unsigned long long)sparse[2 + 2 * i]);
    }
    memcpy(h, &gnu, sizeof gnu);
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
    if (e->time)
        memcpy(h.mtime, e->time, sizeof h.mtime);
    if (e->sparse)
        raw_sparse(&h, e->sparse);
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
