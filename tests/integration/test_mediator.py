"""mediator between the example app and a real Glewlwyd: the grant, and everything that is none."""
import base64
import hashlib
import json
import os
import threading
import time
import unittest
import urllib.parse

from harness import attacks
from harness.attacks import b64
from harness.attester import Attester, Key
from harness.case import SiteCase
from harness.glewlwyd import Glewlwyd, Person
from harness.process import free_port
from harness.vouchsafe import attestctl, request


class GlewlwydCase(SiteCase):
    PAR = True
    PLUGIN = {}

    @classmethod
    def start(cls):
        cls.server = Glewlwyd(os.path.join(cls.folder, "glewlwyd"), par=cls.PAR,
                              plugin=cls.PLUGIN)
        cls.server.add_scope("notes")
        cls.server.add_user("alice", "alice-password", ["notes"])
        cls.server.add_client(cls.site.CLIENT, cls.site.secret(), cls.site.REDIRECT, ["notes"],
                              ("code", "refresh_token", "client_credentials"))
        cls.site.start_mediator(cls.server.issuer, **cls.mediator_options())
        cls.alice = Person(cls.server, "alice", "alice-password")
        cls.url = cls.site.mediator.url

    @classmethod
    def mediator_options(cls):
        return {}

    @classmethod
    def tearDownClass(cls):
        if getattr(cls, "server", None):
            cls.server.stop()
        super().tearDownClass()

    def attester(self, **kw):
        return Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary, **kw)

    def post(self, path, form, headers=(), url=None):
        """(status, message) of a form post; the headers of the answer are kept."""
        status, self.headers, body = request((url or self.url) + path, "POST", form, headers)
        return status, json.loads(body) if body else {}

    def authorization(self, verifier, **more):
        challenge = b64(hashlib.sha256(verifier.encode()).digest())
        form = {"response_type": "code", "client_id": self.site.CLIENT,
                "redirect_uri": self.site.REDIRECT, "scope": "notes", "state": "st",
                "code_challenge": challenge, "code_challenge_method": "S256", **more}
        return [(k, v) for k, v in form.items() if v is not None]

    def code_for(self, attester, verifier):
        """A real code: pushed by this attester, granted by Alice."""
        status, pushed = self.post("/par", self.authorization(verifier),
                                   attester.headers_for(self.url))
        self.assertEqual(status, 201, pushed)
        back = self.alice.authorize(
            self.url + "/authorize?" + urllib.parse.urlencode(
                {"client_id": self.site.CLIENT, "request_uri": pushed["request_uri"]}),
            self.site.CLIENT, ["notes"], self.site.REDIRECT)
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)
        self.assertEqual(query["state"], ["st"])
        return query["code"][0]

    def exchange(self, attester, code, verifier, **more):
        form = {"grant_type": "authorization_code", "client_id": self.site.CLIENT, "code": code,
                "redirect_uri": self.site.REDIRECT, "code_verifier": verifier, **more}
        return self.post("/token", [(k, v) for k, v in form.items() if v is not None],
                         attester.headers_for(self.url))


def verifier():
    return b64(os.urandom(32))


