/* bench-device: what a device spends on one token: verifying it and opening the key in it, and what
 * one session takes of its memory. Prints a line of JSON: microseconds of CPU, and bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "device_token.h"
#include "jwe.h"
#include "jwk.h"
#include "jwk_dh.h"
#include "rights.h"

enum { ROUNDS = 400, NOW = 1790000000 };

struct bench {
    const char *name;
    enum key_type signer;
    enum dh_curve curve;
};

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "%s failed\n", what);
    exit(EXIT_FAILURE);
}

static int64_t fixed_clock(void *arg)
{
    (void)arg;
    return NOW;
}

static double cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return 1e6 * (double)t.tv_sec + (double)t.tv_nsec / 1e3;
}

static void mint(struct private_key *signer, const struct dh_public *device, struct writer *w)
{
    static const uint8_t key[OCT_KEY_LEN] = { 1 };
    const struct jwe_header header = { .cty = SLICE_LIT(DEVICE_TOKEN_CTY) };
    uint8_t jwk[JWK_OCT_MAX], jwe[JWE_MAX_LEN];
    struct writer k = writer_over(jwk, sizeof jwk), e = writer_over(jwe, sizeof jwe);

    must(!jwk_oct_write(key, &k), "jwk");
    must(!jwe_encrypt_to(device, &header, writer_slice(&k), crypto_system_random, NULL, &e), "jwe");
    const struct device_token_claims claims = { .issuer = SLICE_LIT("https://mediator.example"),
                                                .audience = SLICE_LIT("pump-7"),
                                                .scope = SLICE_LIT("readings:stream"),
                                                .client_id = SLICE_LIT("app"),
                                                .token_id = SLICE_LIT("AAECAwQFBgcICQoLDA0ODw"),
                                                .jwe = writer_slice(&e),
                                                .issued_at = NOW,
                                                .not_before = NOW,
                                                .expires = NOW + 600 };
    must(!device_token_encode(&claims, jwt_alg_of_key(signer->public.type), "k1",
                              jwt_sign_private_key, signer, w),
         "token");
}

static void provision(struct vouchsafe_device *d, const struct public_key *signer,
                      const struct dh_private *own)
{
    uint8_t text[JWK_DH_MAX];
    struct writer w = writer_over(text, sizeof text);
    struct json_writer j = json_writer_over(&w);

    jwk_write(&j, NULL, signer);
    must(!vouchsafe_device_trust(d, (const char *)text, w.len), "trust");
    w.len = 0;
    must(!jwk_dh_private_write(own, &w), "jwk");
    must(!vouchsafe_device_unsealer(d, (const char *)text, w.len), "unsealer");
}

static void run(const struct bench *b)
{
    static _Alignas(16) uint8_t memory[8192];
    const struct vouchsafe_device_config config = { .id = "pump-7",
                                                    .issuer = "https://mediator.example",
                                                    .clock = fixed_clock };
    uint8_t token[DEVICE_TOKEN_MAX], key[OCT_KEY_LEN];
    struct writer w = writer_over(token, sizeof token);
    struct private_key signer;
    struct dh_private own;
    struct vouchsafe_device *d;
    struct rights rights;

    must(!crypto_key_generate(b->signer, &signer), "key");
    must(!crypto_dh_generate(b->curve, crypto_system_random, NULL, &own), "key");
    must(!vouchsafe_device_init(memory, sizeof memory, &config, &d), "init");
    provision(d, &signer.public, &own);
    mint(&signer, &own.public, &w);
    double start = cpu_us();
    for (unsigned i = 0; i < ROUNDS; i++)
        must(!rights_of_token(d, writer_slice(&w), &rights, key), "open");
    printf("\"%s\": %.1f, ", b->name, (cpu_us() - start) / ROUNDS);
}

int main(void)
{
    static const struct bench all[] = {
        { "Ed25519, X25519", KEY_ED25519, DH_X25519 },
        { "P-256, P-256", KEY_P256, DH_P256 },
    };

    printf("{");
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        run(&all[i]);
    printf("\"session\": %zu}\n", sizeof(struct vouchsafe_device_session));
    return EXIT_SUCCESS;
}
