"""mediator: each way to prove possession, and tokens of limited use, before a real Glewlwyd."""
import time
import unittest

from integration.test_mediator import GlewlwydCase

from harness import attacks
from harness.attacks import b64
from harness.attester import Key
from harness.vouchsafe import attestctl, sanitized

# A sanitizer makes the app larger than one challenge.
WHOLE = 0.8 if sanitized() else 1.0
MODES = {"dpop": 'possession = "dpop"', "any": 'possession = "any"', "both": 'possession = "both"',
         "none": 'possession = "none"', "nonce": 'possession = "dpop"\n require_challenge = true',
         "once": "limited_use = true", "once-none": 'possession = "none"\n limited_use = true',
         "streak": "min_streak = 2", "young": "max_age = 1", "covered": "min_coverage = %s" % WHOLE}


class PossessionCase(GlewlwydCase):
    """One client for each mode: the example app under many names."""

    # A sanitizer makes the app larger: a megabyte is covered whole.
    OPTIONS = {"attestd_config": "challenge { blocks = 256 }\n"}
    PLUGIN = {"oauth-dpop-allowed": True, "oauth-dpop-iat-duration": 60}
    MODES = MODES

    @classmethod
    def start(cls):
        for client in cls.MODES:
            attestctl(cls.site.registry, "app", "add", client)
            attestctl(cls.site.registry, "build", "add", client, cls.site.binary, "--label", "1")
        cls.site.attestd.reload()
        super().start()
        for client in cls.MODES:
            cls.server.add_client(client, cls.site.secret(client), cls.site.REDIRECT, ["notes"],
                                  ("client_credentials",))

    @classmethod
    def mediator_options(cls):
        return {"extra": "\n".join(
            'client "%s" { keyring = "%s/%s/secrets"\n grants = { "client_credentials" }\n %s }'
            % (client, cls.site.registry, client, options)
            for client, options in cls.MODES.items())}

    def of(self, client, **kw):
        a = self.attester(**kw)
        a.client_id = client
        return a

    def grant(self, a, headers):
        return self.post("/token", [("grant_type", "client_credentials"),
                                    ("client_id", a.client_id), ("scope", "notes")], headers)

    def with_dpop(self, a, token=None, url=None, method="POST", key=None, **claims):
        return {"OAuth-Client-Attestation": token or a.token(),
                "DPoP": (key or a.key).dpop(method, url or self.url + "/token", **claims)}

    def assert_error(self, answer, error):
        status, message = answer
        self.assertEqual((status, message.get("error")), (400, error), message)


