"""authlib_app: an authorization server of Authlib's parts in Flask, its store in memory.

argv: port, file with the clients' metadata (RFC 7591). It has no PAR and no metadata of its own.
Run it with -P: this folder is no place to import from."""
import json
import secrets
import sys
import time

from authlib.common.urls import url_encode
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.jose import JsonWebKey
from authlib.oauth2.rfc6749 import ClientMixin, OAuth2Error, TokenMixin, grants
from authlib.oauth2.rfc6749.errors import InvalidGrantError
from authlib.oauth2.rfc6749.util import list_to_scope, scope_to_list
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion, JWTBearerGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8628 import (DeviceAuthorizationEndpoint, DeviceCodeGrant,
                                    DeviceCredentialMixin)
from flask import Flask, redirect, request, session

PORT, CLIENTS_FILE = int(sys.argv[1]), sys.argv[2]
BASE = "http://127.0.0.1:%d" % PORT
ASSERTION = JWTBearerClientAssertion.CLIENT_AUTH_METHOD
METHODS = ["client_secret_basic", "client_secret_post", ASSERTION, "none"]
ACCOUNTS = {"alice": "alice-password"}


class Client(ClientMixin):
    def __init__(self, about):
        self.about = about

    def get_client_id(self):
        return self.about["client_id"]

    def get_default_redirect_uri(self):
        return self.about["redirect_uris"][0]

    def get_allowed_scope(self, scope):
        return list_to_scope([s for s in scope_to_list(scope or "") if s in self.about["scope"].split()])

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri in self.about["redirect_uris"]

    def check_client_secret(self, client_secret):
        return secrets.compare_digest(self.about["client_secret"], client_secret)

    def check_endpoint_auth_method(self, method, endpoint):
        registered = self.about["token_endpoint_auth_method"]
        return (ASSERTION if registered.endswith("_jwt") else registered) == method

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type in self.about["grant_types"]


class Stored:
    """Whatever the store keeps: its members are what it was made of."""

    def __init__(self, **members):
        self.__dict__.update(members)
        self.made = time.time()


class Code(Stored):
    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope


class Token(Stored, TokenMixin):
    revoked = False

    def check_client(self, client):
        return self.client_id == client.get_client_id()

    def get_scope(self):
        return self.scope

    def get_expires_in(self):
        return self.expires_in

    def is_expired(self):
        return time.time() > self.made + self.expires_in

    def is_revoked(self):
        return self.revoked

    def refreshes(self):
        """A client whose name says so gets refresh tokens that are old at once."""
        return not self.revoked and not (self.client_id.endswith("brief")
                                         and time.time() > self.made + 1)


class Device(Stored, DeviceCredentialMixin):
    user = None

    def get_client_id(self):
        return self.client_id

    def get_scope(self):
        return self.scope

    def get_user_code(self):
        return self.user_code

    def is_expired(self):
        return time.time() > self.made + self.expires_in


with open(CLIENTS_FILE) as f:
    clients = {about["client_id"]: Client(about) for about in json.load(f)}
codes, tokens, devices, assertions = {}, [], [], set()


def save_token(token, asked):
    tokens.append(Token(**{"scope": "", "refresh_token": None, **token}, user=asked.user,
                        client_id=asked.client.get_client_id()))


def find_token(text, hint=None):
    for token in tokens:
        if text in (token.access_token, token.refresh_token):
            return token
    return None


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def save_authorization_code(self, code, asked):
        codes[code] = Code(code=code, client_id=asked.client.get_client_id(),
                           redirect_uri=asked.redirect_uri, scope=asked.scope, user=asked.user,
                           code_challenge=asked.data.get("code_challenge"),
                           code_challenge_method=asked.data.get("code_challenge_method"))

    def query_authorization_code(self, code, client):
        found = codes.get(code)
        return found if found and found.client_id == client.get_client_id() else None

    def delete_authorization_code(self, authorization_code):
        del codes[authorization_code.code]

    def authenticate_user(self, authorization_code):
        return authorization_code.user


class RefreshGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token):
        found = find_token(refresh_token)
        return found if found and found.refreshes() else None

    def authenticate_user(self, credential):
        return credential.user

    def revoke_old_credential(self, credential):
        credential.revoked = True


