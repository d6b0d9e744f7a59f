#include "slim/hints.h"

#include <stdlib.h>

#include "slim/strings.h"
#include "slim/topics.h"
#include "util/mem.h"
#include "util/str.h"

bool slip_hint_symbol(const char *name)
{
    return slip_topic_of_symbol(name) != SLIP_TOPICS;
}

static const char *uses(const struct slip_elf *elf, enum slip_topic topic)
{
    for (size_t i = 0; i < elf->symbols.n; i++) {
        if (slip_topic_of_symbol(elf->symbols.v[i]) == topic)
            return elf->symbols.v[i];
    }
    return NULL;
}

static struct slip_hint *new_hint(struct slip_closure *closure, const char *path, const char *need)
{
    for (size_t i = 0; i < closure->nhints; i++)
        if (strcmp(closure->hints[i].path, path) == 0 && strcmp(closure->hints[i].need, need) == 0)
            return NULL;
    closure->hints =
        slip_xgrow(closure->hints, closure->nhints, &closure->hints_cap, sizeof *closure->hints);
    struct slip_hint *hint = &closure->hints[closure->nhints++];
    *hint = (struct slip_hint){ .path = slip_xstrdup(path), .need = slip_xstrdup(need) };
    return hint;
}

struct slip_hint *slip_hint_add(struct slip_closure *closure, const char *path, const char *need,
                                const char *fmt, ...)
{
    struct slip_hint *hint = new_hint(closure, path, need);
    va_list ap;

    if (!hint)
        return NULL;
    va_start(ap, fmt);
    hint->text = slip_xvasprintf(fmt, ap);
    va_end(ap);
    return hint;
}

void slip_hint_release(struct slip_hint *hint)
{
    free(hint->path);
    free(hint->need);
    free(hint->cause);
    free(hint->text);
    slip_strv_release(&hint->names);
}

/* SLIP_TOPICS for one that was said whole when it was made. */
static enum slip_topic topic_of(const struct slip_hint *hint)
{
    return hint->cause ? slip_topic_of_need(hint->need) : SLIP_TOPICS;
}

/* "calls dlopen(): no header says which libraries it opens; put those it opens on the DLOPEN list"
 */
static void compose(struct slip_hint *hint)
{
    enum slip_topic t = topic_of(hint);
    slip_cleanup(slip_buf_release) struct slip_buf names = SLIP_BUF_INIT;
    struct slip_buf text = SLIP_BUF_INIT;

    if (t == SLIP_TOPICS)
        return;
    for (size_t i = 0; i < hint->names.n; i++)
        slip_buf_printf(&names, "%s%s", i ? ", " : "", hint->names.v[i]);
    slip_buf_printf(&text, "%s: ", hint->cause);
    const char *said = names.len ? slip_topics[t].names : slip_topics[t].text;
    const char *place = names.len ? strstr(said, "%s") : NULL;
    if (place) {
        slip_buf_put(&text, said, (size_t)(place - said));
        slip_buf_puts(&text, slip_buf_str(&names));
        said = place + strlen("%s");
    }
    slip_buf_printf(&text, "%s; %s, or ACKNOWLEDGE %s", said, slip_topics[t].way, hint->need);
    free(hint->text);
    hint->text = slip_buf_take(&text);
}

static void add_topic(struct slip_closure *closure, const char *path, enum slip_topic topic,
                      const char *library, const char *symbol)
{
    struct slip_hint *hint = new_hint(closure, path, slip_topics[topic].need);

    if (!hint)
        return;
    hint->cause = library ? slip_xasprintf("%s calls %s()", library, symbol)
                          : slip_xasprintf("calls %s()", symbol);
    compose(hint);
}

static void hint_dlopen_notes(struct slip_closure *closure, const char *path,
                              const struct slip_elf *elf)
{
    slip_cleanup(slip_buf_release) struct slip_buf list = SLIP_BUF_INIT;

    for (size_t i = 0; i < elf->ndlopens; i++) {
        const struct slip_elf_dlopen *d = &elf->dlopens[i];
        if (strcmp(d->priority, "required") == 0)
            continue;
        slip_buf_printf(&list, "%s%s%s%s (%s)", list.len ? ", " : "", d->sonames.v[0],
                        *d->feature ? " for " : "", d->feature, d->priority);
    }
    if (list.len)
        slip_hint_add(closure, path, slip_topics[SLIP_TOPIC_PLUGINS].need,
                      "opens by itself what its note names: %s; put what you want of it on the "
                      "DLOPEN list, or ACKNOWLEDGE %s",
                      list.data, slip_topics[SLIP_TOPIC_PLUGINS].need);
}

