#include "policy.h"

#include <criterion/criterion.h>

#define VERIFIER_43 "0123456789012345678901234567890123456789-._"
#define CHALLENGE   "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" /* RFC 7636 appendix B */
_Static_assert(sizeof VERIFIER_43 == CODE_VERIFIER_MIN + 1, "as short as a verifier may be");

static char *grants[] = { (char *)"authorization_code", (char *)"refresh_token",
                          (char *)"client_credentials" };
static char *scopes[] = { (char *)"read", (char *)"write" };
static char *uris[] = { (char *)"https://app.example/cb" };

static const struct client open_client = { .grants = { grants, 3 } };
static const struct client strict_client = { .grants = { grants, 3 },
                                             .scopes = { scopes, 2 },
                                             .redirect_uris = { uris, 1 } };
static const struct client no_code_client = { .grants = { grants + 1, 2 } };

struct row {
    const char *form;
    enum refusal refusal;
    const struct client *client;
};

typedef struct verdict policy_fn(const struct client *, const struct form *);

static void expect(policy_fn *policy, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t scratch[2048];
        struct form form;
        cr_assert_eq(form_parse(slice_of(rows[i].form), scratch, sizeof scratch, &form), ST_OK);
        struct verdict v = policy(rows[i].client, &form);
        cr_expect_eq(v.refusal, rows[i].refusal, "%s: %d %s", rows[i].form, v.refusal, v.reason);
        cr_expect_eq(v.reason == NULL, v.refusal == ACCEPTED, "a refusal has a reason");
    }
}
#define EXPECT(policy, rows) expect(policy, rows, sizeof(rows) / sizeof *(rows))

#define CODE "grant_type=authorization_code&code=c&code_verifier="

#define DEVICE_CODE "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"
#define EXCHANGE    "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
static char *named_grants[] = { (char *)"urn:ietf:params:oauth:grant-type:device_code",
                                (char *)"urn:ietf:params:oauth:grant-type:token-exchange",
                                (char *)"urn:example:of-our-own" };
static const struct client naming_client = { .grants = { named_grants, 3 },
                                             .scopes = { scopes, 2 } };

Test(policy, grants_by_name)
{
    static const struct row rows[] = {
        { "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&scope=read",
          REFUSE_GRANT_TYPE, &naming_client },
        { "grant_type=device_code", REFUSE_GRANT_TYPE, &naming_client },
        { "grant_type=" EXCHANGE, REFUSE_SCOPE, &naming_client },
        { "grant_type=" EXCHANGE "&scope=admin", REFUSE_SCOPE, &naming_client },
        { "grant_type=" DEVICE_CODE "&device_code=d&scope=admin", REFUSE_SCOPE, &naming_client },
        { "grant_type=" DEVICE_CODE, REFUSE_REQUEST, &naming_client },
        { "grant_type=" DEVICE_CODE "&device_code=d", ACCEPTED, &naming_client },
        { "grant_type=" EXCHANGE "&scope=read", ACCEPTED, &naming_client },
        { "grant_type=urn%3Aexample%3Aof-our-own&scope=read+write", ACCEPTED, &naming_client },
    };
    EXPECT(policy_token, rows);
}

Test(policy, device)
{
    static const struct row rows[] = {
        { "", REFUSE_GRANT_TYPE, &open_client },
        { "", REFUSE_SCOPE, &naming_client },
        { "scope=read+admin", REFUSE_SCOPE, &naming_client },
        { "scope=read", ACCEPTED, &naming_client },
    };
    EXPECT(policy_device, rows);
}

Test(policy, token_to_revoke_or_look_at)
{
    static const struct row rows[] = {
        { "", REFUSE_REQUEST, &open_client },
        { "token=", REFUSE_REQUEST, &open_client },
        { "token=t", ACCEPTED, &strict_client },
    };
    EXPECT(policy_names_token, rows);
}

