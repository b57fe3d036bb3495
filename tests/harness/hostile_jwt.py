"""hostile_jwt: attestations and proofs of possession that must be refused, each made from good ones and
signed, where it can be, with the real secret and key: what is wrong with it is the one thing named."""
import hashlib
import hmac
import json
import os
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .attacks import b64, claims_of, unb64
from .attester import Key
from .jws import header_of


class Maker:
    """What an attacker with everything has: a good token's header and claims, the client secret, and
    the instance key; good(), token() and proof() are what passes."""

    def __init__(self, attester, secret, audience):
        self.attester, self.secret, self.audience = attester, secret.encode(), audience
        self.key = attester.key
        genuine = attester.token()
        self.head, self.said = header_of(genuine), claims_of(genuine)

    def claims(self, **other):
        """The token's claims as of now; None leaves one out."""
        now = int(time.time())
        said = {**self.said, "iat": now, "exp": now + 300, "jti": b64(os.urandom(16)), **other}
        return {k: v for k, v in said.items() if v is not None}

    def header(self, **other):
        return {k: v for k, v in {**self.head, **other}.items() if v is not None}

    def mac(self, header, claims, secret=None, how=hashlib.sha256):
        """A token of these texts or objects."""
        signed = ".".join(b64(text(part)) for part in (header, claims)).encode()
        return signed + b"." + b64(hmac.new(secret or self.secret, signed, how).digest()).encode()

    def token(self):
        return self.mac(self.header(), self.claims())

    def proof(self, header=None, key=None, **claims):
        return (key or self.key).pop(self.audience, header, **claims).encode()

    def signed(self, header, claims, key=None):
        """A proof of these texts or objects."""
        data = ".".join(b64(text(part)) for part in (header, claims)).encode()
        return data + b"." + b64((key or self.key).sign(data)).encode()

    def proof_claims(self, **other):
        said = {"aud": self.audience, "iat": int(time.time()), "jti": b64(os.urandom(16)), **other}
        return {k: v for k, v in said.items() if v is not None}

    def proof_header(self, **other):
        said = {"alg": "ES256", "typ": "oauth-client-attestation-pop+jwt", **other}
        return {k: v for k, v in said.items() if v is not None}


def text(part):
    return part if isinstance(part, bytes) else json.dumps(part).encode()


def lines(token, proof):
    return [b"OAuth-Client-Attestation: " + token, b"OAuth-Client-Attestation-PoP: " + proof]


def good(m):
    return lines(m.token(), m.proof())


# --- bending what was signed ---

def part(token, n, change):
    parts = token.split(b".")
    parts[n] = change(parts[n])
    return b".".join(parts)


def flipped(n, at):
    """One bit of the bytes of part n."""
    def bend(token):
        def flip(p):
            data = bytearray(unb64(p.decode()))
            data[at] ^= 1
            return b64(data).encode()
        return part(token, n, flip)
    return bend


def other_last_character(token):
    """One that decodes to the same bytes: an unused bit is set. (A MAC of 32 bytes has two of them, a
    signature of 64 has four.)"""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1:]) | 1:][:1]


