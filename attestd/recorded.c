#include "recorded.h"

#include <string.h>

#include "json.h"

enum { VERSION = 1, CLAIM_RESULT_COUNT = CLAIM_DIFFERS + 1 };

static const char *const results[CLAIM_RESULT_COUNT] = {
    [CLAIM_PASSED] = "passed", [CLAIM_MISSING] = "missing", [CLAIM_DIFFERS] = "differs"
};

/* --- writing --- */

static void encode_claims(struct json_writer *j, const struct appraisal *found)
{
    json_begin_array(j, "claims");
    for (uint32_t i = 0; i < found->claim_count; i++) {
        const struct claim *claim = &found->claims[i];
        json_begin_object(j, NULL);
        json_text(j, "kind", slice_of(probe_kind_name(claim->kind)));
        json_text(j, "subject", slice_of(claim->module));
        json_text(j, "result", slice_of(results[claim->result]));
        json_end_object(j);
    }
    json_end_array(j);
}

enum status recorded_encode(const struct recorded *r, struct writer *w)
{
    struct json_writer j = json_writer_over(w);

    json_begin_object(&j, NULL);
    json_int(&j, "recorded", VERSION);
    json_int(&j, "time", r->time);
    json_text(&j, "client_id", slice_of(r->client_id));
    json_text(&j, "build", slice_of(r->build));
    if (r->version[0])
        json_text(&j, "version", slice_of(r->version));
    json_text(&j, "jkt", slice_of(r->jkt));
    json_bool(&j, "accepted", r->accepted);
    json_text(&j, "state", slice_of(build_state_name(r->found.state)));
    json_int(&j, "age", r->found.age);
    json_bool(&j, "key_matches", r->found.key_matches);
    json_bool(&j, "unasked", r->found.unasked);
    encode_claims(&j, &r->found);
    json_end_object(&j);
    writer_byte(w, '\n');
    return w->full ? ST_TOO_LARGE : ST_OK;
}

/* --- reading --- */

static enum status get_text(const cJSON *object, const char *name, char *out, size_t cap)
{
    struct slice text;
    enum status st = json_get_text(object, name, cap - 1, &text);

    return st ? st : slice_copy_text(text, out, cap);
}

static enum status get_bool(const cJSON *object, const char *name, bool *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    *out = cJSON_IsTrue(item);
    return cJSON_IsBool(item) ? ST_OK : ST_INVALID;
}

static enum status result_read(struct slice word, struct claim *out)
{
    for (unsigned i = 0; i < CLAIM_RESULT_COUNT; i++)
        if (slice_is(word, results[i])) {
            out->result = i;
            return ST_OK;
        }
    return ST_INVALID;
}

static enum status decode_claim(const cJSON *object, struct claim *out, char *subject)
{
    struct slice kind, result;

    out->module = subject;
    if (json_get_text(object, "kind", LABEL_MAX, &kind) || probe_kind_read(kind, &out->kind) ||
        get_text(object, "subject", subject, MODULE_NAME_MAX + 1) ||
        json_get_text(object, "result", LABEL_MAX, &result))
        return ST_INVALID;
    return result_read(result, out);
}

static enum status decode_claims(const cJSON *message, struct recorded *out)
{
    struct appraisal *found = &out->found;
    const cJSON *claims, *item;

    if (json_get_array(message, "claims", &claims))
        return ST_INVALID;
    cJSON_ArrayForEach(item, claims)
    {
        uint32_t n = found->claim_count;
        if (n == PROBES_MAX || decode_claim(item, &found->claims[n], out->subjects[n]))
            return ST_INVALID;
        found->claim_count++;
    }
    return ST_OK;
}

static enum status decode_names(const cJSON *message, struct recorded *out)
{
    struct slice version;

    if (json_get_int(message, "time", 0, INT64_MAX / 1024, &out->time) ||
        get_text(message, "client_id", out->client_id, sizeof out->client_id) ||
        get_text(message, "build", out->build, sizeof out->build) ||
        get_text(message, "jkt", out->jkt, sizeof out->jkt) ||
        json_get_optional_text(message, "version", LABEL_MAX, &version))
        return ST_INVALID;
    return slice_copy_text(version, out->version, sizeof out->version);
}

static enum status decode_found(const cJSON *message, struct recorded *out)
{
    struct appraisal *found = &out->found;
    char state[LABEL_MAX + 1];

    found->known = true;
    if (get_bool(message, "accepted", &out->accepted) ||
        get_text(message, "state", state, sizeof state) || build_state_read(state, &found->state) ||
        json_get_int(message, "age", INT32_MIN, INT32_MAX, &found->age) ||
        get_bool(message, "key_matches", &found->key_matches) ||
        get_bool(message, "unasked", &found->unasked))
        return ST_INVALID;
    return decode_claims(message, out);
}

static enum status decode(const cJSON *message, struct recorded *out)
{
    int64_t version;
    enum status st = json_get_int(message, "recorded", VERSION, VERSION, &version);

    if (!st)
        st = decode_names(message, out);
    return st ? ST_INVALID : decode_found(message, out);
}

enum status recorded_decode(struct slice line, struct recorded *out)
{
    const struct json_limits limits = { RECORDED_LINE_MAX, 4, 1024 };
    cJSON *message;

    *out = (struct recorded){ .time = 0 };
    enum status st = json_parse_object(line, &limits, &message);
    if (st)
        return ST_INVALID;
    st = decode(message, out);
    cJSON_Delete(message);
    return st;
}