class CredentialsGrant(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS


class JwtBearerGrant(JWTBearerGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    CLAIMS_OPTIONS = {**JWTBearerGrant.CLAIMS_OPTIONS,
                      "aud": {"essential": True, "value": BASE + "/oauth/token"}}

    def validate_token_request(self):
        """The client, which Authlib's own part does not ask for, and whether it is the issuer."""
        client = self.authenticate_token_endpoint_client()
        super().validate_token_request()
        if client.get_client_id() != self.request.client.get_client_id():
            raise InvalidGrantError("somebody else's assertion")

    def resolve_issuer_client(self, issuer):
        if issuer not in clients:
            raise InvalidGrantError("nobody we know issued this")
        return clients[issuer]

    def resolve_client_key(self, client, headers, payload):
        return JsonWebKey.import_key_set(client.about["jwks"]).find_by_kid(headers["kid"])

    def authenticate_user(self, subject):
        return subject if subject in ACCOUNTS else None

    def has_granted_permission(self, client, user):
        return True


class DeviceGrant(DeviceCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def query_device_credential(self, device_code):
        return next((d for d in devices if d.device_code == device_code), None)

    def query_user_grant(self, user_code):
        found = next((d for d in devices if d.user_code == user_code), None)
        return (found.user, True) if found and found.user else None

    def should_slow_down(self, credential):
        return False


class DeviceAuthorization(DeviceAuthorizationEndpoint):
    CLIENT_AUTH_METHODS = METHODS
    INTERVAL = 1

    def get_verification_uri(self):
        return BASE + "/device"

    def save_device_credential(self, client_id, scope, data):
        devices.append(Device(client_id=client_id, scope=scope, **data))


class Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, token_string, token_type_hint):
        return find_token(token_string)

    def revoke_token(self, token, asked):
        token.revoked = True


class Introspection(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = METHODS

    def check_permission(self, token, client, asked):
        return token.check_client(client)

    def query_token(self, token_string, token_type_hint):
        return find_token(token_string)

    def introspect_token(self, token):
        return {"active": True, "client_id": token.client_id, "scope": token.scope,
                "username": token.user}


class Assertion(JWTBearerClientAssertion):
    """client_secret_jwt and private_key_jwt; the audience is the token endpoint, exactly."""

    def validate_jti(self, claims, jti):
        fresh = jti not in assertions
        assertions.add(jti)
        return fresh

    def resolve_client_public_key(self, client, headers):
        if client.about["token_endpoint_auth_method"] == "client_secret_jwt":
            return client.about["client_secret"]
        return JsonWebKey.import_key_set(client.about["jwks"]).find_by_kid(headers["kid"])


app = Flask(__name__)
app.secret_key = secrets.token_bytes(16)
app.config.update(OAUTH2_REFRESH_TOKEN_GENERATOR=True, OAUTH2_SCOPES_SUPPORTED=sorted(
    {scope for client in clients.values() for scope in client.about["scope"].split()}))
server = AuthorizationServer(app, clients.get, save_token)
server.register_client_auth_method(ASSERTION, Assertion(BASE + "/oauth/token"))
server.register_grant(CodeGrant, [CodeChallenge(required=True)])
for part in (RefreshGrant, CredentialsGrant, DeviceGrant, JwtBearerGrant):
    server.register_grant(part)
for part in (DeviceAuthorization, Revocation, Introspection):
    server.register_endpoint(part)

LOGIN = """<!DOCTYPE html><form method="post"><input name="username"><input name="password"
type="password"><button>Log in</button></form>"""
CONSENT = """<!DOCTYPE html><form method="post"><input type="hidden" name="consent" value="yes">
<button>Allow</button></form>"""
TYPE_IN = """<!DOCTYPE html><form method="post"><input name="user_code"><button>Go on</button></form>"""


def logged_in():
    """None once somebody is logged in, otherwise the page that asks."""
    if request.method == "POST" and "username" in request.form:
        name = request.form["username"]
        if ACCOUNTS.get(name) != request.form["password"]:
            return "wrong name or password", 403
        session["user"] = name
        return redirect(request.url)
    return None if "user" in session else LOGIN


@app.route("/oauth/authorize", methods=["GET", "POST"])
def authorize():
    page = logged_in()
    if page:
        return page
    try:
        server.get_consent_grant(end_user=session["user"])
    except OAuth2Error as error:
        return url_encode(error.get_body()), 400
    if request.method == "GET":
        return CONSENT
    return server.create_authorization_response(grant_user=session["user"])


@app.route("/device", methods=["GET", "POST"])
def device():
    page = logged_in()
    if page:
        return page
    for found in devices:
        if found.user_code == request.form.get("user_code"):
            found.user = session["user"]
            return "The device is yours."
    return TYPE_IN


@app.route("/oauth/token", methods=["POST"])
def token_endpoint():
    return server.create_token_response()


@app.route("/oauth/<any(device_authorization, revocation, introspection):name>", methods=["POST"])
def other_endpoint(name):
    return server.create_endpoint_response(name)


app.run("127.0.0.1", PORT, threaded=True)
