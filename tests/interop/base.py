"""base: one real server behind a mediator, with a client for each way of authenticating."""
import base64
import collections
import hashlib
import json
import os
import time
import urllib.parse

from harness import attacks
from harness.attacks import b64
from harness.attester import Attester, Key
from harness.case import SiteCase
from harness.vouchsafe import attestctl, mediatorctl, request

from . import matrix

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GRANTS = ("authorization_code", "refresh_token", "client_credentials", DEVICE_CODE, TOKEN_EXCHANGE,
          JWT_BEARER)
MAIN, POST, NONE, BRIEF = "vouchsafe-example", "app-post", "app-none", "app-brief"
SECRET_JWT, KEY_JWT = "app-secret-jwt", "app-key-jwt"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

# method: how the server wants the client authenticated; more: of the mediator's configuration.
Role = collections.namedtuple("Role", "method more", defaults=("",))
ROLES = {
    MAIN: Role("client_secret_basic"),
    POST: Role("client_secret_post"),
    SECRET_JWT: Role("client_secret_jwt"),
    KEY_JWT: Role("private_key_jwt"),
    NONE: Role("none"),
    # Its refresh tokens expire at once; unsealed, so that the server can be asked about them.
    BRIEF: Role("client_secret_basic", "seal_refresh = false"),
}


def flow(row):
    """Says which row of the matrix a test stands for."""
    def mark(test):
        test.row = row
        return test
    return mark


def as_list(words):
    return "{ %s }" % ", ".join('"%s"' % word for word in words)


