#include "util/library.h"

#include <dlfcn.h>
#include <string.h>

int slip_library_load(const char *soname, const char *package, const struct slip_symbol *symbols,
                      size_t n, void *functions, struct slip_error *err)
{
    void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

    if (!library) {
        slip_fail(err, SLIP_EHOST, "cannot load %s: %s", soname, dlerror());
        return slip_error_hint(err, "on Debian: apt-get install %s", package);
    }
    for (size_t i = 0; i < n; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (!symbol)
            return slip_fail(err, SLIP_EHOST, "%s has no %s", soname, symbols[i].name);
        memcpy((char *)functions + symbols[i].at, &symbol, sizeof symbol);
    }
    return 0;
}
