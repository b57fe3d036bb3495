/* jwt_cases: bad and good HS256 tokens, for our strict layer and for the judge.
 * Each is made from a header and claims, signed with KEY, and then perhaps bent. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "crypto.h"

#define KEY "an HS256 key of forty-three characters.....x"
#ifndef TYP
#define TYP "oauth-client-attestation+jwt"
#endif
enum { NOW = 1790000000, SKEW = 30, LIFETIME = 300 };

#define HEAD            "{\"alg\":\"HS256\",\"typ\":\"" TYP "\",\"kid\":\"k1\"}"
#define CLAIMS          "{\"iat\":1790000000,\"exp\":1790000300}"
#define WITH(member)    "{\"iat\":1790000000,\"exp\":1790000300," member "}"
#define TIMES(iat, exp) "{\"iat\":" iat ",\"exp\":" exp "}"

enum bend {
    AS_SIGNED,
    NO_SIGNATURE, /* "header.claims." */
    TWO_SEGMENTS, /* "header.claims" */
    FOUR_SEGMENTS,
    LEADING_DOT,
    FLIPPED_FIRST, /* a bit of the signature's first byte */
    FLIPPED_LAST,
    SHORT_SIGNATURE,
    LONG_SIGNATURE,
    OTHER_KEY,
    OVER_OTHER_CLAIMS,
    PADDED,
    SPACE_AFTER,
    NEWLINE_AFTER,
    SPACE_WITHIN,
    STANDARD_ALPHABET, /* '+' for '-' in the signature, or put there */
    TRAILING_BITS,     /* the last character's unused bits set */
    TRUNCATED_1,
    TRUNCATED_5,
    TOO_LONG, /* 4097 bytes */
    SEVEN_MEGABYTES,
    NUL_WITHIN
};

struct jwt_case {
    const char *name, *header, *claims;
    enum bend bend;
};

