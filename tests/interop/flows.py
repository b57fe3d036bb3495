"""flows: what each server is put through, one test a row of the matrix."""
import time

from harness.vouchsafe import request

from .base import BRIEF, MAIN, NONE, POST, flow

CODE, REFRESH = "authorization code, PKCE", "refresh token"
SERVERS_PAR, OWN_PAR = "PAR: the server's", "PAR: the mediator's"
CREDENTIALS = "client credentials"
BY_BASIC, BY_POST, BY_NONE = "client_secret_basic", "client_secret_post", "none (public client)"
BAD_CODE, BAD_SCOPE, EXPIRED = "bad code, as told", "bad scope, as told", "expired refresh token, as told"

ROWS = (CODE, SERVERS_PAR, OWN_PAR, REFRESH, CREDENTIALS, BY_BASIC, BY_POST, BY_NONE, BAD_CODE,
        BAD_SCOPE, EXPIRED)


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

    def credentials(self, client_id, **more):
        return self.post("/token", {"grant_type": "client_credentials", "scope": "notes", **more},
                         self.attester(client_id), client_id)

    @flow(CREDENTIALS)
    def test_credentials(self):
        status, grant = self.credentials(MAIN)
        self.assertEqual(status, 200, grant)
        self.assertTrue(self.is_active(grant["access_token"]))

    def assert_authenticated(self, client_id):
        """The server checks this client, and is content with the mediator's word."""
        form = {"grant_type": "client_credentials", "scope": "notes"}
        status, _ = self.direct(self.server.token_endpoint, form, client_id, "a wrong secret")
        self.assertIn(status, (400, 401, 403))
        status, grant = self.credentials(client_id)
        self.assertEqual(status, 200, grant)

    @flow(BY_BASIC)
    def test_basic(self):
        self.assert_authenticated(MAIN)

    @flow(BY_POST)
    def test_post(self):
        self.assert_authenticated(POST)

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

    BAD_CODE, BAD_SCOPE, EXPIRED = "invalid_grant", "invalid_scope", "invalid_grant"

    def expire(self):
        """Waits until the refresh tokens of BRIEF have expired, which live for a second."""
        time.sleep(2.1)
