/* repack.c - the same tar in another compression. Records of steps remember the blob that a layer
 * had when it was made; an image that asks for another one gets it from that, without the step.
 */
#include "build/builder.h"

#include "archive/inflate.h"
#include "archive/pack.h"
#include "store/blob.h"
#include "store/record.h"

static void repack_key(const struct slip_builder *b, const struct slip_part *part, char ret[65])
{
    slip_cleanup(slip_sha256_release) struct slip_sha256 sha = SLIP_SHA256_INIT;

    slip_sha256_field(&sha, "slipway repack 1");
    slip_sha256_field(&sha, part->blob.diff_id.hex);
    slip_sha256_number(&sha, b->options->compression);
    slip_sha256_number(&sha, (uint64_t)(int64_t)b->options->level);
    slip_key_finish(&sha, ret);
}

static int to_draft(void *user, const void *p, size_t n, struct slip_error *err)
{
    return slip_draft_write(user, p, n, err);
}

/* One more byte than it should have is enough to see that it is not what it was. */
static int pump(int from, const struct slip_part *part, struct slip_packer *packer,
                struct slip_error *err)
{
    slip_cleanup(slip_inflate_freep) struct slip_inflate *inflate =
        slip_inflate_open(from, part->blob.tar_size + 1, false, err);
    const char *p;
    size_t n;
    int more;

    if (!inflate)
        return -1;
    while ((more = slip_inflate_next(inflate, &p, &n, err)) > 0)
        if (slip_packer_write(packer, p, n, err) < 0)
            return -1;
    return more;
}

static int repack(struct slip_builder *b, struct slip_part *part, struct slip_error *err)
{
    slip_cleanup(slip_draft_release) struct slip_draft draft = SLIP_DRAFT_INIT;
    slip_cleanup(slip_closep) int from = slip_blob_open(b->store, &part->blob.digest, NULL, err);
    struct slip_packed packed;
    struct slip_digest digest;

    if (from < 0 || slip_draft_open(&draft, b->store, err) < 0)
        return -1;
    slip_cleanup(slip_packer_freep) struct slip_packer *packer =
        slip_packer_open(b->options->compression, b->options->level, 0, to_draft, &draft, err);
    if (!packer || pump(from, part, packer, err) < 0 ||
        slip_packer_finish(packer, &packed, err) < 0)
        return -1;
    if (!slip_digest_equal(&packed.in, &part->blob.diff_id))
        return slip_fail(err, SLIP_EINTEGRITY, "layer sha256:%.12s is damaged",
                         part->blob.digest.hex);
    if (slip_draft_commit(&draft, &packed.out, &digest, err) < 0)
        return -1;
    part->blob.digest = digest;
    part->blob.size = packed.out_size;
    part->compression = b->options->compression;
    part->level = b->options->level;
    return 0;
}

int slip_part_repack(struct slip_builder *b, struct slip_part *part, struct slip_error *err)
{
    struct slip_part known;
    char key[65];

    if (part->compression == b->options->compression && part->level == b->options->level)
        return 0;
    repack_key(b, part, key);
    slip_cleanup(slip_json_decrefp) json_t *record = slip_record_get(b->store, key);
    if (record && slip_part_from_json(&known, record) == 0 && known.has_blob &&
        slip_blob_has(b->store, &known.blob.digest, err) == 1) {
        part->blob = known.blob;
        return 0;
    }
    if (repack(b, part, err) < 0)
        return -1;
    struct slip_part made = *part;
    made.snapshot[0] = '\0'; /* of the step, not of the bytes */
    slip_cleanup(slip_json_decrefp) json_t *value = slip_part_json(&made);
    return slip_record_put(b->store, key, value, err);
}
