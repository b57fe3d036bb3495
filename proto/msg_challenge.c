#include "msg_challenge.h"

#include "jwt_verify.h"

enum { EXPIRES_MAX = 3600 };

static bool is_unreserved(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

bool client_id_ok(struct slice id)
{
    if (id.len == 0 || id.len > CLIENT_ID_MAX || slice_is(id, ".") || slice_is(id, ".."))
        return false;
    for (size_t i = 0; i < id.len; i++)
        if (!is_unreserved(id.data[i]))
            return false;
    return true;
}

static enum status read_build(const cJSON *object, const char *name, struct build_id *out)
{
    struct slice text;

    if (json_get_text(object, name, BUILD_ID_TEXT_MAX, &text))
        return ST_INVALID;
    return build_id_read(text, out);
}

enum status challenge_request_decode(const cJSON *message, struct challenge_request *out)
{
    static const char *const members[] = { "client_id", "build", "jkt", "previous", NULL };

    if (json_only_members(message, members) ||
        json_get_text(message, "client_id", CLIENT_ID_MAX, &out->client_id) ||
        !client_id_ok(out->client_id) || read_build(message, "build", &out->build) ||
        json_get_bytes(message, "jkt", out->jkt.bytes, sizeof out->jkt.bytes))
        return ST_INVALID;
    return json_get_optional_text(message, "previous", JWT_MAX_LEN, &out->previous);
}

enum status challenge_request_encode(const struct challenge_request *m, struct writer *w)
{
    struct json_writer j = json_writer_over(w);

    json_begin_object(&j, NULL);
    json_text(&j, "client_id", m->client_id);
    json_hex(&j, "build", (struct slice){ m->build.bytes, m->build.len });
    json_base64url(&j, "jkt", (struct slice){ m->jkt.bytes, sizeof m->jkt.bytes });
    if (m->previous.len)
        json_text(&j, "previous", m->previous);
    json_end_object(&j);
    return w->full ? ST_TOO_LARGE : ST_OK;
}

static enum status read_block(const cJSON *item, uint32_t *out)
{
    if (!cJSON_IsNumber(item) || item->valuedouble < 0 || item->valuedouble > UINT32_MAX)
        return ST_INVALID;
    *out = (uint32_t)item->valuedouble;
    return (double)*out == item->valuedouble ? ST_OK : ST_INVALID;
}

static enum status read_blocks(const cJSON *object, struct probe *out)
{
    const cJSON *blocks, *item;

    if (json_get_array(object, probe_form(out->kind)->numbers, &blocks))
        return ST_INVALID;
    cJSON_ArrayForEach(item, blocks)
    {
        if (out->block_count == PROBE_BLOCKS_MAX ||
            read_block(item, &out->blocks[out->block_count]))
            return ST_INVALID;
        out->block_count++;
    }
    return ST_OK;
}

static enum status read_probe(const cJSON *object, struct probe *out)
{
    struct slice kind;
    int64_t id;

    if (!cJSON_IsObject(object) || json_get_int(object, "id", 0, UINT32_MAX, &id) ||
        json_get_text(object, "kind", 32, &kind))
        return ST_INVALID;
    enum status st = probe_kind_read(kind, &out->kind);
    if (st)
        return st;
    out->id = (uint32_t)id;
    out->block_count = 0;
    out->module.len = 0;
    if (!probe_form(out->kind)->numbers)
        return ST_OK;
    return read_build(object, "module", &out->module) ? ST_INVALID : read_blocks(object, out);
}

static enum status read_probes(const cJSON *message, struct challenge_response *out)
{
    const cJSON *probes, *item;

    if (json_get_array(message, "probes", &probes))
        return ST_INVALID;
    out->probe_count = 0;
    cJSON_ArrayForEach(item, probes)
    {
        if (out->probe_count == PROBES_MAX)
            return ST_INVALID;
        enum status st = read_probe(item, &out->probes[out->probe_count]);
        if (st)
            return st;
        out->probe_count++;
    }
    return ST_OK;
}

enum status challenge_response_decode(const cJSON *message, struct challenge_response *out)
{
    if (json_get_bytes(message, "challenge", out->challenge, sizeof out->challenge) ||
        json_get_int(message, "expires_in", 1, EXPIRES_MAX, &out->expires_in))
        return ST_INVALID;
    return read_probes(message, out);
}

static void write_probe(struct json_writer *j, const struct probe *probe)
{
    const struct probe_form *form = probe_form(probe->kind);

    json_begin_object(j, NULL);
    json_int(j, "id", probe->id);
    json_text(j, "kind", slice_of(form->name));
    if (form->numbers) {
        json_hex(j, "module", (struct slice){ probe->module.bytes, probe->module.len });
        json_begin_array(j, form->numbers);
        for (uint32_t i = 0; i < probe->block_count; i++)
            json_int(j, NULL, probe->blocks[i]);
        json_end_array(j);
    }
    json_end_object(j);
}

enum status challenge_response_encode(const struct challenge_response *m, struct writer *w)
{
    struct json_writer j = json_writer_over(w);

    json_begin_object(&j, NULL);
    json_base64url(&j, "challenge", (struct slice){ m->challenge, sizeof m->challenge });
    json_int(&j, "expires_in", m->expires_in);
    json_begin_array(&j, "probes");
    for (uint32_t i = 0; i < m->probe_count; i++)
        write_probe(&j, &m->probes[i]);
    json_end_array(&j);
    json_end_object(&j);
    return w->full ? ST_TOO_LARGE : ST_OK;
}
