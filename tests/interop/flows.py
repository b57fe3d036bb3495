"""flows: what each server is put through, one test a row of the matrix."""
import json
import time

from harness.attacks import b64
from harness.vouchsafe import request

from . import matrix
from .base import (BRIEF, DEVICE_CODE, JWT_BEARER, KEY_JWT, MAIN, NONE, POST, SECRET_JWT,
                   TOKEN_EXCHANGE, flow)

CODE, REFRESH = "authorization code, PKCE", "refresh token"
SERVERS_PAR, OWN_PAR = "PAR: the server's", "PAR: the mediator's"
BROWSER = "login in Chromium"
CREDENTIALS, DEVICE = "client credentials", "device authorization"
EXCHANGE, BEARER, DETAILS = "token exchange", "JWT bearer", "authorization_details"
INTROSPECTION, REVOCATION = "introspection", "revocation"
BY_BASIC, BY_POST, BY_NONE = "client_secret_basic", "client_secret_post", "none (public client)"
BY_SECRET_JWT, BY_KEY_JWT = "client_secret_jwt", "private_key_jwt"
DPOP, DPOP_FOR_US = "DPoP-bound access token", "DPoP: one proof for both"
BAD_CODE, BAD_SCOPE, EXPIRED = "bad code, as told", "bad scope, as told", "expired refresh token, as told"

SERVER_ROWS = (
    CODE, BROWSER, SERVERS_PAR, OWN_PAR, REFRESH, CREDENTIALS, DEVICE, EXCHANGE, BEARER,
    DETAILS, INTROSPECTION, REVOCATION,
    BY_BASIC, BY_POST, BY_SECRET_JWT, BY_KEY_JWT, BY_NONE, DPOP, DPOP_FOR_US, BAD_CODE, BAD_SCOPE, EXPIRED)

CLIENT_DISCOVERY, CLIENT_CODE = "discovery", "PAR, code, PKCE, ID token"
CLIENT_REFRESH, CLIENT_CREDENTIALS, CLIENT_DEVICE = REFRESH, CREDENTIALS, "device flow"
CLIENT_INTROSPECTION, CLIENT_REVOCATION, CLIENT_DPOP = INTROSPECTION, REVOCATION, "DPoP"
CLIENT_ERRORS, CLIENT_WITHOUT = "errors, as told", "refused without the headers"
CLIENT_ROWS = (
    CLIENT_DISCOVERY, CLIENT_CODE, CLIENT_REFRESH, CLIENT_CREDENTIALS, CLIENT_DEVICE,
    CLIENT_INTROSPECTION, CLIENT_REVOCATION, CLIENT_DPOP, CLIENT_ERRORS, CLIENT_WITHOUT)
TABLES = ((matrix.SERVERS, SERVER_ROWS), (matrix.CLIENTS, CLIENT_ROWS))


class ParFlows:
    def assert_pushed(self, upstream_has_it):
        """Where the request ends up: as a request_uri of the server's, or in its query."""
        a = self.attester()
        status, pushed, _ = self.push(a)
        self.assertEqual(status, 201, pushed)
        status, headers, _ = request(self.authorize_url(pushed))
        self.assertIn(status, (302, 303))
        self.assertEqual("request_uri=" in headers["Location"], upstream_has_it)
        self.assertEqual("code_challenge=" in headers["Location"], not upstream_has_it)
        self.granted(a)


class ServersPar(ParFlows):
    @flow(SERVERS_PAR)
    def test_par_of_the_server(self):
        self.assert_pushed(True)


class OwnPar(ParFlows):
    @flow(OWN_PAR)
    def test_par_of_the_mediator(self):
        self.assert_pushed(False)


