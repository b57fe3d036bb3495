/* hot-proto: what every request goes through, in proto/ and server/. */
#include <event2/event.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hot.h"
#include "http_server.h"
#include "integrity_token.h"
#include "jwe.h"
#include "jwk_oct.h"
#include "listener.h"
#include "noise_record.h"
#include "pop.h"
#include "probe.h"

enum { NOW = 1790000000, RECORD_LEN = 64 };

/* --- tokens --- */

static struct {
    uint8_t text[JWT_MAX_LEN];
    struct writer w;
    struct jwt_rules rules;
    struct jwt_key key;
    struct private_key signer;
} token;

static const char secret[] = "0123456789abcdef0123456789abcdef0123456789a";

static bool the_key(void *arg, struct slice kid, const struct public_key *header_jwk, unsigned i,
                    struct jwt_key *out)
{
    (void)arg, (void)kid, (void)header_jwk;
    *out = token.key;
    return i == 0;
}

static void begin_token(const char *typ, enum jwt_alg alg, int64_t lifetime)
{
    token.w = writer_over(token.text, sizeof token.text);
    token.rules = (struct jwt_rules){ .typ = typ,
                                      .algs = JWT_ALG_BIT(alg),
                                      .exp_required = alg == JWT_HS256,
                                      .now = NOW,
                                      .skew = 30,
                                      .max_lifetime = lifetime };
    token.key = (struct jwt_key){ .alg = alg };
}

static void mint(void)
{
    uint8_t json[INTEGRITY_TOKEN_MAX];
    struct writer claims = writer_over(json, sizeof json);
    const struct integrity_claims c = { .issuer = SLICE_LIT("https://attest.example.com"),
                                        .client_id = SLICE_LIT("my-app"),
                                        .issued_at = NOW,
                                        .expires_at = NOW + 300,
                                        .token_id = SLICE_LIT("AAECAwQFBgcICQoLDA0ODw"),
                                        .instance_key = token.signer.public,
                                        .software_name = SLICE_LIT("My app"),
                                        .software_version = SLICE_LIT("1.0.0"),
                                        .coverage = 1,
                                        .streak = 3,
                                        .ear_status = SLICE_LIT("affirming") };
    const struct jwt_header header = { .alg = JWT_HS256, .typ = INTEGRITY_TOKEN_TYP, .kid = "k1" };
    token.w.len = 0;
    hot_must(!integrity_claims_encode(&c, &claims) &&
                 !jwt_sign_hs256(&header, writer_slice(&claims), slice_of(secret), &token.w),
             "token");
}

static void prepare_minting(void)
{
    static const uint8_t d[KEY_COORD_LEN] = { 1, 2, 3 };

    hot_must(!crypto_key_from_private(KEY_P256, d, &token.signer), "key");
    begin_token(INTEGRITY_TOKEN_TYP, JWT_HS256, 300);
    token.key.secret = slice_of(secret);
}

static void prepare_integrity(void)
{
    prepare_minting();
    mint();
}

static void prepare_proof(enum key_type type)
{
    static const uint8_t d[KEY_COORD_LEN] = { 4, 5, 6 };
    const struct pop_claims claims = { .audience = SLICE_LIT("https://auth.example.com"),
                                       .token_id = SLICE_LIT("AAECAwQFBgcICQoLDA0ODw"),
                                       .issued_at = NOW };
    enum jwt_alg alg = jwt_alg_of_key(type);

    hot_must(!crypto_key_from_private(type, d, &token.signer), "key");
    begin_token(POP_TYP, alg, 300);
    token.key.public = &token.signer.public;
    hot_must(!pop_encode(&claims, alg, jwt_sign_private_key, &token.signer, &token.w), "proof");
}

static void prepare_es256(void)
{
    prepare_proof(KEY_P256);
}

static void prepare_eddsa(void)
{
    prepare_proof(KEY_ED25519);
}

static void verify(void)
{
    struct jwt jwt;

    hot_must(!jwt_verify(writer_slice(&token.w), &token.rules, the_key, NULL, &jwt), "verify");
    jwt_clear(&jwt);
}

/* --- HTTP --- */

static const char request[] =
    "POST /token HTTP/1.1\r\nHost: auth.example.com\r\nUser-Agent: app/1.0\r\nAccept: */*\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\nX-Forwarded-For: 192.0.2.1\r\n"
    "Content-Length: 11\r\n\r\na=1&b=2&c=3";

static void prepare_nothing(void)
{
}

static void parse_head(void)
{
    struct http1_head head;
    enum http1_error error;
    size_t scanned = 0, consumed;

    hot_must(http1_read_request(slice_of(request), &HTTP1_DEFAULT_LIMITS, &scanned, &head,
                                &consumed, &error) == HTTP1_DONE,
             "parsing");
}

static struct {
    struct event_base *base;
    struct http_server *server;
    int fd;
} http;

static void on_token(struct http_exchange *ex, void *app)
{
    (void)app;
    hot_must(http_request_body(ex).len == 11, "the body");
    http_reply(ex, 200, "application/json", NULL, 0, SLICE_LIT("{\"access_token\":\"a\"}"));
}

