/* device-app: an app at a device's door, for tests, and the mediator that sent it there. It stands
 * on proto/ alone, and no SDK of ours.
 *
 *   device-app keys FOLDER                     makes signer.jwk, keys.json, device.jwk
 *   device-app mint FOLDER ISSUER DEVICE SCOPE JTI SECONDS     prints a token and its key
 *   device-app ask (tcp PORT | line PATH) (grant | token) VALUE KEY ACTION[=BODY]...
 *
 * DEVICE_APP_PATIENCE_MS: how long an answer may take.
 *
 * KEY and a grant's id are base64url. A line each: "answer CODE BODY", and at last "end REASON". */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base64url.h"
#include "device_token.h"
#include "frame.h"
#include "jwe.h"
#include "jwk.h"
#include "jwk_dh.h"
#include "jwk_oct.h"
#include "jwk_private.h"
#include "msg_command.h"
#include "msg_device_hello.h"
#include "noise.h"

enum { PATIENCE_MS = 20000, WIRE = 4096 };
#define PATIENCE_VARIABLE "DEVICE_APP_PATIENCE_MS"

static _Noreturn void end(const char *why)
{
    printf("end %s\n", why);
    exit(strcmp(why, "ok") == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void must(enum status st, const char *what)
{
    if (st)
        end(what);
}

/* --- keys and tokens --- */

static FILE *open_in(const char *folder, const char *name, const char *mode)
{
    char path[1024];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, mode);
    if (!file)
        end(path);
    return file;
}

static void write_in(const char *folder, const char *name, const struct writer *w)
{
    FILE *file = open_in(folder, name, "w");

    fwrite(w->data, 1, w->len, file);
    fclose(file);
}

static struct slice read_in(const char *folder, const char *name, char *text, size_t cap)
{
    FILE *file = open_in(folder, name, "r");
    struct slice s = { (const uint8_t *)text, fread(text, 1, cap, file) };

    fclose(file);
    return s;
}

static void make_keys(const char *folder)
{
    uint8_t text[1024];
    struct private_key signer;
    struct dh_private device;
    struct writer w = writer_over(text, sizeof text);

    must(crypto_key_generate(KEY_P256, &signer), "key");
    must(crypto_dh_generate(DH_P256, crypto_system_random, NULL, &device), "key");
    must(jwk_private_write(&signer, &w), "signer");
    write_in(folder, "signer.jwk", &w);
    w.len = 0;
    must(jwk_dh_private_write(&device, &w), "device");
    write_in(folder, "device.jwk", &w);
    w.len = 0;
    struct json_writer j = json_writer_over(&w);
    json_begin_object(&j, NULL);
    json_begin_array(&j, "keys");
    json_begin_object(&j, NULL);
    jwk_write_members(&j, &signer.public);
    json_text(&j, "kid", SLICE_LIT("k1"));
    json_end_object(&j);
    json_end_array(&j);
    json_end_object(&j);
    write_in(folder, "keys.json", &w);
}

static struct private_key read_signer(const char *folder)
{
    char text[1024];
    struct private_key key;
    cJSON *json = NULL;

    must(json_parse_object(read_in(folder, "signer.jwk", text, sizeof text), &JSON_TOKEN_LIMITS,
                           &json),
         "signer.jwk");
    must(jwk_private_read(json, &key), "signer.jwk");
    cJSON_Delete(json);
    return key;
}

static void mint(char **argv)
{
    static const struct jwe_header header = { .cty = { (const uint8_t *)DEVICE_TOKEN_CTY,
                                                       sizeof DEVICE_TOKEN_CTY - 1 } };
    struct private_key signer = read_signer(argv[0]);
    struct dh_private device;
    char text[1024], key_text[BASE64URL_LEN(OCT_KEY_LEN) + 1];
    uint8_t key[OCT_KEY_LEN], jwk[JWK_OCT_MAX], jwe[JWE_MAX_LEN], token[DEVICE_TOKEN_MAX];
    struct writer k = writer_over(jwk, sizeof jwk), e = writer_over(jwe, sizeof jwe);
    struct writer w = writer_over(token, sizeof token);

    must(jwk_dh_private_read(read_in(argv[0], "device.jwk", text, sizeof text), &device), "device");
    crypto_random(key, sizeof key);
    must(jwk_oct_write(key, &k), "jwk");
    must(jwe_encrypt_to(&device.public, &header, writer_slice(&k), crypto_system_random, NULL, &e),
         "jwe");
    int64_t now = (int64_t)time(NULL);
    const struct device_token_claims claims = { .issuer = slice_of(argv[1]),
                                                .audience = slice_of(argv[2]),
                                                .scope = slice_of(argv[3]),
                                                .client_id = SLICE_LIT("app"),
                                                .token_id = slice_of(argv[4]),
                                                .jwe = writer_slice(&e),
                                                .issued_at = now,
                                                .not_before = now,
                                                .expires = now + atoi(argv[5]) };
    must(device_token_encode(&claims, JWT_ES256, "k1", jwt_sign_private_key, &signer, &w), "token");
    base64url_encode(key_text, (struct slice){ key, sizeof key });
    printf("%.*s %s\n", (int)w.len, (const char *)token, key_text);
}

/* --- the channel --- */

struct app {
    int fd;
    struct noise_handshake handshake;
    struct noise_sender sender;
    struct noise_receiver receiver;
    struct frame_reader frames;
    struct slice left; /* read, and not yet looked at */
    uint8_t in[WIRE];
    uint8_t frame[WIRE];
};

static int dial(const char *kind, const char *where)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct termios raw;

    if (strcmp(kind, "tcp") == 0) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        to.sin_port = htons((uint16_t)atoi(where));
        return connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ? fd : -1;
    }
    int fd = open(where, O_RDWR | O_NOCTTY);
    if (fd >= 0 && tcgetattr(fd, &raw) == 0) {
        cfmakeraw(&raw);
        (void)!tcsetattr(fd, TCSANOW, &raw);
    }
    return fd;
}

