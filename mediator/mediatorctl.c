/* mediatorctl: the tool that keeps the mediator's own keys. */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base64url.h"
#include "clock.h"
#include "config.h"
#include "keyring.h"

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2, KEEP_DAYS = 90, KEEP_DAYS_MAX = 3650, DAY_S = 86400 };

static void usage(FILE *out)
{
    fprintf(out,
            "Usage: mediatorctl seal-key rotate --folder FOLDER [--keep DAYS]\n"
            "      makes a new key seal refresh tokens, in a folder that is made if need be; the\n"
            "      former one still opens what it sealed, for DAYS (%d by default): at least as\n"
            "      long as the authorization server lets a refresh token live\n"
            "\n  --help, --version\n\n"
            "Exit code: 0 done, 1 refused, 2 wrong usage. mediator takes changes up on SIGHUP.\n",
            KEEP_DAYS);
}

struct wish {
    const char *folder;
    uint64_t keep_days;
};

static bool read_options(int argc, char **argv, struct wish *out)
{
    *out = (struct wish){ .keep_days = KEEP_DAYS };
    for (int i = 0; i < argc; i += 2) {
        if (i + 1 == argc)
            return false;
        if (strcmp(argv[i], "--folder") == 0)
            out->folder = argv[i + 1];
        else if (strcmp(argv[i], "--keep") != 0 ||
                 slice_to_u64(slice_of(argv[i + 1]), KEEP_DAYS_MAX, &out->keep_days))
            return false;
    }
    return out->folder != NULL;
}

static int rotate(const struct wish *wish)
{
    uint8_t random[32];
    char text[BASE64URL_LEN(sizeof random) + 1], kid[KEYRING_KID_LEN + 1];
    char why[CONFIG_WHY_MAX] = "";
    int64_t now = clock_wall(&SYSTEM_CLOCK);

    crypto_random(random, sizeof random);
    base64url_encode(text, (struct slice){ random, sizeof random });
    enum status st = keyring_rotate(wish->folder, slice_of(text), now,
                                    now + (int64_t)wish->keep_days * DAY_S, kid, why, sizeof why);
    secret_wipe(random, sizeof random);
    secret_wipe(text, sizeof text);
    if (st) {
        fprintf(stderr, "mediatorctl: %s\n", why);
        return EXIT_REFUSED;
    }
    printf("Refresh tokens are sealed under %s once mediator has been sent SIGHUP.\n", kid);
    return 0;
}

int main(int argc, char **argv)
{
    struct wish wish;

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
    if (argc < 3 || strcmp(argv[1], "seal-key") != 0 || strcmp(argv[2], "rotate") != 0 ||
        !read_options(argc - 3, argv + 3, &wish)) {
        usage(stderr);
        return EXIT_USAGE;
    }
    return rotate(&wish);
}
