"""mediator: /check behind a real nginx that asks about each request to an API."""
import base64
import hashlib
import json
import os
import unittest

from harness import attacks
from harness.attacks import b64, unb64
from harness.attester import Attester, Key
from harness.case import SiteCase
from harness.nginx import Nginx
from harness.vouchsafe import attestctl, request, sanitized

API = "https://api.example"

# What deploy/mediator.conf shows, and an API that tells what it was told.
SERVERS = """
  server {
    listen 127.0.0.1:%%(port)d;
    location / {
      auth_request /attested;
      auth_request_set $client $upstream_http_vouchsafe_client_id;
      auth_request_set $jkt $upstream_http_vouchsafe_jkt;
      auth_request_set $coverage $upstream_http_vouchsafe_coverage;
      auth_request_set $streak $upstream_http_vouchsafe_streak;
      auth_request_set $version $upstream_http_vouchsafe_version;
      auth_request_set $challenge $upstream_http_oauth_client_attestation_challenge;
      add_header OAuth-Client-Attestation-Challenge $challenge always;
      proxy_set_header Vouchsafe-Client-Id $client;
      proxy_set_header Vouchsafe-Jkt $jkt;
      proxy_set_header Vouchsafe-Coverage $coverage;
      proxy_set_header Vouchsafe-Streak $streak;
      proxy_set_header Vouchsafe-Version $version;
      proxy_pass http://127.0.0.1:%%(back)d;
    }
    location = /attested {
      internal;
      proxy_pass http://127.0.0.1:%(mediator)d/check/api;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header X-Original-URI $request_uri;
    }
  }
  server {
    listen 127.0.0.1:%%(back)d;
    default_type application/json;
    location / {
      return 200 '{"client":"$http_vouchsafe_client_id","jkt":"$http_vouchsafe_jkt","coverage":"$http_vouchsafe_coverage","streak":"$http_vouchsafe_streak","version":"$http_vouchsafe_version"}';
    }
  }
"""


def kid_of(token):
    return json.loads(unb64(token.split(".")[0]))["kid"]


