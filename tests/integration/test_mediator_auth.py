"""mediator's client authentication: all five methods, seen by somebody between it and a real
Glewlwyd, judged by that and by python3-cryptography."""
import base64
import hmac
import json
import os
import time
import unittest
import urllib.parse

from cryptography.exceptions import InvalidSignature

from harness.attacks import b64, unb64
from harness.attester import Attester
from harness.case import SiteCase
from harness.glewlwyd import Glewlwyd
from harness.keys import pem, verify
from harness.middle import Middle
from harness.vouchsafe import attestctl, mediatorctl, request

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
APPS = {  # name: (method, algorithm of its key)
    "basic": ("client_secret_basic", None), "post": ("client_secret_post", None),
    "secret-jwt": ("client_secret_jwt", None), "es256": ("private_key_jwt", "ES256"),
    "eddsa": ("private_key_jwt", "EdDSA"), "open": ("none", None),
}
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


class AuthCase(SiteCase):
    @classmethod
    def start(cls):
        cls.server = Glewlwyd(os.path.join(cls.folder, "glewlwyd"), plugin={
            "request-parameter-allow": True, "client-pubkey-parameter": "pubkey"})
        cls.server.add_scope("notes")
        cls.middle = Middle(cls.server.base)
        cls.keys, sections = {}, []
        for name, (method, alg) in APPS.items():
            attestctl(cls.site.registry, "app", "add", name)
            attestctl(cls.site.registry, "build", "add", name, cls.site.binary)
            sections.append(cls.section(name, method, alg))
        cls.site.attestd.reload()
        base = cls.middle.url + "/api/glwd"
        cls.site.start_mediator(cls.server.issuer, extra="\n".join(sections), upstream=(
            'discovery = false\n token_endpoint = "%s/token"\n authorization_endpoint = "%s/auth"\n'
            ' pushed_authorization_request_endpoint = "%s/par"\n'
            ' device_authorization_endpoint = "%s/device_authorization"\n'
            ' revocation_endpoint = "%s/revoke"\n introspection_endpoint = "%s/introspect"\n'
            % ((base,) * 6)))
        cls.url = cls.site.mediator.url

    @classmethod
    def section(cls, name, method, alg):
        """Makes the app known to the server, and to the mediator by what is returned."""
        more, known = "", {}
        if alg:
            folder = os.path.join(cls.folder, "keys-" + name)
            done = mediatorctl("client-key", "rotate", "--folder", folder, "--alg", alg)
            cls.keys[name] = json.loads(done.stdout)["keys"][0]
            known["pubkey"] = pem(cls.keys[name])
            more = 'assertion_keyring = "%s"\n' % folder
        secret = method != "none" and cls.site.secret(name)
        cls.server.add_client(name, secret, cls.site.REDIRECT, ["notes"],
                              ("code", "refresh_token", "client_credentials",
                               "device_authorization"), (method,), **known)
        return ('client "%s" { keyring = "%s/%s/secrets"\n auth_method = "%s"\n grants = {'
                ' "client_credentials", "authorization_code", "%s" }\n %s'
                ' assertion_audience = "%s/token" }'
                % (name, cls.site.registry, name, method, DEVICE_CODE, more, cls.server.issuer))

    @classmethod
    def tearDownClass(cls):
        for one in ("middle", "server"):
            if getattr(cls, one, None):
                getattr(cls, one).stop()
        super().tearDownClass()

    def ask(self, name, path, **form):
        """(status, message) that the app gets; self.head and self.form are what the server saw."""
        a = Attester(self.site.attestd.url, name, self.site.binary)
        status, _, body = request(self.url + path, "POST", [("client_id", name), *form.items()],
                                  a.headers_for(self.url))
        self.head = self.middle.heads[-1]
        self.form = urllib.parse.parse_qsl(self.middle.recorded[-1][1].decode(), True)
        return status, json.loads(body) if body else {}

    def push(self):
        """A request for a code that no other instance has asked for."""
        return dict(response_type="code", scope="notes", redirect_uri=self.site.REDIRECT,
                    code_challenge=b64(os.urandom(32)), code_challenge_method="S256")

    def assertion(self):
        """(header, claims, message, signature) of the only one that the server saw."""
        form = dict(self.form)
        self.assertEqual(len(form), len(self.form), "each once")
        self.assertEqual(form["client_assertion_type"], ASSERTION)
        header, claims, signature = form["client_assertion"].split(".")
        return (json.loads(unb64(header)), json.loads(unb64(claims)),
                (header + "." + claims).encode(), unb64(signature))


