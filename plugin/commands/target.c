#include "commands/target.h"

#include <fcntl.h>

#include "build/locate.h"
#include "image/layout_referrers.h"
#include "store/record.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/str.h"

#define INDEX_LIMIT ((size_t)4 << 20)

/* The names that a layout's index gives its images. */
static void layout_names(const char *where, struct slip_strv *ret)
{
    slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *path = slip_path_join(where, "index.json");
    size_t i;
    json_t *entry;

    if (slip_read_file(AT_FDCWD, path, INDEX_LIMIT, &text, &ignored) < 0)
        return;
    slip_cleanup(slip_json_decrefp) json_t *index =
        slip_json_parse(slip_buf_str(&text), text.len, path, &ignored);
    json_array_foreach (json_object_get(index, "manifests"), i, entry) {
        const char *name =
            slip_json_str(json_object_get(entry, "annotations"), "io.containerd.image.name");
        slip_cleanup(slip_freep) char *familiar = name ? slip_image_name(name, &ignored) : NULL;
        if (familiar && !slip_strv_has(ret, familiar))
            slip_strv_add(ret, familiar);
    }
}

/* A layout made by a recipe carries one name; the store knows the image's other tags. */
static int sibling_names(struct slip_session *s, const struct slip_digest *manifest,
                         struct slip_strv *ret, struct slip_error *err)
{
    slip_cleanup(slip_strv_release) struct slip_strv all = SLIP_STRV_INIT;
    size_t given = ret->n;

    if (slip_ref_list(&s->store, &all, err) < 0)
        return -1;
    for (size_t i = 0; i < all.n; i++)
        for (size_t k = 0; k < given; k++) {
            size_t n = (size_t)(strrchr(ret->v[k], ':') - ret->v[k]) + 1;
            struct slip_digest digest;
            if (strncmp(all.v[i], ret->v[k], n) == 0 && !slip_strv_has(ret, all.v[i]) &&
                slip_ref_get(&s->store, all.v[i], &digest, err) == 1 &&
                slip_digest_equal(&digest, manifest))
                slip_strv_add(ret, all.v[i]);
        }
    return 0;
}

int slip_target_image(struct slip_session *s, const char *text, struct slip_digest *ret,
                      struct slip_strv *ret_names, struct slip_error *err)
{
    if (slip_locate_image(&s->sources, text, ret, err) < 0)
        return -1;
    if (!ret_names)
        return 0;
    if (slip_starts_with(text, "oci:")) {
        layout_names(text + 4, ret_names);
        return sibling_names(s, ret, ret_names, err);
    } else if (!strchr(text, ':') || !slip_starts_with(text, "sha256:")) {
        slip_cleanup(slip_error_release) struct slip_error ignored = SLIP_ERROR_INIT;
        slip_cleanup(slip_freep) char *name = slip_image_name(text, &ignored);
        if (name && !strstr(text, "-archive:"))
            slip_strv_add(ret_names, name);
    }
    return 0;
}

char *slip_target_identity(const char *name, struct slip_error *err)
{
    slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;

    return slip_image_reference(&ref, name, err) < 0
               ? NULL
               : slip_xasprintf("%s/%s", ref.registry, ref.repository);
}

int slip_target_attached(struct slip_session *s, const char *text,
                         const struct slip_digest *manifest, struct slip_error *err)
{
    const char *tag;

    if (!slip_starts_with(text, "oci:"))
        return 0;
    slip_cleanup(slip_freep) char *dir = slip_layout_dir(text + 4, &tag);
    return slip_layout_attach(&s->store, manifest, dir, err);
}
