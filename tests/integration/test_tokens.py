"""The formats of attestd's tokens, the keys that sign them, and what is told of those keys."""
import json
import os
import time
import unittest

from harness.attacks import b64, claims_of
from harness.attester import Attester
from harness.case import SiteCase
from harness.jws import header_of, holds, holds_mac
from harness.vouchsafe import attestctl, request

AUDIENCE = "https://as.example/token"
ALGS = ("ES256", "EdDSA")


class TokenCase(SiteCase):
    def attester(self, client_id=None, binary=None):
        return Attester(self.site.attestd.url, client_id or self.site.CLIENT,
                        binary or self.site.binary)

    def jwks(self):
        status, headers, body = request(self.site.attestd.url + "/.well-known/jwks.json")
        self.assertEqual(status, 200)
        self.headers = headers
        return json.loads(body)

    def inspect(self, token, good=True):
        done = attestctl(self.site.registry, "token", "inspect", "-", check=False,
                         stdin=token + "\n")
        self.assertEqual(done.returncode, 0 if good else 1, done.stdout + done.stderr)
        return done.stdout

    def refused(self, a, error, reason=None, status=403, **members):
        got, message = a.attest()  # its twin
        self.assertEqual(got, 200, message)
        _, challenge = a.challenge()
        got, message = a.present({**a.answer(challenge), **members})
        self.assertEqual((got, message["error"]), (status, error), message)
        if reason:
            self.assertIn(reason, self.refusal(self.site.attestd, message["error_id"])["reasons"])

    @classmethod
    def reload(cls):
        event = cls.site.attestd.reload()
        assert event["event"] == "reloaded", event


class Formats(TokenCase):
    @classmethod
    def start(cls):
        attestctl(cls.site.registry, "app", "set", cls.site.CLIENT, "--audience", AUDIENCE,
                  "--audience", "https://other.example")
        cls.reload()

    def answer(self, a, **members):
        _, challenge = a.challenge()
        status, message = a.present({**a.answer(challenge), **members})
        self.assertEqual(status, 200, message)
        return message

    def test_assertion(self):
        before = int(time.time())
        message = self.answer(self.attester(), format="client_assertion", audience=AUDIENCE)
        self.assertEqual(sorted(message), ["client_assertion", "client_assertion_type",
                                           "expires_in"])
        token = message["client_assertion"]
        claims = claims_of(token)
        self.assertTrue(holds_mac(token, self.site.secret()))
        self.assertEqual((claims["iss"], claims["sub"], claims["aud"]),
                         (self.site.CLIENT, self.site.CLIENT, AUDIENCE))
        self.assertEqual(claims["exp"] - claims["iat"], 60)
        self.assertTrue(before <= claims["iat"] <= time.time())
        self.assertEqual(message["expires_in"], 60)
        self.assertIn("a client assertion", self.inspect(token))
        self.inspect(token[:-2] + ("AA" if token[-2:] != "AA" else "BA"), good=False)

    def test_no_two_assertions_have_one_id(self):
        a = self.attester()
        ids = {claims_of(self.answer(a, format="client_assertion",
                                     audience=AUDIENCE)["client_assertion"])["jti"]
               for _ in range(3)}
        self.assertEqual(len(ids), 3)

    def test_ear(self):
        a = self.attester()
        message = self.answer(a, format="ear")
        self.assertEqual(sorted(message), ["ear", "expires_in"])
        self.assertTrue(holds_mac(message["ear"], self.site.secret()))
        self.assertEqual(header_of(message["ear"])["typ"], "eat+jwt")
        claims = claims_of(message["ear"])
        self.assertEqual(claims["eat_profile"], "tag:ietf.org,2026:rats/ear#04")
        self.assertEqual(claims["cnf"]["jkt"], b64(a.key.jkt))
        app = claims["submods"]["app"]
        self.assertEqual(app["ear_status"], "affirming")
        self.assertEqual(app["ear_trustworthiness_vector"],
                         {"instance-identity": 0, "configuration": 2, "executables": 2,
                          "file-system": 2})
        self.assertIn("an EAT attestation result", self.inspect(message["ear"]))

    def test_an_ear_knows_an_instance_that_comes_again(self):
        a = self.attester()
        token = a.token()
        _, challenge = a.challenge(previous=token)
        _, message = a.present(a.answer(challenge, format="ear"))
        app = claims_of(message["ear"])["submods"]["app"]
        self.assertEqual(app["ear_trustworthiness_vector"]["instance-identity"], 2)
        self.assertEqual(app["ear_verifier_claims"]["streak"], 2)

    def test_the_default_is_the_integrity_token(self):
        a = self.attester()
        self.assertEqual(header_of(a.token())["typ"], "oauth-client-attestation+jwt")
        message = self.answer(a, format="integrity_token")
        self.assertEqual(sorted(message), ["expires_in", "integrity_token"])
        self.assertIn("an integrity token", self.inspect(message["integrity_token"]))

    def test_other_formats_are_400(self):
        a = self.attester()
        for members in ({"format": "saml"}, {"format": ""}, {"format": 1},
                        {"format": "client_assertion"}, {"audience": AUDIENCE},
                        {"format": "ear", "audience": AUDIENCE},
                        {"format": "client_assertion", "audience": ""},
                        {"format": "client_assertion", "audience": [AUDIENCE]},
                        {"format": "client_assertion", "audience": "a" * 257}):
            with self.subTest(members):
                self.refused(a, "invalid_request", status=400, **members)

    def test_audiences_of_the_app_only(self):
        a = self.attester()
        for audience in (AUDIENCE + "/", AUDIENCE.upper(), "https://evil.example"):
            self.refused(a, "invalid_request", "audience not among those of this app", 400,
                         format="client_assertion", audience=audience)

    def test_tampered_apps_get_none_and_do_not_learn_which_audiences_there_are(self):
        a = self.attester()
        for audience in (AUDIENCE, "https://evil.example"):
            self.answer(a, format="client_assertion", audience=AUDIENCE)
            _, challenge = a.challenge()
            wrong = a.answer(challenge, format="client_assertion", audience=audience)
            wrong["evidence"][0]["digest"] = b64(os.urandom(32))
            status, message = a.present(wrong)
            self.assertEqual((status, message["error"]), (403, "attestation_failed"))

    def test_the_sdk_fetches_them(self):
        with self.site.app() as app:
            good, assertion = app.ask("assertion " + AUDIENCE)
            self.assertTrue(good, assertion)
            self.assertEqual(claims_of(assertion)["aud"], AUDIENCE)
            good, ear = app.ask("ear")
            self.assertTrue(good, ear)
            self.assertEqual(claims_of(ear)["submods"]["app"]["ear_status"], "affirming")
            good, words = app.ask("assertion https://evil.example")
            self.assertFalse(good, words)
            self.assertTrue(app.ask("attest")[0], "its token is none the worse")
            good, second = app.ask("assertion " + AUDIENCE)
            self.assertTrue(good, second)
            self.assertNotEqual(claims_of(assertion)["jti"], claims_of(second)["jti"])

    def test_the_audit_log_names_the_format(self):
        before = len(self.site.attestd.events())
        self.answer(self.attester(), format="ear")
        line = [e for e in self.site.attestd.events("attestation", before)][-1]
        self.assertEqual((line["verdict"], line["format"]), ("accepted", "ear"))

    def test_an_app_without_audiences(self):
        attestctl(self.site.registry, "app", "add", "silent")
        attestctl(self.site.registry, "build", "add", "silent", self.site.binary)
        self.reload()
        self.refused(self.attester("silent"), "invalid_request", "audience not among", 400,
                     format="client_assertion", audience=AUDIENCE)


