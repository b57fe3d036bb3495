/* Keys as JWKs. Two readers of public keys, one with a tree and one without, must agree; what is
 * read is written and read again as the same. */
#include <string.h>

#include "fuzz.h"
#include "json_scan.h"
#include "jwk.h"
#include "jwk_dh.h"
#include "jwk_oct.h"
#include "jwk_private.h"
#include "jwk_scan.h"

static bool same_public(const struct public_key *a, const struct public_key *b)
{
    return a->type == b->type && memcmp(a->x, b->x, sizeof a->x) == 0 &&
           (a->type != KEY_P256 || memcmp(a->y, b->y, sizeof a->y) == 0);
}

static enum status read_tree(struct slice text, struct public_key *out)
{
    cJSON *tree;
    enum status st = json_parse_object(text, &JSON_TOKEN_LIMITS, &tree);

    if (st)
        return st;
    st = jwk_read(tree, out);
    cJSON_Delete(tree);
    return st;
}

static void check_written(const struct public_key *key)
{
    uint8_t text[256];
    struct writer w = writer_over(text, sizeof text);
    struct json_writer j = json_writer_over(&w);
    struct public_key again;
    struct jwk_named scanned;

    jwk_write(&j, NULL, key);
    MUST(!w.full);
    MUST(read_tree(writer_slice(&w), &again) == ST_OK && same_public(key, &again));
    MUST(jwk_scan(writer_slice(&w), &scanned) == ST_OK && same_public(key, &scanned.key));
}

static void check_public(struct slice text)
{
    struct public_key tree;
    struct jwk_named scanned;
    enum status by_tree = read_tree(text, &tree), by_scan = jwk_scan(text, &scanned);

    if (by_tree == ST_OK && by_scan == ST_OK)
        MUST(same_public(&tree, &scanned.key));
    if (by_scan == ST_OK && text.len <= JSON_TOKEN_LIMITS.max_len)
        MUST(by_tree == ST_OK); /* the scanner takes nothing that the tree's reader does not */
    if (by_tree == ST_OK)
        check_written(&tree);
}

static void check_agreement(struct slice text)
{
    uint8_t bytes[JWK_DH_MAX];
    struct writer w = writer_over(bytes, sizeof bytes);
    struct json_writer j = json_writer_over(&w);
    struct dh_public key, again;

    if (jwk_dh_read(text, &key) != ST_OK)
        return;
    jwk_dh_write(&j, NULL, &key);
    MUST(!w.full && jwk_dh_read(writer_slice(&w), &again) == ST_OK);
    MUST(memcmp(jwk_dh_thumbprint(&key).bytes, jwk_dh_thumbprint(&again).bytes, SHA256_LEN) == 0);
}

static void check_private_agreement(struct slice text)
{
    uint8_t bytes[JWK_DH_MAX];
    struct writer w = writer_over(bytes, sizeof bytes);
    struct dh_private key, again;

    if (jwk_dh_private_read(text, &key) != ST_OK)
        return;
    MUST(jwk_dh_private_write(&key, &w) == ST_OK);
    MUST(jwk_dh_private_read(writer_slice(&w), &again) == ST_OK);
}

static void check_possession(struct slice text)
{
    uint8_t key[OCT_KEY_LEN], again[OCT_KEY_LEN], bytes[JWK_OCT_MAX];
    struct writer w = writer_over(bytes, sizeof bytes);

    if (jwk_oct_read(text, key) != ST_OK)
        return;
    MUST(jwk_oct_write(key, &w) == ST_OK);
    MUST(jwk_oct_read(writer_slice(&w), again) == ST_OK && memcmp(key, again, sizeof key) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct slice text = { data, len };

    check_public(text);
    check_agreement(text);
    check_private_agreement(text);
    check_possession(text);
    return 0;
}