class InteropCase(SiteCase):
    """COLUMN names the server in the matrix; LACKS maps rows to why it has no such thing."""

    COLUMN = None
    LACKS = {}
    ROLES = ROLES
    GRANTS = GRANTS[:4]  # that the server knows; the mediator lets all of them through
    AUDIENCE = "token_endpoint"  # whom the server wants assertions to be for

    @classmethod
    def setUpClass(cls):
        matrix.forget(cls)
        cls.cells = []
        super().setUpClass()

    @classmethod
    def start(cls):
        for client_id in cls.ROLES:
            if client_id != cls.site.CLIENT:
                attestctl(cls.site.registry, "app", "add", client_id)
                attestctl(cls.site.registry, "build", "add", client_id, cls.site.binary)
        cls.site.attestd.reload()
        cls.keys = {name: cls.make_key(name) for name, role in cls.ROLES.items()
                    if role.method == "private_key_jwt"}
        cls.issuer = Key()  # of assertions that are grants, in the name of those clients
        cls.server = cls.start_server(os.path.join(cls.folder, "server"))
        cls.site.start_mediator(cls.server.issuer, extra=cls.more_clients(),
                                client="grants = %s" % as_list(GRANTS), **cls.mediator_options())
        cls.url = cls.site.mediator.url
        cls.person = cls.server.person()

    @classmethod
    def key_folder(cls, client_id):
        return os.path.join(cls.folder, "keys-" + client_id)

    @classmethod
    def make_key(cls, client_id):
        """The public JWK of a key that signs the client's assertions."""
        done = mediatorctl("client-key", "rotate", "--folder", cls.key_folder(client_id))
        return json.loads(done.stdout)["keys"][0]

    @classmethod
    def start_server(cls, folder):
        """The server, with every client of ROLES registered."""
        raise NotImplementedError

    @classmethod
    def registered(cls):
        """The clients' metadata (RFC 7591), as the server is to know them."""
        return [{"client_id": name, "client_secret": cls.site.secret(name),
                 "token_endpoint_auth_method": role.method, "redirect_uris": [cls.site.REDIRECT],
                 "response_types": ["code"], "scope": "notes",
                 "authorization_details_types": ["payment"],
                 **({"jwks": {"keys": [cls.keys[name], {**cls.issuer.jwk, "kid": "issuer"}]}}
                    if name in cls.keys else {}),
                 "grant_types": [grant for grant in cls.GRANTS
                                 if role.method != "none" or grant != "client_credentials"]}
                for name, role in cls.ROLES.items()]

    @classmethod
    def mediator_options(cls):
        return {}

    @classmethod
    def more_clients(cls):
        return "\n".join(
            'client "%s" { keyring = "%s/%s/secrets"\n auth_method = "%s"\n grants = %s\n %s\n %s }'
            % (name, cls.site.registry, name, role.method, as_list(GRANTS), cls.assertions(name),
               role.more) for name, role in cls.ROLES.items() if name != cls.site.CLIENT)

    @classmethod
    def assertions(cls, name):
        """How the mediator is to make this client's."""
        if not cls.ROLES[name].method.endswith("_jwt"):
            return ""
        keyring = name in cls.keys and 'assertion_keyring = "%s"' % cls.key_folder(name)
        return 'assertion_audience = "%s"\n %s' % (cls.AUDIENCE, keyring or "")

    @classmethod
    def tearDownClass(cls):
        if getattr(cls, "server", None):
            cls.server.stop()
        super().tearDownClass()
        lacking = [(row, matrix.LACKING) for row in cls.LACKS]
        matrix.keep(cls, cls.COLUMN, cls.cells + lacking)

    def run(self, result=None):
        row = getattr(getattr(self, self._testMethodName), "row", None)
        if row in self.LACKS:
            result.addSkip(self, self.LACKS[row])
            return
        before = len(result.failures) + len(result.errors)
        skipped = len(result.skipped)
        super().run(result)
        if row and len(result.skipped) == skipped:
            failed = len(result.failures) + len(result.errors) > before
            self.cells.append((row, matrix.FAILED if failed else "yes"))

    def attester(self, client_id=MAIN, **kw):
        return Attester(self.site.attestd.url, client_id, self.site.binary, **kw)

    def post(self, path, form, attester, client_id=MAIN, **more):
        """(status, message) of a form that an attested app posts to the mediator."""
        headers = {**attester.headers_for(self.url), **more}
        return self._send(self.url + path, [("client_id", client_id)] + list(form.items()), headers)

    def assertion(self, client_id, secret):
        """The client's own, signed with the secret, or with a key that nobody knows."""
        claims = {"iss": client_id, "sub": client_id, "iat": int(time.time()),
                  "exp": int(time.time()) + 60, "jti": b64(os.urandom(16)),
                  "aud": self.server.token_endpoint if self.AUDIENCE == "token_endpoint"
                  else self.server.issuer}
        if self.ROLES[client_id].method == "private_key_jwt":
            return Key().jwt({"alg": "ES256", "kid": self.keys[client_id]["kid"]}, claims)
        empty = b64(b"{}")
        return attacks.forge("%s.%s." % (empty, empty), secret.encode(), {"alg": "HS256"}, claims)

    def direct(self, url, form, client_id=MAIN, secret=None):
        """The same at the server itself, which only those can do who know the secret."""
        form = [("client_id", client_id)] + list(form.items())
        secret = secret or self.site.secret(client_id)
        method, headers = self.ROLES[client_id].method, {}
        if method == "client_secret_basic":
            basic = base64.b64encode(("%s:%s" % (client_id, secret)).encode()).decode()
            headers["Authorization"] = "Basic " + basic
        elif method == "client_secret_post":
            form.append(("client_secret", secret))
        elif method.endswith("_jwt"):
            form += [("client_assertion_type", ASSERTION),
                     ("client_assertion", self.assertion(client_id, secret))]
        return self._send(url, form, headers)

    @staticmethod
    def _send(url, form, headers):
        status, _, body = request(url, "POST", form, headers)
        try:
            return status, json.loads(body) if body else {}
        except ValueError:
            return status, body.decode()

    def authorization(self, verifier, **more):
        challenge = b64(hashlib.sha256(verifier.encode()).digest())
        return {"response_type": "code", "redirect_uri": self.site.REDIRECT, "scope": "notes",
                "state": "st", "code_challenge": challenge, "code_challenge_method": "S256", **more}

    def push(self, attester, client_id=MAIN, **more):
        """(status, message, verifier) of a pushed authorization request."""
        verifier = b64(os.urandom(32))
        return *self.post("/par", self.authorization(verifier, **more), attester, client_id), verifier

    def authorize_url(self, pushed, client_id=MAIN):
        return self.url + "/authorize?" + urllib.parse.urlencode(
            {"client_id": client_id, "request_uri": pushed["request_uri"]})

    def code_for(self, attester, client_id=MAIN, **more):
        """(code, verifier): pushed by the attester's app, granted by Alice in her browser."""
        status, pushed, verifier = self.push(attester, client_id, **more)
        self.assertEqual(status, 201, pushed)
        back = self.person.authorize(self.authorize_url(pushed, client_id), client_id, ["notes"],
                                     self.site.REDIRECT)
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)
        self.assertEqual(query.get("state"), ["st"], back)
        return query["code"][0], verifier

    def exchange(self, attester, code, verifier, client_id=MAIN):
        return self.post("/token", {"grant_type": "authorization_code", "code": code,
                                    "redirect_uri": self.site.REDIRECT,
                                    "code_verifier": verifier}, attester, client_id)

    def granted(self, attester, client_id=MAIN):
        """The server's answer to a whole code grant."""
        status, grant = self.exchange(attester, *self.code_for(attester, client_id), client_id)
        self.assertEqual(status, 200, grant)
        self.assertIn("access_token", grant)
        return grant

    def refresh(self, attester, token, client_id=MAIN):
        return self.post("/token", {"grant_type": "refresh_token", "refresh_token": token},
                         attester, client_id)

    def told_of(self, token, client_id=MAIN):
        """What the server itself says of a token."""
        status, claims = self.direct(self.server.introspection_endpoint, {"token": token}, client_id)
        self.assertEqual(status, 200, claims)
        return claims

    def is_active(self, token, client_id=MAIN):
        return self.told_of(token, client_id)["active"]

    def credentials(self, client_id=MAIN, attester=None, **more):
        """The server's answer to a client that asks for itself."""
        return self.post("/token", {"grant_type": "client_credentials", "scope": "notes"},
                         attester or self.attester(client_id), client_id, **more)

    def approve(self, started):
        """Alice types the code in that a device shows, and says yes."""
        raise NotImplementedError

    def expire(self):
        """Waits until the refresh tokens of BRIEF have expired, which live for a second."""
        time.sleep(2.1)