BENDS = {
    "no signature": lambda t: part(t, 2, lambda s: b""),
    "two segments": lambda t: t.rpartition(b".")[0],
    "one segment": lambda t: t.replace(b".", b""),
    "four segments": lambda t: t + b".AAAA",
    "five segments, as a JWE": lambda t: t + b"..",
    "a dot before": lambda t: b"." + t,
    "a dot behind": lambda t: t + b".",
    "two dots": lambda t: t.replace(b".", b"..", 1),
    "the first bit of the signature": flipped(2, 0),
    "the last bit of the signature": flipped(2, -1),
    "a bit of the claims": flipped(1, 10),
    "a bit of the header": flipped(0, 3),
    "a signature of 31 bytes": lambda t: part(t, 2, lambda s: s[:-2]),
    "a signature of twice the length": lambda t: part(t, 2, lambda s: s + s),
    "a signature of zeros": lambda t: part(t, 2, lambda s: b"A" * len(s)),
    "padding": lambda t: t + b"=",
    "padding within": lambda t: part(t, 0, lambda h: h + b"="),
    "a space within": lambda t: part(t, 1, lambda c: c[:8] + b" " + c[8:]),
    "a tab within": lambda t: part(t, 1, lambda c: c[:8] + b"\t" + c[8:]),
    "a plus of the other alphabet": lambda t: part(t, 2, lambda s: b"+" + s[1:]),
    "a slash of the other alphabet": lambda t: part(t, 2, lambda s: b"/" + s[1:]),
    "a percent sign": lambda t: t.replace(b".", b"%2E"),
    "a high byte": lambda t: part(t, 1, lambda c: c + b"\xff"),
    "unused bits": other_last_character,
    "quotes": lambda t: b'"' + t + b'"',
    "a scheme": lambda t: b"Bearer " + t,
    "a comma behind": lambda t: t + b",",
    "a parameter behind": lambda t: t + b";a=b",
    "another one behind a comma": lambda t: t + b", " + t,
    "truncated": lambda t: t[:-5],
    "empty": lambda t: b"",
    "nothing but dots": lambda t: b"..",
    "longer than 4 KiB": lambda t: part(t, 1, lambda c: c + b"A" * 4096),
}

# --- tokens ---

OTHER = Key()


def with_header(**members):
    return lambda m: m.mac(m.header(**members), m.claims())


def with_claims(**members):
    return lambda m: m.mac(m.header(), m.claims(**members))


def with_texts(header=None, claims=None):
    """Each a function of the good text."""
    def make(m):
        return m.mac((header or (lambda t: t))(text(m.header())), (claims or (lambda t: t))(text(m.claims())))
    return make


def at(**offsets):
    """Times from now on, in seconds."""
    return lambda m: m.mac(m.header(), m.claims(**{k: int(time.time()) + v for k, v in offsets.items()}))


def as_public_key(encoding):
    """HS256 under what a server may hold as the key for ES256: a MAC that anybody can make."""
    return lambda m: m.mac(m.header(), m.claims(), secret=encoding(m.key))


def pem(key):
    return key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def by_the_instance(**members):
    """Signed by the key that the token binds, as if a client could vouch for itself."""
    return lambda m: m.signed(m.header(alg="ES256", **members), m.claims())


