#include "slim/licence.h"

#include "slim/trail.h"
#include "util/mem.h"
#include "util/str.h"

#define COPYRIGHT_LIMIT ((size_t)8 << 20)
#define NAMES_MAX 64u

/* Identifiers of the SPDX list that distributions use. */
static const char *const known[] = {
    "0BSD",
    "AFL-2.1",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "Apache-1.1",
    "Apache-2.0",
    "Artistic-1.0-Perl",
    "Artistic-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-2-Clause-Patent",
    "BSD-3-Clause",
    "BSD-3-Clause-Clear",
    "BSD-4-Clause",
    "BSD-4-Clause-UC",
    "BSL-1.0",
    "Beerware",
    "BlueOak-1.0.0",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC-BY-SA-3.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "CDDL-1.0",
    "CPL-1.0",
    "EPL-1.0",
    "EPL-2.0",
    "EUPL-1.2",
    "FSFAP",
    "FSFUL",
    "FSFULLR",
    "FTL",
    "GFDL-1.1-or-later",
    "GFDL-1.2-only",
    "GFDL-1.2-or-later",
    "GFDL-1.3-only",
    "GFDL-1.3-or-later",
    "GPL-1.0-only",
    "GPL-1.0-or-later",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "HPND",
    "ICU",
    "IJG",
    "ISC",
    "Info-ZIP",
    "LGPL-2.0-only",
    "LGPL-2.0-or-later",
    "LGPL-2.1-only",
    "LGPL-2.1-or-later",
    "LGPL-3.0-only",
    "LGPL-3.0-or-later",
    "LPPL-1.3c",
    "Libpng",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MPL-1.1",
    "MPL-2.0",
    "MS-PL",
    "NCSA",
    "NTP",
    "OFL-1.1",
    "OLDAP-2.8",
    "OpenSSL",
    "PHP-3.01",
    "PSF-2.0",
    "PostgreSQL",
    "Python-2.0",
    "QPL-1.0",
    "Ruby",
    "SGI-B-2.0",
    "SISSL",
    "SSH-OpenSSH",
    "TCL",
    "UPL-1.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Vim",
    "W3C",
    "WTFPL",
    "X11",
    "Zlib",
    "bzip2-1.0.6",
    "curl",
    "libpng-2.0",
    "libtiff",
    "zlib-acknowledgement",
};

/* Short names of copyright-format 1.0 that mean exactly one identifier. Those for a version of the
 * GNU licences, with and without "+", are made in gnu(). */
static const char *const debian[][2] = {
    { "Expat", "MIT" },
    { "Zlib", "Zlib" },
    { "BSD-2-clause", "BSD-2-Clause" },
    { "BSD-3-clause", "BSD-3-Clause" },
    { "BSD-4-clause", "BSD-4-Clause" },
    { "CC0", "CC0-1.0" },
    { "MPL-1.1", "MPL-1.1" },
    { "Python-2.0", "Python-2.0" },
};

static const char *find_known(const char *name, size_t len)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(known); i++)
        if (strlen(known[i]) == len && strncmp(known[i], name, len) == 0)
            return known[i];
    return NULL;
}

/* "GPL-2+" is GPL-2.0-or-later, "LGPL-2.1" is LGPL-2.1-only. "GPL" alone says no version. */
static char *gnu(const char *name)
{
    static const char *const families[] = { "GPL-", "LGPL-", "AGPL-", "GFDL-" };
    char family[8], version[8];
    int n = 0;

    if (sscanf(name, "%4[AGLPFD]-%3[0-9.]%n", family, version, &n) != 2 ||
        (name[n] && strcmp(name + n, "+") != 0))
        return NULL;
    slip_cleanup(slip_freep) char *id =
        slip_xasprintf("%s-%s%s-%s", family, version, strchr(version, '.') ? "" : ".0",
                       name[n] ? "or-later" : "only");
    for (size_t i = 0; i < SLIP_ARRAY_LEN(families); i++)
        if (slip_starts_with(id, families[i]) && find_known(id, strlen(id)))
            return SLIP_TAKE_PTR(id);
    return NULL;
}

static bool is_reference_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
}

/* One name of a copyright file. */
static void put_name(struct slip_buf *out, const char *name, const char *package)
{
    slip_cleanup(slip_freep) char *id = gnu(name);

    for (size_t i = 0; !id && i < SLIP_ARRAY_LEN(debian); i++)
        if (strcasecmp(name, debian[i][0]) == 0)
            id = slip_xstrdup(debian[i][1]);
    if (!id && find_known(name, strlen(name)))
        id = slip_xstrdup(name);
    if (id) {
        slip_buf_puts(out, id);
        return;
    }
    slip_buf_printf(out, "LicenseRef-");
    for (const char *p = package; *p; p++)
        slip_buf_putc(out, is_reference_char(*p) ? *p : '-');
    slip_buf_putc(out, '-');
    for (; *name; name++)
        slip_buf_putc(out, is_reference_char(*name) ? *name : '-');
}

/* "GPL-2+ or Artistic", "GPL-2+ with OpenSSL exception and Expat": words between "and" and "or",
 * which are the only operators; a comma binds looser (copyright-format 7.2). */
