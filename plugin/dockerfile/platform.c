#include "dockerfile/platform.h"

#include <ctype.h>
#include <string.h>
#include <sys/utsname.h>

#include "util/mem.h"
#include "util/str.h"

struct alias {
    const char *name, *arch, *variant;
};

/* What else architectures are called. */
static const struct alias aliases[] = {
    { "x86_64", "amd64", NULL },
    { "x86-64", "amd64", NULL },
    { "aarch64", "arm64", NULL },
    { "armhf", "arm", "v7" },
    { "armel", "arm", "v6" },
    { "i386", "386", NULL },
    { "i686", "386", NULL },
    { "armv7l", "arm", "v7" },
    { "armv6l", "arm", "v6" },
    { "arm", "arm", "v7" },
    { "loongarch64", "loong64", NULL },
    { "mips64", "mips64", NULL },
    { "ppc64le", "ppc64le", NULL },
    { "riscv64", "riscv64", NULL },
    { "s390x", "s390x", NULL },
    { "amd64", "amd64", NULL },
    { "arm64", "arm64", NULL },
    { "386", "386", NULL },
    { "loong64", "loong64", NULL },
    { "mips64le", "mips64le", NULL },
    { "ppc64", "ppc64", NULL },
    { "mips", "mips", NULL },
    { "mipsle", "mipsle", NULL },
    { "wasm", "wasm", NULL },
};

static const struct alias *alias_of(const char *name)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(aliases); i++)
        if (strcmp(aliases[i].name, name) == 0)
            return &aliases[i];
    return NULL;
}

static bool is_os(const char *name)
{
    static const char *const names[] = { "linux",   "windows", "darwin",  "freebsd", "netbsd",
                                         "openbsd", "solaris", "illumos", "plan9",   "aix",
                                         "android", "js",      "wasip1",  "zos" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

const char *slip_platform_host_arch(void)
{
    struct utsname host;
    const struct alias *alias = uname(&host) == 0 ? alias_of(host.machine) : NULL;

    return alias ? alias->arch : "amd64";
}

static char *join(const char *os, const char *arch, const char *variant)
{
    const struct alias *alias = alias_of(arch);

    if (alias) {
        arch = alias->arch;
        variant = variant ? variant : alias->variant;
    }
    /* The variants that everybody means when none is said. */
    if (variant && ((strcmp(arch, "arm64") == 0 && strcmp(variant, "v8") == 0) ||
                    (strcmp(arch, "amd64") == 0 && strcmp(variant, "v1") == 0)))
        variant = NULL;
    return slip_xasprintf("%s/%s%s%s", os, arch, variant ? "/" : "", variant ? variant : "");
}

char *slip_platform_normal(const char *text)
{
    slip_cleanup(slip_freep) char *copy = slip_xstrdup(text);
    char *part[3] = { copy, NULL, NULL };
    size_t n = 1;

    if (!*copy)
        return NULL;
    for (char *p = copy; *p; p++) {
        *p = (char)tolower((unsigned char)*p);
        if (*p == '/') {
            if (n == SLIP_ARRAY_LEN(part) || p[1] == '/' || !p[1] || p == copy)
                return NULL;
            *p = '\0';
            part[n++] = p + 1;
        } else if (!isalnum((unsigned char)*p) && !strchr("_.-", *p)) {
            return NULL;
        }
    }
    if (n > 1)
        return join(part[0], part[1], part[2]);
    if (is_os(part[0]))
        return join(part[0], slip_platform_host_arch(), NULL);
    return alias_of(part[0]) ? join("linux", part[0], NULL) : NULL;
}