class Methods(AuthCase):
    def credentials(self, name):
        return self.ask(name, "/token", grant_type="client_credentials", scope="notes")

    def assert_nothing_else(self, *allowed):
        """No second authentication beside the one that is allowed."""
        seen = {name for name, _ in self.form if name.startswith("client_")}
        seen |= {name for name, _ in self.head if name.lower() == "authorization"}
        self.assertEqual(seen - {"client_id"}, set(allowed))

    def test_basic(self):
        status, message = self.credentials("basic")
        self.assertEqual(status, 200, message)
        pair = "basic:" + urllib.parse.quote(self.site.secret("basic"), safe="-._~")
        self.assertIn(("Authorization", "Basic " + base64.b64encode(pair.encode()).decode()),
                      self.head)
        self.assert_nothing_else("Authorization")

    def test_post(self):
        status, message = self.credentials("post")
        self.assertEqual(status, 200, message)
        self.assertEqual(dict(self.form)["client_secret"], self.site.secret("post"))
        self.assert_nothing_else("client_secret")

    def test_none(self):
        """The server gives such a client no credentials of its own, but takes its request."""
        status, message = self.ask("open", "/par", **self.push())
        self.assertEqual(status, 201, message)
        self.assert_nothing_else()

    def check_claims(self, name, claims):
        self.assertEqual((claims["iss"], claims["sub"]), (name, name))
        self.assertEqual(claims["aud"], self.server.issuer + "/token")
        self.assertEqual(claims["exp"] - claims["iat"], 60)
        self.assertLess(abs(claims["iat"] - time.time()), 5)

    def test_secret_jwt(self):
        status, message = self.credentials("secret-jwt")
        self.assertEqual(status, 200, message)
        header, claims, text, signature = self.assertion()
        self.assertEqual(header, {"alg": "HS256", "typ": "JWT"})
        self.check_claims("secret-jwt", claims)
        want = hmac.new(self.site.secret("secret-jwt").encode(), text, "sha256").digest()
        self.assertEqual(signature, want)
        self.assert_nothing_else("client_assertion", "client_assertion_type")

    def test_key_jwt(self):
        for name in ("es256", "eddsa"):
            with self.subTest(name):
                status, message = self.credentials(name)
                self.assertEqual(status, 200, message)
                header, claims, text, signature = self.assertion()
                key = self.keys[name]
                self.assertEqual(header, {"alg": key["alg"], "typ": "JWT", "kid": key["kid"]})
                self.check_claims(name, claims)
                verify(key, text, signature)
                with self.assertRaises(InvalidSignature):
                    verify(key, text + b"x", signature)
                self.assert_nothing_else("client_assertion", "client_assertion_type")

    def test_ids_are_fresh_and_the_method_is_that_of_every_endpoint(self):
        forms = {
            "/token": dict(grant_type="client_credentials", scope="notes"), "/par": None,
            "/device_authorization": dict(scope="notes"), "/revoke": dict(token="t"),
            "/introspect": dict(token="t"),
        }
        for name in ("secret-jwt", "es256", "eddsa"):
            ids = set()
            for path, form in forms.items():
                self.ask(name, path, **(form or self.push()))
                header, claims, text, signature = self.assertion()
                self.check_claims(name, claims)
                ids.add(claims["jti"])
                if name in self.keys:
                    verify(self.keys[name], text, signature)
            self.assertEqual(len(ids), len(forms), name)

    def test_a_new_key_signs_after_sighup(self):
        folder = os.path.join(self.folder, "keys-es256")
        former = self.keys["es256"]
        done = mediatorctl("client-key", "rotate", "--folder", folder, "--keep", "1")
        both = json.loads(done.stdout)["keys"]
        self.assertGreater(both[1].pop("exp"), time.time(), "until when it verifies")
        self.assertEqual(both[1], former)
        self.credentials("es256")
        self.assertEqual(self.assertion()[0]["kid"], former["kid"], "until it is told")
        self.site.mediator.reload()
        self.credentials("es256")
        header, _, text, signature = self.assertion()
        self.assertEqual(header["kid"], both[0]["kid"])
        verify(both[0], text, signature)
        self.assertEqual(mediatorctl("client-key", "public", "--folder", folder).stdout,
                         done.stdout)
        self.keys["es256"] = both[0]
        self.server.set_client("es256", pubkey=pem(both[0]))
        self.assertEqual(self.credentials("es256")[0], 200)


class Tool(unittest.TestCase):
    def test_wrong_usage(self):
        for words in (("client-key",), ("client-key", "rotate"), ("client-key", "public", "--folder"),
                      ("client-key", "rotate", "--folder", "x", "--alg", "RS256"),
                      ("seal-key", "public", "--folder", "x")):
            done = mediatorctl(*words, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertIn("Usage", done.stderr)

    def test_a_folder_of_something_else(self):
        self.assertEqual(mediatorctl("client-key", "public", "--folder", "/nonexistent",
                                     check=False).returncode, 1)


if __name__ == "__main__":
    unittest.main()