static const struct jwt_case bad_tokens[] = {
    { "no signature", HEAD, CLAIMS, NO_SIGNATURE },
    { "two segments", HEAD, CLAIMS, TWO_SEGMENTS },
    { "four segments", HEAD, CLAIMS, FOUR_SEGMENTS },
    { "leading dot", HEAD, CLAIMS, LEADING_DOT },
    { "first bit flipped", HEAD, CLAIMS, FLIPPED_FIRST },
    { "last bit flipped", HEAD, CLAIMS, FLIPPED_LAST },
    { "short signature", HEAD, CLAIMS, SHORT_SIGNATURE },
    { "long signature", HEAD, CLAIMS, LONG_SIGNATURE },
    { "another key", HEAD, CLAIMS, OTHER_KEY },
    { "signed over other claims", HEAD, CLAIMS, OVER_OTHER_CLAIMS },
    { "padded", HEAD, CLAIMS, PADDED },
    { "space behind", HEAD, CLAIMS, SPACE_AFTER },
    { "newline behind", HEAD, CLAIMS, NEWLINE_AFTER },
    { "space within", HEAD, CLAIMS, SPACE_WITHIN },
    { "standard alphabet", HEAD, CLAIMS, STANDARD_ALPHABET },
    { "trailing bits", HEAD, CLAIMS, TRAILING_BITS },
    { "truncated by one", HEAD, CLAIMS, TRUNCATED_1 },
    { "truncated by five", HEAD, CLAIMS, TRUNCATED_5 },
    { "4097 bytes", HEAD, CLAIMS, TOO_LONG },
    { "seven megabytes", HEAD, CLAIMS, SEVEN_MEGABYTES },
    { "NUL within", HEAD, CLAIMS, NUL_WITHIN },
    { "empty header", "", CLAIMS, AS_SIGNED },
    { "empty claims", HEAD, "", AS_SIGNED },
    { "header no JSON", "hello", CLAIMS, AS_SIGNED },
    { "header an array", "[\"HS256\"]", CLAIMS, AS_SIGNED },
    { "header with bytes behind", HEAD "x", CLAIMS, AS_SIGNED },
    { "alg none", "{\"alg\":\"none\",\"typ\":\"" TYP "\",\"kid\":\"k1\"}", CLAIMS, AS_SIGNED },
    { "alg none, unsigned", "{\"alg\":\"none\",\"typ\":\"" TYP "\",\"kid\":\"k1\"}", CLAIMS,
      NO_SIGNATURE },
    { "alg None", "{\"alg\":\"None\",\"typ\":\"" TYP "\",\"kid\":\"k1\"}", CLAIMS, NO_SIGNATURE },
    { "alg NONE", "{\"alg\":\"NONE\",\"typ\":\"" TYP "\",\"kid\":\"k1\"}", CLAIMS, NO_SIGNATURE },
    { "alg HS512", "{\"alg\":\"HS512\",\"typ\":\"" TYP "\",\"kid\":\"k1\"}", CLAIMS, AS_SIGNED },
    { "alg hs256", "{\"alg\":\"hs256\",\"typ\":\"" TYP "\",\"kid\":\"k1\"}", CLAIMS, AS_SIGNED },
    { "alg RS256", "{\"alg\":\"RS256\",\"typ\":\"" TYP "\",\"kid\":\"k1\"}", CLAIMS, AS_SIGNED },
    { "alg ES256 over a MAC", "{\"alg\":\"ES256\",\"typ\":\"" TYP "\",\"kid\":\"k1\"}", CLAIMS,
      AS_SIGNED },
    { "alg a number", "{\"alg\":256,\"typ\":\"" TYP "\",\"kid\":\"k1\"}", CLAIMS, AS_SIGNED },
    { "alg a list", "{\"alg\":[\"HS256\"],\"typ\":\"" TYP "\",\"kid\":\"k1\"}", CLAIMS, AS_SIGNED },
    { "no alg", "{\"typ\":\"" TYP "\",\"kid\":\"k1\"}", CLAIMS, AS_SIGNED },
    { "two algs", "{\"alg\":\"HS256\",\"alg\":\"none\",\"typ\":\"" TYP "\",\"kid\":\"k1\"}", CLAIMS,
      AS_SIGNED },
    { "two algs, one escaped",
      "{\"alg\":\"HS256\",\"\\u0061lg\":\"none\",\"typ\":\"" TYP "\",\"kid\":\"k1\"}", CLAIMS,
      AS_SIGNED },
    { "no typ", "{\"alg\":\"HS256\",\"kid\":\"k1\"}", CLAIMS, AS_SIGNED },
    { "typ JWT", "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}", CLAIMS, AS_SIGNED },
    { "typ in capitals",
      "{\"alg\":\"HS256\",\"typ\":\"OAUTH-CLIENT-ATTESTATION+JWT\",\"kid\":\"k1\"}", CLAIMS,
      AS_SIGNED },
    { "typ with application/", "{\"alg\":\"HS256\",\"typ\":\"application/" TYP "\",\"kid\":\"k1\"}",
      CLAIMS, AS_SIGNED },
    { "typ of a proof",
      "{\"alg\":\"HS256\",\"typ\":\"oauth-client-attestation-pop+jwt\",\"kid\":\"k1\"}", CLAIMS,
      AS_SIGNED },
    { "typ null", "{\"alg\":\"HS256\",\"typ\":null,\"kid\":\"k1\"}", CLAIMS, AS_SIGNED },
    { "crit", "{\"alg\":\"HS256\",\"typ\":\"" TYP "\",\"kid\":\"k1\",\"crit\":[\"exp\"],\"exp\":1}",
      CLAIMS, AS_SIGNED },
    { "crit empty", "{\"alg\":\"HS256\",\"typ\":\"" TYP "\",\"kid\":\"k1\",\"crit\":[]}", CLAIMS,
      AS_SIGNED },
    { "b64", "{\"alg\":\"HS256\",\"typ\":\"" TYP "\",\"kid\":\"k1\",\"b64\":false}", CLAIMS,
      AS_SIGNED },
    { "jku",
      "{\"alg\":\"HS256\",\"typ\":\"" TYP "\",\"kid\":\"k1\",\"jku\":\"https://evil.example\"}",
      CLAIMS, AS_SIGNED },
    { "x5u",
      "{\"alg\":\"HS256\",\"typ\":\"" TYP "\",\"kid\":\"k1\",\"x5u\":\"https://evil.example\"}",
      CLAIMS, AS_SIGNED },
    { "jwk in the header",
      "{\"alg\":\"HS256\",\"typ\":\"" TYP
      "\",\"kid\":\"k1\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AQAB\"}}",
      CLAIMS, AS_SIGNED },
    { "zip", "{\"alg\":\"HS256\",\"typ\":\"" TYP "\",\"kid\":\"k1\",\"zip\":\"DEF\"}", CLAIMS,
      AS_SIGNED },
    { "unknown member", "{\"alg\":\"HS256\",\"typ\":\"" TYP "\",\"kid\":\"k1\",\"x\":1}", CLAIMS,
      AS_SIGNED },
    { "unknown kid", "{\"alg\":\"HS256\",\"typ\":\"" TYP "\",\"kid\":\"k2\"}", CLAIMS, AS_SIGNED },
    { "no kid", "{\"alg\":\"HS256\",\"typ\":\"" TYP "\"}", CLAIMS, AS_SIGNED },
    { "kid a number", "{\"alg\":\"HS256\",\"typ\":\"" TYP "\",\"kid\":1}", CLAIMS, AS_SIGNED },
    { "kid empty", "{\"alg\":\"HS256\",\"typ\":\"" TYP "\",\"kid\":\"\"}", CLAIMS, AS_SIGNED },
    { "kid a path", "{\"alg\":\"HS256\",\"typ\":\"" TYP "\",\"kid\":\"../k1\"}", CLAIMS,
      AS_SIGNED },
    { "kid with a space", "{\"alg\":\"HS256\",\"typ\":\"" TYP "\",\"kid\":\"k1 \"}", CLAIMS,
      AS_SIGNED },
    { "kid too long",
      "{\"alg\":\"HS256\",\"typ\":\"" TYP
      "\",\"kid\":\"01234567890123456789012345678901234567890123456789012345678901234\"}",
      CLAIMS, AS_SIGNED },
    { "claims no JSON", HEAD, "hello", AS_SIGNED },
    { "claims an array", HEAD, "[1]", AS_SIGNED },
    { "claims with bytes behind", HEAD, CLAIMS "x", AS_SIGNED },
    { "claims nested too deep", HEAD, WITH("\"a\":[[[[[[[[1]]]]]]]]"), AS_SIGNED },
    { "two exps", HEAD, WITH("\"exp\":1890000000"), AS_SIGNED },
    { "two subs", HEAD, WITH("\"sub\":\"a\",\"sub\":\"b\""), AS_SIGNED },
    { "bad UTF-8", HEAD, WITH("\"sub\":\"\xff\""), AS_SIGNED },
    { "no exp", HEAD, "{\"iat\":1790000000}", AS_SIGNED },
    { "no iat", HEAD, "{\"exp\":1790000300}", AS_SIGNED },
    { "no claims", HEAD, "{}", AS_SIGNED },
    { "exp a text", HEAD, TIMES("1790000000", "\"1790000300\""), AS_SIGNED },
    { "exp a fraction", HEAD, TIMES("1790000000", "1790000299.5"), AS_SIGNED },
    { "exp null", HEAD, TIMES("1790000000", "null"), AS_SIGNED },
    { "exp negative", HEAD, TIMES("1790000000", "-1"), AS_SIGNED },
    { "exp huge", HEAD, TIMES("1790000000", "1e300"), AS_SIGNED },
    { "exp past the year 9999", HEAD, TIMES("1790000000", "253402300800"), AS_SIGNED },
    { "iat a text", HEAD, TIMES("\"1790000000\"", "1790000300"), AS_SIGNED },
    { "iat negative", HEAD, TIMES("-5", "1790000300"), AS_SIGNED },
    { "exp before iat", HEAD, TIMES("1790000000", "1789999999"), AS_SIGNED },
    { "exp at iat", HEAD, TIMES("1790000000", "1790000000"), AS_SIGNED },
    { "lives a second too long", HEAD, TIMES("1790000000", "1790000301"), AS_SIGNED },
    { "lives a year", HEAD, TIMES("1790000000", "1821536000"), AS_SIGNED },
    { "expired by the skew", HEAD, TIMES("1789999700", "1789999970"), AS_SIGNED },
    { "expired long ago", HEAD, TIMES("1780000000", "1780000300"), AS_SIGNED },
    { "from the future", HEAD, TIMES("1790000031", "1790000300"), AS_SIGNED },
    { "nbf in the future", HEAD, WITH("\"nbf\":1790000031"), AS_SIGNED },
    { "nbf a text", HEAD, WITH("\"nbf\":\"now\""), AS_SIGNED },
};

