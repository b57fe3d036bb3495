"""mediator: what a thief may hold is worth nothing, on every endpoint: each attack is refused before
the server hears of it, and has a twin that is served."""
import base64
import collections
import json
import time
import unittest
import urllib.parse

from integration.test_mediator import GlewlwydCase, verifier

from harness import attacks
from harness.attacks import b64
from harness.middle import Middle
from harness.vouchsafe import attestctl, request

API = "https://api.example"
OTHER = "other-app"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

# form: makes what the victim may send, or None; code: what the victim is answered then; upstream:
# how often the server is asked for it; bound: it holds something that belongs to the victim.
Row = collections.namedtuple("Row", "name path form code upstream bound")
ROWS = (
    Row("client_credentials", "/token", "credentials_form", 200, 1, False),
    Row("authorization_code", "/token", "code_form", 200, 1, True),
    Row("refresh_token", "/token", "refresh_form", 200, 1, True),
    Row("device_code", "/token", "device_form", 200, 1, True),
    Row("par", "/par", "push_form", 201, 1, True),
    Row("device_authorization", "/device_authorization", "start_form", 200, 1, False),
    Row("introspect", "/introspect", "token_form", 200, 1, True),
    Row("revoke", "/revoke", "token_form", 200, 1, True),
    Row("check", "/check/api", "no_form", 204, 0, False),
)


