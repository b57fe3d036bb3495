"""An attested app authenticates itself at a server that knows client_secret_jwt, with no mediator:
attestd gives it an assertion (RFC 7523) under the secret that the app does not have."""
import hashlib
import hmac
import json
import os
import time
import unittest

from harness import attacks
from harness.attacks import b64
from harness.attester import Attester
from harness.authlib_server import AuthlibServer
from harness.case import SiteCase
from harness.glewlwyd import Glewlwyd
from harness.oidc_provider import OidcProvider
from harness.vouchsafe import attestctl, request, sanitized


TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def sign(secret, **claims):
    """An assertion as attestd would make it, with whatever else in it."""
    claims = {"jti": b64(os.urandom(16)), "iat": int(time.time()), "exp": int(time.time()) + 60,
              **claims}
    text = (b64(b'{"alg":"HS256","typ":"JWT"}') + "."
            + b64(json.dumps({k: v for k, v in claims.items() if v is not None}).encode()))
    return text + "." + b64(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())


class GlewlwydServer(Glewlwyd):
    """It takes assertions where it takes request objects, for the exact URL that is called."""

    def __init__(self, folder, client):
        super().__init__(folder, plugin={"request-parameter-allow": True})
        self.token_endpoint = self.issuer + "/token"
        self.add_scope("notes")
        self.add_client(client["client_id"], client["client_secret"], client["redirect_uris"][0],
                        ["notes"], ("client_credentials",), ("client_secret_jwt",))


class Server:
    """What every server has to be right about. SEES_REPLAY: it remembers jti."""

    SEES_REPLAY = True

    @classmethod
    def start(cls):
        client = {"client_id": cls.site.CLIENT, "client_secret": cls.site.secret(),
                  "token_endpoint_auth_method": "client_secret_jwt",
                  "redirect_uris": [cls.site.REDIRECT], "response_types": ["code"],
                  "scope": "notes", "grant_types": ["authorization_code", "client_credentials"]}
        cls.server = cls.start_server(os.path.join(cls.folder, "server"), client)
        cls.addClassCleanup(cls.server.stop)
        cls.audience = cls.server.token_endpoint
        attestctl(cls.site.registry, "app", "set", cls.site.CLIENT, "--audience", cls.audience,
                  "--audience", "https://elsewhere.example")
        cls.site.attestd.reload()

    def assertion(self, audience=None, **kw):
        """(status, message) of an attestation that asks for one."""
        a = Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary, **kw)
        _, challenge = a.challenge()
        return a.present(a.answer(challenge, format="client_assertion",
                                  audience=audience or self.audience))

    def good(self, audience=None):
        status, message = self.assertion(audience)
        self.assertEqual(status, 200, message)
        return message

    def post(self, assertion, **more):
        """What the server says to the app itself: (status, message)."""
        form = {"grant_type": "client_credentials", "scope": "notes",
                "client_id": self.site.CLIENT, "client_assertion_type": TYPE,
                "client_assertion": assertion, **more}
        status, _, body = request(self.server.token_endpoint, "POST", list(form.items()))
        return status, json.loads(body) if body else {}

    def accepted(self, assertion):
        status, message = self.post(assertion)
        self.assertEqual(status, 200, message)
        self.assertIn("access_token", message)

    def refused(self, assertion):
        status, message = self.post(assertion)
        self.assertIn(status, (400, 401, 403), message)
        self.assertNotIn("access_token", message)

    def test_granted(self):
        message = self.good()
        self.assertEqual(message["client_assertion_type"], TYPE)
        self.accepted(message["client_assertion"])

    def test_replayed(self):
        assertion = self.good()["client_assertion"]
        self.accepted(assertion)
        if self.SEES_REPLAY:
            self.refused(assertion)
        else:
            self.accepted(assertion)  # it lives for a minute

    def test_expired(self):
        def made(age):
            now = int(time.time()) - age
            return sign(self.site.secret(), iss=self.site.CLIENT, sub=self.site.CLIENT,
                        aud=self.audience, iat=now, exp=now + 60)
        self.accepted(made(0))
        self.refused(made(600))

    def test_for_another_audience(self):
        self.accepted(self.good()["client_assertion"])
        self.refused(self.good("https://elsewhere.example")["client_assertion"])

    def test_forged(self):
        head, claims, mac = self.good()["client_assertion"].split(".")
        bent = ("A" if mac[0] != "A" else "B") + mac[1:]
        self.refused(".".join((head, claims, bent)))
        self.refused(".".join((b64(b'{"alg":"none"}'), claims, "")))
        self.refused(sign("x" * 43, iss=self.site.CLIENT, sub=self.site.CLIENT, aud=self.audience))
        self.accepted(".".join((head, claims, mac)))

    def test_other_tokens_of_the_same_secret_are_none(self):
        a = Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)
        self.refused(a.token())
        _, challenge = a.challenge()
        _, message = a.present(a.answer(challenge, format="ear"))
        self.refused(message["ear"])

    def test_the_app_itself(self):
        with self.site.app() as app:
            good, assertion = app.ask("assertion " + self.audience)
            self.assertTrue(good, assertion)
            self.accepted(assertion)
            attacks.patch_memory(app.pid, self.site.binary, b"OAuth-Client-Attestation",
                                 b"OAuth-Client-AttestatioN")
            # A sanitizer makes it larger than what one challenge asks for.
            for _ in range(12 if sanitized() else 1):
                good, words = app.ask("assertion " + self.audience)
                if not good:
                    break
            self.assertFalse(good, words)

    def test_a_tampered_app_gets_none(self):
        copy = os.path.join(self.folder, "tampered")
        attacks.patch_file(self.site.binary, copy, b"OAuth-Client-Attestation",
                           b"OAuth-Client-AttestatioN")
        a = Attester(self.site.attestd.url, self.site.CLIENT, copy)
        for _ in range(12 if sanitized() else 1):
            _, challenge = a.challenge()
            status, message = a.present(a.answer(challenge, format="client_assertion",
                                                 audience=self.audience))
            if status != 200:
                break
        self.assertEqual((status, message["error"]), (403, "attestation_failed"))
        self.assertNotIn("client_assertion", message)


class Provider(Server, SiteCase):
    @classmethod
    def start_server(cls, folder, client):
        return OidcProvider(folder, [client])


class GlewlwydKnowsIt(Server, SiteCase):
    @classmethod
    def start_server(cls, folder, client):
        return GlewlwydServer(folder, client)


class AuthlibKnowsIt(Server, SiteCase):
    @classmethod
    def start_server(cls, folder, client):
        return AuthlibServer(folder, [client])


if __name__ == "__main__":
    unittest.main()
