#include "util/json.h"

#include "util/mem.h"

json_t *slip_json_parse(const char *text, size_t len, const char *what, struct slip_error *err)
{
    json_error_t at;
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &at);

    if (!json)
        slip_fail(err, SLIP_EINPUT, "%s:%d:%d: not valid JSON: %s", what, at.line, at.column,
                  at.text);
    return json;
}

json_t *slip_json_any(const char *text)
{
    json_t *json = json_string(text);

    if (json)
        return json;
    slip_cleanup(slip_freep) char *ascii = slip_xstrdup(text);
    for (char *p = ascii; *p; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    return json_string(ascii);
}

char *slip_json_text(const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);

    return text ? text : slip_xstrdup("null"); /* NULL only for invalid UTF-8 */
}

const char *slip_json_str(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

int slip_json_size(const json_t *object, const char *key, uint64_t *ret, struct slip_error *err)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return slip_fail(err, SLIP_EINPUT, "'%s' is not a size", key);
    *ret = (uint64_t)json_integer_value(value);
    return 0;
}

json_t *slip_json_from_strv(const struct slip_strv *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->n; i++)
        json_array_append_new(array, json_string_nocheck(list->v[i]));
    return array;
}

void slip_json_to_strv(const json_t *array, struct slip_strv *ret)
{
    size_t i;
    json_t *value;

    json_array_foreach (array, i, value)
        if (json_is_string(value))
            slip_strv_add(ret, json_string_value(value));
}
