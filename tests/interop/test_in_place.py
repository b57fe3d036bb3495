"""The mediator in the server's place, and one DPoP proof for both: the app's instance key proves
possession to the mediator and binds the server's access token."""
import json
import os
import unittest
import urllib.parse

from harness.attacks import b64
from harness.vouchsafe import request

from .base import MAIN, ROLES, Role, flow
from .flows import DPOP_FOR_US
from .in_place import GlewlwydInPlace, OidcProviderInPlace

DPOP = "app-dpop"


class OneProof:
    ROLES = {MAIN: ROLES[MAIN], DPOP: Role("client_secret_basic", 'possession = "dpop"')}

    def ask(self, attester, path, form, key=None, token=None):
        """(status, message) of a request with a DPoP proof as the only one."""
        proof = (key or attester.key).dpop("POST", self.url + path)
        return self._send(self.url + path, [("client_id", DPOP), *form.items()], {
            "OAuth-Client-Attestation": token or attester.token(), "DPoP": proof})

    def assert_bound(self, answer, attester):
        status, grant = answer
        self.assertEqual((status, grant["token_type"].lower()), (200, "dpop"), grant)
        told = self.told_of(grant["access_token"], DPOP)
        self.assertEqual(told["cnf"]["jkt"], b64(attester.key.jkt))
        return grant

    @flow(DPOP_FOR_US)
    def test_one_proof_for_both(self):
        a, thief = self.attester(DPOP), self.attester(DPOP)
        form = {"grant_type": "client_credentials", "scope": "notes"}
        status, refused = self.ask(a, "/token", form, thief.key)
        self.assertEqual((status, refused["error"]), (400, "invalid_dpop_proof"))
        self.assert_bound(self.ask(a, "/token", form), a)

        verifier = b64(os.urandom(32))
        status, pushed = self.ask(a, "/par", self.authorization(verifier))
        self.assertEqual(status, 201, pushed)
        back = self.person.authorize(self.authorize_url(pushed, DPOP), DPOP, ["notes"],
                                     self.site.REDIRECT)
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier,
                "redirect_uri": self.site.REDIRECT}
        status, refused = self.ask(thief, "/token", form)
        self.assertEqual((status, refused["error"]), (400, "invalid_grant"))
        grant = self.assert_bound(self.ask(a, "/token", form), a)
        self.assert_bound(self.ask(a, "/token", {"grant_type": "refresh_token",
                                                 "refresh_token": grant["refresh_token"]}), a)

    def test_the_issuer_is_one_for_all(self):
        """In the metadata, and where the server says it, in the redirect."""
        self.assertEqual(self.server.issuer, self.url)
        _, _, body = request(self.url + "/.well-known/openid-configuration")
        document = json.loads(body)
        self.assertEqual(document["issuer"], self.url)
        self.assertEqual(document["token_endpoint"], self.url + "/token")
        status, pushed, _ = self.push(self.attester())
        back = self.person.authorize(self.authorize_url(pushed), MAIN, ["notes"], self.site.REDIRECT)
        said = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query).get("iss")
        if document.get("authorization_response_iss_parameter_supported"):
            self.assertEqual(said, [self.url])


class BeforeOidcProvider(OneProof, OidcProviderInPlace):
    COLUMN = "oidc-provider 9"


class BeforeGlewlwyd(OneProof, GlewlwydInPlace):
    COLUMN = "Glewlwyd 2.7"


del OidcProviderInPlace, GlewlwydInPlace  # they are no tests themselves

if __name__ == "__main__":
    unittest.main()