class BothPhases(GlewlwydCase):
    def test_code_grant_and_refresh(self):
        a, v = self.attester(), verifier()
        status, grant = self.exchange(a, self.code_for(a, v), v)
        self.assertEqual(status, 200, grant)
        status, claims = self.server.introspect(self.site.CLIENT, self.site.secret(),
                                                grant["access_token"])
        self.assertTrue(claims["active"])
        self.assertEqual(claims["username"], "alice")
        status, again = self.post("/token", [
            ("grant_type", "refresh_token"), ("client_id", self.site.CLIENT),
            ("refresh_token", grant["refresh_token"])], a.headers_for(self.url))
        self.assertEqual(status, 200, again)
        self.assertNotEqual(again["access_token"], grant["access_token"])

    def test_the_example_app_does_all_of_it(self):
        with self.site.app() as app:
            good, words = app.ask("login")
            self.assertTrue(good, words)
            back = self.alice.authorize(words.split(" ", 1)[1], self.site.CLIENT, ["notes"],
                                        self.site.REDIRECT)
            good, words = app.ask("finish " + back)
            self.assertTrue(good, words)
            _, token = app.ask("show access_token")
            _, claims = self.server.introspect(self.site.CLIENT, self.site.secret(), token)
            self.assertTrue(claims["active"])
            self.assertTrue(app.ask("refresh")[0])

    def test_a_code_belongs_to_the_instance_that_pushed(self):
        owner, thief, v = self.attester(), self.attester(), verifier()
        code = self.code_for(owner, v)
        status, refusal = self.exchange(thief, code, v)
        self.assertEqual((status, refusal["error"]), (400, "invalid_grant"))
        self.assertEqual(self.exchange(owner, code, v)[0], 200, "and its owner still gets it")

    def test_a_code_needs_its_verifier(self):
        a, v = self.attester(), verifier()
        code = self.code_for(a, v)
        for name, wrong in {"another": verifier(), "none": None, "too short": "a" * 42,
                            "too long": "a" * 129, "bad characters": "é" * 43}.items():
            with self.subTest(name):
                status, refusal = self.exchange(a, code, wrong)
                self.assertEqual(status, 400)
                self.assertIn(refusal["error"], ("invalid_grant", "invalid_request"))
        self.assertEqual(self.exchange(a, code, v)[0], 200)

    def test_a_code_is_forwarded_once(self):
        a, v = self.attester(), verifier()
        code = self.code_for(a, v)
        self.assertEqual(self.exchange(a, code, v)[0], 200)
        status, refusal = self.exchange(a, code, v)
        self.assertEqual((status, refusal["error"]), (400, "invalid_grant"))

    def test_pkce_is_required_at_par(self):
        a = self.attester()
        v = verifier()
        cases = {"no challenge": {"code_challenge": None}, "plain": {"code_challenge_method": "plain"},
                 "no method": {"code_challenge_method": None}, "short": {"code_challenge": "A" * 42},
                 "not canonical": {"code_challenge": "A" * 42 + "B"}}
        for name, change in cases.items():
            with self.subTest(name):
                status, refusal = self.post("/par", self.authorization(v, **change),
                                            a.headers_for(self.url))
                self.assertEqual((status, refusal["error"]), (400, "invalid_request"))
        status, _ = self.post("/par", self.authorization(v), a.headers_for(self.url))
        self.assertEqual(status, 201)

    def test_authorize_takes_pushed_requests_only(self):
        a, v = self.attester(), verifier()
        plain = urllib.parse.urlencode(self.authorization(v))
        made_up = urllib.parse.urlencode({"client_id": self.site.CLIENT, "request_uri":
                                          "urn:ietf:params:oauth:request_uri:made-up-by-somebody"})
        for name, query in {"plain parameters": plain, "unknown request_uri": made_up,
                            "nothing": "", "request_uri of another scheme":
                            "client_id=x&request_uri=https%3A%2F%2Fevil.example%2F"}.items():
            with self.subTest(name):
                status, headers, _ = request(self.url + "/authorize?" + query)
                self.assertEqual(status, 400)
                self.assertIsNone(headers["Location"])
        _, pushed = self.post("/par", self.authorization(v), a.headers_for(self.url))
        status, headers, _ = request(self.url + "/authorize?" + urllib.parse.urlencode(
            {"client_id": self.site.CLIENT, "request_uri": pushed["request_uri"]}))
        self.assertIn(status, (302, 303))
        self.assertTrue(headers["Location"].startswith(self.server.issuer + "/auth?"))
        status, headers, _ = request(self.url + "/authorize?" + urllib.parse.urlencode(
            {"client_id": "another", "request_uri": pushed["request_uri"]}))
        self.assertEqual(status, 400)

    def test_upstream_errors_come_back_unchanged(self):
        a = self.attester()
        form = [("grant_type", "client_credentials"), ("client_id", self.site.CLIENT),
                ("scope", "not-one-of-yours")]
        status, message = self.post("/token", form, a.headers_for(self.url))
        basic = base64.b64encode((self.site.CLIENT + ":" + self.site.secret()).encode()).decode()
        direct, _, body = request(self.server.issuer + "/token", "POST", form,
                                  {"Authorization": "Basic " + basic})
        self.assertEqual(status // 100, 4)
        self.assertEqual((status, message), (direct, json.loads(body) if body else {}))

    def test_metadata(self):
        for path in ("oauth-authorization-server", "openid-configuration"):
            with self.subTest(path):
                status, _, body = request(self.url + "/.well-known/" + path)
                self.assertEqual(status, 200)
                document = json.loads(body)
                self.assertEqual(document["issuer"], self.url)
                self.assertEqual(document["token_endpoint"], self.url + "/token")
                self.assertEqual(document["authorization_endpoint"], self.url + "/authorize")
                self.assertEqual(document["pushed_authorization_request_endpoint"], self.url + "/par")
                self.assertTrue(document["require_pushed_authorization_requests"])
                self.assertEqual(document["token_endpoint_auth_methods_supported"],
                                 ["attest_jwt_client_auth"])
                self.assertEqual(document["code_challenge_methods_supported"], ["S256"])
                self.assertEqual(document["jwks_uri"], self.server.issuer + "/jwks")


class OwnPar(BothPhases):
    """The same, where the server has no PAR and the mediator keeps the request."""
    PAR = False


class Gate(GlewlwydCase):
    """Who gets past, on each gated endpoint; client_credentials needs no person."""

    def grant(self, headers, client=None, **more):
        form = [("grant_type", "client_credentials"), ("client_id", client or self.site.CLIENT),
                ("scope", "notes")] + list(more.items())
        return self.post("/token", form, headers)

    def test_who_is_refused(self):
        a, stranger = self.attester(), self.attester()
        token = a.token()
        secret = self.site.secret().encode()
        good = lambda **pop: a.headers_for(self.url, token, **pop)  # noqa: E731
        now = int(time.time())
        as_public_key = attacks.forge(token, json.dumps(a.key.jwk).encode())
        cases = {
            "no headers": {},
            "no proof": {"OAuth-Client-Attestation": token},
            "no token": {"OAuth-Client-Attestation-PoP": a.key.pop(self.url)},
            "a word for a token": {**good(), "OAuth-Client-Attestation": "token"},
            "forged": {**good(), "OAuth-Client-Attestation": attacks.forge(token, b"g" * 43)},
            "unsigned": {**good(), "OAuth-Client-Attestation": attacks.forge_unsigned(token)},
            "signed with the public key": {**good(), "OAuth-Client-Attestation": as_public_key},
            "another kid": {**good(), "OAuth-Client-Attestation":
                            attacks.forge(token, secret, {"kid": "0" * 16})},
            "no kid": {**good(), "OAuth-Client-Attestation":
                       attacks.forge(token, secret, {"kid": None})},
            "crit": {**good(), "OAuth-Client-Attestation":
                     attacks.forge(token, secret, {"crit": ["exp"]})},
            "another typ": {**good(), "OAuth-Client-Attestation":
                            attacks.forge(token, secret, {"typ": "JWT"})},
            "another client's": {**good(), "OAuth-Client-Attestation":
                                 attacks.forge(token, secret, None, {"sub": "somebody"})},
            "expired": {**good(), "OAuth-Client-Attestation":
                        attacks.forge(token, secret, None, {"iat": now - 400, "exp": now - 100})},
            "from the future": {**good(), "OAuth-Client-Attestation":
                                attacks.forge(token, secret, None,
                                              {"iat": now + 100, "exp": now + 400})},
            "lives for a year": {**good(), "OAuth-Client-Attestation":
                                 attacks.forge(token, secret, None, {"exp": now + 31536000})},
            "no cnf": {**good(), "OAuth-Client-Attestation":
                       attacks.forge(token, secret, None, {"cnf": {}})},
            "proof by another key": {"OAuth-Client-Attestation": token,
                                     "OAuth-Client-Attestation-PoP": stranger.key.pop(self.url)},
            "proof for another audience": {**good(), "OAuth-Client-Attestation-PoP":
                                           a.key.pop("https://elsewhere.example")},
            "old proof": good(iat=now - 400), "proof from the future": good(iat=now + 400),
            "proof without jti": good(jti=None), "proof without iat": good(iat=None),
            "proof of another type": {**good(), "OAuth-Client-Attestation-PoP":
                                      a.key.pop(self.url, {"typ": "dpop+jwt"})},
            "proof signed with HS256": {**good(), "OAuth-Client-Attestation-PoP":
                                        attacks.forge(a.key.pop(self.url), secret,
                                                      {"alg": "HS256"})},
        }
        for name, headers in cases.items():
            with self.subTest(name):
                status, message = self.grant(headers)
                self.assertIn(status, (400, 401), message)
                self.assertNotIn("access_token", message)
                self.assertIn(message["error"], (
                    "invalid_client", "invalid_client_attestation", "use_fresh_attestation",
                    "invalid_request"))
        status, message = self.grant(good())
        self.assertEqual(status, 200, message)
        status, message = self.grant(a.headers_for(self.url, attacks.forge(token, secret)))
        self.assertEqual(status, 200, "what forge makes with the right secret is right")

    def test_a_proof_is_good_once(self):
        a = self.attester()
        headers = a.headers_for(self.url)
        self.assertEqual(self.grant(headers)[0], 200)
        status, message = self.grant(headers)
        self.assertEqual(status, 400, message)
        line = self.refusal(self.site.mediator, message["error_id"])
        self.assertEqual(line["client_id"], self.site.CLIENT)

    def test_client_supplied_authentication_never_counts(self):
        """A secret of the client's own neither helps nor reaches the server."""
        a = self.attester()
        basic = base64.b64encode((self.site.CLIENT + ":" + self.site.secret()).encode()).decode()
        for name, headers, more in (
                ("Basic", {"Authorization": "Basic " + basic}, {}),
                ("post", {}, {"client_secret": self.site.secret()})):
            with self.subTest(name + " alone"):
                self.assertIn(self.grant(headers, **more)[0], (400, 401))
        wrong = base64.b64encode((self.site.CLIENT + ":wrong").encode()).decode()
        status, message = self.grant({**a.headers_for(self.url), "Authorization": "Basic " + wrong})
        self.assertEqual(status, 200, message)

    def test_unknown_client_looks_like_a_bad_token(self):
        a = self.attester()
        status, message = self.grant(a.headers_for(self.url), client="nobody")
        bad_status, bad = self.grant({**a.headers_for(self.url), "OAuth-Client-Attestation": "x.y.z"})
        for answer in (message, bad):
            answer.pop("error_id", None)
        self.assertEqual((status, message), (bad_status, bad))

    def test_grants_and_duplicates_and_types(self):
        a = self.attester()
        form = [("grant_type", "password"), ("client_id", self.site.CLIENT), ("username", "alice"),
                ("password", "alice-password")]
        status, message = self.post("/token", form, a.headers_for(self.url))
        self.assertEqual((status, message["error"]), (400, "unauthorized_client"))
        form = [("grant_type", "client_credentials"), ("client_id", self.site.CLIENT)]
        status, message = self.post("/token", form + form[1:], a.headers_for(self.url))
        self.assertEqual((status, message["error"]), (400, "invalid_request"))
        status, message = self.post("/token", form[:1], a.headers_for(self.url))
        self.assertIn(status, (400, 401), "no client_id")
        status, _, body = request(self.url + "/token", "POST", json.dumps(dict(form)),
                                  {**a.headers_for(self.url), "Content-Type": "application/json"})
        self.assertIn(status, (400, 415))

    def test_challenge_endpoint(self):
        status, headers, body = request(self.url + "/challenge", "POST", "")
        self.assertEqual(status, 200)
        self.assertIn("attestation_challenge", json.loads(body))
        self.assertIn("no-store", headers["Cache-Control"])

    def test_rotation_reaches_the_server_side(self):
        a = self.attester()
        old = a.token()
        attestctl(self.site.registry, "secret", "rotate", self.site.CLIENT)
        self.site.attestd.reload()
        self.assertEqual(self.site.mediator.reload()["event"], "reloaded")
        try:
            self.server.admin.send("PUT", self.server.base + "/api/client/" + self.site.CLIENT, {
                "client_id": self.site.CLIENT, "name": self.site.CLIENT, "confidential": True,
                "enabled": True, "client_secret": self.site.secret(),
                "redirect_uri": [self.site.REDIRECT], "scope": ["notes"],
                "authorization_type": ["code", "refresh_token", "client_credentials"],
                "token_endpoint_auth_method": ["client_secret_basic"]})
            self.assertEqual(self.grant(a.headers_for(self.url, old))[0], 200,
                             "a token of the old secret is good until it expires")
            self.assertEqual(self.grant(a.headers_for(self.url))[0], 200)
        finally:
            self.assertEqual(self.site.mediator.reload()["event"], "reloaded")


class Upstream(SiteCase):
    """What a mediator says when the server behind it misbehaves."""

    @classmethod
    def start(cls):
        cls.port = free_port()
        base = "http://127.0.0.1:%d" % cls.port
        cls.site.start_mediator(base, upstream=(
            'discovery = false\n token_endpoint = "%s/token"\n authorization_endpoint = "%s/auth"\n'
            ' limits { connect_ms = 500 first_byte_ms = 500 total_ms = 1500 }'
            % (base, base)))
        cls.url = cls.site.mediator.url

    def ask(self):
        a = Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)
        status, headers, body = request(self.url + "/token", "POST", [
            ("grant_type", "client_credentials"), ("client_id", self.site.CLIENT)],
            a.headers_for(self.url))
        return status, json.loads(body) if body else {}

    def behind(self, handle):
        """A server on the upstream's port whose connections handle(connection) treats; counts
        the requests that arrived."""
        import socket
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(16)
        seen = []

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                data = connection.recv(65536)
                if data:
                    seen.append(data)
                    handle(connection)
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        self.addCleanup(lambda: (listener.shutdown(socket.SHUT_RDWR), listener.close()))
        return seen

    def test_nobody_there(self):
        status, message = self.ask()
        self.assertEqual((status, message["error"]), (503, "temporarily_unavailable"))

    def test_good_answer(self):
        seen = self.behind(lambda c: c.sendall(
            b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 22\r\n'
            b'Connection: close\r\n\r\n{"access_token":"abc"}'))
        self.assertEqual(self.ask(), (200, {"access_token": "abc"}))
        self.assertEqual(len(seen), 1)
        head = seen[0].split(b"\r\n\r\n")[0].lower()
        self.assertEqual(head.count(b"authorization:"), 1)
        self.assertNotIn(b"attestation", head)

    def test_bad_answers_are_502_and_sent_once(self):
        answers = {
            "closes": b"", "truncated": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{}",
            "not HTTP": b"SSH-2.0-OpenSSH\r\n\r\n",
            "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
            "oversized": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        }
        for name, answer in answers.items():
            with self.subTest(name):
                seen = self.behind(lambda c, answer=answer: c.sendall(answer))
                status, message = self.ask()
                self.assertEqual((status, message["error"]), (502, "server_error"))
                self.assertEqual(len(seen), 1, "a grant is sent once")
                self.doCleanups()

    def test_silence_is_504(self):
        seen = self.behind(lambda c: time.sleep(2))
        status, message = self.ask()
        self.assertEqual(status, 504)
        self.assertEqual(len(seen), 1)


if __name__ == "__main__":
    unittest.main()
