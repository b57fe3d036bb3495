"""What reaches the server, whatever the client sends: exactly one client authentication, ours; none
of the client's; and every other parameter byte for byte in order. Random requests from a fixed seed
go all the way from the app's socket to the server's; what fails is made small and printed."""
import base64
import hashlib
import hmac
import http.client
import itertools
import json
import os
import random
import re
import unittest
import urllib.parse

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

from harness.attacks import unb64
from harness.attester import Attester
from harness.case import SiteCase
from harness.scripted import Scripted, ok
from harness.vouchsafe import attestctl, mediatorctl

APPS = {"basic": ("client_secret_basic", None), "post": ("client_secret_post", None),
        "secret-jwt": ("client_secret_jwt", None), "es256": ("private_key_jwt", "ES256"),
        "eddsa": ("private_key_jwt", "EdDSA"), "open": ("none", None)}
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
ENDPOINTS = {"/token": [b"grant_type=client_credentials"], "/device_authorization": [],
             "/revoke": [b"token=abc"], "/introspect": [b"token=a%2Bc"]}
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SECRETS = (b"client_secret", b"client_assertion", b"client_assertion_type")
PASSING = ("accept", "accept-language", "dpop", "user-agent")
STOPPED = ("Authorization", "Cookie", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host",
           "X-Forwarded-Proto", "Client-Cert", "Client-Cert-Chain", "X-Client-Cert", "TE", "Upgrade",
           "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "Accept-Encoding", "Origin",
           "OAuth-Client-Attestation-PoP", "Vouchsafe-Client-Id", "X-Original-URI", "Via", "Range",
           "X-HTTP-Method-Override", "Authorization-Info", "X-Whatever-Comes-Next")


def decoded(raw):
    return urllib.parse.unquote_to_bytes(raw.split(b"=")[0].replace(b"+", b" "))


def kept(params):
    return [p for p in params if decoded(p) not in SECRETS]


# --- the generator ---

def escaped(rng, text, often):
    """The same text, some of it as %XX in either case."""
    out = b""
    for byte in text:
        code = b"%%%02x" % byte
        plain = byte < 128 and chr(byte).isalnum() or byte in b"-._~*"
        out += bytes([byte]) if plain and rng.random() > often else rng.choice(
            (code, code.upper().replace(b"X", b"x")))
    return out


def value(rng):
    text = "".join(rng.choice("abcXYZ019 -._~*!'()=&+%/?:;@,é€𝄞\"\\<>[]{}|^`#$")
                   for _ in range(rng.randrange(24)))
    raw = escaped(rng, text.encode(), 0.2)
    return raw.replace(b"%20", b"+") if rng.random() < 0.5 else raw


def param(rng, n):
    name = b"%s%d" % (rng.choice((b"p", b"x-", b"vendor.option", b"scopes", b"client_secretx",
                                  b"xclient_assertion", b"A_", b"0")), n)
    return escaped(rng, name, 0.1) + b"=" + value(rng)


def case_of(rng):
    """{app, path, params, headers}"""
    app, path = rng.choice(list(APPS)), rng.choice(list(ENDPOINTS))
    params = [param(rng, n) for n in range(rng.randrange(10))] + ENDPOINTS[path]
    params += [b"resource=" + value(rng) for _ in range(rng.randrange(3))]
    params += [escaped(rng, name, 0.2) + b"=" + value(rng) for name in SECRETS
               if rng.random() < 0.5]
    params.append(escaped(rng, b"client_id", 0.1) + b"=" + app.encode())
    rng.shuffle(params)
    names = rng.sample(STOPPED, rng.randrange(6))
    names += rng.sample(["Accept", "Accept-Language", "DPoP", "User-Agent", "accept", "USER-AGENT"],
                        rng.randrange(4))
    rng.shuffle(names)
    headers = [(name, "".join(rng.choice("abc XYZ09;,=/\"-._") for _ in range(
        rng.randrange(1, 20))).strip() or "x") for name in names]
    return {"app": app, "path": path, "params": params, "headers": headers}


WILD = (b"&", b"=", b"%", b"+", b";", b"%00", b"%26", b"%3D", b"\n", b"\xff", b"[]", b".",
        b"&client_secret=x", b"&Client_Secret=x", b"&client.assertion=x", b"&client_id=open",
        b"&client%5fsecret=x", b"&client_secret[]=x", b";client_secret=x", b"&client_assertion", b"%41", b"*", b"+", b"&more=1",
        b"&client_secret%00=x", b"& client_secret=x", b"&%63lient_assertion=x", b"&&", b"#", b"?")


def wild(rng):
    """The same with bytes in it that no honest client would send."""
    case = case_of(rng)
    body = b"&".join(case["params"])
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        at = rng.randrange(len(body) + 1)
        body = body[:at] + rng.choice(WILD) + body[at + rng.randrange(3):]
    case["params"] = body.split(b"&")
    return case


# --- what a case amounts to ---

