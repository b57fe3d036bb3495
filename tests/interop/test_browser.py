"""A person in a real Chromium: the app opens /authorize there, Alice logs in and consents on the server's
own pages, and the code that the browser brings back is worth something to this app alone."""
import os
import threading
import unittest
from http.server import BaseHTTPRequestHandler

from harness.chromium import Chromium
from harness.middle import QuietServer

from .base import MAIN, ROLES, flow
from .flows import BROWSER
from .test_authlib import AuthlibCase
from .test_glewlwyd import GlewlwydCase
from .test_oidc_provider import OidcProviderCase


class Callback:
    """The app's loopback address (RFC 8252 §7.3). `urls` are those that a browser has opened."""

    def __init__(self):
        outer = self
        self.urls = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.startswith("/callback"):
                    outer.urls.append(outer.base + self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.end_headers()
                self.wfile.write(b"You may close this window.")

            def log_message(self, *_):
                pass

        self.server = QuietServer(("127.0.0.1", 0), Handler)
        self.base = "http://127.0.0.1:%d" % self.server.server_port
        self.url = self.base + "/callback"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Browsing:
    """NAME and PASSWORD are fields, BUTTONS what is clicked one after the other."""

    ROLES = {MAIN: ROLES[MAIN]}

    @classmethod
    def start(cls):
        cls.callback = Callback()
        cls.addClassCleanup(cls.callback.stop)
        cls.site.REDIRECT = cls.callback.url
        super().start()
        cls.browser = Chromium(os.path.join(cls.folder, "chromium"))
        cls.addClassCleanup(cls.browser.stop)

    def walk(self, url):
        """What a person does; the URL that leads back."""
        before = len(self.callback.urls)
        self.browser.open(url)
        self.browser.type(self.NAME, "alice")
        self.browser.type(self.PASSWORD, "alice-password")
        for button in self.BUTTONS:
            self.browser.click(button)
        return self.browser.wait_for(lambda: self.callback.urls[before:], "the way back")[0]

    @flow(BROWSER)
    def test_log_in(self):
        with self.site.app() as app, self.site.app() as other:
            self.browser.open(self.url + "/authorize?response_type=code&client_id=" + MAIN)
            self.browser.wait_for(lambda: "invalid_request" in self.text(), "the refusal")
            good, words = app.ask("login")
            self.assertTrue(good, words)
            url = words.split(" ", 1)[1]
            self.assertTrue(url.startswith(self.url + "/authorize?"), url)
            back = self.walk(url)
            self.assertTrue(other.ask("login")[0])
            self.assertFalse(other.ask("finish " + back)[0], "it is not what that app has begun")
            good, words = app.ask("finish " + back)
            self.assertTrue(good, words)
            self.assertTrue(self.is_active(app.ask("show access_token")[1]))

    def text(self):
        return self.browser.evaluate("document.body.innerText") or ""


class OnGlewlwyd(Browsing, GlewlwydCase):
    COLUMN, WEBAPP = "Glewlwyd 2.7", True
    NAME, PASSWORD = "#username", "#password"
    BUTTONS = ("#loginbut", "#grant-notes", "body:has(#grant-notes) button.btn-primary",
               "button.btn-success")


class OnOidcProvider(Browsing, OidcProviderCase):
    COLUMN = "oidc-provider 9"
    NAME, PASSWORD = "[name=login]", "[name=password]"
    BUTTONS = "form:has([name=login]) [type=submit]", "form:has([value=consent]) [type=submit]"


class OnAuthlib(Browsing, AuthlibCase):
    COLUMN = "Authlib 1.2"
    NAME, PASSWORD = "[name=username]", "[name=password]"
    BUTTONS = "form:has([name=username]) button", "form:has([name=consent]) button"


del GlewlwydCase, OidcProviderCase, AuthlibCase  # they are no tests themselves

if __name__ == "__main__":
    unittest.main()
