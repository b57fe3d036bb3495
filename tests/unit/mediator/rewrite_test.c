#include "rewrite.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 8192 };

struct parsed {
    uint8_t scratch[TEXT_MAX];
    struct form form;
};

static enum status parse(struct parsed *p, const char *text)
{
    return form_parse(slice_of(text), p->scratch, sizeof p->scratch, &p->form);
}

Test(rewrite, names_that_a_server_could_read_in_another_way_are_refused)
{
    static const char *const refused[] = {
        "client.id=a",
        "Client_Id=a",
        "CLIENT_SECRET=a",
        "grant.type=password",
        "Scope=admin",
        "SCOPE=admin",
        "code.verifier=a",
        "client_assertion.type=a",
        "redirect.uri=a",
        "Request=a",
        "request.uri=a",
        "Response_Type=token",
        "x%5B%5D=a",
        "client_id%5B%5D=a",
        "client_id%5B=a",
        "%20client_id=a",
        "client_id%20=a",
        "client+id=a",
        "a%00b=c",
        "a%26b=c",
        "a%3Db=c",
        "a;client_secret=b=c",
        "a=b;client_id=c",
        "%C3%A4=a",
        "client%2Eid=a",
        "client%2eid=a",
        "a~b=c",
        "a%2Fb=c",
        "refresh.token=a",
        "Refresh_Token=a",
        "Token=a",
        "subject.token=a",
        "Actor_Token=a",
        "token.type_hint=a",
        "Subject_Token_Type=a",
    };

    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct parsed p;
        cr_expect(parse(&p, refused[i]) || rewrite_admit(&p.form) == ST_INVALID, "%s", refused[i]);
    }
}

Test(rewrite, ordinary_names_are_admitted)
{
    static const char *const admitted[] = {
        "",
        "client_id=a&client_secret=b",
        "grant_type=x&Custom-Name=1&vendor.option=2",
        "loginHint=a%3Bb",
        "_x=1&y-=2&0=3",
        "scopes=a&grant_types=b&client_idx=c",
    };

    for (size_t i = 0; i < sizeof admitted / sizeof *admitted; i++) {
        struct parsed p;
        cr_assert_eq(parse(&p, admitted[i]), ST_OK, "%s", admitted[i]);
        cr_expect_eq(rewrite_admit(&p.form), ST_OK, "%s", admitted[i]);
    }
}

static void expect_rewritten(const char *in, const char *out)
{
    struct parsed p;
    char text[TEXT_MAX];
    struct writer w = writer_over(text, sizeof text);

    cr_assert_eq(parse(&p, in), ST_OK, "%s", in);
    rewrite_form(&p.form, &w);
    cr_expect(slice_is(writer_slice(&w), out), "%s became %.*s", in, (int)w.len, text);
}

Test(rewrite, the_clients_own_authentication_never_passes)
{
    expect_rewritten("client_secret=a", "");
    expect_rewritten("client%5Fsecret=a&b=c", "b=c");
    expect_rewritten("a=1&client_assertion=x&client_assertion_type=y&b=2", "a=1&b=2");
    expect_rewritten("%63lient_assertion=x&a=", "a=");
    expect_rewritten("client_secretx=a&xclient_secret=b", "client_secretx=a&xclient_secret=b");
}

Test(rewrite, everything_else_passes_as_it_came)
{
    expect_rewritten("", "");
    expect_rewritten("a=%7e%2B+%2b", "a=%7e%2B+%2b");
    expect_rewritten("%61=1&resource=x&resource=x&b==", "%61=1&resource=x&resource=x&b==");
}

/* --- the property, over random forms --- */

enum { FORMS = 3000, PARAMS_MAX = 12 };

static const char *const secret_names[] = { "client_secret", "client_assertion",
                                            "client_assertion_type" };

static void append_char(struct writer *w, uint8_t c, bool escape)
{
    static const char digits[2][17] = { "0123456789abcdef", "0123456789ABCDEF" };
    const char *d = digits[rand() % 2];

    if (!escape) {
        writer_byte(w, c);
        return;
    }
    writer_byte(w, '%');
    writer_byte(w, (uint8_t)d[c >> 4]);
    writer_byte(w, (uint8_t)d[c & 15]);
}

static void append_name(struct writer *w, const char *name)
{
    for (; *name; name++)
        append_char(w, (uint8_t)*name, rand() % 4 == 0);
}

static void append_value(struct writer *w)
{
    for (int n = rand() % 20; n > 0; n--) {
        uint8_t c = (uint8_t)(' ' + rand() % 95);
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '=' || c == '*';
        append_char(w, c, !plain || rand() % 5 == 0);
    }
}

/* Appends a random parameter to `form`, and to `expected` unless it is a secret. */
static void append_param(struct writer *form, struct writer *expected, int i, unsigned *used)
{
    char name[32];
    bool is_secret = rand() % 3 == 0 && *used < 3;

    snprintf(name, sizeof name, "p%d_%d", i, rand() % 1000);
    if (form->len)
        writer_byte(form, '&');
    size_t start = form->len;
    append_name(form, is_secret ? secret_names[(*used)++] : name);
    writer_byte(form, '=');
    append_value(form);
    if (is_secret)
        return;
    if (expected->len)
        writer_byte(expected, '&');
    writer_put(expected, (struct slice){ form->data + start, form->len - start });
}

Test(rewrite, random_forms_keep_all_but_secrets_byte_for_byte_in_order)
{
    srand(20240607);
    for (int n = 0; n < FORMS; n++) {
        char in[TEXT_MAX], want[TEXT_MAX], got[TEXT_MAX];
        uint8_t scratch[TEXT_MAX];
        struct writer form = writer_over(in, sizeof in), expected = writer_over(want, sizeof want);
        struct writer out = writer_over(got, sizeof got);
        struct form parsed;
        unsigned used = 0;

        for (int i = rand() % PARAMS_MAX; i > 0; i--)
            append_param(&form, &expected, i, &used);
        cr_assert_eq(form_parse(writer_slice(&form), scratch, sizeof scratch, &parsed), ST_OK);
        cr_assert_eq(rewrite_admit(&parsed), ST_OK);
        rewrite_form(&parsed, &out);
        cr_assert(slice_equal(writer_slice(&out), writer_slice(&expected)), "%.*s", (int)form.len,
                  in);
    }
}