class Judge:
    def __init__(self, secrets, keys, issuer):
        self.secrets, self.keys, self.issuer, self.seen = secrets, keys, issuer, set()

    def assertion(self, app, text):
        method, alg = APPS[app]
        head, claims, signature = text.split(".")
        signed, header = (head + "." + claims).encode(), json.loads(unb64(head))
        claims, signature = json.loads(unb64(claims)), unb64(signature)
        if (claims["iss"], claims["sub"], claims["aud"]) != (app, app, self.issuer):
            return "claims of the assertion: %r" % claims
        if claims["jti"] in self.seen:
            return "an assertion twice"
        self.seen.add(claims["jti"])
        if header["alg"] != (alg or "HS256"):
            return "algorithm " + header["alg"]
        if method == "client_secret_jwt":
            want = hmac.new(self.secrets[app].encode(), signed, hashlib.sha256).digest()
            return None if hmac.compare_digest(want, signature) else "signature"
        jwk = self.keys[app]
        if jwk["kty"] == "OKP":
            ed25519.Ed25519PublicKey.from_public_bytes(unb64(jwk["x"])).verify(signature, signed)
            return None
        pair = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"),
                                          int.from_bytes(signature[32:], "big"))
        x, y = (int.from_bytes(unb64(jwk[c]), "big") for c in "xy")
        ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key().verify(
            pair, signed, ec.ECDSA(hashes.SHA256()))
        return None

    def body(self, case, body):
        """Why the body is wrong, or None."""
        want = b"&".join(kept(case["params"]))
        if not body.startswith(want):
            return "parameters: %r, not %r" % (body, want)
        added = urllib.parse.parse_qsl(body[len(want):].decode().lstrip("&"), True, True)
        method = APPS[case["app"]][0]
        if method in ("client_secret_basic", "none"):
            return None if body == want else "added: %r" % body[len(want):]
        if want and body[len(want):len(want) + 1] != b"&":
            return "ours runs into theirs"
        if method == "client_secret_post":
            right = added == [("client_secret", self.secrets[case["app"]])]
            return None if right else "added: %r" % added
        if [name for name, _ in added] != ["client_assertion_type", "client_assertion"] or \
                added[0][1] != ASSERTION:
            return "added: %r" % added
        return self.assertion(case["app"], added[1][1])

    def lenient(self, case, body):
        """What a server would see that folds case, '.', brackets and spaces as some do."""
        own = 1 if APPS[case["app"]][0] == "client_secret_post" else 0
        names = [re.sub(r"[.\s]", "_", re.sub(r"[\[\x00].*", "", urllib.parse.unquote(
            part.split("=")[0].replace("+", " ")))).lower().strip("_")
            for part in re.split("[&;]", body.decode("latin-1"))]
        if names.count("client_secret") != own:
            return "a client_secret for a lenient reader: %r" % body
        if names.count("client_assertion") != (1 if "jwt" in APPS[case["app"]][0] else 0):
            return "a client_assertion for a lenient reader: %r" % body
        return None if names.count("client_id") == 1 else "client_id: %r" % body

    def head(self, case, head, length, host):
        lines = [tuple(line.split(": ", 1)) for line in head.decode("latin-1").split("\r\n")[1:]]
        want = [("Host", host), ("Accept-Encoding", "identity")]
        want += [(n, v) for n, v in case["headers"] if n.lower() in PASSING]
        want.append(("Content-Type", "application/x-www-form-urlencoded"))
        if APPS[case["app"]][0] == "client_secret_basic":
            pair = ":".join(urllib.parse.quote_plus(t, safe="")
                            for t in (case["app"], self.secrets[case["app"]]))
            want.append(("Authorization", "Basic " + base64.b64encode(pair.encode()).decode()))
        want.append(("Content-Length", str(length)))
        return None if lines == want else "head: %r, not %r" % (lines, want)

    def verdict(self, case, head, body, host):
        return (self.head(case, head, len(body), host) or self.body(case, body)
                or self.lenient(case, body))


def smallest(case, fails):
    """With as little in it as still fails."""
    changed = True
    while changed:
        changed = False
        for part in ("params", "headers"):
            for i in range(len(case[part]) - 1, -1, -1):
                less = {**case, part: case[part][:i] + case[part][i + 1:]}
                if fails(less):
                    case, changed = less, True
    return case


