/* topics.h - the kinds of things that programs want at run time and no header says: which functions
 * give them away, what of the image meets them, what is said when nothing does.
 * Depends on: libc.
 */
#pragma once

enum slip_topic {
    SLIP_TOPIC_CERTS,
    SLIP_TOPIC_CHARSETS,
    SLIP_TOPIC_LOCALES,
    SLIP_TOPIC_MARK,
    SLIP_TOPIC_NSS,
    SLIP_TOPIC_PASSWD,
    SLIP_TOPIC_PLUGINS,
    SLIP_TOPIC_PROGRAMS,
    SLIP_TOPIC_SERVICES,
    SLIP_TOPIC_SHELL,
    SLIP_TOPIC_STATIC_NSS,
    SLIP_TOPIC_SYSLOG,
    SLIP_TOPIC_TMP,
    SLIP_TOPIC_TZDATA,
    SLIP_TOPIC_UNWIND,
    SLIP_TOPIC_USERS,
    SLIP_TOPICS
};

struct slip_topic_row {
    const char *need;      /* the word it is acknowledged by; NULL: no hint by itself */
    const char *met_by[4]; /* any of these in the image is enough; paths or globs */
    const char *text;      /* what is missing */
    const char *names;     /* the same when the program's own texts say more: they stand at %s */
    const char *way;       /* what to write */
};

extern const struct slip_topic_row slip_topics[SLIP_TOPICS];

/* The topic that an imported function belongs to; SLIP_TOPICS when it says nothing. */
enum slip_topic slip_topic_of_symbol(const char *name);
/* By its word; SLIP_TOPICS when there is none. */
enum slip_topic slip_topic_of_need(const char *need);