static char *translate(const char *said, const char *package)
{
    struct slip_buf out = SLIP_BUF_INIT;
    slip_cleanup(slip_buf_release) struct slip_buf name = SLIP_BUF_INIT;
    slip_cleanup(slip_strv_release) struct slip_strv words = SLIP_STRV_INIT;
    bool mixed = strchr(said, ',') != NULL;
    size_t names = 0;

    for (const char *p = said; *p;) {
        p += strspn(p, " \t,");
        size_t n = strcspn(p, " \t,");
        if (n)
            slip_strv_addn(&words, p, n);
        p += n;
    }
    const char *operator= NULL;
    for (size_t i = 0; i <= words.n; i++) {
        const char *w = i < words.n ? words.v[i] : NULL;
        bool is_and = w && strcasecmp(w, "and") == 0, is_or = w && strcasecmp(w, "or") == 0;
        if (w && !is_and && !is_or) {
            slip_buf_printf(&name, "%s%s", name.len ? "-" : "", w);
            continue;
        }
        if (name.len) {
            slip_buf_puts(&out, names++ ? operator : "");
            put_name(&out, slip_buf_str(&name), package);
            slip_buf_clear(&name);
        }
        operator= is_or ? " OR " : " AND ";
    }
    /* Which operator a comma binds is not said in SPDX's grammar: the whole is one name then. */
    if (mixed && names > 1) {
        slip_buf_clear(&out);
        put_name(&out, said, package);
        names = 1;
    }
    char *text = slip_buf_take(&out);
    if (names > 1 && strstr(text, " OR ")) {
        char *grouped = slip_xasprintf("(%s)", text);
        free(text);
        return grouped;
    }
    return text;
}

static bool is_operator(const char *word, size_t n)
{
    return (n == 3 && strncmp(word, "AND", n) == 0) || (n == 2 && strncmp(word, "OR", n) == 0);
}

char *slip_licence_expression(const char *text)
{
    size_t depth = 0;
    bool wants_name = true;

    for (const char *p = text; *p;) {
        size_t n = strcspn(p, " ()");
        if (*p == '(' && wants_name) {
            depth++;
        } else if (*p == ')' && !wants_name && depth) {
            depth--;
        } else if (n && wants_name ? find_known(p, n) != NULL : n && is_operator(p, n)) {
            wants_name = !wants_name;
        } else if (*p != ' ') {
            return NULL;
        }
        p += n ? n : 1;
    }
    return depth == 0 && !wants_name ? slip_xstrdup(text) : NULL;
}

/* The text of a field's first line in a line of a paragraph, or NULL. */
static const char *value_of(const char *line, const char *name)
{
    size_t n = strlen(name);

    if (strncasecmp(line, name, n) != 0 || line[n] != ':')
        return NULL;
    return line + n + 1 + strspn(line + n + 1, " \t");
}

/* Expressions that are joined need parentheses around OR, and lose those around AND. */
static char *join(struct slip_strv *parts)
{
    struct slip_buf out = SLIP_BUF_INIT;

    slip_strv_sort(parts);
    if (parts->n == 1 && parts->v[0][0] == '(') /* alone it needs none */
        return slip_xstrndup(parts->v[0] + 1, strlen(parts->v[0]) - 2);
    for (size_t i = 0; i < parts->n; i++)
        slip_buf_printf(&out, "%s%s", i ? " AND " : "", parts->v[i]);
    return slip_buf_take(&out);
}

char *slip_licence_dep5(const char *text, size_t len, const char *package)
{
    slip_cleanup(slip_freep) char *copy = slip_xstrndup(text, len);
    slip_cleanup(slip_strv_release) struct slip_strv parts = SLIP_STRV_INIT;
    bool in_files = false, machine_readable = false;

    for (char *line = copy, *next; line && parts.n < NAMES_MAX; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        size_t n = strlen(line);
        while (n && (line[n - 1] == ' ' || line[n - 1] == '\t' || line[n - 1] == '\r'))
            line[--n] = '\0';
        const char *format = value_of(line, "Format");
        const char *licence = value_of(line, "License");
        if (n == 0)
            in_files = false;
        else if (format)
            machine_readable |= strstr(format, "copyright-format/1.0") != NULL;
        else if (value_of(line, "Files"))
            in_files = true;
        else if (licence && *licence && in_files && machine_readable) {
            slip_cleanup(slip_freep) char *part = translate(licence, package);
            if (*part && !slip_strv_has(&parts, part))
                slip_strv_add(&parts, part);
        }
    }
    return parts.n ? join(&parts) : NULL;
}

char *slip_licence_of_package(int root, const char *package)
{
    slip_cleanup(slip_buf_release) struct slip_buf text = SLIP_BUF_INIT;
    slip_cleanup(slip_freep) char *path = slip_xasprintf("/usr/share/doc/%s/copyright", package);

    if (!slip_trail_read(root, path, COPYRIGHT_LIMIT, &text))
        return NULL;
    return slip_licence_dep5(slip_buf_str(&text), text.len, package);
}
