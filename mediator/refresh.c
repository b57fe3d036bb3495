#include "refresh.h"

#include <string.h>

#include "json_splice.h"
#include "policy.h"
#include "seal.h"

#define REFRESH_TOKEN_TYPE "urn:ietf:params:oauth:token-type:refresh_token" /* RFC 8693 §3 */

static struct seal_scope scope_of(const struct request *r)
{
    return (struct seal_scope){ .client_id = slice_of(r->pass.client->id),
                                .issuer = slice_of(request_upstream(r)->issuer),
                                .jkt = &r->pass.jkt };
}

/* --- on the way in --- */

/* What may be a refresh token, and the parameter that would say so. */
static const struct {
    const char *name;
    const char *type_name; /* NULL: always is one */
    const char *type;
} carriers[] = {
    { "refresh_token", NULL, NULL },
    { "token", "token_type_hint", "refresh_token" },
    { "subject_token", "subject_token_type", REFRESH_TOKEN_TYPE },
    { "actor_token", "actor_token_type", REFRESH_TOKEN_TYPE },
};

static bool is_refresh_token(const struct form *form, size_t i)
{
    return !carriers[i].type_name ||
           slice_is(policy_value(form, carriers[i].type_name), carriers[i].type);
}

static struct form_param *param_named(struct form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (slice_is(form->params[i].name, name))
            return &form->params[i];
    return NULL;
}

/* Another instance's, another client's and a forged one look alike to the client. */
static const char *const open_reasons[ST_COUNT] = {
    [ST_INVALID] = "refresh token: malformed",
    [ST_NOT_FOUND] = "refresh token: sealed under a key that is gone",
    [ST_DENIED] = "refresh token: sealed for another client or instance, or altered",
};

/* The parameter as upstream is to see it: raw is what is sent. */
static bool replace(struct request *r, struct form_param *p, struct slice plain)
{
    size_t cap = p->name.len + 1 + 3 * plain.len; /* every byte as %XX */
    uint8_t *raw = request_bytes(r, cap);
    struct writer w = writer_over(raw, raw ? cap : 0);

    if (!raw)
        return false;
    writer_put(&w, p->name);
    writer_byte(&w, '=');
    form_escape(&w, plain);
    p->raw = writer_slice(&w);
    p->value = plain;
    return true;
}

static bool open_one(struct request *r, struct form_param *p)
{
    const struct seal_scope scope = scope_of(r);
    uint8_t *room = request_bytes(r, p->value.len);
    struct slice plain;

    if (!room)
        return false;
    enum status st = seal_open(request_settings(r)->seal, clock_wall(r->worker->clock), &scope,
                               p->value, room, &plain);
    if (open_reasons[st])
        request_refuse(r, (struct verdict){ REFUSE_GRANT, open_reasons[st] });
    else if (st)
        request_fail(r, (struct verdict){ REFUSE_INTERNAL, "refresh token: not opened" });
    return st == ST_OK && replace(r, p, plain);
}

static bool admit_one(struct request *r, size_t i)
{
    struct form_param *p = param_named(&r->form, carriers[i].name);

    if (!p || p->value.len == 0)
        return true;
    if (seal_claims(p->value))
        return open_one(r, p);
    if (!is_refresh_token(&r->form, i) || r->pass.client->accept_unsealed_refresh)
        return true;
    request_refuse(r, (struct verdict){ REFUSE_GRANT, "refresh token: not sealed" });
    return false;
}

bool refresh_open(struct request *r)
{
    if (!r->pass.client->seal_refresh)
        return true;
    for (size_t i = 0; i < sizeof carriers / sizeof *carriers; i++)
        if (!admit_one(r, i))
            return false;
    return true;
}

/* --- on the way out --- */

/* The body as it came, or with the member's value sealed. `body` is what `object` was
 * read from. False after the request has been answered for want of memory. */
static bool seal_member(struct request *r, const cJSON *object, const cJSON *member,
                        struct slice *body)
{
    const struct seal_scope scope = scope_of(r);
    struct slice plain = slice_of(member->valuestring), value;
    size_t sealed_cap = SEAL_HEAD_MAX + BASE64URL_LEN(plain.len + SEAL_OVERHEAD) + 2;
    size_t body_cap = body->len + sealed_cap;
    uint8_t *room = request_bytes(r, plain.len + SEAL_OVERHEAD);
    uint8_t *sealed = room ? request_bytes(r, sealed_cap) : NULL;
    uint8_t *copy = sealed ? request_bytes(r, body_cap) : NULL;
    struct writer text = writer_over(sealed, sealed_cap), w = writer_over(copy, body_cap);

    if (!copy)
        return false;
    writer_byte(&text, '"');
    enum status st = seal_close(request_settings(r)->seal, &scope, plain, room, &text);
    writer_byte(&text, '"');
    if (!st)
        st = json_find_value(*body, object, member->string, &value);
    if (st || text.full) {
        request_fail(r, (struct verdict){ REFUSE_INTERNAL, "refresh token: not sealed" });
        return false;
    }
    json_splice(&w, *body, value, writer_slice(&text));
    *body = writer_slice(&w);
    return true;
}

/* The member that carries a refresh token: RFC 6749 §5.1, and RFC 8693 §2.2.1 where one
 * was asked for as the issued token. */
static const char *carrier_in(const cJSON *object, unsigned round)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(object, "issued_token_type");

    if (round == 0)
        return "refresh_token";
    return cJSON_IsString(type) && strcmp(type->valuestring, REFRESH_TOKEN_TYPE) == 0
               ? "access_token"
               : NULL;
}

static struct verdict unreadable(enum status st)
{
    if (st == ST_NO_MEMORY)
        return (struct verdict){ REFUSE_INTERNAL, "no memory" };
    return (struct verdict){ REFUSE_BAD_GATEWAY, "upstream's answer cannot be sealed" };
}

/* False after the request has been answered. */
static bool seal_carrier(struct request *r, unsigned round, struct slice *body)
{
    const struct json_limits limits = { .max_len = body->len, .max_depth = 16, .max_items = 4096 };
    cJSON *object;
    enum status st = json_parse_object(*body, &limits, &object);
    bool done = true;

    if (st) {
        request_fail(r, unreadable(st));
        return false;
    }
    const char *name = carrier_in(object, round);
    const cJSON *member = name ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
    if (member && cJSON_IsString(member)) {
        if (*member->valuestring)
            done = seal_member(r, object, member, body);
    } else if (member && !cJSON_IsNull(member)) {
        request_fail(r, unreadable(ST_INVALID));
        done = false;
    }
    cJSON_Delete(object);
    return done;
}

/* Most answers have none: those are not parsed. An escape may spell the name otherwise. */
static bool may_carry(struct slice body)
{
    return body.len && (memmem(body.data, body.len, "refresh_token", strlen("refresh_token")) ||
                        memchr(body.data, '\\', body.len));
}

void refresh_answer(struct request *r, enum status st, const struct http_response *response)
{
    struct http_response sealed;

    if (st || response->head->code / 100 != 2 || !r->pass.client->seal_refresh ||
        !may_carry(response->body)) {
        forward_answer(r, st, response);
        return;
    }
    sealed = *response;
    for (unsigned round = 0; round < 2; round++)
        if (!seal_carrier(r, round, &sealed.body))
            return;
    forward_answer(r, ST_OK, &sealed);
}
