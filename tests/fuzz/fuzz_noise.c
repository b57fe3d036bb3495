/* A peer that does not have the key: nothing it sends is ever taken. First byte: what is read. */
#include "frame.h"
#include "fuzz.h"
#include "noise.h"

static enum status fixed(void *arg, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(i + 1);
    (void)arg;
    return ST_OK;
}

static void read_handshake(enum noise_role role, struct slice message, const uint8_t *key)
{
    static uint8_t out[NOISE_MESSAGE_MAX];
    const struct noise_setup setup = { .role = role, .psk = key, .random = fixed };
    struct writer w = writer_over(out, sizeof out);
    struct noise_handshake h;
    size_t len;

    noise_handshake_init(&h, &setup);
    if (role == NOISE_INITIATOR)
        MUST(noise_handshake_write(&h, (struct slice){ 0 }, &w) == ST_OK);
    MUST(noise_handshake_read(&h, message, out, sizeof out, &len) != ST_OK);
    MUST(noise_handshake_step(&h) == NOISE_DEAD && len == 0);
}

static void read_records(struct slice bytes, const uint8_t *key)
{
    static uint8_t out[NOISE_RECORD_MAX];
    struct noise_receiver stream, datagrams;
    size_t len;

    noise_receiver_init(&stream, key);
    noise_receiver_init(&datagrams, key);
    noise_receiver_allow_gaps(&datagrams, NOISE_GAP_MAX);
    MUST(noise_open_datagram(&datagrams, bytes, out, sizeof out, &len) != ST_OK);
    MUST(datagrams.state.open && datagrams.state.next == 0);
    MUST(noise_open(&stream, bytes, out, sizeof out, &len) != ST_OK && !stream.state.open);
}

static void read_frames(struct slice in)
{
    uint8_t body[64];
    struct frame_reader f;
    struct slice frame;
    enum frame_progress p;

    frame_reader_init(&f, body, sizeof body);
    while ((p = frame_read(&f, &in, &frame)) == FRAME_DONE)
        MUST(frame.len > 0 && frame.len <= sizeof body);
    MUST(p == FRAME_REFUSED || in.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t key[NOISE_PSK_LEN];
    struct slice in = { data, len };

    if (!key[0])
        crypto_random(key, sizeof key);
    read_handshake(NOISE_RESPONDER, in, key);
    read_handshake(NOISE_INITIATOR, in, key);
    read_records(in, key);
    read_frames(in);
    return 0;
}