class Flows:
    @flow(CODE)
    def test_code(self):
        grant = self.granted(self.attester())
        self.assertEqual(grant["token_type"].lower(), "bearer")
        self.assertTrue(self.is_active(grant["access_token"]))

    @flow(REFRESH)
    def test_refresh(self):
        a = self.attester()
        first = self.granted(a)
        status, second = self.refresh(a, first["refresh_token"])
        self.assertEqual(status, 200, second)
        self.assertNotEqual(first["access_token"], second["access_token"])
        self.assertTrue(self.is_active(second["access_token"]))
        # Some servers hand out a new one each time, others let the first one live.
        status, third = self.refresh(a, second.get("refresh_token", first["refresh_token"]))
        self.assertEqual(status, 200, third)

    @flow(CREDENTIALS)
    def test_credentials(self):
        status, grant = self.credentials()
        self.assertEqual(status, 200, grant)
        self.assertTrue(self.is_active(grant["access_token"]))

    def poll(self, attester, started):
        return self.post("/token", {"grant_type": DEVICE_CODE,
                                    "device_code": started["device_code"]}, attester)

    def polled(self, attester, started):
        """The grant, once the server says so; a device that asks too often is told to wait."""
        answers = []

        def answered():
            answers.append(self.poll(attester, started))
            return answers[-1][1].get("error") not in ("authorization_pending", "slow_down")
        while not answered():
            self.assertLess(len(answers), 10)
            time.sleep(started.get("interval", 1) + 0.1)
        return answers[-1]

    @flow(DEVICE)
    def test_device(self):
        a = self.attester()
        status, started = self.post("/device_authorization", {"scope": "notes"}, a)
        self.assertEqual(status, 200, started)
        status, pending = self.poll(a, started)
        self.assertEqual((status, pending.get("error")), (400, "authorization_pending"))
        self.approve(started)
        status, refused = self.poll(self.attester(), started)
        self.assertEqual((status, refused.get("error")), (400, "invalid_grant"), "another instance")
        status, grant = self.polled(a, started)
        self.assertEqual(status, 200, grant)
        self.assertTrue(self.is_active(grant["access_token"]))

    @flow(EXCHANGE)
    def test_exchange(self):
        a = self.attester()
        form = {"grant_type": TOKEN_EXCHANGE, "subject_token": self.granted(a)["access_token"],
                "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "audience": "https://api.example", "scope": "notes"}
        status, grant = self.post("/token", form, a)
        self.assertEqual(status, 200, grant)
        self.assertEqual(grant["issued_token_type"], form["subject_token_type"])
        self.assertNotEqual(grant["access_token"], form["subject_token"])
        self.assertTrue(self.is_active(grant["access_token"]))
        form["subject_token"] = "not-one-of-yours"
        self.assert_same(self.post("/token", form, a),
                         self.direct(self.server.token_endpoint, form), "invalid_grant")

    @staticmethod
    def issued(claims, key):
        return key.jwt({"alg": "ES256", "kid": "issuer"}, claims)

    @flow(BEARER)
    def test_bearer(self):
        """An assertion by the key of a client, about Alice."""
        a, now = self.attester(KEY_JWT), int(time.time())
        claims = {"iss": KEY_JWT, "sub": "alice", "aud": self.server.token_endpoint, "iat": now,
                  "exp": now + 60, "jti": "one-%d" % time.time_ns()}
        form = {"grant_type": JWT_BEARER, "scope": "notes", "assertion": self.issued(claims, self.issuer)}
        status, grant = self.post("/token", form, a, KEY_JWT)
        self.assertEqual(status, 200, grant)
        status, told = self.post("/introspect", {"token": grant["access_token"]}, a, KEY_JWT)
        self.assertEqual((status, told.get("username")), (200, "alice"), told)
        form["assertion"] = self.issued(claims, a.key)
        status, refused = self.post("/token", form, a, KEY_JWT)
        self.assertEqual((status, refused["error"]), (400, "invalid_grant"))

    @flow(DETAILS)
    def test_details(self):
        a = self.attester()
        for details in self.DETAILS:
            more = {"authorization_details": json.dumps(details), **self.RESOURCE}
            grant = self.exchange(a, *self.code_for(a, **more))[1]
            self.assertEqual(grant["authorization_details"], details, grant)
            self.assertEqual(self.told_of(grant["access_token"])["authorization_details"], details)
        status, refused, _ = self.push(a, authorization_details="not a list")
        self.assertEqual((status // 100, refused.get("error")), (4, self.BAD_DETAILS))

    @flow(INTROSPECTION)
    def test_introspection(self):
        a, thief = self.attester(), self.attester()
        grant = self.granted(a)
        for member in ("access_token", "refresh_token"):
            status, claims = self.post("/introspect", {"token": grant[member]}, a)
            self.assertEqual((status, claims.get("active")), (200, True), claims)
            self.assertEqual(claims["client_id"], MAIN)
        status, claims = self.post("/introspect", {"token": "not-one-of-yours"}, a)
        self.assertEqual((status, claims), self.direct(self.server.introspection_endpoint,
                                                       {"token": "not-one-of-yours"}))
        status, _ = self.post("/introspect", {"token": grant["refresh_token"]}, thief)
        self.assertEqual(status, 400)

    @flow(REVOCATION)
    def test_revocation(self):
        a, thief = self.attester(), self.attester()
        grant = self.granted(a)
        status, _ = self.post("/revoke", {"token": grant["access_token"],
                                          "token_type_hint": "access_token"}, a)
        self.assertEqual(status, 200)
        self.assertFalse(self.is_active(grant["access_token"]))
        grant = self.granted(a)
        form = {"token": grant["refresh_token"], "token_type_hint": "refresh_token"}
        self.assertEqual(self.post("/revoke", form, thief)[0], 400)
        status, claims = self.post("/introspect", {"token": grant["refresh_token"]}, a)
        self.assertTrue(claims["active"], "a thief revokes nothing")
        self.assertEqual(self.post("/revoke", form, a)[0], 200)
        status, refused = self.refresh(a, grant["refresh_token"])
        self.assertEqual(status, 400, refused)

    @flow(DPOP)
    def test_dpop(self):
        """Beside the proof for the mediator one for the server's own URL, which goes on."""
        a = self.attester()
        status, grant = self.credentials(
            attester=a, DPoP=a.key.dpop("POST", self.server.token_endpoint))
        self.assertEqual((status, grant["token_type"].lower()), (200, "dpop"), grant)
        self.assertEqual(self.told_of(grant["access_token"])["cnf"]["jkt"], b64(a.key.jkt))
        status, message = self.credentials(
            attester=a, DPoP=a.key.dpop("POST", self.server.introspection_endpoint))
        self.assertIn(status, (400, 401, 403))
        self.assertNotIn("error_id", message, "it is the server that judges it")

    def assert_authenticated(self, client_id):
        """The server checks this client, and is content with the mediator's word."""
        form = {"grant_type": "client_credentials", "scope": "notes"}
        status, _ = self.direct(self.server.token_endpoint, form, client_id, "a wrong secret" * 3)
        self.assertIn(status, (400, 401, 403))
        status, grant = self.credentials(client_id)
        self.assertEqual(status, 200, grant)

    @flow(BY_BASIC)
    def test_basic(self):
        self.assert_authenticated(MAIN)

    @flow(BY_POST)
    def test_post(self):
        self.assert_authenticated(POST)

    @flow(BY_SECRET_JWT)
    def test_secret_jwt(self):
        self.assert_authenticated(SECRET_JWT)

    @flow(BY_KEY_JWT)
    def test_key_jwt(self):
        self.assert_authenticated(KEY_JWT)

    @flow(BY_NONE)
    def test_none(self):
        self.granted(self.attester(NONE), NONE)

    def assert_same(self, mediated, direct, code):
        self.assertEqual(mediated, direct)
        self.assertEqual(mediated[0] // 100, 4)
        if code:
            self.assertEqual(mediated[1]["error"], code)

    @flow(BAD_CODE)
    def test_bad_code(self):
        a = self.attester()
        _, verifier = self.code_for(a)
        form = {"grant_type": "authorization_code", "code": "not-one-of-yours",
                "redirect_uri": self.site.REDIRECT, "code_verifier": verifier}
        self.assert_same(self.post("/token", form, a),
                         self.direct(self.server.token_endpoint, form), self.BAD_CODE)

    @flow(BAD_SCOPE)
    def test_bad_scope(self):
        form = {"grant_type": "client_credentials", "scope": "admin"}
        self.assert_same(self.post("/token", form, self.attester()),
                         self.direct(self.server.token_endpoint, form), self.BAD_SCOPE)

    @flow(EXPIRED)
    def test_expired(self):
        a = self.attester(BRIEF)
        token = self.granted(a, BRIEF)["refresh_token"]
        self.expire()
        self.assert_same(self.refresh(a, token, BRIEF),
                         self.direct(self.server.token_endpoint, {
                             "grant_type": "refresh_token", "refresh_token": token}, BRIEF),
                         self.EXPIRED)

    # One that looks like JSON at its worst: what is passed on must be the same.
    DETAILS = ([{"type": "payment", "amount": "12,50 \u20ac", "actions": ["a b&c=d", "%41+"]}],)
    RESOURCE = {}
    BAD_DETAILS = "invalid_authorization_details"
    BAD_CODE, BAD_SCOPE, EXPIRED = "invalid_grant", "invalid_scope", "invalid_grant"
