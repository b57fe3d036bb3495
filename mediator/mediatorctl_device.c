#include "mediatorctl_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic_file.h"
#include "base64url.h"
#include "clock.h"
#include "config.h"
#include "device_registry.h"
#include "secret.h"

enum {
    EXIT_REFUSED = 1,
    EXIT_USAGE = 2,
    KID_BYTES = 12,
    KEEP_DAYS = 7,
    KEEP_DAYS_MAX = 3650,
    DAY_S = 86400,
    JWK_MAX = 4096
};

const char DEVICE_USAGE[] =
    "       mediatorctl device add ID --registry FOLDER --mode push|sealed [OPTION ...]\n"
    "      push: a device that dials in, with the key of --key-file FILE (base64url of 32 bytes)\n"
    "      or a new one, which --key-out FILE writes for the device to be given\n"
    "      sealed: a device that is never connected, with the public key (P-256 or X25519) of\n"
    "      --jwk FILE; it is to be given the mediator's (token-key public)\n"
    "      --label TEXT, --scope SCOPE (again for each; none: whatever is granted upstream),\n"
    "      --max-lifetime SECONDS of a grant, --once (a grant is for one command),\n"
    "      --queue (asleep, it gets its grants when it next dials in)\n"
    "       mediatorctl device list --registry FOLDER\n"
    "       mediatorctl device rotate ID --registry FOLDER [--keep DAYS]\n"
    "                          [--key-file FILE] [--key-out FILE] [--jwk FILE]\n"
    "      a new key; the former one of a push device still lets it in, for DAYS (7 by default)\n"
    "       mediatorctl device revoke ID --registry FOLDER\n"
    "      no grants for it any more, and no connection\n"
    "       mediatorctl token-key rotate|public --folder FOLDER [--alg ES256|EdDSA] [--keep DAYS]\n"
    "      the keys that sign the tokens of sealed devices; prints the public ones, which devices\n"
    "      are to be given before mediator is sent SIGHUP\n";

struct wish {
    const char *registry, *id, *key_file, *key_out, *jwk, *label;
    enum device_mode mode;
    bool has_mode, once, queue;
    uint64_t keep_days, max_lifetime;
    struct words scopes;
};

static int refused(const char *why)
{
    fprintf(stderr, "mediatorctl: %s\n", why);
    return EXIT_REFUSED;
}

/* --- options --- */

static bool read_mode(struct wish *w, const char *value)
{
    for (size_t i = 0; i < DEVICE_MODE_COUNT; i++)
        if (strcmp(value, DEVICE_MODES[i]) == 0) {
            w->mode = (enum device_mode)i;
            w->has_mode = true;
        }
    return w->has_mode;
}

static bool read_label(struct wish *w, const char *value)
{
    w->label = value;
    return *value && strlen(value) <= DEVICE_LABEL_MAX;
}

static bool read_scope(struct wish *w, const char *value)
{
    return words_add(&w->scopes, slice_of(value)) == ST_OK;
}

static bool read_lifetime(struct wish *w, const char *value)
{
    return slice_to_u64(slice_of(value), DEVICE_LIFETIME_MAX, &w->max_lifetime) == ST_OK;
}

static bool read_keep(struct wish *w, const char *value)
{
    return slice_to_u64(slice_of(value), KEEP_DAYS_MAX, &w->keep_days) == ST_OK;
}

static bool read_registry(struct wish *w, const char *value)
{
    w->registry = value;
    return true;
}

static bool read_key_file(struct wish *w, const char *value)
{
    w->key_file = value;
    return true;
}

static bool read_key_out(struct wish *w, const char *value)
{
    w->key_out = value;
    return true;
}

static bool read_jwk(struct wish *w, const char *value)
{
    w->jwk = value;
    return true;
}

static bool set_once(struct wish *w, const char *none)
{
    (void)none;
    w->once = true;
    return true;
}

static bool set_queue(struct wish *w, const char *none)
{
    (void)none;
    w->queue = true;
    return true;
}

static const struct {
    const char *name;
    bool (*read)(struct wish *w, const char *value);
    bool is_flag;
} options[] = {
    { "--registry", read_registry, false }, { "--mode", read_mode, false },
    { "--key-file", read_key_file, false }, { "--key-out", read_key_out, false },
    { "--jwk", read_jwk, false },           { "--label", read_label, false },
    { "--scope", read_scope, false },       { "--max-lifetime", read_lifetime, false },
    { "--keep", read_keep, false },         { "--once", set_once, true },
    { "--queue", set_queue, true },
};