static void send_frame(struct app *app, struct slice body)
{
    uint8_t bytes[WIRE];
    struct writer w = writer_over(bytes, sizeof bytes);
    size_t begin = frame_begin(&w);

    writer_put(&w, body);
    must(frame_end(&w, begin), "frame");
    if (write(app->fd, bytes, w.len) != (ssize_t)w.len)
        end("hung-up");
}

static int patience(void)
{
    const char *text = getenv(PATIENCE_VARIABLE);

    return text ? atoi(text) : PATIENCE_MS;
}

static struct slice take_frame(struct app *app)
{
    struct slice frame;
    enum frame_progress p;

    while ((p = frame_read(&app->frames, &app->left, &frame)) == FRAME_MORE) {
        struct pollfd fd = { .fd = app->fd, .events = POLLIN };
        if (poll(&fd, 1, patience()) != 1)
            end("silence");
        ssize_t n = read(app->fd, app->in, sizeof app->in);
        if (n <= 0)
            end("hung-up");
        app->left = (struct slice){ app->in, (size_t)n };
    }
    if (p == FRAME_REFUSED)
        end("frame");
    return frame;
}

static void shake_hands(struct app *app, const struct device_hello *hello, const uint8_t *key)
{
    const struct noise_setup setup = { .role = NOISE_INITIATOR,
                                       .prologue = hello->value,
                                       .psk = key,
                                       .random = crypto_system_random };
    uint8_t bytes[WIRE], none[1];
    struct writer w = writer_over(bytes, sizeof bytes);
    size_t len;

    must(device_hello_encode(hello, &w), "hello");
    send_frame(app, writer_slice(&w));
    w.len = 0;
    noise_handshake_init(&app->handshake, &setup);
    must(noise_handshake_write(&app->handshake, (struct slice){ 0 }, &w), "handshake");
    send_frame(app, writer_slice(&w));
    must(noise_handshake_read(&app->handshake, take_frame(app), none, 0, &len), "not-the-device");
    must(noise_handshake_split(&app->handshake, &app->sender, &app->receiver, NULL), "split");
}

static void send_command(struct app *app, uint32_t number, char *action)
{
    uint8_t plain[COMMAND_MESSAGE_MAX], sealed[WIRE];
    struct writer p = writer_over(plain, sizeof plain), s = writer_over(sealed, sizeof sealed);
    char *body = strchr(action, '=');

    if (body)
        *body++ = '\0';
    const struct command command = { .number = number,
                                     .action = slice_of(action),
                                     .body = slice_of(body) };
    must(command_encode(&command, &p), "command");
    must(noise_seal(&app->sender, writer_slice(&p), &s), "seal");
    send_frame(app, writer_slice(&s));
}

/* Prints one answer; whether more follow. */
static bool take_answer(struct app *app, uint32_t number)
{
    uint8_t plain[WIRE];
    struct answer answer;
    size_t len;

    must(noise_open(&app->receiver, take_frame(app), plain, sizeof plain, &len), "altered");
    must(answer_decode((struct slice){ plain, len }, &answer), "answer");
    if (answer.number != number)
        end("another-answer");
    printf("answer %d %.*s\n", (int)answer.code, (int)answer.body.len,
           (const char *)answer.body.data);
    return answer.code == ANSWER_MORE;
}

static void ask(int argc, char **argv)
{
    static struct app app;
    uint8_t key[OCT_KEY_LEN], id[GRANT_ID_LEN];
    bool token = strcmp(argv[2], "token") == 0;
    struct device_hello hello = { .kind = token ? DEVICE_HELLO_TOKEN : DEVICE_HELLO_GRANT,
                                  .value =
                                      token ? slice_of(argv[3]) : (struct slice){ id, sizeof id } };

    if (!token)
        must(base64url_decode_exact(slice_of(argv[3]), id, sizeof id), "id");
    must(base64url_decode_exact(slice_of(argv[4]), key, sizeof key), "key");
    app.fd = dial(argv[0], argv[1]);
    if (app.fd < 0)
        end("nobody");
    frame_reader_init(&app.frames, app.frame, sizeof app.frame);
    shake_hands(&app, &hello, key);
    for (int i = 5; i < argc; i++) {
        send_command(&app, (uint32_t)i, argv[i]);
        while (take_answer(&app, (uint32_t)i))
            continue;
    }
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 3 && strcmp(argv[1], "keys") == 0)
        make_keys(argv[2]);
    else if (argc == 8 && strcmp(argv[1], "mint") == 0)
        mint(argv + 2);
    else if (argc > 7 && strcmp(argv[1], "ask") == 0)
        ask(argc - 2, argv + 2);
    else
        return EXIT_FAILURE;
    if (strcmp(argv[1], "ask") == 0)
        end("ok");
    return EXIT_SUCCESS;
}