class Thief(GlewlwydCase):
    """The victim is an instance of the example app; the thief has the same app on a device of his
    own, another app on it, and whatever he took from the victim: but never the victim's key."""

    PLUGIN = {"oauth-device-authorization-expiration": 600,
              "oauth-device-authorization-interval": 1}

    @classmethod
    def start(cls):
        attestctl(cls.site.registry, "app", "add", OTHER)
        attestctl(cls.site.registry, "build", "add", OTHER, cls.site.binary, "--label", "1.0.0")
        cls.site.attestd.reload()
        super().start()
        cls.server.set_client(cls.site.CLIENT, authorization_type=[
            "code", "refresh_token", "client_credentials", "device_authorization"])

    @classmethod
    def mediator_options(cls):
        """Somebody who counts stands between the mediator and the server."""
        cls.middle = Middle(cls.server.base)
        base = cls.middle.url + "/api/glwd"
        endpoints = {"token": "token", "pushed_authorization_request": "par",
                     "device_authorization": "device_authorization", "revocation": "revoke",
                     "introspection": "introspect"}
        return {
            "upstream": 'discovery = false\n authorization_endpoint = "%s/auth"\n' % cls.server.issuer
            + "".join(' %s_endpoint = "%s/%s"\n' % (name, base, path)
                      for name, path in endpoints.items()),
            "client": 'grants = { "authorization_code", "refresh_token", "client_credentials", "%s" }'
            % DEVICE_CODE,
            "extra": 'client "%s" { keyring = "%s/%s/secrets" }\n'
                     'check "api" { resource = "%s"\n clients = { "%s" } }'
                     % (OTHER, cls.site.registry, OTHER, API, cls.site.CLIENT)}

    @classmethod
    def tearDownClass(cls):
        if getattr(cls, "middle", None):
            cls.middle.stop()
        super().tearDownClass()

    def setUp(self):
        self.victim, self.thief, self.other = self.attester(), self.attester(), self.attester()
        self.other.client_id = OTHER

    # What the victim may send.

    def form(self, **form):
        return [("client_id", self.site.CLIENT), *form.items()]

    def no_form(self):
        return None

    def credentials_form(self):
        return self.form(grant_type="client_credentials", scope="notes")

    def start_form(self):
        return self.form(scope="notes")

    def grant(self):
        v = verifier()
        return self.exchange(self.victim, self.code_for(self.victim, v), v)[1]

    def refresh_form(self):
        return self.form(grant_type="refresh_token", refresh_token=self.grant()["refresh_token"])

    def token_form(self):
        return self.form(token=self.grant()["refresh_token"], token_type_hint="refresh_token")

    def code_form(self):
        v = verifier()
        return self.form(grant_type="authorization_code", code=self.code_for(self.victim, v),
                         redirect_uri=self.site.REDIRECT, code_verifier=v)

    def device_form(self):
        status, body = self.send("/device_authorization", self.start_form(),
                                 self.victim.headers_for(self.url))
        self.assertEqual(status, 200, body)
        started = json.loads(body)
        self.alice.allow_device(started["verification_uri_complete"], self.site.CLIENT, ["notes"])
        return self.form(grant_type=DEVICE_CODE, device_code=started["device_code"])

    def push_form(self):
        """Pushed already; it is the victim's right to push it again."""
        form = self.authorization(verifier())
        self.assertEqual(self.send("/par", form, self.victim.headers_for(self.url))[0], 201)
        return form

    # How it is stolen.

    def send(self, path, form, headers):
        status, _, body = request(self.url + path, "POST" if form else "GET", form, dict(headers))
        return status, body

    @staticmethod
    def audience(row, url):
        return API if row.path.startswith("/check") else url

    def expect_refusal(self, row, form, headers):
        before = len(self.middle.recorded)
        status, body = self.send(row.path, form, headers)
        self.assertIn(status, (400, 401, 403), body)
        self.assertIn(b'"error_id"', body, "it is we who refuse it")
        for secret in (b"access_token", b"request_uri", b"device_code", b"active"):
            self.assertNotIn(secret, body)
        self.assertEqual(len(self.middle.recorded), before, "the server heard of it")

    def expect_service(self, row, form, headers):
        before = len(self.middle.recorded)
        status, body = self.send(row.path, form, headers)
        self.assertEqual(status, row.code, body)
        self.assertEqual(len(self.middle.recorded) - before, row.upstream)

    def on_every_endpoint(self, attack, rows=ROWS):
        """attack(row, audience, form) gives the headers of the thief, and perhaps another form. It
        is refused everywhere; then the victim sends the same form, and is served."""
        for row in rows:
            with self.subTest(row.name):
                form, audience = getattr(self, row.form)(), self.audience(row, self.url)
                headers, changed = attack(row, audience, form)
                self.expect_refusal(row, changed, headers)
                self.expect_service(row, form, self.victim.headers_for(audience))

    def test_a_stolen_token_with_the_thiefs_proof(self):
        token = self.victim.token()
        self.on_every_endpoint(lambda row, audience, form: (
            {"OAuth-Client-Attestation": token,
             "OAuth-Client-Attestation-PoP": self.thief.key.pop(audience)}, form))

    def test_a_stolen_token_with_a_dpop_proof_of_the_thiefs(self):
        token = self.victim.token()
        self.on_every_endpoint(lambda row, audience, form: (
            {"OAuth-Client-Attestation": token,
             "DPoP": self.thief.key.dpop("POST" if form else "GET", self.url + row.path)}, form))

    def test_a_stolen_token_without_a_proof(self):
        token = self.victim.token()
        self.on_every_endpoint(
            lambda row, audience, form: ({"OAuth-Client-Attestation": token}, form))

    def test_a_stolen_token_with_a_proof_that_was_used(self):
        def attack(row, audience, form):
            headers = self.victim.headers_for(audience)
            path, used = (row.path, None) if form is None else ("/token", self.credentials_form())
            self.assertIn(self.send(path, used, headers)[0], (200, 204), "once it was good")
            return headers, form
        self.on_every_endpoint(attack)

    def test_a_stolen_token_with_a_proof_for_somebody_else(self):
        """What an API was sent is none for the mediator, and the other way round."""
        self.on_every_endpoint(lambda row, audience, form: (
            self.victim.headers_for(API if audience == self.url else self.url), form))

    def test_a_token_of_another_client(self):
        self.on_every_endpoint(
            lambda row, audience, form: (self.other.headers_for(audience), form))

    def test_a_token_of_another_client_that_names_itself(self):
        self.on_every_endpoint(lambda row, audience, form: (
            self.other.headers_for(audience),
            form and [(k, OTHER if k == "client_id" else v) for k, v in form]))

    def test_what_belongs_to_another_instance(self):
        """A code, a refresh token, a device code, a code_challenge: all but its key is right."""
        self.on_every_endpoint(lambda row, audience, form: (
            self.thief.headers_for(audience), form), [row for row in ROWS if row.bound])

    # Secrets that a client sends.

    def authentications(self, secret):
        """Each way to send one, as headers and parameters."""
        client = self.site.CLIENT
        basic = base64.b64encode((client + ":" + secret).encode()).decode()
        now = int(time.time())
        assertion = attacks.forge("e30.e30.", secret.encode(), {"alg": "HS256"}, {
            "iss": client, "sub": client, "aud": self.server.issuer + "/token", "iat": now,
            "exp": now + 60, "jti": verifier()})
        return (("basic", {"Authorization": "Basic " + basic}, []),
                ("post", {}, [("client_secret", secret)]),
                ("jwt", {}, [("client_assertion_type", ASSERTION), ("client_assertion", assertion)]))

    def test_the_client_secret_instead_of_an_attestation(self):
        """Even the right one, in each place where it could be sent."""
        for name, headers, more in self.authentications(self.site.secret()):
            with self.subTest(name):
                self.on_every_endpoint(
                    lambda row, audience, form: (headers, form and form + more))

    def test_a_secret_next_to_an_attestation_never_reaches_the_server(self):
        """Not even a wrong one: what the server sees is the mediator's alone."""
        wrong = "wrong-" + verifier()
        for name, headers, more in self.authentications(wrong):
            for row in ROWS:
                with self.subTest(name + ", " + row.name):
                    form, audience = getattr(self, row.form)(), self.audience(row, self.url)
                    self.expect_service(row, form and form + more,
                                        {**self.victim.headers_for(audience), **headers})
                    if row.upstream:
                        self.assert_ours_alone(wrong)

    def assert_ours_alone(self, wrong):
        basic = base64.b64encode((self.site.CLIENT + ":" + self.site.secret()).encode()).decode()
        sent = [value for name, value in self.middle.heads[-1] if name.lower() == "authorization"]
        self.assertEqual(sent, ["Basic " + basic])
        self.assertNotIn(b"client_secret", self.middle.recorded[-1][1])
        self.assertNotIn(b"client_assertion", self.middle.recorded[-1][1])

    # What is open to everybody.

    def test_a_challenge_helps_nobody_but_who_has_the_key(self):
        row = ROWS[0]
        before = len(self.middle.recorded)
        status, body = self.send("/challenge", self.form(client_secret=self.site.secret()), {})
        self.assertEqual((status, len(self.middle.recorded)), (200, before), body)
        challenge = json.loads(body)["attestation_challenge"]
        token = self.victim.token()
        self.expect_refusal(row, self.credentials_form(), {
            "OAuth-Client-Attestation": token,
            "OAuth-Client-Attestation-PoP": self.thief.key.pop(self.url, challenge=challenge)})
        self.expect_service(row, self.credentials_form(), {
            "OAuth-Client-Attestation": token,
            "OAuth-Client-Attestation-PoP": self.victim.key.pop(self.url, challenge=challenge)})

    def test_authorize_takes_nobodys_word(self):
        """A browser carries no attestation, so it opens what an attested instance has pushed."""
        status, pushed = self.post("/par", self.authorization(verifier()),
                                   self.victim.headers_for(self.url))
        self.assertEqual(status, 201, pushed)
        for name, query in {
                "another client's": {"client_id": OTHER, "request_uri": pushed["request_uri"]},
                "made up": {"client_id": self.site.CLIENT,
                            "request_uri": "urn:ietf:params:oauth:request_uri:" + b64(b"x" * 32)},
                "parameters": dict(self.authorization(verifier())),
                "a secret": {"client_id": self.site.CLIENT, "client_secret": self.site.secret()},
        }.items():
            with self.subTest(name):
                self.assertEqual(self.open(query), 400)
        self.assertIn(self.open({"client_id": self.site.CLIENT,
                                 "request_uri": pushed["request_uri"]}), (302, 303))

    def open(self, query):
        return request(self.url + "/authorize?" + urllib.parse.urlencode(query))[0]

    def test_what_the_thief_may_do(self):
        """Positive control: his own instance is as good as any other for what is his."""
        for row in ROWS:
            if not row.bound:
                with self.subTest(row.name):
                    self.expect_service(row, getattr(self, row.form)(), self.thief.headers_for(
                        self.audience(row, self.url)))
        status, pushed = self.post("/par", self.authorization(verifier()),
                                   self.thief.headers_for(self.url))
        self.assertEqual(status, 201, pushed)


if __name__ == "__main__":
    unittest.main()
