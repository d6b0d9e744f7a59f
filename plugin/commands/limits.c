#include "commands/limits.h"

#include "plan/match.h"
#include "util/mem.h"
#include "util/str.h"

/* The recipe was checked when it was read. */
static uint64_t number(const struct slip_value *value, struct slip_span *ret_at)
{
    uint64_t n = 0;

    if (value->text)
        (void)slip_parse_uint(value->text, INT32_MAX, &n);
    *ret_at = value->at;
    return n;
}

static int read_recipe(const struct slip_recipe_budget *given, struct slip_budget *ret,
                       struct slip_error *err)
{
    if (given->size.text && slip_parse_file_size(given->size.text, &ret->size, err) < 0)
        return -1;
    ret->size_at = given->size.at;
    ret->files = number(&given->files, &ret->files_at);
    ret->layers = number(&given->layers, &ret->layers_at);
    ret->forbid_at = slip_xcalloc(given->forbid.n + 1, sizeof *ret->forbid_at);
    for (size_t i = 0; i < given->forbid.n; i++) {
        if (slip_match(given->forbid.v[i].text, "") < 0)
            return slip_fail_at(err, given->forbid.v[i].at, "'%s' is malformed",
                                given->forbid.v[i].text);
        slip_strv_add(&ret->forbid, given->forbid.v[i].text);
        ret->forbid_at[i] = given->forbid.v[i].at;
    }
    return 0;
}

int slip_limits_read(const struct slip_front *front, const struct slip_front_options *options,
                     const char *size, struct slip_budget *ret, struct slip_error *err)
{
    if (front->is_recipe && !options->target && read_recipe(&front->recipe.budget, ret, err) < 0)
        return -1;
    if (!size)
        return 0;
    ret->size_at = (struct slip_span){ 0 };
    return slip_parse_file_size(size, &ret->size, err);
}

int slip_limits_packing(const struct slip_front *front, const struct slip_packing *asked,
                        struct slip_build_options *ret, struct slip_error *err)
{
    const struct slip_recipe_image *image = &front->recipe.image;
    struct slip_packing packing = *asked;

    if (!asked->has_compression && front->is_recipe) {
        if (image->compression.text && slip_packing_say(&packing, image->compression.text, err) < 0)
            return -1;
        if (!asked->has_level && image->compression_level.text &&
            slip_packing_say_level(&packing, image->compression_level.text, err) < 0)
            return -1;
    }
    ret->compression = packing.compression;
    ret->level = packing.level;
    return slip_packing_check(&packing, err);
}