class Keys(TokenCase):
    @classmethod
    def start(cls):
        for alg in ALGS:
            attestctl(cls.site.registry, "key", "rotate", "--alg", alg)
            attestctl(cls.site.registry, "app", "add", alg, "--token-alg", alg)
            attestctl(cls.site.registry, "build", "add", alg, cls.site.binary)
            attestctl(cls.site.registry, "app", "set", alg, "--audience", AUDIENCE)
        cls.reload()

    def test_each_algorithm_verifies_under_the_published_keys(self):
        keys = self.jwks()
        for alg in ALGS:
            with self.subTest(alg):
                a = self.attester(alg)
                token = a.token()
                self.assertEqual(header_of(token)["alg"], alg)
                self.assertTrue(holds(token, keys))
                head, claims, signature = token.split(".")
                self.assertFalse(holds(".".join((head, b64(b'{"sub":"x"}'), signature)), keys))
                self.assertIn("signed with key", self.inspect(token))
                _, challenge = a.challenge(previous=token)
                _, message = a.present(a.answer(challenge, format="ear"))
                self.assertTrue(holds(message["ear"], keys))
                self.inspect(message["ear"])
                self.assertEqual(
                    claims_of(message["ear"])["submods"]["app"]["ear_verifier_claims"]["streak"], 2)

    def test_an_assertion_stays_under_the_secret(self):
        a = self.attester("ES256")
        _, challenge = a.challenge()
        _, message = a.present(a.answer(challenge, format="client_assertion", audience=AUDIENCE))
        self.assertTrue(holds_mac(message["client_assertion"], self.site.secret("ES256")))
        self.assertIn("signed with secret", self.inspect(message["client_assertion"]))

    def test_the_set(self):
        keys = self.jwks()
        self.assertEqual(self.headers["Content-Type"], "application/jwk-set+json")
        self.assertEqual(self.headers.get_all("Cache-Control"), ["public, max-age=300"])
        self.assertEqual({key["alg"] for key in keys["keys"]}, set(ALGS))
        for key in keys["keys"]:
            self.assertEqual(key["use"], "sig")
            self.assertFalse({"d", "k", "p", "q"} & set(key), "public halves only")
        printed = attestctl(self.site.registry, "key", "public").stdout
        self.assertEqual(json.loads(printed), keys)
        with open(os.path.join(self.site.registry, ".keys", "public.json")) as f:
            self.assertEqual(json.load(f)["keys"], keys["keys"])
        for method in ("POST", "PUT"):
            self.assertEqual(request(self.site.attestd.url + "/.well-known/jwks.json", method)[0],
                             405)

    def test_rotation(self):
        a = self.attester("EdDSA")
        former = a.token()
        attestctl(self.site.registry, "key", "rotate", "--alg", "EdDSA")
        self.assertTrue(holds(a.token(), self.jwks()))
        self.reload()
        keys = self.jwks()
        fresh = a.token(previous=former)
        self.assertNotEqual(header_of(fresh)["kid"], header_of(former)["kid"])
        self.assertTrue(holds(fresh, keys))
        self.assertTrue(holds(former, keys), "until its time")
        self.inspect(former)
        self.assertEqual(claims_of(fresh)["streak"], 2, "attestd itself goes on believing it, too")
        exp = [key["exp"] for key in keys["keys"] if key["kid"] == header_of(former)["kid"]]
        self.assertEqual(len(exp), 1)
        self.assertTrue(300 <= exp[0] - time.time() <= 361, "its last token and the clocks' skew")

    def test_private_halves_are_nobody_elses(self):
        for folder, _, names in os.walk(os.path.join(self.site.registry, ".keys")):
            for path in [folder] + [os.path.join(folder, name) for name in names]:
                self.assertEqual(os.stat(path).st_mode & 0o077, 0, path)

    def test_changing_the_algorithm_ends_what_the_other_signed(self):
        attestctl(self.site.registry, "app", "add", "changing")
        attestctl(self.site.registry, "build", "add", "changing", self.site.binary)
        self.reload()
        a = self.attester("changing")
        by_secret = a.token()
        attestctl(self.site.registry, "app", "set", "changing", "--token-alg", "ES256")
        self.reload()
        by_key = a.token(previous=by_secret)
        self.assertEqual(header_of(by_key)["alg"], "ES256")
        self.assertEqual(claims_of(by_key)["streak"], 1)
        self.inspect(by_secret, good=False)
        self.inspect(by_key)


