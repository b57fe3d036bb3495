"""glewlwyd: a real Glewlwyd as authorization server, on a database of its own."""
import http.cookiejar
import json
import os
import shutil
import sqlite3
import urllib.error
import urllib.parse
import urllib.request

from .process import Child, answers, free_port

SCHEME = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3"
WEBAPP = "/usr/share/glewlwyd/webapp"
PLUGIN = "glwd"
ADMIN_PASSWORD = "password"  # what the database scheme of the package sets

CONFIG = """
port = %(port)d
bind_address = "127.0.0.1"
external_url = "%(external)s"
login_url = "login.html"
api_prefix = "api"
static_files_path = "%(webapp)s"
static_files_mime_types = (
  { extension = ".html", mime_type = "text/html" }, { extension = ".css", mime_type = "text/css" },
  { extension = ".js", mime_type = "application/javascript" },
  { extension = ".json", mime_type = "application/json" },
  { extension = ".png", mime_type = "image/png" }, { extension = ".woff", mime_type = "font/woff" },
  { extension = ".ico", mime_type = "image/x-icon" })
log_mode = "console"
log_level = "WARNING"
cookie_secure = false
session_key = "GLEWLWYD2_SESSION_ID"
login_api_enabled = true
admin_scope = "g_admin"
profile_scope = "g_profile"
user_module_path = "/usr/lib/glewlwyd/user"
user_middleware_module_path = "/usr/lib/glewlwyd/user_middleware"
client_module_path = "/usr/lib/glewlwyd/client"
user_auth_scheme_module_path = "/usr/lib/glewlwyd/scheme"
plugin_module_path = "/usr/lib/glewlwyd/plugin"
hash_algorithm = "SHA256"
max_post_size = 1048576
database = { type = "sqlite3", path = "%(database)s" }
"""


def whole_webapp(folder):
    """The pages as Debian's package means them: it links to scripts of other packages, which
    Glewlwyd does not follow, and has a folder where config.json should be."""
    shutil.copytree(WEBAPP, folder,
                    ignore=shutil.ignore_patterns("config.json"))
    shutil.copyfile(os.path.join(WEBAPP, "config.json", "config.json"),
                    os.path.join(folder, "config.json"))
    return folder