class Check(SiteCase):
    # A sanitizer makes the app larger: a megabyte is covered whole.
    OPTIONS = {"attestd_config": "challenge { blocks = 256 }\n"}
    OTHERS = {"dpop-app": 'possession = "dpop"', "once-app": "limited_use = true",
              "asked-app": "require_challenge = true", "shut-out": ""}

    @classmethod
    def start(cls):
        extra = 'trusted_proxies = { "127.0.0.1" }\n'
        for client, options in cls.OTHERS.items():
            attestctl(cls.site.registry, "app", "add", client)
            attestctl(cls.site.registry, "build", "add", client, cls.site.binary, "--label", "2.0")
            extra += ('client "%s" { keyring = "%s/%s/secrets"\n %s }\n'
                      % (client, cls.site.registry, client, options))
        cls.site.attestd.reload()
        admitted = [cls.site.CLIENT] + [c for c in cls.OTHERS if c != "shut-out"]
        extra += 'check "api" { resource = "%s"\n clients = { %s } }\n' % (
            API, ", ".join('"%s"' % c for c in admitted))
        extra += 'check "unlock" { resource = "%s"\n min_streak = 2 }\n' % API
        cls.site.start_mediator("http://127.0.0.1:9", extra)
        cls.nginx = Nginx(os.path.join(cls.folder, "nginx"),
                          SERVERS % {"mediator": cls.site.mediator_port})

    @classmethod
    def tearDownClass(cls):
        if getattr(cls, "nginx", None):
            cls.nginx.stop()
        super().tearDownClass()

    def attester(self, client=None, **kw):
        return Attester(self.site.attestd.url, client or self.site.CLIENT, self.site.binary, **kw)

    def call(self, headers, path="/locks/1", method="GET"):
        status, self.headers, self.body = request(self.nginx.url + path, method, None, headers)
        return status

    def dpop_headers(self, a, method, url, **claims):
        return {"OAuth-Client-Attestation": a.token(), "DPoP": a.key.dpop(method, url, **claims)}

    def test_the_api_learns_who_calls_and_nobody_else_can_say_so(self):
        a = self.attester()
        claimed = {"Vouchsafe-Client-Id": "root", "Vouchsafe-Jkt": "x", "Vouchsafe-Streak": "99",
                   "Vouchsafe-Coverage": "1", "Vouchsafe-Version": "9"}
        self.assertEqual(self.call({**a.headers_for(API), **claimed}), 200, self.body)
        told = json.loads(self.body)
        self.assertEqual(told, {"client": self.site.CLIENT, "jkt": b64(a.key.jkt), "streak": "1",
                                "coverage": told["coverage"], "version": "1.0.0"})
        self.assertGreaterEqual(float(told["coverage"]), 0.8 if sanitized() else 1.0)
        self.assertEqual(self.call(claimed), 401, "and none of it helps alone")

    def test_who_is_refused(self):
        a, thief, shut_out = self.attester(), self.attester(), self.attester("shut-out")
        secret = self.site.secret()
        basic = base64.b64encode((self.site.CLIENT + ":" + secret).encode()).decode()
        token = a.token()
        used = a.headers_for(API, token)
        self.assertEqual(self.call(used), 200)
        cases = {
            "nothing": ({}, 401),
            "a stolen token without its key": (
                {"OAuth-Client-Attestation": token,
                 "OAuth-Client-Attestation-PoP": thief.key.pop(API)}, 401),
            "a stolen token alone": ({"OAuth-Client-Attestation": token}, 401),
            "a request heard before": (used, 401),
            "a proof for the mediator": (a.headers_for(self.site.mediator.url, token), 401),
            "the client secret": ({"Authorization": "Basic " + basic}, 401),
            "another client's secret, and our name": (
                a.headers_for(API, attacks.forge(token, self.site.secret("shut-out").encode(),
                                                 {"kid": kid_of(shut_out.token())})), 401),
            "a client that this API does not admit": (shut_out.headers_for(API), 403),
        }
        for name, (headers, code) in cases.items():
            with self.subTest(name):
                self.assertEqual(self.call(headers), code, self.body)
                hint = self.headers["WWW-Authenticate"]
                self.assertEqual(hint is not None, code == 401)
        self.assertEqual(self.call(a.headers_for(API, token)), 200, "and its owner goes on")

    def test_a_challenge_reaches_the_app(self):
        a = self.attester("asked-app")
        self.assertEqual(self.call(a.headers_for(API)), 401)
        self.assertIn("use_attestation_challenge", self.headers["WWW-Authenticate"])
        challenge = self.headers["OAuth-Client-Attestation-Challenge"]
        self.assertEqual(self.call(a.headers_for(API, challenge="made-up")), 401)
        self.assertEqual(self.call(a.headers_for(API, challenge=challenge)), 200)

    def test_a_token_of_limited_use(self):
        a = self.attester("once-app")
        token = a.token()
        self.assertEqual(self.call(a.headers_for(API, token)), 200)
        self.assertEqual(self.call(a.headers_for(API, token)), 401)
        self.assertIn("use_fresh_attestation", self.headers["WWW-Authenticate"])
        self.assertEqual(self.call(a.headers_for(API)), 200, "a fresh one serves")

    def test_dpop_is_about_this_request(self):
        a, thief = self.attester("dpop-app"), self.attester("dpop-app")
        url = API + "/locks/1"
        said = {"X-Original-URI": "/locks/2", "X-Original-Method": "GET"}
        refused = {
            "another path": self.dpop_headers(a, "GET", API + "/locks/2"),
            "another path, and a header that says so":
                {**self.dpop_headers(a, "GET", API + "/locks/2"), **said},
            "another method": self.dpop_headers(a, "POST", url),
            "another API": self.dpop_headers(a, "GET", "https://elsewhere.example/locks/1"),
            "another key": {**self.dpop_headers(a, "GET", url), "DPoP": thief.key.dpop("GET", url)},
            "a proof for no method": a.headers_for(API),
            "not for the token sent along": {**self.dpop_headers(a, "GET", url),
                                             "Authorization": "DPoP access"},
        }
        for name, headers in refused.items():
            with self.subTest(name):
                self.assertEqual(self.call(headers, "/locks/1?verbose"), 401, self.body)
                self.assertIn("invalid_dpop_proof", self.headers["WWW-Authenticate"])
        self.assertEqual(self.call(self.dpop_headers(a, "GET", url), "/locks/1?verbose"), 200)
        ath = b64(hashlib.sha256(b"access").digest())
        bound = {**self.dpop_headers(a, "DELETE", url, ath=ath), "Authorization": "DPoP access"}
        self.assertEqual(self.call(bound, method="DELETE"), 200)

    def check(self, path, headers, **kw):
        status, _, body = request(self.site.mediator.url + path, headers=headers, **kw)
        return status, json.loads(body).get("error") if body else None

    def test_policies_ask_for_more(self):
        a = self.attester()
        first = a.token()
        self.assertEqual(self.check("/check?policy=unlock", a.headers_for(API, first)),
                         (401, "use_fresh_attestation"))
        self.assertEqual(self.check("/check?policy=api", a.headers_for(API, first)), (204, None))
        second = a.token(previous=first)
        self.assertEqual(self.check("/check?policy=unlock", a.headers_for(API, second)),
                         (204, None))
        self.assertEqual(self.check("/check?policy=none", a.headers_for(API, second)),
                         (403, "access_denied"))
        self.assertEqual(self.check("/check", a.headers_for(API, second)), (403, "access_denied"))

    def test_the_audit_log_knows_what_was_asked(self):
        a = self.attester(key=Key("Ed25519"))
        self.assertEqual(self.call(a.headers_for(API), "/doors/7?token=secret"), 200)
        lines = [e for e in self.site.mediator.events("gate") if e.get("path") == "/doors/7"]
        self.assertEqual([(e["verdict"], e["policy"], e["method"]) for e in lines],
                         [("accepted", "api", "GET")])


if __name__ == "__main__":
    unittest.main()
