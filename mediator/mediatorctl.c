/* mediatorctl: the tool that keeps the mediator's own keys. */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base64url.h"
#include "clock.h"
#include "config.h"
#include "mediatorctl_device.h"
#include "signing_keys.h"

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2, KEEP_DAYS = 90, KEEP_DAYS_MAX = 3650, DAY_S = 86400 };

static void usage(FILE *out)
{
    fprintf(
        out,
        "Usage: mediatorctl seal-key rotate --folder FOLDER [--keep DAYS]\n"
        "      makes a new key seal refresh tokens, in a folder that is made if need be; the\n"
        "      former one still opens what it sealed, for DAYS (%d by default): at least as\n"
        "      long as the authorization server lets a refresh token live\n"
        "\n"
        "       mediatorctl client-key rotate --folder FOLDER [--alg ES256|EdDSA] [--keep DAYS]\n"
        "      makes a new key sign a client's assertions (private_key_jwt), likewise, and\n"
        "      prints the public keys; the former one stays among them for DAYS\n"
        "       mediatorctl client-key public --folder FOLDER\n"
        "      prints the public keys, a JWK Set for the authorization server\n"
        "\n%s"
        "\n  --help, --version\n\n"
        "Exit code: 0 done, 1 refused, 2 wrong usage. mediator takes changes up on SIGHUP: after\n"
        "client-key rotate, let the authorization server know the new key first.\n",
        KEEP_DAYS, DEVICE_USAGE);
}

struct wish {
    const char *folder;
    enum key_type type;
    uint64_t keep_days;
};

static bool read_option(const char *name, const char *value, struct wish *out)
{
    if (strcmp(name, "--folder") == 0) {
        out->folder = value;
        return true;
    }
    if (strcmp(name, "--alg") == 0)
        return signing_key_type(value, &out->type);
    return strcmp(name, "--keep") == 0 &&
           slice_to_u64(slice_of(value), KEEP_DAYS_MAX, &out->keep_days) == ST_OK;
}

static bool read_options(int argc, char **argv, struct wish *out)
{
    *out = (struct wish){ .type = KEY_P256, .keep_days = KEEP_DAYS };
    for (int i = 0; i < argc; i += 2)
        if (i + 1 == argc || !read_option(argv[i], argv[i + 1], out))
            return false;
    return out->folder != NULL;
}

static int refused(const char *why)
{
    fprintf(stderr, "mediatorctl: %s\n", why);
    return EXIT_REFUSED;
}

static enum status rotate(const struct wish *wish, struct slice secret,
                          char kid[static KEYRING_KID_LEN + 1], char *why, size_t why_cap)
{
    int64_t now = clock_wall(&SYSTEM_CLOCK);

    return keyring_rotate(wish->folder, secret, now, now + (int64_t)wish->keep_days * DAY_S, kid,
                          why, why_cap);
}

static int rotate_seal_key(const struct wish *wish)
{
    uint8_t random[32];
    char text[BASE64URL_LEN(sizeof random) + 1], kid[KEYRING_KID_LEN + 1];
    char why[CONFIG_WHY_MAX] = "";

    crypto_random(random, sizeof random);
    base64url_encode(text, (struct slice){ random, sizeof random });
    enum status st = rotate(wish, slice_of(text), kid, why, sizeof why);
    secret_wipe(random, sizeof random);
    secret_wipe(text, sizeof text);
    if (st)
        return refused(why);
    printf("Refresh tokens are sealed under %s once mediator has been sent SIGHUP.\n", kid);
    return 0;
}

static int publish_client_keys(const struct wish *wish)
{
    char text[SIGNING_KEYS_JSON_MAX], why[CONFIG_WHY_MAX] = "";
    struct writer w = writer_over(text, sizeof text);
    struct json_writer j = json_writer_over(&w);
    struct signing_keys *k;

    if (signing_keys_read(wish->folder, &k, why, sizeof why))
        return refused(why);
    json_begin_object(&j, NULL);
    json_begin_array(&j, "keys");
    signing_keys_publish(k, clock_wall(&SYSTEM_CLOCK), &j);
    json_end_array(&j);
    json_end_object(&j);
    signing_keys_free(k);
    printf("%.*s\n", (int)w.len, text);
    return 0;
}

static int rotate_client_key(const struct wish *wish)
{
    char text[SECRET_LEN_MAX], kid[KEYRING_KID_LEN + 1], why[CONFIG_WHY_MAX] = "no memory";
    struct writer w = writer_over(text, sizeof text);
    enum status st = signing_key_draw(wish->type, &w);

    if (!st)
        st = rotate(wish, writer_slice(&w), kid, why, sizeof why);
    secret_wipe(text, sizeof text);
    return st ? refused(why) : publish_client_keys(wish);
}

static const struct {
    const char *thing, *verb;
    int (*run)(const struct wish *wish);
} commands[] = {
    { "seal-key", "rotate", rotate_seal_key },       { "client-key", "rotate", rotate_client_key },
    { "client-key", "public", publish_client_keys }, { "token-key", "rotate", rotate_client_key },
    { "token-key", "public", publish_client_keys },
};

static int run(int argc, char **argv)
{
    struct wish wish;
    int code = EXIT_USAGE;

    if (argc >= 2 && strcmp(argv[1], "device") == 0 &&
        (code = mediatorctl_device(argc - 2, argv + 2)) != EXIT_USAGE)
        return code;
    for (size_t i = 0; argc >= 3 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].thing) == 0 && strcmp(argv[2], commands[i].verb) == 0 &&
            read_options(argc - 3, argv + 3, &wish))
            return commands[i].run(&wish);
    usage(stderr);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    prctl(PR_SET_DUMPABLE, 0); /* keys pass through */
    umask(077);
    if (argc >= 2 && strcmp(argv[argc - 1], "--help") == 0) {
        usage(stdout);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("mediatorctl " VOUCHSAFE_VERSION);
        return 0;
    }
    return run(argc, argv);
}