class Rewrite(SiteCase):
    CASES, WILD_CASES = 3000, 2000

    @classmethod
    def start(cls):
        codes = itertools.count()  # a device code is handed out once
        cls.server = Scripted(lambda talk, *_: talk.send(ok(
            b'{"device_code":"code-%d","expires_in":60}' % next(codes))))
        cls.keys, sections = {}, ""
        for name, (method, alg) in APPS.items():
            attestctl(cls.site.registry, "app", "add", name)
            attestctl(cls.site.registry, "build", "add", name, cls.site.binary)
            more = ""
            if alg:
                folder = os.path.join(cls.folder, "keys-" + name)
                done = mediatorctl("client-key", "rotate", "--folder", folder, "--alg", alg)
                cls.keys[name] = json.loads(done.stdout)["keys"][0]
                more = 'assertion_keyring = "%s"\n' % folder
            sections += (
                'client "%s" { keyring = "%s/%s/secrets"\n auth_method = "%s"\n possession = "none"\n'
                ' seal_refresh = false\n grants = { "client_credentials", "%s" }\n %s }\n'
                % (name, cls.site.registry, name, method, DEVICE_CODE, more))
        cls.site.attestd.reload()
        base = cls.server.url
        cls.site.start_mediator(base, "http { requests = 1000000 }\n" + sections, upstream=(
            'discovery = false\n token_endpoint = "%s/token"\n'
            ' device_authorization_endpoint = "%s/device_authorization"\n'
            ' revocation_endpoint = "%s/revoke"\n introspection_endpoint = "%s/introspect"\n'
            ' limits { connections = 1 }\n' % ((base,) * 4)))
        cls.tokens = {name: Attester(cls.site.attestd.url, name, cls.site.binary).token()
                      for name in APPS}
        cls.judge = Judge({name: cls.site.secret(name) for name in APPS}, cls.keys, base)
        cls.connection = http.client.HTTPConnection("127.0.0.1", cls.site.mediator.port, timeout=60)

    @classmethod
    def tearDownClass(cls):
        if getattr(cls, "connection", None):
            cls.connection.close()
        if getattr(cls, "server", None):
            cls.server.stop()
        super().tearDownClass()

    def send(self, case):
        """The status, and what the server saw: [(head, body)]."""
        body = b"&".join(case["params"])
        self.server.clear()
        self.connection.putrequest("POST", case["path"], skip_accept_encoding=True)
        for name, text in [("Content-Type", "application/x-www-form-urlencoded"),
                           ("OAuth-Client-Attestation", self.tokens[case["app"]]),
                           ("Content-Length", str(len(body))), *case["headers"]]:
            self.connection.putheader(name, text)
        self.connection.endheaders(body)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status, list(self.server.requests)

    def wrong(self, case, must_pass):
        """Why it is wrong, or None."""
        status, seen = self.send(case)
        if not seen:
            refused = status in (400, 403) and not must_pass
            return None if refused else "not forwarded: %d" % status
        if len(seen) != 1 or status != 200:
            return "forwarded %d times, answered %d" % (len(seen), status)
        return self.judge.verdict(case, *seen[0], "127.0.0.1:%d" % self.server.port)

    @staticmethod
    def needed(case):
        """Without these any request is refused."""
        return (set(ENDPOINTS[case["path"]]) <= set(case["params"])
                and b"client_id" in [decoded(p) for p in case["params"]])

    def run_cases(self, make, seed, count, must_pass):
        forwarded = 0
        for n in range(count):
            case = make(random.Random(seed * 1000003 + n))
            why = self.wrong(case, must_pass)
            if why:
                case = smallest(case, lambda less: self.needed(less) and self.wrong(less, must_pass))
                self.fail("seed %d, case %d: %s\nmade small: %r\n%s" % (
                    seed, n, why, case, self.wrong(case, must_pass)))
            forwarded += bool(self.server.requests)
        return forwarded

    def test_every_method_and_endpoint(self):
        self.assertEqual(self.run_cases(case_of, 1, self.CASES, True), self.CASES)

    def test_whatever_bytes(self):
        forwarded = self.run_cases(wild, 2, self.WILD_CASES, False)
        self.assertGreater(forwarded, 100, "the control: not all of them were refused")
        self.assertLess(forwarded, self.WILD_CASES)

    def test_the_judge_sees(self):
        """Each is what the server must not see."""
        case = {"app": "basic", "path": "/token", "headers": [("Accept", "a/b"), ("Cookie", "c")],
                "params": [b"a=%2B", b"client_secret=x", b"client_id=basic",
                           b"grant_type=client_credentials"]}
        self.assertIsNone(self.wrong(case, True))
        (head, body), = self.server.requests
        host = "127.0.0.1:%d" % self.server.port
        self.assertIsNone(self.judge.verdict(case, head, body, host))
        longer = lambda old, new: head.replace(b"Content-Length: %d" % len(old),
                                               b"Content-Length: %d" % len(new))
        doctored = [(longer(body, b), b) for b in (
            body + b"&client_secret=x", b"client_secret=x&" + body, body.replace(b"%2B", b"%2b"),
            body.replace(b"a=%2B&", b""), body + b"&Client.Secret=x",
            b"&".join(reversed(body.split(b"&"))))]
        doctored += [(head + b"\r\nCookie: c", body), (head.replace(b"Basic ", b"Basic A"), body),
                     (re.sub(rb"\r\nAuthorization: [^\r]*", b"", head), body),
                     (head + b"\r\nAuthorization: Basic eA==", body)]
        for wrong_head, wrong_body in doctored:
            self.assertIsNotNone(self.judge.verdict(case, wrong_head, wrong_body, host),
                                 (wrong_head, wrong_body))


if __name__ == "__main__":
    unittest.main()
