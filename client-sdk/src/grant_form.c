#include <string.h>

#include "base64url.h"
#include "grant.h"
#include "json.h"
#include "secret.h"

enum { DETAILS_MAX = 1024, CNF_MAX = JWK_OCT_MAX + 16 };

static void write_actions(struct json_writer *j, struct slice scope)
{
    json_begin_array(j, "actions");
    while (scope.len)
        json_text(j, NULL, slice_cut(&scope, ' '));
    json_end_array(j);
}

/* RFC 9396, as mediator/device_details.h reads them. */
static void write_details(struct writer *w, const struct vouchsafe_grant_wish *wish)
{
    struct json_writer j = json_writer_over(w);

    json_begin_array(&j, NULL);
    json_begin_object(&j, NULL);
    json_text(&j, "type", SLICE_LIT("vouchsafe_device"));
    json_begin_array(&j, "locations");
    json_text(&j, NULL, slice_of(wish->device));
    json_end_array(&j);
    write_actions(&j, slice_of(wish->scope));
    if (wish->not_before)
        json_int(&j, "nbf", wish->not_before);
    if (wish->expires)
        json_int(&j, "exp", wish->expires);
    if (wish->once)
        json_bool(&j, "once", true);
    json_end_object(&j);
    json_end_array(&j);
}

static enum vouchsafe_error add_device(char *form, size_t cap,
                                       const struct vouchsafe_grant_wish *wish)
{
    char text[DETAILS_MAX];
    struct writer w = writer_over(text, sizeof text - 1);

    if (!wish->scope)
        return vouchsafe_form_add(form, cap, "resource", wish->device);
    write_details(&w, wish);
    text[w.len] = '\0';
    return w.full ? VOUCHSAFE_BAD_ARGUMENT
                  : vouchsafe_form_add(form, cap, "authorization_details", text);
}

/* {"jwk":{...}} in base64url (RFC 9201 §3.1) */
static enum vouchsafe_error add_key(char *form, size_t cap, const uint8_t *key)
{
    uint8_t json[CNF_MAX];
    char text[BASE64URL_LEN(CNF_MAX) + 1];
    struct writer w = writer_over(json, sizeof json);

    writer_text(&w, "{\"jwk\":");
    enum status st = jwk_oct_write(key, &w);
    writer_text(&w, "}");
    base64url_encode(text, writer_slice(&w));
    enum vouchsafe_error error =
        st || w.full ? VOUCHSAFE_INTERNAL : vouchsafe_form_add(form, cap, "req_cnf", text);
    secret_wipe(json, sizeof json);
    secret_wipe(text, sizeof text);
    return error;
}

static bool can_work(const struct vouchsafe_grant_wish *wish)
{
    bool limited = wish->not_before || wish->expires || wish->once;

    if (!wish->device || !*wish->device || wish->not_before < 0 || wish->expires < 0)
        return false;
    if (wish->expires && wish->not_before >= wish->expires)
        return false;
    if (wish->key && !grant_key_ok(wish->key))
        return false;
    return wish->scope ? grant_scope_ok(slice_of(wish->scope)) : !limited;
}

enum vouchsafe_error vouchsafe_grant_form(char *form, size_t cap,
                                          const struct vouchsafe_grant_wish *wish)
{
    size_t len = form ? strnlen(form, cap) : cap;

    if (len == cap || !wish || !can_work(wish))
        return VOUCHSAFE_BAD_ARGUMENT;
    enum vouchsafe_error error = add_device(form, cap, wish);
    if (!error && wish->key)
        error = add_key(form, cap, wish->key);
    if (error)
        secret_wipe(form + len, cap - len);
    return error;
}