TOKENS = {
    **{"token: " + name: (lambda bend: lambda m: bend(m.token()))(bend) for name, bend in BENDS.items()},
    "alg none": with_header(alg="none"),
    "alg none, unsigned": lambda m: m.mac(m.header(alg="none"), m.claims()).rpartition(b".")[0] + b".",
    "alg nOnE, unsigned": lambda m: m.mac(m.header(alg="nOnE"), m.claims()).rpartition(b".")[0] + b".",
    "alg empty": with_header(alg=""),
    "alg hs256": with_header(alg="hs256"),
    "alg HS512": lambda m: m.mac(m.header(alg="HS512"), m.claims(), how=hashlib.sha512),
    "alg HS384": lambda m: m.mac(m.header(alg="HS384"), m.claims(), how=hashlib.sha384),
    "alg RS256 over a MAC": with_header(alg="RS256"),
    "alg ES256 over a MAC": with_header(alg="ES256"),
    "alg a list": with_header(alg=["HS256"]),
    "alg a number": with_header(alg=256),
    "no alg": with_header(alg=None),
    "two algs": with_texts(header=lambda t: b'{"alg":"none",' + t[1:]),
    "two algs, one escaped": with_texts(header=lambda t: b'{"\\u0061lg":"none",' + t[1:]),
    "ES256 by the instance": by_the_instance(),
    "ES256 by the instance, with its key": lambda m: m.signed(m.header(alg="ES256", jwk=m.key.jwk), m.claims()),
    "a MAC under the public key as PEM": as_public_key(pem),
    "a MAC under the public key as a JWK": as_public_key(lambda key: text(key.jwk)),
    "a MAC under an empty secret": lambda m: m.mac(m.header(), m.claims(), secret=b"\0"),
    "a MAC under the client id": lambda m: m.mac(m.header(), m.claims(), secret=m.said["sub"].encode()),
    "a MAC under the secret and a line feed": lambda m: m.mac(m.header(), m.claims(), secret=m.secret + b"\n"),
    "no typ": with_header(typ=None),
    "typ JWT": with_header(typ="JWT"),
    "typ of a proof": with_header(typ="oauth-client-attestation-pop+jwt"),
    "typ null": with_texts(header=lambda t: t.replace(b'"oauth-client-attestation+jwt"', b"null")),
    "typ with a space": with_header(typ="oauth-client-attestation+jwt "),
    "crit": with_header(crit=["exp"]),
    "crit empty": with_header(crit=[]),
    "b64": with_header(b64=False),
    "zip": with_header(zip="DEF"),
    "jku": with_header(jku="https://evil.example/keys"),
    "x5u": with_header(x5u="https://evil.example/chain"),
    "x5c": with_header(x5c=["MIIB"]),
    "jwk of a secret": with_header(jwk={"kty": "oct", "k": "AQAB"}),
    "no kid": with_header(kid=None),
    "another kid": with_header(kid="k2"),
    "kid a path": with_header(kid="../../../../dev/null"),
    "kid empty": with_header(kid=""),
    "kid a number": with_header(kid=1),
    "kid with NUL": with_texts(header=lambda t: t.replace(b'"kid": "', b'"kid": "\\u0000')),
    "kid of a kilobyte": with_header(kid="k" * 1000),
    "header an array": with_texts(header=lambda t: b"[" + t + b"]"),
    "header with bytes behind": with_texts(header=lambda t: t + b"{}"),
    "header no JSON": with_texts(header=lambda t: b"alg=HS256"),
    "header with a comment": with_texts(header=lambda t: t[:-1] + b"/**/}"),
    "header with single quotes": with_texts(header=lambda t: t.replace(b'"', b"'")),
    "header with bad UTF-8": with_texts(header=lambda t: t.replace(b'"alg"', b'"\xff":1,"alg"')),
    "header with a byte order mark": with_texts(header=lambda t: b"\xef\xbb\xbf" + t),
    "claims an array": with_texts(claims=lambda t: b"[" + t + b"]"),
    "claims with bytes behind": with_texts(claims=lambda t: t + b"x"),
    "claims no JSON": with_texts(claims=lambda t: b"hello"),
    "claims empty": with_texts(claims=lambda t: b""),
    "claims nested deeply": with_claims(a=[[[[[[[[[[[1]]]]]]]]]]]),
    "two exps": with_texts(claims=lambda t: t[:-1] + b',"exp":1999999999}'),
    "two subs": with_texts(claims=lambda t: b'{"sub":"vouchsafe-example",' + t[1:]),
    "two cnfs": with_texts(claims=lambda t: t[:-1] + b',"cnf":{}}'),
    "a lone surrogate": with_texts(claims=lambda t: b'{"a":"\\ud800",' + t[1:]),
    "no exp": with_claims(exp=None),
    "no iat": with_claims(iat=None),
    "exp a text": lambda m: m.mac(m.header(), m.claims(exp=str(int(time.time()) + 300))),
    "exp a fraction": lambda m: m.mac(m.header(), m.claims(exp=time.time() // 1 + 300.5)),
    "exp true": with_claims(exp=True),
    "exp infinite": with_texts(claims=lambda t: t[:-1] + b',"nbf":1e999}'),
    "exp negative": with_claims(exp=-1),
    "exp in milliseconds": at(exp=1_000_000_000_000),
    "expired": at(iat=-700, exp=-400),
    "expired by a minute": at(iat=-360, exp=-60),
    "of tomorrow": at(iat=86400, exp=86700),
    "not valid before tomorrow": at(nbf=86400),
    "valid for a year": at(exp=31_536_000),
    "exp before iat": at(exp=-1),
    "no sub": with_claims(sub=None),
    "sub of another client": with_claims(sub="other"),
    "sub in capitals": with_claims(sub="VOUCHSAFE-EXAMPLE"),
    "sub with a space": with_claims(sub="vouchsafe-example "),
    "sub with NUL": with_claims(sub="vouchsafe-example\0"),
    "sub a list": with_claims(sub=["vouchsafe-example"]),
    "no iss": with_claims(iss=None),
    "no jti": with_claims(jti=None),
    "no cnf": with_claims(cnf=None),
    "cnf without a key": with_claims(cnf={}),
    "cnf of a thumbprint alone": with_claims(cnf={"jkt": "a" * 43}),
    "cnf of another key": with_claims(cnf={"jwk": OTHER.jwk}),
    "cnf of a private key": lambda m: m.mac(m.header(), m.claims(cnf={"jwk": {**m.key.jwk, "d": "a" * 43}})),
    "cnf off the curve": lambda m: m.mac(m.header(), m.claims(cnf={"jwk": {**m.key.jwk, "y": m.key.jwk["x"]}})),
    "cnf of a secret": with_claims(cnf={"jwk": {"kty": "oct", "k": "AQAB"}}),
    "coverage above one": with_claims(coverage=1.01),
    "coverage a text": with_claims(coverage="1"),
    "streak zero": with_claims(streak=0),
    "ear_status contraindicated": with_claims(ear_status="contraindicated"),
    "no ear_status": with_claims(ear_status=None),
    "a proof in its place": lambda m: m.proof(),
}

# --- proofs ---


def proof_with(header=None, claims=None):
    """Each a function of the good text."""
    def make(m):
        return m.signed((header or (lambda t: t))(text(m.proof_header())),
                        (claims or (lambda t: t))(text(m.proof_claims())))
    return make


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def s_beyond_the_order(m):
    """The same number modulo the curve's order, where it fits; or the order itself."""
    proof = m.proof()
    raw = unb64(proof.split(b".")[2].decode())
    beyond = int.from_bytes(raw[32:], "big") + ORDER
    if beyond >= 1 << 256:
        beyond = ORDER
    return part(proof, 2, lambda s: b64(raw[:32] + beyond.to_bytes(32, "big")).encode())


def der(m):
    signed = ".".join(b64(text(p)) for p in (m.proof_header(), m.proof_claims())).encode()
    return signed + b"." + b64(m.key.private.sign(signed, ec.ECDSA(hashes.SHA256()))).encode()


PROOFS = {
    **{"proof: " + name: (lambda bend: lambda m: bend(m.proof()))(bend) for name, bend in BENDS.items()},
    "proof by another key": lambda m: m.proof(key=OTHER),
    "proof by another key, with it": lambda m: m.proof({"jwk": OTHER.jwk}, OTHER),
    "proof with its own key in the header": lambda m: m.proof({"jwk": m.key.jwk}),
    "proof by another kind of key": lambda m: m.proof(key=Key("Ed25519")),
    "proof, alg none": lambda m: m.proof({"alg": "none"}),
    "proof, alg none, unsigned": lambda m: m.proof({"alg": "none"}).rpartition(b".")[0] + b".",
    "proof, alg HS256 over a signature": lambda m: m.proof({"alg": "HS256"}),
    "proof, a MAC under the client secret": lambda m: m.mac(m.proof_header(alg="HS256"), m.proof_claims()),
    "proof, a MAC under the public key": lambda m: m.mac(m.proof_header(alg="HS256"), m.proof_claims(),
                                                         secret=pem(m.key)),
    "proof, alg ES256K": lambda m: m.proof({"alg": "ES256K"}),
    "proof, signature in DER": der,
    "proof, s beyond the order": s_beyond_the_order,
    "proof, typ JWT": lambda m: m.proof({"typ": "JWT"}),
    "proof, typ of DPoP": lambda m: m.proof({"typ": "dpop+jwt"}),
    "proof, crit": lambda m: m.proof({"crit": ["aud"]}),
    "proof, two auds": proof_with(claims=lambda t: b'{"aud":"https://evil.example",' + t[1:]),
    "proof, aud of another": lambda m: m.proof(aud="https://evil.example"),
    "proof, aud with a slash": lambda m: m.proof(aud=m.audience + "/"),
    "proof, aud with a path": lambda m: m.proof(aud=m.audience + "/token"),
    "proof, aud a list": lambda m: m.proof(aud=[m.audience]),
    "proof, no aud": lambda m: m.proof(aud=None),
    "proof, no jti": lambda m: m.proof(jti=None),
    "proof, jti empty": lambda m: m.proof(jti=""),
    "proof, jti a number": lambda m: m.proof(jti=1),
    "proof, jti of a kilobyte": lambda m: m.proof(jti="j" * 1000),
    "proof, no iat": lambda m: m.proof(iat=None),
    "proof of an hour ago": lambda m: m.proof(iat=int(time.time()) - 3600),
    "proof of tomorrow": lambda m: m.proof(iat=int(time.time()) + 86400),
    "proof, iat a text": lambda m: m.proof(iat="%d" % time.time()),
    "proof, iss of another client": lambda m: m.proof(iss="other"),
    "proof, a challenge that nobody gave": lambda m: m.proof(challenge=b64(os.urandom(32))),
    "proof, a token in its place": lambda m: m.token(),
}

# --- the headers that they come in ---

HEADERS = {
    "no attestation": lambda m: lines(m.token(), m.proof())[1:],
    "no proof": lambda m: lines(m.token(), m.proof())[:1],
    "each in the other's place": lambda m: lines(m.proof(), m.token()),
    "both in Authorization": lambda m: [b"Authorization: OAuth-Client-Attestation " + m.token() + b"~" + m.proof()],
    "in a header with an underscore": lambda m: [line.replace(b"Client-", b"Client_", 1) for line in good(m)],
}

# Refused as HTTP: nothing behind it on a connection to the daemon is read.
NO_HTTP = {
    "two attestations": lambda m: lines(m.token(), m.proof()) + lines(m.token(), m.proof())[:1],
    "two proofs": lambda m: lines(m.token(), m.proof()) + lines(m.token(), m.proof())[1:],
    "a good attestation behind a bad one": lambda m: lines(BENDS["no signature"](m.token()), m.proof())
    + good(m)[:1],
    "NUL within": lambda m: lines(part(m.token(), 1, lambda c: c[:9] + b"\0" + c[9:]), m.proof()),
    "a line break within": lambda m: lines(part(m.token(), 1, lambda c: c[:9] + b"\r\n " + c[9:]), m.proof()),
    "a bare CR within": lambda m: lines(part(m.token(), 1, lambda c: c[:9] + b"\r" + c[9:]), m.proof()),
    "an escape within": lambda m: lines(m.token(), part(m.proof(), 1, lambda c: c + b"\x1b")),
}


def hostile():
    """name: a function that makes, of a Maker, the header lines."""
    cases = {name: (lambda make: lambda m: lines(make(m), m.proof()))(make) for name, make in TOKENS.items()}
    cases.update({name: (lambda make: lambda m: lines(m.token(), make(m)))(make)
                  for name, make in PROOFS.items()})
    cases.update(HEADERS)
    return cases


# What passes, though it looks odd.
GOOD = {
    "as it comes": good,
    "members in another order": lambda m: lines(
        m.mac(dict(reversed(m.header().items())), dict(reversed(m.claims().items()))), m.proof()),
    "white space in JSON": lambda m: lines(
        m.mac(b" \n" + text(m.header()) + b"\t", b"\r" + text(m.claims())), m.proof()),
    "further claims": lambda m: lines(m.mac(m.header(), m.claims(a={"b": [1, None]})), m.proof(x="y")),
    "an escaped alg": lambda m: lines(
        m.mac(text(m.header()).replace(b"HS256", b"HS25\\u0036"), m.claims()), m.proof()),
    "names in capitals": lambda m: [line.replace(b"OAuth-Client", b"OAUTH-CLIENT") for line in good(m)],
    "spaces round the values": lambda m: [line.replace(b": ", b":   ") + b" " for line in good(m)],
    "as old as may be": lambda m: lines(at(iat=-200, exp=10)(m), m.proof(iat=int(time.time()) - 30)),
}