/* How many words it took; 0 if it is wrong. */
static int read_option(struct wish *w, int argc, char **argv)
{
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        int takes = options[i].is_flag ? 1 : 2;
        if (strcmp(argv[0], options[i].name) != 0)
            continue;
        return takes <= argc && options[i].read(w, takes == 2 ? argv[1] : NULL) ? takes : 0;
    }
    return 0;
}

static bool read_options(struct wish *w, int argc, char **argv)
{
    while (argc) {
        int took = read_option(w, argc, argv);
        if (took == 0)
            return false;
        argc -= took;
        argv += took;
    }
    return w->registry != NULL;
}

/* --- keys --- */

static void draw_kid(char kid[static JWT_KID_MAX + 1])
{
    uint8_t random[KID_BYTES];

    crypto_random(random, sizeof random);
    base64url_encode(kid, (struct slice){ random, sizeof random });
}

static enum status read_push_key(const char *path, uint8_t out[static DEVICE_KEY_LEN], char *why,
                                 size_t why_cap)
{
    struct secret *text;
    enum status st = secret_read_file(path, &text);

    if (st) {
        snprintf(why, why_cap, "%s: %s", path,
                 st == ST_DENIED ? "others may read it" : status_name(st));
        return st;
    }
    st = base64url_decode_exact(secret_bytes(text), out, DEVICE_KEY_LEN);
    secret_free(text);
    if (st)
        snprintf(why, why_cap, "%s: it is not the base64url of 32 bytes", path);
    return st;
}

static enum status read_public_key(const char *path, struct dh_public *out, char *why,
                                   size_t why_cap)
{
    uint8_t text[JWK_MAX];
    cJSON *jwk;
    FILE *f = fopen(path, "rb");
    size_t len = f ? fread(text, 1, sizeof text, f) : 0;

    if (f)
        fclose(f);
    enum status st =
        f ? json_parse_object((struct slice){ text, len }, &JSON_TOKEN_LIMITS, &jwk) : ST_NOT_FOUND;
    if (!st) {
        st = device_public_read(jwk, out);
        cJSON_Delete(jwk);
    }
    if (st)
        snprintf(why, why_cap, "%s: %s", path,
                 f ? "it is no public JWK of P-256 or X25519" : "it cannot be read");
    return st;
}

static enum status write_push_key(const char *path, const struct device_key *key, char *why,
                                  size_t why_cap)
{
    char text[BASE64URL_LEN(DEVICE_KEY_LEN) + 2];
    size_t len = BASE64URL_LEN(DEVICE_KEY_LEN);

    base64url_encode(text, (struct slice){ key->secret, sizeof key->secret });
    text[len] = '\n';
    enum status st = atomic_file_write(path, (struct slice){ (const uint8_t *)text, len + 1 });
    secret_wipe(text, sizeof text);
    if (st)
        snprintf(why, why_cap, "%s: it cannot be written", path);
    return st;
}

static enum status make_key(const struct wish *w, enum device_mode mode, struct device_key *out,
                            char *why, size_t why_cap)
{
    enum status st = ST_OK;

    *out = (struct device_key){ .until = INT64_MAX };
    draw_kid(out->kid);
    snprintf(why, why_cap, "%s",
             mode == DEVICE_SEALED
                 ? "a sealed device has its public key in --jwk FILE, and no other"
                 : "a push device has no --jwk");
    if ((mode == DEVICE_SEALED) != (w->jwk != NULL) ||
        (mode == DEVICE_SEALED && (w->key_file || w->key_out)))
        return ST_INVALID;
    if (mode == DEVICE_SEALED)
        return read_public_key(w->jwk, &out->public, why, why_cap);
    if (w->key_file)
        st = read_push_key(w->key_file, out->secret, why, why_cap);
    else
        crypto_random(out->secret, sizeof out->secret);
    return st || !w->key_out ? st : write_push_key(w->key_out, out, why, why_cap);
}

static enum status give_key(const struct wish *w, struct device *d, char *why, size_t why_cap)
{
    int64_t now = clock_wall(&SYSTEM_CLOCK);
    struct device_key key;
    enum status st = make_key(w, d->mode, &key, why, why_cap);

    if (!st) {
        st = device_rotate(d, &key, now, now + (int64_t)w->keep_days * DAY_S);
        if (st)
            snprintf(why, why_cap, "%d keys still let it in: wait until one has ended",
                     DEVICE_KEYS_MAX);
    }
    secret_wipe(&key, sizeof key);
    return st;
}

/* --- commands --- */

