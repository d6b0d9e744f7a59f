#include "image/attachments.h"

#include "store/record.h"
#include "util/mem.h"

json_t *slip_attachments_get(struct slip_store *store, const struct slip_digest *subject)
{
    json_t *record = slip_record_get(store, subject->hex);

    if (json_is_object(record))
        return record;
    json_decref(record);
    return json_object();
}

int slip_attachments_lock(struct slip_store *store, const struct slip_digest *subject,
                          struct slip_error *err)
{
    slip_cleanup(slip_freep) char *name = slip_xasprintf("attachments %s", subject->hex);

    return slip_store_lock_name(store, name, err);
}

int slip_attachments_put(struct slip_store *store, const struct slip_digest *subject,
                         const json_t *record, struct slip_error *err)
{
    return slip_record_put(store, subject->hex, record, err);
}
