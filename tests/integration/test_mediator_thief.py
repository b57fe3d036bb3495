"""mediator: what a thief may hold is worth nothing, on every endpoint, and each attack has its accepted twin."""
import base64
import unittest
import urllib.parse

from integration.test_mediator import GlewlwydCase, verifier

from harness.vouchsafe import attestctl, request

API = "https://api.example"
OTHER = "other-app"


class Thief(GlewlwydCase):
    """The victim is an instance of the example app; the thief has the same app on a device of his
    own, another app on it, and whatever he took from the victim: but never the victim's key."""

    @classmethod
    def start(cls):
        attestctl(cls.site.registry, "app", "add", OTHER)
        attestctl(cls.site.registry, "build", "add", OTHER, cls.site.binary, "--label", "1.0.0")
        cls.site.attestd.reload()
        super().start()

    @classmethod
    def mediator_options(cls):
        return {"extra": 'client "%s" { keyring = "%s/%s/secrets" }\n'
                         'check "api" { resource = "%s"\n clients = { "%s" } }'
                         % (OTHER, cls.site.registry, OTHER, API, cls.site.CLIENT)}

    def setUp(self):
        self.victim, self.thief, self.other = self.attester(), self.attester(), self.attester()
        self.other.client_id = OTHER

    def refresh_form(self):
        v = verifier()
        _, grant = self.exchange(self.victim, self.code_for(self.victim, v), v)
        return [("grant_type", "refresh_token"), ("client_id", self.site.CLIENT),
                ("refresh_token", grant["refresh_token"])]

    def code_form(self):
        v = verifier()
        return [("grant_type", "authorization_code"), ("client_id", self.site.CLIENT),
                ("code", self.code_for(self.victim, v)), ("redirect_uri", self.site.REDIRECT),
                ("code_verifier", v)]

    def endpoints(self):
        """(name, path, whom proofs are for, a form that the victim may send or None, codes)."""
        client = ("client_id", self.site.CLIENT)
        return [
            ("client_credentials", "/token", self.url,
             [("grant_type", "client_credentials"), client, ("scope", "notes")], 200),
            ("authorization_code", "/token", self.url, self.code_form(), 200),
            ("refresh_token", "/token", self.url, self.refresh_form(), 200),
            ("par", "/par", self.url, self.authorization(verifier()), 201),
            ("check", "/check/api", API, None, 204),
        ]

    def send(self, path, form, headers):
        status, _, body = request(self.url + path, "POST" if form else "GET", form, dict(headers))
        return status, body

    def on_every_endpoint(self, attack):
        """attack(audience, form) gives the headers of the thief, and perhaps another form. It is
        refused everywhere; then the victim sends the same form, and is served."""
        for name, path, audience, form, code in self.endpoints():
            with self.subTest(name):
                headers, changed = attack(audience, form)
                status, body = self.send(path, changed, headers)
                self.assertIn(status, (400, 401, 403), body)
                self.assertNotIn(b"access_token", body)
                self.assertNotIn(b"request_uri", body)
                status, body = self.send(path, form, self.victim.headers_for(audience))
                self.assertEqual(status, code, body)

    def test_a_stolen_token_with_the_thiefs_proof(self):
        token = self.victim.token()
        self.on_every_endpoint(lambda audience, form: (
            {"OAuth-Client-Attestation": token,
             "OAuth-Client-Attestation-PoP": self.thief.key.pop(audience)}, form))

    def test_a_stolen_token_without_a_proof(self):
        token = self.victim.token()
        self.on_every_endpoint(lambda audience, form: ({"OAuth-Client-Attestation": token}, form))

    def test_a_stolen_token_with_a_proof_that_was_used(self):
        def attack(audience, form):
            headers = self.victim.headers_for(audience)
            path = "/check/api" if audience == API else "/token"
            used = [("grant_type", "client_credentials"), ("client_id", self.site.CLIENT),
                    ("scope", "notes")] if form else None
            self.assertIn(self.send(path, used, headers)[0], (200, 204), "once it was good")
            return headers, form
        self.on_every_endpoint(attack)

    def test_a_token_of_another_client(self):
        self.on_every_endpoint(lambda audience, form: (self.other.headers_for(audience), form))

    def test_a_token_of_another_client_that_names_itself(self):
        def attack(audience, form):
            named = form and [(k, OTHER if k == "client_id" else v) for k, v in form]
            if named and ("scope", "notes") in named and len(named) > 3:
                # Its own pushed request is its right; with the victim's code_challenge it is not.
                self.send("/par", form, self.victim.headers_for(audience))
            return self.other.headers_for(audience), named
        self.on_every_endpoint(attack)

    def test_the_client_secret(self):
        """Even the right one, in each place where it could be sent."""
        secret = self.site.secret()
        basic = base64.b64encode((self.site.CLIENT + ":" + secret).encode()).decode()
        self.on_every_endpoint(lambda audience, form: ({"Authorization": "Basic " + basic}, form))
        self.on_every_endpoint(lambda audience, form: (
            {}, form and form + [("client_secret", secret)]))

    def test_a_wrong_secret_next_to_an_attestation_never_reaches_the_server(self):
        wrong = {"Authorization": "Basic " + base64.b64encode(b"x:wrong").decode()}
        for name, path, audience, form, code in self.endpoints():
            with self.subTest(name):
                more = form and form + [("client_secret", "wrong")]
                status, body = self.send(path, more,
                                         {**self.victim.headers_for(audience), **wrong})
                self.assertEqual(status, code, body)

    def test_a_code_and_a_refresh_token_of_another_instance(self):
        for name, form in (("code", self.code_form()), ("refresh token", self.refresh_form())):
            with self.subTest(name):
                status, body = self.send("/token", form, self.thief.headers_for(self.url))
                self.assertEqual(status, 400, body)
                self.assertIn(b"invalid_grant", body)
                status, body = self.send("/token", form, self.victim.headers_for(self.url))
                self.assertEqual(status, 200, body)

    def test_what_the_thief_may_do(self):
        """Positive control: his own instance is as good as any other for what is his."""
        v = verifier()
        status, pushed = self.post("/par", self.authorization(v), self.thief.headers_for(self.url))
        self.assertEqual(status, 201, pushed)
        query = urllib.parse.urlencode({"client_id": self.site.CLIENT,
                                        "request_uri": pushed["request_uri"]})
        self.assertIn(request(self.url + "/authorize?" + query)[0], (302, 303))
        self.assertEqual(self.send("/check/api", None, self.thief.headers_for(API))[0], 204)


if __name__ == "__main__":
    unittest.main()