static enum status fill(struct wish *w, struct device *d, char *why, size_t why_cap)
{
    d->mode = w->mode;
    d->once = w->once;
    d->queue = w->queue;
    d->max_lifetime = (int64_t)w->max_lifetime;
    d->scopes = w->scopes;
    w->scopes = (struct words){ .count = 0 };
    snprintf(why, why_cap, "--queue is for push devices");
    if (w->queue && w->mode == DEVICE_SEALED)
        return ST_INVALID;
    enum status st = slice_copy_text(slice_of(w->label), d->label, sizeof d->label);
    return st ? st : give_key(w, d, why, why_cap);
}

/* What was written must be what will be read. */
static enum status check_again(const struct device *d, char *why, size_t why_cap)
{
    uint8_t text[DEVICE_FILE_MAX];
    struct writer w = writer_over(text, sizeof text);
    struct device copy;
    enum status st = device_encode(d, &w);

    if (!st)
        st = device_decode(d->id, writer_slice(&w), &copy);
    if (!st)
        device_clear(&copy);
    secret_wipe(text, sizeof text);
    if (st)
        snprintf(why, why_cap, "a scope or the label is malformed, or there are too many scopes");
    return st;
}

static int add(struct wish *w)
{
    char why[CONFIG_WHY_MAX] = "";
    struct device_change change;

    if (!w->has_mode)
        return EXIT_USAGE;
    if (device_change_begin(w->registry, w->id, true, &change, why, sizeof why))
        return refused(why);
    enum status st = fill(w, &change.device, why, sizeof why);
    if (!st)
        st = check_again(&change.device, why, sizeof why);
    if (!st)
        st = device_change_write(&change, why, sizeof why);
    if (!st)
        printf("%s is known once mediator has been sent SIGHUP. Its description: %s\n", w->id,
               change.path);
    device_change_end(&change);
    return st ? refused(why) : 0;
}

static int rotate(struct wish *w)
{
    char why[CONFIG_WHY_MAX] = "";
    struct device_change change;

    if (device_change_begin(w->registry, w->id, false, &change, why, sizeof why))
        return refused(why);
    enum status st = give_key(w, &change.device, why, sizeof why);
    if (!st)
        st = device_change_write(&change, why, sizeof why);
    if (!st)
        printf("%s has the key %s once mediator has been sent SIGHUP.\n", w->id,
               change.device.keys[0].kid);
    device_change_end(&change);
    return st ? refused(why) : 0;
}

static int withdraw(struct wish *w)
{
    char why[CONFIG_WHY_MAX] = "";
    struct device_change change;

    if (device_change_begin(w->registry, w->id, false, &change, why, sizeof why))
        return refused(why);
    change.device.revoked = true;
    enum status st = device_change_write(&change, why, sizeof why);
    device_change_end(&change);
    if (st)
        return refused(why);
    printf("%s is revoked once mediator has been sent SIGHUP.\n", w->id);
    return 0;
}

/* Never a secret: kids and flags. */
static void print(const struct device *d)
{
    printf("%s\t%s\t%s\tkey %s%s%s", d->id, DEVICE_MODES[d->mode],
           d->revoked ? "revoked" : "active", d->keys[0].kid, d->once ? "\tonce" : "",
           d->queue ? "\tqueue" : "");
    for (size_t i = 0; i < d->scopes.count; i++)
        printf("%s%s", i ? " " : "\tscopes ", d->scopes.list[i]);
    printf("%s%s\n", d->label[0] ? "\t" : "", d->label);
}

static int list(struct wish *w)
{
    char why[CONFIG_WHY_MAX] = "";
    struct device_registry *r;

    if (device_registry_read(w->registry, &r, why, sizeof why))
        return refused(why);
    for (size_t i = 0; i < device_registry_count(r); i++)
        print(device_registry_at(r, i));
    device_registry_free(r);
    return 0;
}

static const struct {
    const char *verb;
    bool has_id;
    int (*run)(struct wish *w);
} commands[] = {
    { "add", true, add },
    { "rotate", true, rotate },
    { "revoke", true, withdraw },
    { "list", false, list },
};

static int run(struct wish *w, size_t i, int argc, char **argv)
{
    int words = commands[i].has_id ? 2 : 1;

    if (argc < words || !read_options(w, argc - words, argv + words))
        return EXIT_USAGE;
    w->id = commands[i].has_id ? argv[1] : NULL;
    return commands[i].run(w);
}

int mediatorctl_device(int argc, char **argv)
{
    struct wish w = { .keep_days = KEEP_DAYS };
    int code = EXIT_USAGE;

    for (size_t i = 0; argc && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[0], commands[i].verb) == 0)
            code = run(&w, i, argc, argv);
    words_clear(&w.scopes);
    return code;
}
