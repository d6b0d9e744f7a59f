#include "commands/metadata.h"

#include <fcntl.h>

#include "image/descriptor.h"
#include "image/image.h"
#include "image/reference.h"
#include "util/fs.h"
#include "util/mem.h"

static int join_names(const struct slip_strv *names, struct slip_buf *ret, struct slip_error *err)
{
    for (size_t i = 0; i < names->n; i++) {
        slip_cleanup(slip_reference_release) struct slip_reference ref = SLIP_REFERENCE_INIT;
        if (slip_reference_from(&ref, names->v[i], err) < 0)
            return -1;
        slip_cleanup(slip_freep) char *full = slip_reference_text(&ref);
        slip_buf_printf(ret, "%s%s", i ? "," : "", full);
    }
    return 0;
}

int slip_metadata_write(const char *path, struct slip_store *store,
                        const struct slip_digest *manifest, const struct slip_strv *names,
                        struct slip_error *err)
{
    slip_cleanup(slip_json_decrefp) json_t *document = json_object();
    slip_cleanup(slip_document_release) struct slip_document doc = SLIP_DOCUMENT_INIT;
    slip_cleanup(slip_image_release) struct slip_image image = SLIP_IMAGE_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf joined = SLIP_BUF_INIT;
    char digest[72];

    if (slip_document_load(&doc, store, manifest, err) < 0 ||
        slip_image_load(store, manifest, &image, err) < 0 || join_names(names, &joined, err) < 0)
        return -1;
    json_object_set_new(document, "containerimage.config.digest",
                        json_string(slip_digest_name(&image.config_digest, digest)));
    json_object_set_new(document, "containerimage.descriptor",
                        slip_descriptor_json(doc.media_type, manifest, doc.text.len));
    json_object_set_new(document, "containerimage.digest",
                        json_string(slip_digest_name(manifest, digest)));
    if (names->n)
        json_object_set_new(document, "image.name", json_string(slip_buf_str(&joined)));
    slip_cleanup(slip_freep) char *text = json_dumps(document, JSON_INDENT(2));
    slip_cleanup(slip_freep) char *lines = slip_xasprintf("%s\n", text);
    return slip_write_file_if_changed(AT_FDCWD, path, lines, strlen(lines), 0644, err) < 0 ? -1 : 0;
}