/* Which texts of the program say more about a topic; SLIP_STRINGS_KINDS: none do. */
static enum slip_strings_kind kind_of(enum slip_topic topic)
{
    switch (topic) {
    case SLIP_TOPIC_CERTS:
        return SLIP_STRINGS_CERTIFICATES;
    case SLIP_TOPIC_USERS:
        return SLIP_STRINGS_USERS;
    case SLIP_TOPIC_PLUGINS:
        return SLIP_STRINGS_LIBRARIES;
    case SLIP_TOPIC_PROGRAMS:
        return SLIP_STRINGS_PROGRAMS;
    default:
        return SLIP_STRINGS_KINDS;
    }
}

static bool speaks_tls(const struct slip_elf *elf)
{
    static const char *const libraries[] = { "libssl.so", "libgnutls.so", "libmbedtls.so" };

    for (size_t i = 0; i < elf->needed.n; i++)
        for (size_t k = 0; k < SLIP_ARRAY_LEN(libraries); k++)
            if (slip_starts_with(elf->needed.v[i], libraries[k]))
                return true;
    return false;
}

/* Names what the program's own texts name, and adds the hint that only they give: a place for
 * certificates that was compiled in. */
static void add_names(struct slip_closure *closure, size_t first, int root, const char *path,
                      const struct slip_elf *elf)
{
    struct slip_strv found[SLIP_STRINGS_KINDS] = { 0 };
    bool has_place = speaks_tls(elf) && !uses(elf, SLIP_TOPIC_CERTS);
    unsigned kinds = has_place ? 1u << SLIP_STRINGS_CERTIFICATES : 0;

    for (size_t i = first; i < closure->nhints; i++) {
        enum slip_strings_kind kind = kind_of(topic_of(&closure->hints[i]));
        if (kind != SLIP_STRINGS_KINDS && kind != SLIP_STRINGS_CERTIFICATES)
            kinds |= 1u << kind;
    }
    slip_strings_find(root, path, elf, kinds, found);
    struct slip_hint *place = has_place && found[SLIP_STRINGS_CERTIFICATES].n
                                  ? new_hint(closure, path, slip_topics[SLIP_TOPIC_CERTS].need)
                                  : NULL;
    if (place)
        place->cause = slip_xstrdup("speaks TLS");
    for (size_t i = first; i < closure->nhints; i++) {
        enum slip_strings_kind kind = kind_of(topic_of(&closure->hints[i]));
        if (kind != SLIP_STRINGS_KINDS)
            slip_strv_copy(&closure->hints[i].names, &found[kind]);
        compose(&closure->hints[i]);
    }
    for (size_t i = 0; i < SLIP_STRINGS_KINDS; i++)
        slip_strv_release(&found[i]);
}

/* A static program contains such functions without ever calling them: only what would break it is
 * worth a word. */
static void hint_static(struct slip_closure *closure, const char *path, const struct slip_elf *elf)
{
    const char *symbol = uses(elf, SLIP_TOPIC_NSS);
    bool old;

    if (!symbol)
        symbol = uses(elf, SLIP_TOPIC_USERS);
    if (!symbol)
        symbol = uses(elf, SLIP_TOPIC_PASSWD);
    if (symbol && slip_hint_static_nss(elf, &old))
        add_topic(closure, path, SLIP_TOPIC_STATIC_NSS, NULL, symbol);
}

/* musl looks up names, locales and character sets without any file. */
static bool is_for_glibc(enum slip_topic topic)
{
    return topic == SLIP_TOPIC_NSS || topic == SLIP_TOPIC_LOCALES || topic == SLIP_TOPIC_CHARSETS;
}