static const struct jwt_case good_tokens[] = {
    { "plain", HEAD, CLAIMS, AS_SIGNED },
    { "members in another order", "{\"kid\":\"k1\",\"typ\":\"" TYP "\",\"alg\":\"HS256\"}", CLAIMS,
      AS_SIGNED },
    { "white space in JSON", " {\"alg\" : \"HS256\",\n\"typ\":\"" TYP "\",\"kid\":\"k1\"} ", CLAIMS,
      AS_SIGNED },
    { "an escaped alg", "{\"alg\":\"HS25\\u0036\",\"typ\":\"" TYP "\",\"kid\":\"k1\"}", CLAIMS,
      AS_SIGNED },
    { "further claims", HEAD, WITH("\"sub\":\"\xc3\xa9\",\"cnf\":{\"jwk\":{\"kty\":\"EC\"}}"),
      AS_SIGNED },
    { "as late as the skew allows", HEAD, TIMES("1789999701", "1789999971"), AS_SIGNED },
    { "as early as the skew allows", HEAD, TIMES("1790000030", "1790000300"), AS_SIGNED },
    { "as short as can be", HEAD, TIMES("1790000000", "1790000001"), AS_SIGNED },
    { "as long as may be", HEAD, TIMES("1790000000", "1790000300"), AS_SIGNED },
    { "nbf within the skew", HEAD, WITH("\"nbf\":1790000030"), AS_SIGNED },
    { "times with a fraction of zero", HEAD, TIMES("1790000000.0", "1.7900003e9"), AS_SIGNED },
};

