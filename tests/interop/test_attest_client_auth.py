"""oidc-provider judges the attestation itself, beside the client secret that the mediator adds
(attest_jwt_client_auth as an additional signal), and takes the mediator's issuer for its own."""
import base64
import hashlib
import json
import os
import unittest
import urllib.parse

from harness.attacks import b64, claims_of
from harness.attester import Attester, Key
from harness.case import SiteCase
from harness.jws import header_of
from harness.oidc_provider import OidcProvider
from harness.process import free_port
from harness.vouchsafe import attestctl, request


CHALLENGE = "OAuth-Client-Attestation-Challenge"


class JudgedTwiceCase(SiteCase):
    ALG = "ES256"

    @classmethod
    def start(cls):
        attestctl(cls.site.registry, "key", "rotate", "--alg", cls.ALG)
        attestctl(cls.site.registry, "app", "set", cls.site.CLIENT, "--token-alg", cls.ALG)
        cls.site.attestd.reload()
        keys = os.path.join(cls.site.registry, ".keys", "public.json")
        with open(keys) as f:
            jwks = json.load(f)
        port = free_port()
        cls.issuer = "http://127.0.0.1:%d" % port
        cls.server = OidcProvider(
            os.path.join(cls.folder, "server"),
            [{"client_id": cls.site.CLIENT, "client_secret": cls.site.secret(),
              "token_endpoint_auth_method": "client_secret_basic", "scope": "notes",
              "redirect_uris": [cls.site.REDIRECT], "response_types": ["code"],
              "grant_types": ["authorization_code", "refresh_token", "client_credentials"]}],
            issuer=cls.issuer, proxy=True, attestation_keys=jwks["keys"])
        cls.addClassCleanup(cls.server.stop)
        cls.site.start_mediator(
            cls.issuer, port=port,
            upstream='metadata_url = "%s/.well-known/openid-configuration"\nforwarded = true\n'
                     % cls.server.base,
            client='token_alg = "%s"\n token_keys = "%s"\n forward_attestation = true\n'
                   % (cls.ALG, keys))
        cls.person = cls.server.person()

    def attester(self):
        return Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)

    def send(self, url, form, headers):
        status, got, body = request(url, "POST",
                                    [("client_id", self.site.CLIENT)] + list(form.items()), headers)
        return status, got, json.loads(body) if body else {}

    def post(self, path, form, attester, token=None):
        """(status, message) by way of the mediator, as a client of the draft does it: with the
        server's challenge once it asks for one."""
        url, token = self.site.mediator.url + path, token or attester.token()
        status, got, message = self.send(url, form, attester.headers_for(self.issuer, token))
        self.assertEqual((status, message.get("error")), (400, "use_attestation_challenge"), message)
        status, _, message = self.send(url, form, attester.headers_for(
            self.issuer, token, challenge=got[CHALLENGE]))
        return status, message

    def grant(self, attester):
        """The whole code grant; returns the server's answer."""
        verifier = b64(os.urandom(32))
        status, pushed = self.post("/par", {
            "response_type": "code", "redirect_uri": self.site.REDIRECT, "scope": "notes",
            "code_challenge": b64(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256"}, attester)
        self.assertEqual(status, 201, pushed)
        back = self.person.authorize(
            self.site.mediator.url + "/authorize?" + urllib.parse.urlencode(
                {"client_id": self.site.CLIENT, "request_uri": pushed["request_uri"]}),
            self.site.CLIENT, ["notes"], self.site.REDIRECT)
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]
        status, message = self.post("/token", {
            "grant_type": "authorization_code", "code": code, "code_verifier": verifier,
            "redirect_uri": self.site.REDIRECT}, attester)
        self.assertEqual(status, 200, message)
        return message

    def direct(self, **headers):
        """What the server says to one who goes around the mediator and knows the secret."""
        basic = base64.b64encode(("%s:%s" % (self.site.CLIENT, self.site.secret())).encode())
        form = {"grant_type": "client_credentials", "scope": "notes"}
        return self.send(self.server.token_endpoint, form, {
            "Authorization": "Basic " + basic.decode(), "X-Forwarded-Proto": "http",
            "X-Forwarded-Host": self.issuer.split("//")[1],
            **{k.replace("_", "-"): v for k, v in headers.items()}})

    def pair(self, token, key, challenge):
        return {"OAuth_Client_Attestation": token,
                "OAuth_Client_Attestation_PoP": key.pop(self.issuer, challenge=challenge)}

    def forge(self, token, key, **header):
        """The same claims, signed by somebody else."""
        return key.jwt({**header_of(token), **header}, claims_of(token))


class JudgedTwice(JudgedTwiceCase):
    def test_the_whole_grant(self):
        a = self.attester()
        granted = self.grant(a)
        self.assertIn("access_token", granted)
        status, again = self.post("/token", {"grant_type": "refresh_token",
                                             "refresh_token": granted["refresh_token"]}, a)
        self.assertEqual(status, 200, again)
        self.assertNotEqual(granted["access_token"], again["access_token"])

    def test_the_server_refuses_what_is_forged(self):
        a, stranger = self.attester(), Key()
        token = a.token()
        status, got, message = self.direct(**self.pair(token, a.key, None))
        self.assertEqual(message["error"], "use_attestation_challenge", message)
        challenge = got[CHALLENGE]
        by_stranger = self.forge(token, stranger, alg="ES256")
        bent = token[:-8] + ("A" if token[-8] != "A" else "B") + token[-7:]
        cases = {"no attestation": {},
                 "a stranger's signature": self.pair(by_stranger, a.key, challenge),
                 "a bent signature": self.pair(bent, a.key, challenge),
                 "another instance's proof": self.pair(token, stranger, challenge),
                 "no proof": {"OAuth_Client_Attestation": token},
                 "an unknown key": self.pair(self.forge(token, stranger, kid="nobody",
                                                        alg="ES256"), a.key, challenge)}
        for name, headers in cases.items():
            with self.subTest(name):
                status, _, message = self.direct(**headers)
                self.assertIn(status, (400, 401), message)
                self.assertNotIn("access_token", message)
        status, _, message = self.direct(**self.pair(token, a.key, challenge))
        self.assertEqual(status, 200, message)

    def test_the_mediator_refuses_it_first(self):
        a = self.attester()
        form = {"grant_type": "client_credentials", "scope": "notes"}
        forged = self.forge(a.token(), Key(), alg="ES256")
        status, _, message = self.send(self.site.mediator.url + "/token", form,
                                       a.headers_for(self.issuer, forged))
        self.assertEqual((status, message["error"]), (400, "invalid_client_attestation"))
        status, message = self.post("/token", form, a)
        self.assertEqual(status, 200, message)

    def test_a_proof_is_good_once(self):
        a = self.attester()
        headers = a.headers_for(self.issuer)
        form = {"grant_type": "client_credentials", "scope": "notes"}
        url = self.site.mediator.url + "/token"
        self.assertEqual(self.send(url, form, headers)[2]["error"], "use_attestation_challenge")
        self.assertEqual(self.send(url, form, headers)[2]["error"], "invalid_client_attestation")


class JudgedTwiceByEd25519(JudgedTwice):
    ALG = "EdDSA"


class Rotated(JudgedTwiceCase):
    def test_after_rotating_keys_the_former_is_good_until_its_time(self):
        a = self.attester()
        token = a.token()
        attestctl(self.site.registry, "key", "rotate", "--alg", self.ALG)
        # The mediator first, so that it knows the new key before attestd uses it.
        self.assertEqual(self.site.mediator.reload()["event"], "reloaded")
        form = {"grant_type": "client_credentials", "scope": "notes"}
        status, message = self.post("/token", form, a, token)
        self.assertEqual(status, 200, message)
        self.site.attestd.reload()
        fresh = a.token()
        self.assertNotEqual(header_of(fresh)["kid"], header_of(token)["kid"])
        status, _, message = self.send(self.site.mediator.url + "/token", form,
                                       a.headers_for(self.issuer, fresh))
        # Past the mediator's gate; the server was given the keys of before.
        self.assertEqual((status, message), (400, {"error": "invalid_client_attestation"}))


if __name__ == "__main__":
    unittest.main()
