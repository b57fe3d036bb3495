#include "msg_attestation.h"

#include "base64url.h"
#include "client_assertion.h"
#include "integrity_token.h"
#include "jwk.h"
#include "report.h"

enum { EXPIRES_MAX = 86400, FORMAT_MAX = 32 };

static const char *const formats[RESULT_FORMATS] = { [RESULT_INTEGRITY_TOKEN] = "integrity_token",
                                                     [RESULT_CLIENT_ASSERTION] = "client_assertion",
                                                     [RESULT_EAR] = "ear" };

const char *result_format_name(enum result_format f)
{
    return formats[f];
}

static enum status read_evidence(const cJSON *object, struct evidence *out)
{
    static const char *const members[] = { "id", "digest", "report", NULL };
    int64_t id;

    if (!cJSON_IsObject(object) || json_only_members(object, members) ||
        json_get_int(object, "id", 0, UINT32_MAX, &id) ||
        json_get_bytes(object, "digest", out->digest.bytes, sizeof out->digest.bytes) ||
        json_get_optional_text(object, "report", REPORT_MAX, &out->report))
        return ST_INVALID;
    out->id = (uint32_t)id;
    return ST_OK;
}

static bool seen(const struct attestation_request *m, uint32_t id)
{
    for (uint32_t i = 0; i < m->evidence_count; i++)
        if (m->evidence[i].id == id)
            return true;
    return false;
}

static enum status read_all_evidence(const cJSON *message, struct attestation_request *out)
{
    const cJSON *list, *item;
    struct evidence one;

    if (json_get_array(message, "evidence", &list))
        return ST_INVALID;
    out->evidence_count = 0;
    cJSON_ArrayForEach(item, list)
    {
        if (out->evidence_count == PROBES_MAX || read_evidence(item, &one) || seen(out, one.id))
            return ST_INVALID;
        out->evidence[out->evidence_count++] = one;
    }
    return ST_OK;
}

static enum status read_format(const cJSON *message, enum result_format *out)
{
    struct slice name;

    if (json_get_optional_text(message, "format", FORMAT_MAX, &name))
        return ST_INVALID;
    *out = RESULT_INTEGRITY_TOKEN;
    if (name.len == 0)
        return ST_OK;
    for (int i = 0; i < RESULT_FORMATS; i++)
        if (slice_is(name, formats[i])) {
            *out = (enum result_format)i;
            return ST_OK;
        }
    return ST_INVALID;
}

/* An assertion is for one server; the others are for whoever can check them. */
static enum status read_audience(const cJSON *message, struct attestation_request *out)
{
    struct slice audience;

    if (json_get_optional_text(message, "audience", AUDIENCE_MAX, &audience) ||
        (audience.len != 0) != (out->format == RESULT_CLIENT_ASSERTION))
        return ST_INVALID;
    return slice_copy_text(audience, out->audience, sizeof out->audience);
}

enum status attestation_request_decode(const cJSON *message, struct attestation_request *out)
{
    static const char *const members[] = { "challenge", "jwk",      "evidence",
                                           "format",    "audience", NULL };
    const cJSON *jwk;

    if (json_only_members(message, members) ||
        json_get_bytes(message, "challenge", out->challenge, sizeof out->challenge) ||
        json_get_object(message, "jwk", &jwk) || read_format(message, &out->format) ||
        read_audience(message, out))
        return ST_INVALID;
    enum status st = jwk_read(jwk, &out->instance_key);
    if (st)
        return st == ST_NO_MEMORY ? st : ST_INVALID;
    return read_all_evidence(message, out);
}

enum status attestation_request_encode(const struct attestation_request *m, struct writer *w)
{
    struct json_writer j = json_writer_over(w);

    json_begin_object(&j, NULL);
    json_base64url(&j, "challenge", (struct slice){ m->challenge, sizeof m->challenge });
    jwk_write(&j, "jwk", &m->instance_key);
    json_begin_array(&j, "evidence");
    for (uint32_t i = 0; i < m->evidence_count; i++) {
        const struct digest *digest = &m->evidence[i].digest;
        json_begin_object(&j, NULL);
        json_int(&j, "id", m->evidence[i].id);
        json_base64url(&j, "digest", (struct slice){ digest->bytes, sizeof digest->bytes });
        if (m->evidence[i].report.len)
            json_text(&j, "report", m->evidence[i].report);
        json_end_object(&j);
    }
    json_end_array(&j);
    if (m->format != RESULT_INTEGRITY_TOKEN)
        json_text(&j, "format", slice_of(formats[m->format]));
    if (m->audience[0])
        json_text(&j, "audience", slice_of(m->audience));
    json_end_object(&j);
    return w->full ? ST_TOO_LARGE : ST_OK;
}

static enum status read_pins(const cJSON *message, struct attestation_response *out)
{
    const cJSON *list, *item;
    enum status st = json_get_array(message, "pins", &list);

    out->pin_count = 0;
    if (st)
        return st == ST_NOT_FOUND ? ST_OK : ST_INVALID;
    cJSON_ArrayForEach(item, list)
    {
        if (out->pin_count == PINS_MAX || !cJSON_IsString(item) ||
            base64url_decode_exact(slice_of(item->valuestring), out->pins[out->pin_count].bytes,
                                   SHA256_LEN))
            return ST_INVALID;
        out->pin_count++;
    }
    return ST_OK;
}

/* Whichever is there, but one. */
static enum status read_token(const cJSON *message, struct attestation_response *out)
{
    size_t found = 0;

    for (int i = 0; i < RESULT_FORMATS; i++) {
        struct slice token;
        if (json_get_optional_text(message, formats[i], INTEGRITY_TOKEN_MAX, &token))
            return ST_INVALID;
        if (token.len == 0)
            continue;
        found++;
        out->format = (enum result_format)i;
        out->token = token;
    }
    return found == 1 ? ST_OK : ST_INVALID;
}

enum status attestation_response_decode(const cJSON *message, struct attestation_response *out)
{
    if (read_token(message, out) ||
        json_get_int(message, "expires_in", 1, EXPIRES_MAX, &out->expires_in))
        return ST_INVALID;
    return read_pins(message, out);
}

static void write_pins(const struct attestation_response *m, struct json_writer *j)
{
    if (m->pin_count == 0)
        return;
    json_begin_array(j, "pins");
    for (uint32_t i = 0; i < m->pin_count; i++)
        json_base64url(j, NULL, (struct slice){ m->pins[i].bytes, SHA256_LEN });
    json_end_array(j);
}

enum status attestation_response_encode(const struct attestation_response *m, struct writer *w)
{
    struct json_writer j = json_writer_over(w);

    json_begin_object(&j, NULL);
    json_text(&j, formats[m->format], m->token);
    if (m->format == RESULT_CLIENT_ASSERTION) /* what goes with it (RFC 7521 §4.2) */
        json_text(&j, "client_assertion_type", SLICE_LIT(CLIENT_ASSERTION_TYPE));
    json_int(&j, "expires_in", m->expires_in);
    write_pins(m, &j);
    json_end_object(&j);
    return w->full ? ST_TOO_LARGE : ST_OK;
}