#define CASE_COUNT(cases) (sizeof(cases) / sizeof((cases)[0]))
enum { SEVEN_MB = 7 << 20 };

/* header.claims.signature as it should be. */
static inline size_t jwt_case_sign(char *out, const char *header, const char *claims,
                                   const char *key)
{
    char *at = out;

    base64url_encode(at, slice_of(header));
    at += strlen(at);
    *at++ = '.';
    base64url_encode(at, slice_of(claims));
    at += strlen(at);
    struct digest mac = crypto_hmac_sha256(
        slice_of(key), (struct slice){ (const uint8_t *)out, (size_t)(at - out) });
    *at++ = '.';
    base64url_encode(at, (struct slice){ mac.bytes, sizeof mac.bytes });
    return strlen(out);
}

static inline size_t jwt_case_stretch(char *out, size_t len, size_t wanted)
{
    memset(out + len, 'A', wanted - len);
    return wanted;
}

/* The bent token in `out`, which holds SEVEN_MB + 1 bytes; its length. */
static inline size_t jwt_case_token(const struct jwt_case *c, char *out)
{
    static const char *const tails[] = { [FOUR_SEGMENTS] = ".AAAA",
                                         [PADDED] = "=",
                                         [SPACE_AFTER] = " ",
                                         [NEWLINE_AFTER] = "\n",
                                         [LONG_SIGNATURE] = "AAAA" };
    size_t len = jwt_case_sign(out, c->header, c->claims, c->bend == OTHER_KEY ? KEY "!" : KEY);
    char *signature = strrchr(out, '.') + 1;

    switch (c->bend) {
    case NO_SIGNATURE:
        *signature = '\0';
        break;
    case TWO_SEGMENTS:
        signature[-1] = '\0';
        break;
    case LEADING_DOT:
        memmove(out + 1, out, len + 1);
        out[0] = '.';
        break;
    case FLIPPED_FIRST:
        *signature = *signature == 'A' ? 'g' : 'A';
        break;
    case FLIPPED_LAST: /* 43 characters: the last has four bits that count */
        signature[42] = signature[42] == 'A' ? 'E' : 'A';
        break;
    case TRAILING_BITS:
        signature[42] = (char)(signature[42] == '8' ? '9' : signature[42] + 1);
        break;
    case SHORT_SIGNATURE:
        signature[40] = '\0';
        break;
    case OVER_OTHER_CLAIMS: {
        char *claims = strchr(out, '.') + 1;
        claims[8] = claims[8] == 'x' ? 'y' : 'x';
        break;
    }
    case SPACE_WITHIN:
        memmove(signature + 5, signature + 4, strlen(signature + 4) + 1);
        signature[4] = ' ';
        break;
    case STANDARD_ALPHABET:
        signature[3] = '+';
        break;
    case TRUNCATED_1:
        out[len - 1] = '\0';
        break;
    case TRUNCATED_5:
        out[len - 5] = '\0';
        break;
    case NUL_WITHIN:
        signature[3] = '\0';
        return len;
    case TOO_LONG:
        return jwt_case_stretch(out, len, 4097);
    case SEVEN_MEGABYTES:
        return jwt_case_stretch(out, len, SEVEN_MB);
    default:
        if (c->bend < sizeof tails / sizeof tails[0] && tails[c->bend])
            strcat(out, tails[c->bend]);
        break;
    }
    return strlen(out);
}
