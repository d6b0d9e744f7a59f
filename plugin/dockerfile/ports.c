#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "dockerfile/lowering.h"
#include "util/str.h"

struct range {
    uint64_t low, high;
};

/* 80 or 8000-8010 */
static bool parse_range(const char *text, size_t len, struct range *ret)
{
    slip_cleanup(slip_freep) char *low = slip_xstrndup(text, len);
    char *dash = strchr(low, '-');

    if (dash)
        *dash++ = '\0';
    if (slip_parse_uint(low, 65535, &ret->low) < 0)
        return false;
    ret->high = ret->low;
    return !dash || (slip_parse_uint(dash, 65535, &ret->high) == 0 && ret->high >= ret->low);
}

static bool is_address(const char *text, size_t len)
{
    unsigned char ignored[sizeof(struct in6_addr)];
    bool brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';
    slip_cleanup(slip_freep) char *address = slip_xstrndup(text + brackets, len - 2 * brackets);

    return inet_pton(AF_INET6, address, ignored) == 1 ||
           (!brackets && inet_pton(AF_INET, address, ignored) == 1);
}

static const char *protocol_of(const char *name)
{
    static const char *const names[] = { "tcp", "udp", "sctp" };

    for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
        if (strcasecmp(name, names[i]) == 0)
            return names[i];
    return *name ? NULL : names[0];
}

/* The last ':' before `end`, or NULL. */
static const char *colon_before(const char *text, const char *end)
{
    return memrchr(text, ':', (size_t)(end - text));
}

/* [address:][host port:]port[-port][/protocol]. What stands in front of the port is for `docker
 * run`, and only has to make sense. */
static bool parse_port(const char *spec, struct range *ret, const char **ret_protocol)
{
    const char *last = strrchr(spec, ':'), *port = last ? last + 1 : spec;
    const char *slash = strchr(port, '/');
    size_t len = slash ? (size_t)(slash - port) : strlen(port);
    struct range host;

    *ret_protocol = protocol_of(slash ? slash + 1 : "");
    if (!*ret_protocol || !parse_range(port, len, ret))
        return false;
    if (!last)
        return true;
    const char *colon = colon_before(spec, last), *first = colon ? colon + 1 : spec;
    if (colon && colon > spec && !is_address(spec, (size_t)(colon - spec)))
        return false;
    if (first == last)
        return true;
    /* A range of host ports may stand for one port, not for a range of another length. */
    return parse_range(first, (size_t)(last - first), &host) &&
           (ret->low == ret->high || ret->high - ret->low == host.high - host.low);
}

static int expose(struct lowering *lo, json_t *ports, struct slip_span at, const char *spec)
{
    const char *protocol;
    struct range range;

    if (!parse_port(spec, &range, &protocol)) {
        slip_fail_at(lo->err, at, "'%.64s' is not a port", spec);
        return slip_error_hint(lo->err, "write 80, 80/udp or 8000-8010");
    }
    for (uint64_t port = range.low; port <= range.high; port++) {
        slip_cleanup(slip_freep) char *key = slip_xasprintf("%" PRIu64 "/%s", port, protocol);
        json_object_set_new(ports, key, json_object());
    }
    return 0;
}

static void lint_port(struct lowering *lo, struct slip_span at, const char *spec)
{
    const char *slash = strchr(spec, '/');

    if (slash && slash[strcspn(slash, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")])
        slip_lint_warn(lo, "ExposeProtoCasing", at, "the protocol of '%s' should be in lower case",
                       spec);
    if (strchr(spec, ':'))
        slip_lint_warn(lo, "ExposeInvalidFormat", at,
                       "EXPOSE takes a port of the container; '%s' has more", spec);
}

int slip_lower_expose(struct lowering *lo, const struct slip_instruction *ins, json_t *ports)
{
    for (size_t i = 0; i < ins->nargs; i++) {
        slip_cleanup(slip_strv_release) struct slip_strv specs = SLIP_STRV_INIT;
        if (slip_lower_expand_split(lo, ins->args[i], &specs) < 0)
            return -1;
        for (size_t k = 0; k < specs.n; k++) {
            lint_port(lo, ins->args[i].at, specs.v[k]);
            if (expose(lo, ports, ins->args[i].at, specs.v[k]) < 0)
                return -1;
        }
    }
    return 0;
}
