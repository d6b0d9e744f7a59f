#include "slim/dlopen.h"

#include "util/json.h"
#include "util/mem.h"

#define NOTE_LIMIT ((size_t)64 << 10)
#define NOTE_COUNT 1024

static void add_entry(struct slip_elf *elf, const json_t *entry)
{
    const char *feature = slip_json_str(entry, "feature");
    const char *priority = slip_json_str(entry, "priority");
    struct slip_elf_dlopen one = { 0 };

    slip_json_to_strv(json_object_get(entry, "soname"), &one.sonames);
    if (one.sonames.n == 0 || elf->ndlopens == NOTE_COUNT) {
        slip_strv_release(&one.sonames);
        return;
    }
    one.feature = slip_xstrdup(feature ? feature : "");
    one.priority = slip_xstrdup(priority ? priority : "recommended");
    elf->dlopens = slip_xgrow(elf->dlopens, elf->ndlopens, &elf->dlopens_cap, sizeof *elf->dlopens);
    elf->dlopens[elf->ndlopens++] = one;
}

void slip_dlopen_parse(const char *json, size_t len, struct slip_elf *elf)
{
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    size_t index;
    json_t *entry;

    if (len > NOTE_LIMIT)
        return;
    len = strnlen(json, len); /* the note is padded with zeros */
    slip_cleanup(slip_json_decrefp) json_t *doc = slip_json_parse(json, len, ".note.dlopen", &err);
    if (!json_is_array(doc))
        return;
    json_array_foreach (doc, index, entry) {
        if (json_is_object(entry))
            add_entry(elf, entry);
    }
}
