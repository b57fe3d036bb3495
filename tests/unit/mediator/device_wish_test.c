#include "device_wish.h"

#include "configured.h"
#include "registered.h"

#define PREFIX  "urn:vouchsafe:device:"
#define ESCAPED "urn%3Avouchsafe%3Adevice%3A"
#define KEY     "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
/* {"jwk":{"kty":"oct","k":KEY}} */
#define REQ_CNF                                                                                    \
    "eyJqd2siOnsia3R5Ijoib2N0IiwiayI6IkFBRUNBd1FGQmdjSUNRb0xEQTBPRHhBUkVoTVVGUllYR0JrYUd4d2RI"     \
    "aDgifX0"
#define DETAILS(more)                                                                              \
    "authorization_details=%5B%7B%22type%22%3A%22vouchsafe_device%22%2C%22locations%22%3A%5B%"     \
    "22" ESCAPED "door%22%5D%2C%22actions%22%3A%5B%22unlock%22%5D" more "%7D%5D"

enum { NOW = 1000 };

struct scene {
    struct configured c;
    struct registered r;
    struct form form;
    uint8_t scratch[2048];
    struct device_wish wish;
};

static void scene_open(struct scene *s, const char *judges)
{
    static const char *const unlock[] = { "unlock", NULL };
    const struct device push = { .mode = DEVICE_PUSH };
    const struct device gone = { .mode = DEVICE_PUSH, .revoked = true };
    char text[1024];

    registered_open(&s->r);
    registered_add(&s->r, "door", &push, unlock);
    registered_add(&s->r, "door-2", &push, unlock);
    registered_add(&s->r, "bare", &push, NULL);
    registered_add(&s->r, "gone", &gone, unlock);
    registered_add(&s->r, "window", &push, unlock);
    configured_folder(&s->c);
    snprintf(text, sizeof text,
             "issuer = \"https://auth.example\"\n"
             "upstream \"as\" { issuer = \"https://as.example\" judges_devices = %s }\n"
             "device { registry = \"%s/devices\" }\n"
             "client \"app\" { keyring = \"%s/keys\" devices = { \"door*\", \"bare\", \"gone\" } }",
             judges, s->r.folder, s->c.folder);
    cr_assert_eq(configured_load(&s->c, text), ST_OK, "%s", s->c.why);
}

static void scene_close(struct scene *s)
{
    configured_clear(&s->c);
    registered_close(&s->r);
}

static enum refusal wish_for(struct scene *s, const char *form)
{
    const struct settings *settings = s->c.model;

    cr_assert_eq(form_parse(slice_of(form), s->scratch, sizeof s->scratch, &s->form), ST_OK, "%s",
                 form);
    return device_wish_read(settings, &settings->clients[0], NOW, &s->form, &s->wish).refusal;
}

Test(device_wish, names)
{
    static const struct {
        const char *form, *device;
        enum refusal refusal;
    } cases[] = {
        { "a=b", NULL, ACCEPTED },
        { "audience=https%3A%2F%2Fapi.example&resource=https%3A%2F%2Fapi.example", NULL, ACCEPTED },
        { "audience=door", "door", ACCEPTED },
        { "audience=" ESCAPED "door", "door", ACCEPTED },
        { "resource=" ESCAPED "door", "door", ACCEPTED },
        { "resource=" ESCAPED "door&audience=door&audience=https%3A%2F%2Fx", "door", ACCEPTED },
        { DETAILS(""), "door", ACCEPTED },
        { DETAILS("") "&audience=door", "door", ACCEPTED },
        { "resource=door", NULL, ACCEPTED }, /* no URI: upstream's to refuse */
        { "audience=nobody", NULL, ACCEPTED },
        { "audience=door&audience=door-2", NULL, REFUSE_TARGET },
        { DETAILS("") "&audience=door-2", NULL, REFUSE_TARGET },
        { "resource=" ESCAPED "nobody", NULL, REFUSE_TARGET },
        { "resource=" ESCAPED, NULL, REFUSE_TARGET },
        { "audience=window", NULL, REFUSE_TARGET },
        { "resource=" ESCAPED "gone", NULL, REFUSE_TARGET },
        { "audience=bare", NULL, REFUSE_TARGET },
    };
    struct scene s;

    scene_open(&s, "false");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_eq(wish_for(&s, cases[i].form), cases[i].refusal, "%s", cases[i].form);
        if (cases[i].refusal)
            continue;
        cr_expect_eq(s.wish.device != NULL, cases[i].device != NULL, "%s", cases[i].form);
        if (s.wish.device && cases[i].device)
            cr_expect_str_eq(s.wish.device->id, cases[i].device);
    }
    scene_close(&s);
}

