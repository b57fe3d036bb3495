#include "msg_attestation.h"

#include "base64url.h"
#include "integrity_token.h"
#include "jwk.h"
#include "report.h"

enum { EXPIRES_MAX = 86400 };

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

enum status attestation_request_decode(const cJSON *message, struct attestation_request *out)
{
    static const char *const members[] = { "challenge", "jwk", "evidence", NULL };
    const cJSON *jwk;

    if (json_only_members(message, members) ||
        json_get_bytes(message, "challenge", out->challenge, sizeof out->challenge) ||
        json_get_object(message, "jwk", &jwk) || jwk_read(jwk, &out->instance_key))
        return ST_INVALID;
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

enum status attestation_response_decode(const cJSON *message, struct attestation_response *out)
{
    if (json_get_text(message, "integrity_token", INTEGRITY_TOKEN_MAX, &out->integrity_token) ||
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
    json_text(&j, "integrity_token", m->integrity_token);
    json_int(&j, "expires_in", m->expires_in);
    write_pins(m, &j);
    json_end_object(&j);
    return w->full ? ST_TOO_LARGE : ST_OK;
}
