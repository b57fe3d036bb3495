"""npm's OAuth clients before the mediator, which has taken oidc-provider's place: nothing but their
fetch knows of attestation."""
import os
import tempfile
import unittest

from harness.real_client import ClientError, RealClient
from harness.vouchsafe import request

from .base import BRIEF, MAIN, ROLES, flow
from .flows import (CLIENT_CODE, CLIENT_CREDENTIALS, CLIENT_DEVICE, CLIENT_DISCOVERY, CLIENT_DPOP,
                    CLIENT_ERRORS, CLIENT_INTROSPECTION, CLIENT_REFRESH, CLIENT_REVOCATION,
                    CLIENT_WITHOUT)
from .in_place import OidcProviderInPlace


class ClientCase(OidcProviderInPlace):
    MODULE = None
    ROLES = {MAIN: ROLES[MAIN], BRIEF: ROLES[BRIEF]}
    SCOPE = "openid notes"

    @classmethod
    def registered(cls):
        return [{**about, "scope": cls.SCOPE} for about in super().registered()]

    @classmethod
    def start(cls):
        super().start()
        cls.client = cls.connect()

    @classmethod
    def connect(cls, client_id=MAIN, attest=True):
        """A client in an app of its own, until the class has been tested."""
        folder = tempfile.mkdtemp(dir=cls.folder)
        app = [cls.site.binary, "--attestd", cls.site.attestd.url, "--mediator", cls.url,
               "--client-id", client_id, "--state", os.path.join(folder, "instance")]
        client = RealClient(folder, cls.MODULE, cls.url, client_id, cls.site.REDIRECT, app, attest)
        cls.addClassCleanup(client.close)
        return client

    def log_in(self, client, scope="notes", client_id=MAIN, **words):
        """A grant: Alice's browser goes where the client sends it, and back."""
        url = client.ask("login", scope=scope)["url"]
        self.assertTrue(url.startswith(self.url + "/authorize?"), url)
        back = self.person.authorize(url, client_id, scope.split(), self.site.REDIRECT)
        return client.ask("finish", url=back, **words)

    def assert_refused(self, error, *words, client=None, **more):
        with self.assertRaises(ClientError) as refused:
            (client or self.client).ask(*words, **more)
        self.assertEqual(refused.exception.error, error)

    @flow(CLIENT_DISCOVERY)
    def test_discovery(self):
        found = self.client.ask("metadata")
        self.assertEqual(found["issuer"], self.url)
        self.assertEqual(found["token_endpoint"], self.url + "/token")
        self.assertTrue(found["require_pushed_authorization_requests"])
        self.assertEqual(found["token_endpoint_auth_methods_supported"], ["attest_jwt_client_auth"])

    @flow(CLIENT_CODE)
    def test_code(self):
        """With an ID token, whose signature, issuer and audience the client checks."""
        grant = self.log_in(self.client, self.SCOPE, idTokenExpected=True)
        self.assertEqual(grant["claims"]["iss"], self.url)
        self.assertEqual((grant["claims"]["sub"], grant["claims"]["aud"]), ("alice", MAIN))
        self.assertTrue(self.is_active(grant["access_token"]))

    @flow(CLIENT_REFRESH)
    def test_refresh(self):
        first = self.log_in(self.client)
        second = self.client.ask("refresh", token=first["refresh_token"])
        self.assertNotEqual(first["access_token"], second["access_token"])
        self.assertTrue(self.is_active(second["access_token"]))
        self.assert_refused("invalid_grant", "refresh", token=second["refresh_token"],
                            client=self.connect())

    @flow(CLIENT_CREDENTIALS)
    def test_credentials(self):
        grant = self.client.ask("credentials", scope="notes")
        self.assertTrue(self.is_active(grant["access_token"]))

    @flow(CLIENT_DEVICE)
    def test_device(self):
        started = self.client.ask("device", scope="notes")
        self.approve(started)
        self.assert_refused("invalid_grant", "poll", started=started, client=self.connect())
        grant = self.client.ask("poll", started=started)
        self.assertTrue(self.is_active(grant["access_token"]))

    @flow(CLIENT_INTROSPECTION)
    def test_introspection(self):
        grant = self.log_in(self.client)
        for member in ("access_token", "refresh_token"):
            self.assertTrue(self.client.ask("introspect", token=grant[member])["active"])

    @flow(CLIENT_REVOCATION)
    def test_revocation(self):
        grant = self.log_in(self.client)
        self.client.ask("revoke", token=grant["access_token"])
        self.assertFalse(self.client.ask("introspect", token=grant["access_token"])["active"])
        self.client.ask("revoke", token=grant["refresh_token"])
        self.assert_refused("invalid_grant", "refresh", token=grant["refresh_token"])

    @flow(CLIENT_DPOP)
    def test_dpop(self):
        """Proofs under a key of the client's, made for the URLs that it knows."""
        grant = self.log_in(self.client, dpop=True)
        self.assertEqual(grant["token_type"].lower(), "dpop")
        key = self.told_of(grant["access_token"])["cnf"]["jkt"]
        again = self.client.ask("refresh", token=grant["refresh_token"], dpop=True)
        self.assertEqual(self.told_of(again["access_token"])["cnf"]["jkt"], key)
        other = self.client.ask("credentials", scope="notes", dpop=True)
        self.assertEqual(self.told_of(other["access_token"])["cnf"]["jkt"], key)

    @flow(CLIENT_ERRORS)
    def test_errors(self):
        self.assert_refused("invalid_scope", "credentials", scope="admin")
        self.assert_refused("invalid_grant", "refresh", token="not-one-of-yours")
        brief = self.connect(BRIEF)
        grant = self.log_in(brief, client_id=BRIEF)
        self.expire()
        self.assert_refused("invalid_grant", "refresh", token=grant["refresh_token"], client=brief)
        self.client.ask("credentials", scope="notes")

    @flow(CLIENT_WITHOUT)
    def test_without_the_headers(self):
        plain = self.connect(attest=False)
        for words in (("credentials", {"scope": "notes"}), ("login", {"scope": "notes"}),
                      ("device", {"scope": "notes"}), ("introspect", {"token": "t"}),
                      ("revoke", {"token": "t"})):
            self.assert_refused("invalid_client", words[0], client=plain, **words[1])
        self.assertEqual(request(self.url + "/jwks")[0], 200, "the server's own pages are open")


class OpenidClient(ClientCase):
    COLUMN, MODULE = "openid-client 6", "openid_client"


class Oauth4webapi(ClientCase):
    COLUMN, MODULE = "oauth4webapi 3", "oauth4webapi_client"


del ClientCase, OidcProviderInPlace  # they are no tests themselves

if __name__ == "__main__":
    unittest.main()
