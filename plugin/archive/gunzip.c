#include "archive/gunzip.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef SLIPWAY_ISAL
#include <isa-l/igzip_lib.h>
#else
#include <zlib.h>
#endif

#include "util/mem.h"

/* Both libraries count in 32 bits and leave the input alone, whatever their types say. */
static unsigned some(size_t n)
{
    return n < INT_MAX ? (unsigned)n : INT_MAX;
}

static unsigned char *bytes(const char *p)
{
    return (unsigned char *)(uintptr_t)p;
}

#ifdef SLIPWAY_ISAL

struct slip_gunzip {
    struct inflate_state state;
    bool begun; /* a member */
};

struct slip_gunzip *slip_gunzip_new(void)
{
    struct slip_gunzip *g = slip_xmalloc(sizeof *g);

    isal_inflate_init(&g->state);
    g->begun = false;
    return g;
}

static const char *reason(int rc)
{
    switch (rc) {
    case ISAL_INVALID_BLOCK:
        return "invalid block";
    case ISAL_INVALID_SYMBOL:
        return "invalid code";
    case ISAL_INVALID_LOOKBACK:
        return "invalid distance";
    case ISAL_INCORRECT_CHECKSUM:
        return "wrong checksum";
    }
    return "it is no gzip";
}

int slip_gunzip_step(struct slip_gunzip *g, const char **in, size_t *in_n, char **out,
                     size_t *out_n, struct slip_error *err)
{
    struct inflate_state *s = &g->state;
    unsigned had = some(*in_n), room = some(*out_n);

    if (!g->begun) {
        isal_inflate_reset(s);
        s->crc_flag = ISAL_GZIP; /* with header and checked trailer */
        g->begun = true;
    }
    s->next_in = bytes(*in);
    s->avail_in = had;
    s->next_out = bytes(*out);
    s->avail_out = room;
    int rc = isal_inflate(s);
    if (rc < 0)
        return slip_fail(err, SLIP_EINPUT, "the compressed data is damaged: %s", reason(rc));
    *in += had - s->avail_in;
    *in_n -= had - s->avail_in;
    *out += room - s->avail_out;
    *out_n -= room - s->avail_out;
    g->begun = s->block_state != ISAL_BLOCK_FINISH;
    return !g->begun;
}

void slip_gunzip_free(struct slip_gunzip *g)
{
    free(g);
}

#else

struct slip_gunzip {
    z_stream state;
    bool begun; /* a member */
};

struct slip_gunzip *slip_gunzip_new(void)
{
    return slip_xcalloc(1, sizeof(struct slip_gunzip));
}

int slip_gunzip_step(struct slip_gunzip *g, const char **in, size_t *in_n, char **out,
                     size_t *out_n, struct slip_error *err)
{
    z_stream *z = &g->state;
    unsigned had = some(*in_n), room = some(*out_n);

    if (!g->begun && (z->state ? inflateReset(z) : inflateInit2(z, 15 + 16)) != Z_OK)
        return slip_fail(err, SLIP_ESYSTEM, "cannot set up zlib");
    g->begun = true;
    z->next_in = bytes(*in);
    z->avail_in = had;
    z->next_out = bytes(*out);
    z->avail_out = room;
    int rc = inflate(z, Z_NO_FLUSH);
    if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
        return slip_fail(err, SLIP_EINPUT, "the compressed data is damaged: %s",
                         z->msg ? z->msg : "it is no gzip");
    *in += had - z->avail_in;
    *in_n -= had - z->avail_in;
    *out += room - z->avail_out;
    *out_n -= room - z->avail_out;
    g->begun = rc != Z_STREAM_END;
    return !g->begun;
}

void slip_gunzip_free(struct slip_gunzip *g)
{
    if (g)
        inflateEnd(&g->state);
    free(g);
}

#endif
