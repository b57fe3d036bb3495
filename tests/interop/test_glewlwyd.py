"""Glewlwyd behind the mediator."""
import os
import sqlite3
import unittest

from harness.glewlwyd import Glewlwyd, Person, whole_webapp
from harness.keys import pem

from .base import MAIN, InteropCase
from .flows import BEARER, EXCHANGE, Flows, OwnPar, ServersPar


class Alice(Person):
    """She agrees to pay, too, which Glewlwyd asks for each type of details."""

    def consent(self, client_id, scopes):
        super().consent(client_id, scopes)
        status, _, body = self.browser.send(
            "PUT", self.server.inner + "/rar/%s/payment/1" % client_id)
        if status != 200:
            raise RuntimeError("consent to payments answered %d %s" % (status, body))


class GlewlwydServer(Glewlwyd):
    """Glewlwyd with Alice, the scope "notes" and the endpoints named."""

    def __init__(self, folder, clients, par=True, webapp=None, external=None):
        super().__init__(folder, par=par, webapp=webapp, external=external, plugin={
            "request-parameter-allow": True, "client-pubkey-parameter": "pubkey",
            "oauth-rar-allowed": True, "rar-types-client-property": "authorization_details_types",
            "rar-allow-auth-unsigned": True, "rar-allow-auth-unencrypted": True,
            "rar-types": {"payment": {"description": "a payment", "scopes": ["notes"],
                                      "actions": ["a b&c=d", "%41+"]}},
            "oauth-dpop-allowed": True, "oauth-dpop-iat-duration": 60,
            "oauth-device-authorization-expiration": 600,
            "oauth-device-authorization-interval": 1})
        self.token_endpoint = self.inner + "/token"
        self.introspection_endpoint = self.inner + "/introspect"
        self.add_scope("notes")
        self.add_user("alice", "alice-password", ["notes"])
        for client in clients:
            method = client["token_endpoint_auth_method"]
            self.add_client(client["client_id"], method != "none" and client["client_secret"],
                            client["redirect_uris"][0], ["notes"],
                            ("code", "refresh_token", "client_credentials", "device_authorization"),
                            (method,), authorization_details_types=client["authorization_details_types"],
                            **({"pubkey": pem(client["jwks"]["keys"][0])}
                                          if "jwks" in client else {}))

    def person(self):
        return Alice(self, "alice", "alice-password")


class GlewlwydCase(InteropCase):
    PAR, WEBAPP = True, False

    @classmethod
    def start_server(cls, folder):
        return GlewlwydServer(folder, cls.registered(), par=cls.PAR,
                              webapp=cls.WEBAPP and whole_webapp(folder + "-webapp"))

    def approve(self, started):
        self.person.allow_device(started["verification_uri_complete"], MAIN, ["notes"])


class Behind(Flows, ServersPar, GlewlwydCase):
    COLUMN = "Glewlwyd 2.7"
    LACKS = {EXCHANGE: "Glewlwyd 2.7 has no token exchange", BEARER: "nor the grant of RFC 7523"}
    BAD_CODE, BAD_SCOPE, EXPIRED = "invalid_code", "scope_invalid", None
    BAD_DETAILS = None  # it gives no reason

    def expire(self):
        """Its lifetimes are those of the whole server, so the clock of one token is put back."""
        with sqlite3.connect(self.server.database, timeout=10) as db:
            changed = db.execute("UPDATE gpo_refresh_token SET gpor_expires_at = 1 "
                                 "WHERE gpor_client_id = 'app-brief'")
            self.assertGreater(changed.rowcount, 0)


class BehindWithoutPar(OwnPar, GlewlwydCase):
    COLUMN, PAR = "Glewlwyd 2.7", False


if __name__ == "__main__":
    unittest.main()