class Possession(PossessionCase):
    def test_dpop_proofs(self):
        for curve in ("P-256", "Ed25519"):
            a, thief = self.of("dpop", key=Key(curve)), self.of("dpop")
            now = int(time.time())
            refused = {
                "no proof": {"OAuth-Client-Attestation": a.token()},
                "the other kind": a.headers_for(self.url),
                "the thief's key": self.with_dpop(a, key=thief.key),
                "another method": self.with_dpop(a, method="GET"),
                "another endpoint": self.with_dpop(a, url=self.url + "/par"),
                "the server behind": self.with_dpop(a, url=self.server.issuer + "/token"),
                "old": self.with_dpop(a, iat=now - 400),
                "from the future": self.with_dpop(a, iat=now + 400),
                "no jti": self.with_dpop(a, jti=None),
                "no htm": self.with_dpop(a, htm=None),
                "no htu": self.with_dpop(a, htu=None),
            }
            for name, headers in refused.items():
                with self.subTest(curve + ", " + name):
                    self.assert_error(self.grant(a, headers), "invalid_dpop_proof")
            good = self.with_dpop(a)
            status, message = self.grant(a, good)
            self.assertEqual(status, 200, message)
            self.assertEqual(message["token_type"].lower(), "bearer", "our proof is none for it")
            self.assert_error(self.grant(a, good), "invalid_dpop_proof")
            private = a.key.jwt({"alg": "ES256" if curve == "P-256" else "EdDSA",
                                 "typ": "dpop+jwt", "jwk": {**a.key.jwk, "d": b64(b"x" * 32)}},
                                {"htm": "POST", "htu": self.url + "/token", "iat": now, "jti": "d"})
            self.assert_error(self.grant(a, {**good, "DPoP": private}), "invalid_dpop_proof")

    def test_either_kind(self):
        a = self.of("any")
        self.assert_error(self.grant(a, {"OAuth-Client-Attestation": a.token()}),
                          "invalid_client_attestation")
        self.assertEqual(self.grant(a, a.headers_for(self.url))[0], 200)
        self.assertEqual(self.grant(a, self.with_dpop(a))[0], 200)

    def test_both_kinds(self):
        a = self.of("both")
        pop, dpop = a.headers_for(self.url), self.with_dpop(a)
        self.assert_error(self.grant(a, pop), "invalid_dpop_proof")
        self.assert_error(self.grant(a, dpop), "invalid_client_attestation")
        self.assertEqual(self.grant(a, {**dpop, **pop})[0], 200)
        self.assert_error(self.grant(a, {**self.with_dpop(a), **pop}),
                          "invalid_client_attestation")

    def test_no_kind(self):
        a = self.of("none")
        stolen = a.token()
        self.assertEqual(self.grant(a, {"OAuth-Client-Attestation": stolen})[0], 200)
        self.assertEqual(self.grant(a, {"OAuth-Client-Attestation": stolen})[0], 200)
        forged = attacks.forge(stolen, b"g" * 43)
        self.assert_error(self.grant(a, {"OAuth-Client-Attestation": forged}),
                          "invalid_client_attestation")

    def test_a_nonce_of_ours(self):
        a = self.of("nonce")
        self.assert_error(self.grant(a, self.with_dpop(a)), "use_dpop_nonce")
        nonce = self.headers["DPoP-Nonce"]
        self.assert_error(self.grant(a, self.with_dpop(a, nonce="made-up")), "use_dpop_nonce")
        self.assertEqual(self.grant(a, self.with_dpop(a, nonce=nonce))[0], 200)

    def test_a_proof_for_the_server_behind_passes_where_ours_is_another(self):
        """Client-held DPoP beyond the mediator: the access token is bound to the app's key."""
        a = self.attester()
        dpop = a.key.dpop("POST", self.server.issuer + "/token")
        status, message = self.grant(a, {**a.headers_for(self.url), "DPoP": dpop})
        self.assertEqual(status, 200, message)
        self.assertEqual(message["token_type"].lower(), "dpop")
        claims = attacks.claims_of(message["access_token"])
        self.assertEqual(claims["cnf"]["jkt"], b64(a.key.jkt))
        dpop = a.key.dpop("POST", self.url + "/token")
        status, message = self.grant(a, {**a.headers_for(self.url), "DPoP": dpop})
        self.assertNotEqual(status, 200, "Glewlwyd does not take our URL for its own")

    def test_tokens_of_limited_use(self):
        for client in ("once", "once-none"):
            with self.subTest(client):
                a = self.of(client)
                token = a.token()
                replay = a.headers_for(self.url, token)
                self.assertEqual(self.grant(a, replay)[0], 200)
                answer = self.grant(a, replay)
                self.assert_error(answer, "use_fresh_attestation" if client == "once-none"
                                  else "invalid_client_attestation")
                self.assert_error(self.grant(a, a.headers_for(self.url, token)),
                                  "use_fresh_attestation")
                self.assertEqual(self.grant(a, a.headers_for(self.url))[0], 200)

    def test_a_refused_request_spends_no_token(self):
        a = self.of("once")
        token = a.token()
        headers = a.headers_for(self.url, token)
        status, _ = self.post("/token", [("grant_type", "password"), ("client_id", "once")], headers)
        self.assertEqual(status, 400)
        self.assertEqual(self.grant(a, headers)[0], 200)

    def test_what_a_client_must_show(self):
        a = self.of("streak")
        first = a.token()
        self.assert_error(self.grant(a, a.headers_for(self.url, first)), "use_fresh_attestation")
        second = a.token(previous=first)
        self.assertEqual(self.grant(a, a.headers_for(self.url, second))[0], 200)
        for client, claims in (("young", {"iat": int(time.time()) - 5}),
                               ("covered", {"coverage": WHOLE - 0.0001}),
                               ("once", {"ear_status": "warning"})):
            with self.subTest(client):
                a = self.of(client)
                worse = attacks.forge(a.token(), self.site.secret(client).encode(), None, claims)
                self.assert_error(self.grant(a, a.headers_for(self.url, worse)),
                                  "use_fresh_attestation")
                self.assertEqual(self.grant(a, a.headers_for(self.url))[0], 200)


if __name__ == "__main__":
    unittest.main()
