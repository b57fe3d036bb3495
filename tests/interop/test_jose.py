"""npm's jose judges attestd's tokens, through its JWK Set."""
import json
import subprocess
import unittest

from harness import node
from harness.attester import Attester
from harness.case import SiteCase
from harness.vouchsafe import attestctl

AUDIENCE = "https://as.example/token"
INTEGRITY, EAR, ASSERTION = "oauth-client-attestation+jwt", "eat+jwt", "JWT"


class Judged(SiteCase):
    @classmethod
    def start(cls):
        for alg in ("ES256", "EdDSA"):
            attestctl(cls.site.registry, "key", "rotate", "--alg", alg)
            attestctl(cls.site.registry, "app", "add", alg, "--token-alg", alg)
        attestctl(cls.site.registry, "app", "add", "HS256")
        for alg in ("HS256", "ES256", "EdDSA"):
            attestctl(cls.site.registry, "build", "add", alg, cls.site.binary)
            attestctl(cls.site.registry, "app", "set", alg, "--audience", AUDIENCE)
        cls.site.attestd.reload()
        cls.jwks = cls.site.attestd.url + "/.well-known/jwks.json"

    def judge(self, asked):
        done = subprocess.run(node.command("jose_judge.mjs"), input=json.dumps(asked),
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split("\n")[:-1]

    def answer(self, alg, **members):
        a = Attester(self.site.attestd.url, alg, self.site.binary)
        _, challenge = a.challenge()
        status, message = a.present(a.answer(challenge, **members))
        self.assertEqual(status, 200, message)
        return message

    def test_tokens(self):
        asked, expected = [], []
        for alg in ("ES256", "EdDSA"):
            for token, typ in ((self.answer(alg)["integrity_token"], INTEGRITY),
                               (self.answer(alg, format="ear")["ear"], EAR)):
                head, claims, signature = token.split(".")
                bent = ".".join((head, claims, ("A" if signature[0] != "A" else "B")
                                 + signature[1:]))
                asked += [{"token": token, "typ": typ, "jwks": self.jwks},
                          {"token": bent, "typ": typ, "jwks": self.jwks},
                          {"token": token, "typ": ASSERTION, "jwks": self.jwks}]
                expected += ["good " + alg, "bad ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
                             "bad ERR_JWT_CLAIM_VALIDATION_FAILED"]
        self.assertEqual(self.judge(asked), expected)

    def test_the_former_key_is_there_until_its_tokens_are_gone(self):
        token = self.answer("ES256")["integrity_token"]
        attestctl(self.site.registry, "key", "rotate", "--alg", "ES256")
        self.site.attestd.reload()
        fresh = self.answer("ES256")["integrity_token"]
        self.assertEqual(self.judge([{"token": t, "typ": INTEGRITY, "jwks": self.jwks}
                                     for t in (token, fresh)]), ["good ES256"] * 2)

    def test_macs(self):
        secret = self.site.secret("HS256")
        token = self.answer("HS256")["integrity_token"]
        assertion = self.answer("ES256", format="client_assertion",
                                audience=AUDIENCE)["client_assertion"]
        own = self.site.secret("ES256")
        self.assertEqual(
            self.judge([{"token": token, "typ": INTEGRITY, "secret": secret},
                        {"token": token, "typ": INTEGRITY, "secret": own},
                        {"token": assertion, "typ": ASSERTION, "secret": own, "audience": AUDIENCE},
                        {"token": assertion, "typ": ASSERTION, "secret": own, "audience": "other"},
                        {"token": token, "typ": INTEGRITY, "jwks": self.jwks}]),
            ["good HS256", "bad ERR_JWS_SIGNATURE_VERIFICATION_FAILED", "good HS256",
             "bad ERR_JWT_CLAIM_VALIDATION_FAILED", "bad ERR_JOSE_NOT_SUPPORTED"])


if __name__ == "__main__":
    unittest.main()