Test(policy, token)
{
    static const struct row rows[] = {
        { "", REFUSE_REQUEST, &open_client },
        { "grant_type=", REFUSE_REQUEST, &open_client },
        { "grant_type=password", REFUSE_GRANT_TYPE, &open_client },
        { "grant_type=Client_credentials", REFUSE_GRANT_TYPE, &open_client },
        { "grant_type=client_credentials+", REFUSE_GRANT_TYPE, &open_client },
        { "grant_type=authorization_code&code=c", REFUSE_GRANT, &open_client },
        { CODE "", REFUSE_GRANT, &open_client },
        { CODE "012345678901234567890123456789012345678901", REFUSE_GRANT, &open_client },
        { CODE VERIFIER_43 VERIFIER_43 VERIFIER_43, REFUSE_GRANT, &open_client },
        { CODE "0123456789012345678901234567890123456789+%2b%2f", REFUSE_GRANT, &open_client },
        { CODE "0123456789012345678901234567890123456789%C3%A4", REFUSE_GRANT, &open_client },
        { CODE VERIFIER_43, REFUSE_GRANT_TYPE, &no_code_client },
        { CODE VERIFIER_43 "&scope=admin", REFUSE_SCOPE, &strict_client },
        { "grant_type=client_credentials", REFUSE_SCOPE, &strict_client },
        { "grant_type=client_credentials&scope=", REFUSE_SCOPE, &strict_client },
        { "grant_type=client_credentials&scope=admin", REFUSE_SCOPE, &strict_client },
        { "grant_type=client_credentials&scope=read+admin", REFUSE_SCOPE, &strict_client },
        { "grant_type=client_credentials&scope=read++write", REFUSE_SCOPE, &strict_client },
        { "grant_type=client_credentials&scope=read+", REFUSE_SCOPE, &strict_client },
        { "grant_type=refresh_token&scope=admin", REFUSE_SCOPE, &strict_client },

        { "grant_type=client_credentials", ACCEPTED, &open_client },
        { "grant_type=client_credentials&scope=anything", ACCEPTED, &open_client },
        { "grant_type=client_credentials&scope=write+read", ACCEPTED, &strict_client },
        { "grant_type=refresh_token&refresh_token=x", ACCEPTED, &strict_client },
        { "grant_type=refresh_token&refresh_token=x&scope=read", ACCEPTED, &strict_client },
        { CODE VERIFIER_43, ACCEPTED, &strict_client },
        { CODE VERIFIER_43 VERIFIER_43 "0123456789012345678901234567890123456789~~", ACCEPTED,
          &open_client },
    };

    EXPECT(policy_token, rows);
}

#define PUSH "response_type=code&code_challenge_method=S256&code_challenge="
#define CB   "&redirect_uri=https%3A%2F%2Fapp.example%2Fcb"

Test(policy, pushed)
{
    static const struct row rows[] = {
        { "", REFUSE_REQUEST, &open_client },
        { "response_type=code", REFUSE_REQUEST, &open_client },
        { "response_type=code&code_challenge=" CHALLENGE, REFUSE_REQUEST, &open_client },
        { "response_type=code&code_challenge_method=plain&code_challenge=" CHALLENGE,
          REFUSE_REQUEST, &open_client },
        { "response_type=code&code_challenge_method=s256&code_challenge=" CHALLENGE, REFUSE_REQUEST,
          &open_client },
        { "code_challenge_method=S256&code_challenge=" CHALLENGE, REFUSE_REQUEST, &open_client },
        { "response_type=token&code_challenge_method=S256&code_challenge=" CHALLENGE,
          REFUSE_REQUEST, &open_client },
        { "response_type=code+token&code_challenge_method=S256&code_challenge=" CHALLENGE,
          REFUSE_REQUEST, &open_client },
        { PUSH "", REFUSE_REQUEST, &open_client },
        { PUSH "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c", REFUSE_REQUEST, &open_client },
        { PUSH CHALLENGE "A", REFUSE_REQUEST, &open_client },
        { PUSH CHALLENGE "%3D", REFUSE_REQUEST, &open_client },
        { PUSH "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN", REFUSE_REQUEST, &open_client },
        { PUSH "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw%2FcM", REFUSE_REQUEST, &open_client },
        { PUSH CHALLENGE "&request=ey", REFUSE_REQUEST, &open_client },
        { PUSH CHALLENGE "&request_uri=urn:x", REFUSE_REQUEST, &open_client },
        { PUSH CHALLENGE, REFUSE_GRANT_TYPE, &no_code_client },
        { PUSH CHALLENGE "&scope=read", REFUSE_REQUEST, &strict_client },
        { PUSH CHALLENGE "&scope=read&redirect_uri=https%3A%2F%2Fevil.example%2Fcb", REFUSE_REQUEST,
          &strict_client },
        { PUSH CHALLENGE "&scope=read" CB "%2F", REFUSE_REQUEST, &strict_client },
        { PUSH CHALLENGE CB, REFUSE_SCOPE, &strict_client },
        { PUSH CHALLENGE CB "&scope=admin", REFUSE_SCOPE, &strict_client },

        { PUSH CHALLENGE, ACCEPTED, &open_client },
        { PUSH CHALLENGE "&redirect_uri=https%3A%2F%2Fany.example", ACCEPTED, &open_client },
        { PUSH CHALLENGE CB "&scope=read+write", ACCEPTED, &strict_client },
    };

    EXPECT(policy_pushed, rows);
}