void slip_hints_of(struct slip_closure *closure, int root, const char *path,
                   const struct slip_elf *elf, bool plugins_known)
{
    static const enum slip_topic asked[] = {
        SLIP_TOPIC_CERTS,    SLIP_TOPIC_CHARSETS, SLIP_TOPIC_LOCALES, SLIP_TOPIC_NSS,
        SLIP_TOPIC_PASSWD,   SLIP_TOPIC_USERS,    SLIP_TOPIC_PLUGINS, SLIP_TOPIC_PROGRAMS,
        SLIP_TOPIC_SERVICES, SLIP_TOPIC_SHELL,    SLIP_TOPIC_SYSLOG,  SLIP_TOPIC_TMP,
        SLIP_TOPIC_TZDATA
    };
    size_t first = closure->nhints;
    bool musl =
        slip_strv_has(&elf->needed, "libc.so") || (elf->interp && strstr(elf->interp, "ld-musl"));

    if (!elf->dynamic || (!elf->interp && elf->needed.n == 0)) {
        hint_static(closure, path, elf);
        return;
    }
    if (!plugins_known)
        hint_dlopen_notes(closure, path, elf);
    for (size_t i = 0; i < SLIP_ARRAY_LEN(asked); i++) {
        const char *symbol = uses(elf, asked[i]);
        if (!symbol || (asked[i] == SLIP_TOPIC_PLUGINS && plugins_known) ||
            (musl && is_for_glibc(asked[i])))
            continue;
        add_topic(closure, path, asked[i], NULL, symbol);
    }
    add_names(closure, first, root, path, elf);
}

void slip_hints_of_library(struct slip_closure *closure, const char *path, const char *library,
                           const struct slip_elf *elf)
{
    const char *symbol = uses(elf, SLIP_TOPIC_CERTS);

    if (symbol)
        add_topic(closure, path, SLIP_TOPIC_CERTS, library, symbol);
}

static bool has_any(const char *const *patterns, const struct slip_hint_image *image)
{
    for (size_t i = 0; i < SLIP_ARRAY_LEN(slip_topics[0].met_by) && patterns[i]; i++)
        if (image->has(image->user, patterns[i]))
            return true;
    return false;
}

/* Takes the names away that the image has. */
static void drop_known(struct slip_hint *hint, bool (*has)(void *user, const char *name),
                       void *user)
{
    struct slip_strv left = SLIP_STRV_INIT;

    for (size_t i = 0; i < hint->names.n; i++)
        if (!has(user, hint->names.v[i]))
            slip_strv_add(&left, hint->names.v[i]);
    slip_strv_release(&hint->names);
    hint->names = left;
}

void slip_hint_settle(struct slip_hint *hint, const struct slip_hint_image *image)
{
    enum slip_topic t = topic_of(hint);
    bool named = hint->names.n > 0;

    if (t == SLIP_TOPICS)
        return;
    bool there = has_any(slip_topics[t].met_by, image);
    if (t == SLIP_TOPIC_PROGRAMS)
        drop_known(hint, image->has, image->user);
    else if (t == SLIP_TOPIC_USERS && there)
        drop_known(hint, image->has_user, image->user);
    else if (t == SLIP_TOPIC_USERS)
        slip_strv_release(&hint->names); /* nobody is known */
    else if (t == SLIP_TOPIC_PASSWD && there && image->runs_as &&
             !image->has_user(image->user, image->runs_as))
        slip_strv_add(&hint->names, image->runs_as);
    if (t == SLIP_TOPIC_PROGRAMS)
        there = named;
    else if (t == SLIP_TOPIC_USERS && !named)
        there = there && !image->only_usual;
    hint->is_met = there && (t == SLIP_TOPIC_CERTS || !hint->names.n);
    compose(hint);
}

const char *slip_hint_hidden_library(const struct slip_elf *elf, bool old_nss, size_t n)
{
    static const char *const nss[] = { "libnss_files.so.2", "libnss_dns.so.2" };

    /* glibc unwinds a thread's stack with libgcc_s.so.1, opened at the first pthread_exit. */
    if (uses(elf, SLIP_TOPIC_UNWIND) && n-- == 0)
        return "libgcc_s.so.1";
    if (old_nss &&
        (uses(elf, SLIP_TOPIC_NSS) || uses(elf, SLIP_TOPIC_PASSWD) ||
         uses(elf, SLIP_TOPIC_USERS)) &&
        n < SLIP_ARRAY_LEN(nss))
        return nss[n];
    return NULL;
}

bool slip_hint_static_nss(const struct slip_elf *elf, bool *ret_old)
{
    *ret_old = !slip_strv_has(&elf->symbols, "__nss_files_functions");
    return !*ret_old || slip_strv_has(&elf->symbols, "__nss_lookup_function");
}