class Refusals(TokenCase):
    def refused_by_attestctl(self, text, *words):
        done = attestctl(self.site.registry, *words, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(text, done.stderr)

    def test_no_key_yet(self):
        self.refused_by_attestctl("attestctl key rotate --alg EdDSA", "app", "set",
                                  self.site.CLIENT, "--token-alg", "EdDSA")
        self.refused_by_attestctl("attestctl key rotate --alg EdDSA", "app", "add", "x",
                                  "--token-alg", "EdDSA")

    def test_words(self):
        self.refused_by_attestctl("HS256, ES256 or EdDSA", "app", "set", self.site.CLIENT,
                                  "--token-alg", "none")
        self.refused_by_attestctl("ES256 or EdDSA", "key", "rotate", "--alg", "HS256")
        self.refused_by_attestctl("is no URL", "app", "set", self.site.CLIENT, "--audience", "a b")
        self.refused_by_attestctl("no dot first", "app", "add", ".keys")

    def test_a_key_that_was_lost_can_be_made_anew(self):
        attestctl(self.site.registry, "app", "add", "lost")
        with open(os.path.join(self.site.registry, "lost", "app.conf"), "a") as f:
            f.write('token_alg = "ES256"\n')
        event = self.site.attestd.reload()
        self.assertEqual(event["event"], "reload failed")
        self.assertIn("attestctl key rotate --alg ES256", json.dumps(event))
        attestctl(self.site.registry, "key", "rotate", "--alg", "ES256")
        self.reload()

    def test_what_cannot_fit_is_refused_when_it_is_read(self):
        attestctl(self.site.registry, "app", "add", "long" * 32, "--name", "n" * 64)
        attestctl(self.site.registry, "build", "add", "long" * 32, self.site.binary, "--label",
                  "l" * 48)
        self.reload()  # with a short issuer
        config = self.site.attestd_config().replace("http://attestd.example",
                                                    "https://" + "i" * 120 + ".example")
        self.site.attestd.write_config(config)
        event = self.site.attestd.reload()
        self.assertEqual(event["event"], "reload failed")
        self.assertIn("of which 1024 are allowed", json.dumps(event))
        self.site.attestd.write_config(self.site.attestd_config())
        self.reload()


class MaxAge(TokenCase):
    OPTIONS = {"attestd_config": "keys_max_age = 7\n"}

    def test_is_as_configured(self):
        self.assertEqual(self.jwks(), {"keys": []}, "no key yet")
        self.assertEqual(self.headers["Cache-Control"], "public, max-age=7")


if __name__ == "__main__":
    unittest.main()
