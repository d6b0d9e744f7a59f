/* fuzz_document.c - bills of materials that somebody left in a build tree: whatever they say, their
 * packages have a name and a package URL, each URL once, and are fit for a bill.
 */
#include <stdint.h>
#include <stdlib.h>

#include "slim/document.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slip_cleanup(slip_documents_release) struct slip_documents d = SLIP_DOCUMENTS_INIT;
    slip_cleanup(slip_map_release) struct slip_map seen = SLIP_MAP_INIT;
    size_t i;
    json_t *row;

    if (size > (size_t)1 << 20)
        return 0;
    for (int twice = 0; twice < 2; twice++)
        if (slip_documents_add(&d, "/build/x.spdx.json", (const char *)data, size) !=
            (d.list != NULL))
            abort();
    json_array_foreach (d.packages, i, row) {
        const char *purl = slip_json_str(row, "purl"), *name = slip_json_str(row, "name");
        if (!purl || !name || strncmp(purl, "pkg:", 4) != 0 || slip_map_get(&seen, purl))
            abort();
        slip_map_set(&seen, purl, row);
    }
    for (i = 0; i < d.files.n; i++)
        if (!slip_map_get(&seen, d.files.entries[i].value))
            abort();
    return 0;
}
