"""mediator's further endpoints before a real Glewlwyd, and several servers behind one mediator."""
import json
import os
import time
import unittest

from harness.attester import Attester
from harness.case import SiteCase
from harness.glewlwyd import Glewlwyd, Person
from harness.vouchsafe import request

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
WORDS = ("code", "refresh_token", "client_credentials", "device_authorization")


def glewlwyd(folder, site, name="notes"):
    server = Glewlwyd(folder, plugin={"oauth-device-authorization-expiration": 600,
                                      "oauth-device-authorization-interval": 1})
    server.add_scope(name)
    server.add_user("alice", "alice-password", [name])
    server.add_client(site.CLIENT, site.secret(), site.REDIRECT, [name], WORDS)
    return server


class EndpointsCase(SiteCase):
    def attester(self):
        return Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)

    def post(self, path, form, headers):
        status, _, body = request(self.url + path, "POST", form, headers)
        return status, json.loads(body) if body else {}


class Endpoints(EndpointsCase):
    @classmethod
    def start(cls):
        cls.server = glewlwyd(os.path.join(cls.folder, "glewlwyd"), cls.site)
        cls.site.start_mediator(cls.server.issuer, client=(
            ' grants = { "authorization_code", "refresh_token", "client_credentials", "%s" }\n'
            ' scopes = { "notes" }' % DEVICE_CODE))
        cls.alice = Person(cls.server, "alice", "alice-password")
        cls.url = cls.site.mediator.url

    @classmethod
    def tearDownClass(cls):
        if getattr(cls, "server", None):
            cls.server.stop()
        super().tearDownClass()

    def ask(self, attester, path, **form):
        return self.post(path, [("client_id", self.site.CLIENT), *form.items()],
                         attester.headers_for(self.url))

    def test_device_grant(self):
        a = self.attester()
        status, started = self.ask(a, "/device_authorization", scope="notes")
        self.assertEqual(status, 200, started)
        poll = dict(grant_type=DEVICE_CODE, device_code=started["device_code"])
        status, message = self.ask(a, "/token", **poll)
        self.assertEqual((status, message.get("error")), (400, "authorization_pending"))
        self.alice.allow_device(started["verification_uri_complete"], self.site.CLIENT, ["notes"])
        time.sleep(1.1)
        status, grant = self.ask(a, "/token", **poll)
        self.assertEqual(status, 200, grant)
        self.assertTrue(grant["refresh_token"].startswith("vs"), "sealed")
        status, claims = self.server.introspect(self.site.CLIENT, self.site.secret(),
                                                grant["access_token"])
        self.assertEqual((claims["active"], claims["username"]), (True, "alice"))

    def test_device_grant_in_another_scope(self):
        status, message = self.ask(self.attester(), "/device_authorization", scope="admin")
        self.assertEqual((status, message["error"]), (400, "invalid_scope"))

    def test_introspect_and_revoke(self):
        a = self.attester()
        _, grant = self.ask(a, "/token", grant_type="client_credentials", scope="notes")
        token = grant["access_token"]
        status, claims = self.ask(a, "/introspect", token=token)
        self.assertEqual((status, claims["active"]), (200, True), claims)
        self.assertEqual(claims["client_id"], self.site.CLIENT)
        self.assertEqual(self.ask(a, "/revoke", token=token)[0], 200)
        status, claims = self.ask(a, "/introspect", token=token)
        self.assertEqual((status, claims["active"]), (200, False))

    def test_nobody_else_introspects_or_revokes(self):
        a = self.attester()
        _, grant = self.ask(a, "/token", grant_type="client_credentials", scope="notes")
        form = [("client_id", self.site.CLIENT), ("token", grant["access_token"])]
        for path in ("/introspect", "/revoke"):
            self.assertEqual(self.post(path, form, {})[0], 400)
            self.assertEqual(self.post(path, form, {"Authorization": "Bearer x"})[0], 400)
        self.assertTrue(self.ask(a, "/introspect", token=grant["access_token"])[1]["active"])

    def test_metadata_names_them(self):
        _, _, body = request(self.url + "/.well-known/oauth-authorization-server")
        document = json.loads(body)
        for member, path in (("device_authorization_endpoint", "/device_authorization"),
                             ("revocation_endpoint", "/revoke"),
                             ("introspection_endpoint", "/introspect")):
            self.assertEqual(document[member], self.url + path)
        self.assertEqual(document["grant_types_supported"], ["authorization_code", DEVICE_CODE],
                         "what this server says of itself, but for implicit")


class TwoServers(EndpointsCase):
    """One mediator, two Glewlwyds, each with an app of its own."""

    @classmethod
    def start(cls):
        cls.servers = []
        for name in ("one", "two"):
            cls.servers.append(glewlwyd(os.path.join(cls.folder, name), cls.site, name))
        cls.site.start_mediator(
            cls.servers[0].issuer, upstream='prefix = "/one"', client=(
                'scopes = { "one" } }\nupstream "two" { issuer = "%s" prefix = "/realms/two" }\n'
                'client "elsewhere" { upstream = "two" keyring = "%s/%s/secrets"\n'
                ' grants = { "client_credentials" }'
                % (cls.servers[1].issuer, cls.site.registry, cls.site.CLIENT)))
        cls.url = cls.site.mediator.url

    @classmethod
    def tearDownClass(cls):
        for server in getattr(cls, "servers", ()):
            server.stop()
        super().tearDownClass()

    def grant(self, prefix, scope):
        a = self.attester()
        return self.post(prefix + "/token", [
            ("grant_type", "client_credentials"), ("client_id", self.site.CLIENT),
            ("scope", scope)], a.headers_for(self.url + prefix))

    def test_each_prefix_leads_to_its_server(self):
        status, grant = self.grant("/one", "one")
        self.assertEqual(status, 200, grant)
        claims = [server.introspect(self.site.CLIENT, self.site.secret(), grant["access_token"])[1]
                  for server in self.servers]
        self.assertEqual([c["active"] for c in claims], [True, False])

    def test_a_client_of_the_other_one_is_unknown(self):
        """Although that server knows a client of this name and secret."""
        status, message = self.grant("/realms/two", "two")
        self.assertEqual((status, message["error"]), (400, "invalid_client_attestation"))
        line = self.refusal(self.site.mediator, message["error_id"])
        self.assertEqual(line["reason"], "unknown client")

    def test_metadata_of_each(self):
        for server, prefix in zip(self.servers, ("/one", "/realms/two")):
            for url in ("/.well-known/oauth-authorization-server" + prefix,
                        prefix + "/.well-known/openid-configuration"):
                status, _, body = request(self.url + url)
                self.assertEqual(status, 200, url)
                document = json.loads(body)
                self.assertEqual(document["issuer"], self.url + prefix)
                self.assertEqual(document["token_endpoint"], self.url + prefix + "/token")
                self.assertEqual(document["jwks_uri"], server.issuer + "/jwks")

    def test_unknown_prefix(self):
        for path in ("/token", "/three/token", "/.well-known/oauth-authorization-server"):
            status, headers, body = request(self.url + path)
            self.assertEqual((status, json.loads(body)["error"]), (404, "not_found"))
            self.assertEqual(headers["Content-Type"], "application/json")


if __name__ == "__main__":
    unittest.main()
