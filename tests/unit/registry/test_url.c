#include "main.h"

#include "registry/url.h"

struct row {
    const char *name, *base, *location;
    const char *leads_to; /* NULL: nowhere */
    bool same, downgrade;
};

static const struct row rows[] = {
    { "a path", "https://r/v2/a/", "/v2/b?c=d", "https://r/v2/b?c=d", true, false },
    { "a relative one", "https://r/v2/a/uploads/", "x?y", "https://r/v2/a/uploads/x?y", true,
      false },
    { "whole", "http://r:5000/v2/", "http://r:5000/v2/x", "http://r:5000/v2/x", true, false },
    { "the port that goes without saying", "https://r/", "https://r:443/x", "https://r:443/x", true,
      false },
    { "another port", "https://r/", "https://r:444/x", "https://r:444/x", false, false },
    { "another host", "https://r/", "https://s/x", "https://s/x", false, false },
    { "any case", "https://Reg.example/", "HTTPS://reg.EXAMPLE/x", "https://reg.EXAMPLE/x", true,
      false },
    { "the same host without TLS", "https://r/", "http://r/x", "http://r/x", false, true },
    { "a host that begins alike", "https://r/", "https://r.evil/x", "https://r.evil/x", false,
      false },
    { "a host as somebody's name", "https://r/", "https://r@evil/x", "https://r@evil/x", false,
      false },
    { "up to TLS", "http://r/", "https://r/x", "https://r/x", false, false },
    { "without a scheme", "https://r/a", "//s/x", "https://s/x", false, false },
};

static void leads_there(void **state)
{
    const struct row *row = *state;
    slip_cleanup(slip_error_release) struct slip_error err = SLIP_ERROR_INIT;
    const struct slip_curl *curl = slip_curl_load(&err);

    assert_non_null(curl);
    slip_cleanup(slip_freep) char *to = slip_url_resolve(curl, row->base, row->location);
    assert_string_equal(to, row->leads_to);
    assert_int_equal(slip_url_same_origin(curl, row->base, to), row->same);
    assert_int_equal(slip_url_is_downgrade(curl, row->base, to), row->downgrade);
}

int main(void)
{
    return SLIP_RUN_ROWS("registry/url", rows, leads_there);
}