Test(device_wish, where_upstream_judges_a_device_needs_no_scopes)
{
    struct scene s;

    scene_open(&s, "true");
    cr_assert_eq(wish_for(&s, "audience=bare"), ACCEPTED);
    cr_assert_str_eq(s.wish.device->id, "bare");
    scene_close(&s);
}

Test(device_wish, keys)
{
    static const struct {
        const char *text;
        enum refusal refusal;
    } cases[] = {
        { REQ_CNF, ACCEPTED },
        { "", REFUSE_REQUEST },
        { "e30", REFUSE_REQUEST },                                      /* {} */
        { REQ_CNF "%3D", REFUSE_REQUEST },                              /* padding */
        { "eyJqd2siOnsia3R5Ijoib2N0IiwiayI6IkFBIn19", REFUSE_REQUEST }, /* one byte */
    };
    struct scene s;
    char form[512];

    scene_open(&s, "false");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(form, sizeof form, "audience=door&req_cnf=%s", cases[i].text);
        cr_expect_eq(wish_for(&s, form), cases[i].refusal, "%s", form);
    }
    cr_assert_eq(wish_for(&s, "audience=door&req_cnf=" REQ_CNF), ACCEPTED);
    cr_assert(s.wish.has_key);
    for (uint8_t i = 0; i < OCT_KEY_LEN; i++)
        cr_assert_eq(s.wish.key[i], i);
    cr_assert_eq(wish_for(&s, "audience=door"), ACCEPTED);
    cr_assert_not(s.wish.has_key);
    scene_close(&s);
}

static void left(const struct scene *s, char out[static 256])
{
    out[0] = '\0';
    for (size_t i = 0; i < s->form.count; i++) {
        struct slice name = s->form.params[i].name;
        snprintf(out + strlen(out), 256 - strlen(out), "%.*s ", (int)name.len,
                 (const char *)name.data);
    }
}

#define EVERYTHING                                                                                 \
    "scope=unlock&audience=door&audience=https%3A%2F%2Fx&resource=" ESCAPED                        \
    "door&req_cnf=" REQ_CNF "&" DETAILS("") "&code=c"

Test(device_wish, what_upstream_sees)
{
    struct scene s;
    char names[256];

    scene_open(&s, "false");
    cr_assert_eq(wish_for(&s, EVERYTHING), ACCEPTED);
    left(&s, names);
    cr_assert_str_eq(names, "scope audience code ");
    cr_assert(slice_is(s.form.params[1].value, "https://x"));
    cr_assert_eq(wish_for(&s, "scope=a&req_cnf=" REQ_CNF), ACCEPTED);
    left(&s, names);
    cr_assert_str_eq(names, "scope req_cnf ", "no device: nothing of ours");
    scene_close(&s);
    scene_open(&s, "true");
    cr_assert_eq(wish_for(&s, EVERYTHING), ACCEPTED);
    left(&s, names);
    cr_assert_str_eq(names, "scope audience audience resource authorization_details code ");
    scene_close(&s);
}

Test(device_wish, details)
{
    static const struct {
        const char *form;
        enum refusal refusal;
    } cases[] = {
        { DETAILS(""), ACCEPTED },
        { DETAILS("%2C%22exp%22%3A1001"), ACCEPTED },
        { DETAILS("%2C%22exp%22%3A1000"), REFUSE_DETAILS },
        { DETAILS("%2C%22nbf%22%3A2000%2C%22exp%22%3A2000"), REFUSE_DETAILS },
        { DETAILS("%2C%22unknown%22%3A1"), REFUSE_DETAILS },
        { "authorization_details=%5B%7B%22type%22%3A%22pay%22%7D%5D", ACCEPTED },
        { "authorization_details=nonsense", ACCEPTED }, /* nothing of ours: upstream's to refuse */
        { "authorization_details=nonsense&audience=door", REFUSE_DETAILS },
    };
    struct scene s;

    scene_open(&s, "false");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(wish_for(&s, cases[i].form), cases[i].refusal, "%s", cases[i].form);
    scene_close(&s);
}
