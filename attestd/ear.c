#include "ear.h"

#include "base64url.h"
#include "jwk.h"
#include "token_sign.h"

enum { RANDOM_LEN = 16, CLAIMS_LEN_MAX = 2048 };

/* Values of AR4SI (draft-ietf-rats-ar4si §2.3): where a tier begins, and reasons in it. */
enum {
    NOTHING_SAID = 0,
    AFFIRMED = 2,
    KNOWN_FLAWS = 32,        /* executables: recognized, but not vouched for in all */
    UNRECOGNIZED_FILES = 32, /* file-system */
    UNRECOGNIZED_CODE = 33,  /* executables */
    WEAK_CONFIGURATION = 32, /* configuration: what it lets in is known to be a way in */
    WARNING = 32,
    CONTRAINDICATED = 96
};

enum aspect { INSTANCE_IDENTITY, CONFIGURATION, EXECUTABLES, FILE_SYSTEM, ASPECT_COUNT };

/* What the vector says: no word about hardware, runtime-opaque, storage-opaque and
 * sourced-data, of which probes in software know nothing. */
static const struct {
    const char *name;
    int doubtful; /* when a probe of it failed that is only reported */
} aspects[ASPECT_COUNT] = { [INSTANCE_IDENTITY] = { "instance-identity", 0 },
                            [CONFIGURATION] = { "configuration", WEAK_CONFIGURATION },
                            [EXECUTABLES] = { "executables", UNRECOGNIZED_CODE },
                            [FILE_SYSTEM] = { "file-system", UNRECOGNIZED_FILES } };

/* What each kind of probe looks at. */
static const enum aspect looks_at[PROBE_KIND_COUNT] = {
    [PROBE_MEMORY] = EXECUTABLES,     [PROBE_FILE] = FILE_SYSTEM,
    [PROBE_MAPS] = EXECUTABLES,       [PROBE_IMPORTS] = EXECUTABLES,
    [PROBE_DEBUGGER] = CONFIGURATION, [PROBE_PRELOAD] = CONFIGURATION,
};

struct vector {
    int value[ASPECT_COUNT];
};

static void lower(struct vector *v, enum aspect a, int value)
{
    if (v->value[a] < value)
        v->value[a] = value;
}

static struct vector vector_of(const struct token_request *request)
{
    const struct appraisal *found = request->found;
    struct vector v = { { NOTHING_SAID } };

    for (uint32_t i = 0; i < found->claim_count; i++) {
        enum aspect a = looks_at[found->claims[i].kind];
        bool fine = policy_allows(&request->app->policy, &found->claims[i]);
        lower(&v, a, fine ? AFFIRMED : aspects[a].doubtful);
    }
    if (found->state == BUILD_DEPRECATED)
        lower(&v, EXECUTABLES, KNOWN_FLAWS);
    if (request->streak.count > 1) /* the first time nobody knows an instance */
        lower(&v, INSTANCE_IDENTITY, AFFIRMED);
    return v;
}

/* No better than the worst claim (§3.1). */
static const char *status_of(const struct vector *v)
{
    int worst = NOTHING_SAID;

    for (int a = 0; a < ASPECT_COUNT; a++)
        worst = v->value[a] > worst ? v->value[a] : worst;
    if (worst >= CONTRAINDICATED)
        return "contraindicated";
    if (worst >= WARNING)
        return "warning";
    return worst >= AFFIRMED ? "affirming" : "none";
}

/* The one attester of the device is the app. */
static void write_appraisal(struct json_writer *j, const struct token_request *request)
{
    struct vector v = vector_of(request);

    json_begin_object(j, "app");
    json_text(j, "ear_status", slice_of(status_of(&v)));
    json_begin_object(j, "ear_trustworthiness_vector");
    for (int a = 0; a < ASPECT_COUNT; a++)
        json_int(j, aspects[a].name, v.value[a]);
    json_end_object(j);
    json_begin_object(j, "ear_verifier_claims");
    if (request->build->label[0])
        json_text(j, "swversion", slice_of(request->build->label));
    json_number(j, "coverage", streak_coverage(request->streak), COVERAGE_DECIMALS);
    json_int(j, "streak", request->streak.count);
    json_end_object(j);
    json_end_object(j);
}

/* Who was appraised: the client, and the key of its instance (RFC 7800, RFC 9449 §6.1). */
static void write_subject(struct json_writer *j, const struct token_request *request)
{
    struct digest jkt = jwk_thumbprint(request->instance_key);

    json_text(j, "sub", slice_of(request->app->client_id));
    json_begin_object(j, "cnf");
    json_base64url(j, "jkt", (struct slice){ jkt.bytes, sizeof jkt.bytes });
    json_end_object(j);
}

static enum status write_claims(const struct token_request *request, struct writer *w)
{
    struct json_writer j = json_writer_over(w);
    uint8_t random[RANDOM_LEN];

    crypto_random(random, sizeof random);
    json_begin_object(&j, NULL);
    json_text(&j, "eat_profile", SLICE_LIT(EAR_PROFILE));
    json_int(&j, "iat", request->now);
    json_int(&j, "exp", request->now + request->app->policy.token_lifetime);
    json_base64url(&j, "jti", (struct slice){ random, sizeof random });
    json_begin_object(&j, "ear_verifier_id");
    json_text(&j, "developer", request->issuer);
    json_text(&j, "build", SLICE_LIT("attestd " VOUCHSAFE_VERSION));
    json_end_object(&j);
    write_subject(&j, request);
    json_begin_object(&j, "submods");
    write_appraisal(&j, request);
    json_end_object(&j);
    json_end_object(&j);
    return w->full ? ST_TOO_LARGE : ST_OK;
}

enum status ear_mint(const struct token_request *request, struct writer *w)
{
    uint8_t text[CLAIMS_LEN_MAX];
    struct writer claims = writer_over(text, sizeof text);
    enum status st = write_claims(request, &claims);

    return st ? st : token_sign(request->app, EAR_TYP, writer_slice(&claims), w);
}

size_t ear_len_max(const struct token_request *request)
{
    uint8_t text[CLAIMS_LEN_MAX];
    struct writer claims = writer_over(text, sizeof text);

    if (write_claims(request, &claims))
        return SIZE_MAX;
    return token_signed_len(request->app, EAR_TYP, claims.len);
}