class Browser:
    """What a person's browser keeps: cookies. Redirects are shown, not followed."""

    class _Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    def __init__(self):
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.cookies), self._Stay,
            urllib.request.ProxyHandler({}))

    def send(self, method, url, body=None, headers=()):
        """(status, headers, body bytes); any status is an answer. A dict is sent as JSON."""
        headers = dict(headers)
        if isinstance(body, dict):
            body = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(url, data=body, method=method, headers=headers)
        try:
            with self._opener.open(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.headers, refusal.read()


class Glewlwyd:
    """Starts in a folder; issuer, metadata and an administrator's browser are attributes."""

    def __init__(self, folder, port=None, par=True, plugin=(), webapp=None, external=None):
        """`plugin` are further parameters of its OpenID Connect plugin; `webapp` is where its pages
        are, if they are to be seen by a browser; `external` is its URL for everybody else."""
        self.plugin, self.clients = dict(plugin), {}
        self.port = port or free_port()
        self.base = "http://127.0.0.1:%d" % self.port
        self.inner = "%s/api/%s" % (self.base, PLUGIN)
        self.issuer = "%s/api/%s" % (external or self.base, PLUGIN)
        os.makedirs(folder, exist_ok=True)
        self.database = os.path.join(folder, "glewlwyd.db")
        self._make_database()
        config = os.path.join(folder, "glewlwyd.conf")
        with open(config, "w") as f:
            f.write(CONFIG % {"port": self.port, "database": self.database,
                              "external": external or self.base, "webapp": webapp or WEBAPP})
        self.child = Child(["glewlwyd", "--config-file=" + config],
                           os.path.join(folder, "glewlwyd.log"))
        try:
            self.child.wait_ready(lambda: answers(self.port))
            self.admin = Browser()
            self._must("POST", "/api/auth", {"username": "admin", "password": ADMIN_PASSWORD})
            self._add_plugin(par)
        except BaseException:
            self.child.stop()
            raise

    def _make_database(self):
        with open(SCHEME) as f, sqlite3.connect(self.database) as db:
            db.executescript(f.read())

    def _must(self, method, path, body=None):
        status, _, answer = self.admin.send(method, self.base + path, body)
        if status != 200:
            raise RuntimeError("glewlwyd: %s %s answered %d %s" % (method, path, status, answer))
        return json.loads(answer) if answer else None

    def _add_plugin(self, par):
        self._must("POST", "/api/mod/plugin/", {
            "module": "oidc", "name": PLUGIN, "display_name": "Vouchsafe tests", "order_rank": 0,
            "parameters": {
                "iss": self.issuer, "jwt-type": "sha", "jwt-key-size": "256",
                "key": os.urandom(32).hex(), "allow-non-oidc": True,
                "access-token-duration": 3600, "refresh-token-duration": 1209600,
                "refresh-token-rolling": False, "code-duration": 600,
                "auth-type-code-enabled": True, "auth-type-refresh-enabled": True,
                "auth-type-client-enabled": True, "auth-type-device-enabled": True,
                "auth-type-password-enabled": False, "auth-type-implicit-enabled": False,
                "auth-type-token-enabled": False, "auth-type-id-token-enabled": False,
                "pkce-allowed": True, "pkce-method-plain-allowed": False,
                "oauth-par-allowed": par, "oauth-par-required": False,
                "oauth-par-request_uri-prefix": "urn:ietf:params:oauth:request_uri:",
                "oauth-par-duration": 90,
                "introspection-revocation-allowed": True,
                "introspection-revocation-allow-target-client": True,
                "introspection-revocation-auth-scope": [],
                "client-driven": False, **self.plugin}})

    def add_scope(self, name):
        self._must("POST", "/api/scope/", {
            "name": name, "display_name": name, "description": name,
            "password_required": True, "password_max_age": 0, "scheme": {}})

    def add_user(self, username, password, scopes):
        self._must("POST", "/api/user/", {
            "username": username, "name": username, "password": password, "enabled": True,
            "scope": list(scopes)})

    def add_client(self, client_id, secret, redirect_uri, scopes=(), grants=("code",),
                   auth_methods=("client_secret_basic",), **more):
        """A confidential client, whose secret is known here and to the servers only; without a
        secret a public one."""
        confidential = {"client_secret": secret} if secret else {}
        self.clients[client_id] = {
            "client_id": client_id, "name": client_id, "confidential": bool(secret),
            "enabled": True, **confidential, "redirect_uri": [redirect_uri],
            "authorization_type": list(grants), "scope": list(scopes),
            "token_endpoint_auth_method": list(auth_methods), **more}
        self._must("POST", "/api/client/", self.clients[client_id])

    def set_client(self, client_id, **more):
        self.clients[client_id].update(more)
        self._must("PUT", "/api/client/" + client_id, self.clients[client_id])

    def introspect(self, client_id, secret, token):
        """RFC 7662, as the client that the token was issued to."""
        import base64
        basic = base64.b64encode(("%s:%s" % (client_id, secret)).encode()).decode()
        status, _, body = Browser().send(
            "POST", self.issuer + "/introspect",
            urllib.parse.urlencode({"token": token}).encode(),
            {"Authorization": "Basic " + basic,
             "Content-Type": "application/x-www-form-urlencoded"})
        return status, json.loads(body) if body else {}

    def stop(self):
        self.child.stop()


class Person:
    """Somebody with a browser and an account, following Glewlwyd's own pages and API."""

    def __init__(self, server, username, password):
        self.server, self.username, self.password = server, username, password
        self.browser = Browser()

    def log_in(self):
        status, _, body = self.browser.send("POST", self.server.base + "/api/auth",
                                            {"username": self.username, "password": self.password})
        if status != 200:
            raise RuntimeError("login of %s answered %d %s" % (self.username, status, body))

    def consent(self, client_id, scopes):
        status, _, body = self.browser.send(
            "PUT", self.server.base + "/api/auth/grant/" + client_id, {"scope": " ".join(scopes)})
        if status != 200:
            raise RuntimeError("consent answered %d %s" % (status, body))

    def authorize(self, url, client_id, scopes, redirect_uri):
        """Opens an authorization URL, logs in and consents where asked, and returns the URL
        that the browser is sent back to the app with."""
        for _ in range(8):
            status, headers, body = self.browser.send("GET", url)
            location = headers.get("Location")
            if status not in (302, 303, 307) or not location:
                raise RuntimeError("%s answered %d %s" % (url, status, body[:300]))
            url = urllib.parse.urljoin(url, location)
            if url.startswith(redirect_uri):
                return url
            page = urllib.parse.urlsplit(url)
            if page.path.endswith("/login.html"):
                self.log_in()
                self.consent(client_id, scopes)
                # The page continues at its callback_url once login and consent are done.
                url = urllib.parse.parse_qs(page.query)["callback_url"][0]
                if "g_continue" not in url:
                    url += ("&" if "?" in url else "?") + "g_continue"
        raise RuntimeError("still not back at the app: " + url)

    def allow_device(self, url, client_id, scopes):
        """Opens the address that a device shows, logs in and says yes."""
        self.log_in()
        self.consent(client_id, scopes)
        url += "&g_continue"
        for _ in range(4):
            status, headers, _ = self.browser.send("GET", url)
            if status not in (302, 303):
                return
            url = urllib.parse.urljoin(url, headers["Location"])
            if "prompt=deviceComplete" in url:
                return
        raise RuntimeError("there is no end of pages: " + url)