static void prepare_server(void)
{
    static const struct http_route routes[] = { { "POST", "/token", on_token } };
    const struct http_server_options options = { .routes = routes,
                                                 .route_count = 1,
                                                 .limits = &HTTP_SERVER_DEFAULTS };
    struct sockaddr_in to = { .sin_family = AF_INET };
    const char *why;
    int fd = -1;

    http.base = event_base_new();
    hot_must(http.base && !http_server_new(http.base, &options, &http.server) &&
                 !listener_open("127.0.0.1:0", &fd, &why) &&
                 !http_server_listen(http.server, fd, PROXY_NONE),
             "server");
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(listener_port(fd));
    http.fd = socket(AF_INET, SOCK_STREAM, 0);
    hot_must(connect(http.fd, (struct sockaddr *)&to, sizeof to) == 0, "connect");
}

/* From the bytes on the socket to the answer's on the socket, with the loop's own work. */
static void serve(void)
{
    char answer[1024];
    ssize_t n = -1;

    hot_must(send(http.fd, request, sizeof request - 1, 0) == sizeof request - 1, "send");
    while ((n = recv(http.fd, answer, sizeof answer, MSG_DONTWAIT)) < 0)
        hot_must(event_base_loop(http.base, EVLOOP_ONCE) == 0, "the loop");
    hot_must(n > 15 && memcmp(answer, "HTTP/1.1 200 OK", 15) == 0, "the answer");
}

/* --- evidence, devices --- */

static const uint8_t block[PROBE_BLOCK_LEN] = { 1 };

static void answer_block(void)
{
    static const uint8_t challenge[CHALLENGE_LEN] = { 7 };
    static const struct digest jkt = { { 9 } };
    struct crypto_hmac h;

    probe_digest_init(&h, challenge, 1, PROBE_MEMORY, &jkt);
    crypto_hmac_update(&h, (struct slice){ block, sizeof block });
    (void)crypto_hmac_final(&h);
}

static struct {
    struct dh_private key;
    uint8_t text[JWE_MAX_LEN];
    struct writer w;
} jwe;

static enum status counting_random(void *arg, uint8_t *out, size_t len)
{
    uint8_t *next = arg;

    for (size_t i = 0; i < len; i++)
        out[i] = ++*next;
    return ST_OK;
}

static void prepare_jwe(enum dh_curve curve)
{
    static const uint8_t key[OCT_KEY_LEN] = { 1 };
    const struct jwe_header header = { .cty = SLICE_LIT("jwk+json") };
    uint8_t jwk[JWK_OCT_MAX], next = 0;
    struct writer k = writer_over(jwk, sizeof jwk);

    jwe.w = writer_over(jwe.text, sizeof jwe.text);
    hot_must(!crypto_dh_generate(curve, counting_random, &next, &jwe.key) &&
                 !jwk_oct_write(key, &k) &&
                 !jwe_encrypt_to(&jwe.key.public, &header, writer_slice(&k), counting_random, &next,
                                 &jwe.w),
             "jwe");
}

static void prepare_jwe_p256(void)
{
    prepare_jwe(DH_P256);
}

static void prepare_jwe_x25519(void)
{
    prepare_jwe(DH_X25519);
}

static void open_jwe(void)
{
    const struct jwe_header expected = { .cty = SLICE_LIT("jwk+json") };
    uint8_t out[JWE_PLAIN_MAX + AEAD_TAG_LEN];
    size_t len;

    hot_must(!jwe_decrypt_with(&jwe.key, &expected, writer_slice(&jwe.w), out, sizeof out, &len),
             "decrypting");
}

static struct noise_sender sender;
static struct noise_receiver receiver;

static void prepare_noise(void)
{
    static const uint8_t key[AEAD_KEY_LEN] = { 3 };

    noise_sender_init(&sender, key);
    noise_receiver_init(&receiver, key);
}

static void pass_record(void)
{
    static const uint8_t plain[RECORD_LEN] = { 5 };
    uint8_t sealed[RECORD_LEN + AEAD_TAG_LEN], opened[sizeof sealed];
    struct writer w = writer_over(sealed, sizeof sealed);
    size_t len;

    hot_must(!noise_seal(&sender, (struct slice){ plain, sizeof plain }, &w) &&
                 !noise_open(&receiver, writer_slice(&w), opened, sizeof opened, &len),
             "record");
}

int main(void)
{
    static const struct hot_path paths[] = {
        { "integrity token, minted", prepare_minting, mint },
        { "JWT verify, HS256", prepare_integrity, verify },
        { "JWT verify, ES256", prepare_es256, verify },
        { "JWT verify, EdDSA", prepare_eddsa, verify },
        { "HTTP head, parse", prepare_nothing, parse_head },
        { "HTTP request, served", prepare_server, serve },
        { "probe of one block", prepare_nothing, answer_block },
        { "JWE open, P-256", prepare_jwe_p256, open_jwe },
        { "JWE open, X25519", prepare_jwe_x25519, open_jwe },
        { "Noise record, sealed and opened", prepare_noise, pass_record },
    };

    return hot_run(paths, sizeof paths / sizeof paths[0]);
}
