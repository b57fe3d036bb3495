"""nginx and HAProxy, as deploy/ configures them, in front of both daemons and an API, with TLS."""
import http.client
import json
import os
import socket
import ssl
import unittest

import yaml

from harness.attacks import b64
from harness.attester import Attester
from harness.case import SiteCase
from harness.certificates import Authority
from harness.haproxy import HAProxy
from harness.nginx import Nginx
from harness.process import free_port, wait_until
from harness.shipped import shipped
from harness.vouchsafe import ROOT, sanitized

NAMES = ("attest.example.com", "auth.example.com", "api.example.com")
API = "https://api.example.com"
BURST = 20

# The API tells what it was told, behind either proxy.
ECHO = """server {
  listen 127.0.0.1:%(back)d;
  default_type application/json;
  location / {
    return 200 '{"client":"$http_vouchsafe_client_id","jkt":"$http_vouchsafe_jkt","coverage":"$http_vouchsafe_coverage","streak":"$http_vouchsafe_streak","version":"$http_vouchsafe_version","status":"$http_vouchsafe_status","path":"$request_uri"}';
  }
}
"""
CLAIMED = {"Vouchsafe-Client-Id": "root", "Vouchsafe-Jkt": "x", "Vouchsafe-Streak": "99",
           "Vouchsafe-Coverage": "7", "Vouchsafe-Version": "9", "Vouchsafe-Status": "x"}
SPOOFED = ({"X-Forwarded-For": "6.6.6.6"}, {"Forwarded": "for=6.6.6.6"},
           {"X-Forwarded-For": "6.6.6.6, 127.0.0.1", "Forwarded": "for=6.6.6.6"},
           {"X-Real-IP": "6.6.6.6", "X-Client-IP": "6.6.6.6", "True-Client-IP": "6.6.6.6"})


class Front(http.client.HTTPSConnection):
    """HTTPS to one of the names, wherever the proxy listens; `first` goes before the TLS."""

    def __init__(self, name, port, ca, source, first=b""):
        super().__init__(name, port, timeout=20, context=ssl.create_default_context(cafile=ca))
        self.source, self.first = source, first

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", self.port), 20, (self.source, 0))
        plain.sendall(self.first)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)


class ProxyCase(SiteCase):
    # A sanitizer makes the app larger: a megabyte is covered whole.
    OPTIONS = {"attestd_config": 'trusted_proxies = { "127.0.0.1" }\n'
                                 'listen += { "127.0.0.1:0 proxy_v2" }\n'
                                 "challenge { blocks = 256 }\n"
                                 "rate_limit { per_address = 1 address_burst = %d }\n" % BURST}
    ORIGINAL = "x-original"

    @classmethod
    def start(cls):
        cls.front, cls.back = free_port(), free_port()
        cls.site.start_mediator("http://127.0.0.1:9", extra=(
            'trusted_proxies = { "127.0.0.1" }\nlisten += { "127.0.0.1:0 proxy_v2" }\n'
            'check "unlock" { resource = "%s"\n original = "%s" }\n' % (API, cls.ORIGINAL)))
        cls.authority = Authority(cls.folder, "ca")
        cls.certificates = {name: cls.authority.issue(name, "DNS:" + name) for name in NAMES}
        cls.echo = Nginx(os.path.join(cls.folder, "api"), ECHO + ECHO.replace("(back)", "(port)"))
        cls.proxy = cls.start_proxy()

    @classmethod
    def tearDownClass(cls):
        for proxy in (getattr(cls, "proxy", None), getattr(cls, "echo", None)):
            if proxy:
                proxy.stop()
        super().tearDownClass()

    @staticmethod
    def proxied(daemon):
        """The port of its listener that wants PROXY headers."""
        where = [e for e in daemon.events("listening") if e.get("proxy")][-1]["address"]
        return int(where.rsplit(":", 1)[1])

    def ask(self, name, path, method="GET", body=None, headers=(), source="127.0.0.9", port=None,
            first=b""):
        """(status, headers, body) through the proxy."""
        connection = Front(name, port or self.front, self.authority.certificate, source, first)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def attester(self):
        return Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)

    def challenge(self, **kw):
        message = {"client_id": self.site.CLIENT, "build": "ab" * 20, "jkt": b64(bytes(32))}
        return self.ask(NAMES[0], "/v1/challenges", "POST", json.dumps(message), **kw)

    def token(self, headers=(), **kw):
        """Refused at the mediator: the line in its log says for whom it was taken."""
        status, _, body = self.ask(NAMES[1], "/token", "POST", "client_id=x", {
            "Content-Type": "application/x-www-form-urlencoded", **dict(headers)}, **kw)
        self.assertEqual(status, 400, body)
        return self.refusal(self.site.mediator, json.loads(body)["error_id"])["peer"]


class Shared:
    """What holds behind either."""

    def test_a_whole_attestation_and_an_api_that_learns_who_calls(self):
        a = self.attester()
        challenge = json.loads(self.ask(NAMES[0], "/v1/challenges", "POST", json.dumps({
            "client_id": a.client_id, "build": a.image.build_id, "jkt": b64(a.key.jkt)}))[2])
        status, _, body = self.ask(NAMES[0], "/v1/attestations", "POST",
                                   json.dumps(a.answer(challenge)), source="127.0.0.10")
        self.assertEqual(status, 200, body)
        verdict = self.site.attestd.events("attestation")[-1]
        self.assertEqual((verdict["verdict"], verdict["peer"]), ("accepted", "127.0.0.10"))
        token = json.loads(body)["integrity_token"]
        headers = {**a.headers_for(API, token), **CLAIMED}
        status, _, body = self.ask(NAMES[2], "/doors/7?x=1", "GET", None, headers,
                                   source="127.0.0.11")
        self.assertEqual(status, 200, body)
        told = json.loads(body)
        self.assertGreaterEqual(float(told.pop("coverage")), 0.8 if sanitized() else 1.0)
        self.assertEqual(told, {"client": self.site.CLIENT, "jkt": b64(a.key.jkt), "streak": "1",
                                "version": "1.0.0", "status": "affirming", "path": "/doors/7?x=1"})
        line = [e for e in self.site.mediator.events("gate") if e.get("path") == "/doors/7"][-1]
        self.assertEqual((line["verdict"], line["method"], line["peer"]),
                         ("accepted", "GET", "127.0.0.11"))

    def test_an_api_without_attestation_and_what_the_client_claims(self):
        for headers in ({}, CLAIMED, {"X-Original-URI": "/open", "X-Original-Method": "GET"},
                        {"OAuth-Client-Attestation": "x", "OAuth-Client-Attestation-PoP": "y"}):
            status, answered, _ = self.ask(NAMES[2], "/doors/8", headers=headers)
            self.assertEqual(status, 401)
            self.assertIn("OAuth-Client-Attestation", answered["WWW-Authenticate"])
        line = [e for e in self.site.mediator.events("gate") if e.get("path") == "/doors/8"][-1]
        self.assertEqual(line["verdict"], "refused")
        self.assertFalse([e for e in self.site.mediator.events("gate")
                          if e.get("path") == "/open"])

    def test_check_is_not_for_everybody(self):
        for path in ("/check", "/check/unlock", "/check?policy=unlock"):
            self.assertEqual(self.ask(NAMES[1], path, headers=self.attester().headers_for(API))[0],
                             404)
        self.assertEqual(self.ask(NAMES[1], "/healthz")[0], 200)

    def test_nobody_chooses_its_address(self):
        self.assertEqual(self.token(source="127.0.0.12"), "127.0.0.12")
        for n, headers in enumerate(SPOOFED):
            with self.subTest(headers):
                self.assertEqual(self.token(headers, source="127.0.0.13"), "127.0.0.13")

    def test_the_rate_limit_is_the_callers_own(self):
        answers = [self.challenge(source="127.0.0.14", headers={"X-Forwarded-For": "192.0.2.%d" % n})
                   for n in range(3 * BURST)]
        self.assertEqual({a[0] for a in answers}, {201, 429})
        self.assertEqual([a[0] for a in answers[:BURST]], [201] * BURST)
        refused = next(a for a in answers if a[0] == 429)
        self.assertTrue(refused[1]["Retry-After"])
        self.assertEqual(self.challenge(source="127.0.0.15")[0], 201)
        peers = {e["peer"] for e in self.site.attestd.events("rate limited")}
        self.assertIn("127.0.0.14", peers)
        self.assertFalse({p for p in peers if p.startswith("192.")} | peers & {"127.0.0.1"})

    def test_the_mediator_gone_opens_nothing(self):
        headers = self.attester().headers_for(API)
        port, mediator = self.site.mediator.port, self.site.mediator
        mediator.stop()
        try:
            status, _, body = self.ask(NAMES[2], "/doors/9", headers=headers)
            self.assertGreaterEqual(status, 500)
            self.assertNotIn(b"client", body)
        finally:
            mediator.port = port
            mediator.start()
            self.remade()
        status, _, body = self.ask(NAMES[2], "/doors/9", headers=self.attester().headers_for(API))
        self.assertEqual(status, 200, body)

    def remade(self):
        """The mediator is back; its ports of the system's choice may be others."""


class BehindNginx(Shared, ProxyCase):
    @classmethod
    def start_proxy(cls):
        cls.balanced = free_port()
        folder = os.path.join(cls.folder, "nginx")
        swaps = {"127.0.0.1:8101": "127.0.0.1:%d" % cls.site.attestd.port,
                 "127.0.0.1:8102": "127.0.0.1:%d" % cls.site.mediator.port,
                 "127.0.0.1:8080": "127.0.0.1:%d" % cls.echo.back,
                 "listen 443 ": "listen 127.0.0.1:%(port)d ",
                 "127.0.0.1:8443": "127.0.0.1:%(back)d"}
        for name, (certificate, key) in cls.certificates.items():
            swaps["/etc/ssl/vouchsafe/%s.crt" % name] = certificate
            swaps["/etc/ssl/vouchsafe/%s.key" % name] = key
        proxy = Nginx(folder, shipped("nginx/vouchsafe.conf", swaps))
        cls.front, cls.balanced = proxy.port, proxy.back
        return proxy

    def test_a_balancer_in_front_tells_the_address(self):
        header = b"PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\n"
        self.assertEqual(self.token(port=self.balanced, first=header, source="127.0.0.1"),
                         "192.0.2.7")

    def test_whoever_is_no_balancer_does_not(self):
        header = b"PROXY TCP4 192.0.2.8 127.0.0.1 1 2\r\n"
        self.assertEqual(self.token(port=self.balanced, first=header, source="127.0.0.16"),
                         "127.0.0.16")


class HAProxyCase(ProxyCase):
    @classmethod
    def start_proxy(cls):
        folder = os.path.join(cls.folder, "haproxy")
        os.makedirs(os.path.join(folder, "certificates"))
        for name, parts in cls.certificates.items():
            with open(os.path.join(folder, "certificates", name + ".pem"), "w") as out:
                for part in parts:
                    with open(part) as f:
                        out.write(f.read())
        script = os.path.join(folder, "vouchsafe.lua")
        with open(script, "w") as f:
            f.write(shipped("haproxy/vouchsafe.lua",
                            {"127.0.0.1:8102": "127.0.0.1:%d" % cls.site.mediator.port}))
        config = shipped("haproxy/haproxy.cfg", {
            **cls.backends(), "127.0.0.1:8080": "127.0.0.1:%d" % cls.echo.back,
            "bind :443 ": "bind 127.0.0.1:%d " % cls.front,
            "crt /etc/ssl/vouchsafe/": "crt " + os.path.join(folder, "certificates"),
            "/etc/haproxy/vouchsafe.lua": script})
        return HAProxy(folder, config, [cls.front])


class BehindHAProxy(Shared, HAProxyCase):
    """The address by PROXY protocol, version 2."""

    @classmethod
    def backends(cls):
        return {"attestd 127.0.0.1:8111 send": "attestd 127.0.0.1:%d send" % cls.proxied(cls.site.attestd),
                "mediator 127.0.0.1:8112 send":
                    "mediator 127.0.0.1:%d send" % cls.proxied(cls.site.mediator)}

    def test_the_address_really_came_by_proxy_protocol(self):
        """The same header says the same where the daemon is asked directly, from elsewhere: no."""
        before = len(self.site.mediator.events("PROXY header refused"))
        with socket.create_connection(("127.0.0.1", self.proxied(self.site.mediator)), 20,
                                      ("127.0.0.17", 0)) as stranger:
            try:
                stranger.sendall(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12)
                                 + b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertEqual(stranger.recv(100), b"")
            except (ConnectionResetError, BrokenPipeError):
                pass
        wait_until(lambda: len(self.site.mediator.events("PROXY header refused")) > before, 20,
                   "the line about the stranger")
        line = self.site.mediator.events("PROXY header refused")[-1]
        self.assertEqual(line["peer"], "127.0.0.17")

    def remade(self):
        """HAProxy knows the old port of the other listener."""
        type(self).proxy.stop()
        folder = os.path.join(self.folder, "haproxy")
        os.rename(folder, folder + "-before-%d" % free_port())
        type(self).proxy = type(self).start_proxy()


class BehindHAProxyByHeader(Shared, HAProxyCase):
    @classmethod
    def backends(cls):
        return {"127.0.0.1:8111 send-proxy-v2": "127.0.0.1:%d" % cls.site.attestd.port,
                "127.0.0.1:8112 send-proxy-v2": "127.0.0.1:%d" % cls.site.mediator.port}


class OldHAProxy(ProxyCase):
    """Version 1 of the header, from a listener that takes both, and one that does not."""

    OPTIONS = {"attestd_config": 'trusted_proxies = { "127.0.0.1" }\n'
                                 'listen += { "127.0.0.1:0 proxy", "127.0.0.1:0 proxy_v2" }\n'}

    @classmethod
    def start_proxy(cls):
        both, new = [int(e["address"].rsplit(":", 1)[1])
                     for e in cls.site.attestd.events("listening") if e.get("proxy")]
        cls.new = free_port()
        config = "defaults\n mode tcp\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n"
        for front, back in ((cls.front, both), (cls.new, new)):
            config += ("listen f%d\n bind 127.0.0.1:%d\n server a 127.0.0.1:%d send-proxy\n"
                       % (front, front, back))
        return HAProxy(os.path.join(cls.folder, "haproxy"), config, [cls.front, cls.new])

    def status(self, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20,
                                                source_address=("127.0.0.18", 0))
        try:
            connection.request("POST", "/v1/challenges", "{}")
            return connection.getresponse().status
        except (http.client.HTTPException, OSError):
            return None
        finally:
            connection.close()

    def test_version_1_where_it_is_wanted(self):
        self.assertEqual(self.status(self.front), 400, "a message that is malformed, read as HTTP")
        self.assertIsNone(self.status(self.new))


class Direct(ProxyCase):
    """No proxy: everything that only a proxy may say."""

    @classmethod
    def start_proxy(cls):
        return None

    def ask(self, name, path, method="GET", body=None, headers=(), source="127.0.0.9", **_):
        daemon = self.site.attestd if name == NAMES[0] else self.site.mediator
        connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=20,
                                                source_address=(source, 0))
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def test_nobody_else_is_believed_and_the_proxy_is(self):
        for headers in SPOOFED:
            self.assertEqual(self.token(headers, source="127.0.0.19"), "127.0.0.19")
        self.assertEqual(self.token(SPOOFED[0], source="127.0.0.1"), "6.6.6.6")

    def test_what_was_asked_for_counts_from_the_proxy_alone(self):
        said = {"X-Original-Method": "GET", "X-Original-URI": "/mine"}
        for source, path in (("127.0.0.20", None), ("127.0.0.1", "/mine")):
            a = self.attester()
            status, _, _ = self.ask(NAMES[1], "/check/unlock",
                                    headers={**a.headers_for(API), **said}, source=source)
            self.assertEqual(status, 204)
            line = self.site.mediator.events("gate")[-1]
            self.assertEqual((line["peer"], line.get("path")), (source, path))


class Envoy(unittest.TestCase):
    """Debian has no Envoy: the structure alone. What the file names must be there, and what it
    leaves out is seen."""

    def setUp(self):
        with open(os.path.join(ROOT, "deploy", "envoy", "envoy.yaml")) as f:
            self.config = yaml.safe_load(f)["static_resources"]
        chain = self.config["listeners"][0]["filter_chains"][0]
        self.tls = chain["transport_socket"]["typed_config"]
        self.manager = chain["filters"][0]["typed_config"]
        self.filters = [f["typed_config"] for f in self.manager["http_filters"]]

    def test_every_route_leads_to_a_cluster_and_every_cluster_is_used(self):
        clusters = {c["name"]: c for c in self.config["clusters"]}
        named = {r["route"]["cluster"] for h in self.manager["route_config"]["virtual_hosts"]
                 for r in h["routes"] if "route" in r}
        named.add(self.filters[0]["http_service"]["server_uri"]["cluster"])
        self.assertEqual(named, set(clusters))
        for name, cluster in clusters.items():
            self.assertEqual(cluster["load_assignment"]["cluster_name"], name)
            self.assertTrue(cluster["connect_timeout"])
        for name in ("attestd", "mediator"):
            self.assertEqual(clusters[name]["transport_socket"]["typed_config"]["config"],
                             {"version": "V2"})
        for name in ("mediator_check", "api"):
            self.assertNotIn("transport_socket", clusters[name])

    def test_every_extension_has_its_type(self):
        found = []

        def walk(node):
            if isinstance(node, dict):
                if "typed_config" in node:
                    found.append(node["typed_config"]["@type"])
                node = list(node.values())
            for part in node if isinstance(node, list) else ():
                walk(part)
        walk(self.config)
        self.assertEqual(len(found), 10)
        self.assertTrue(all(t.startswith("type.googleapis.com/envoy.extensions.") for t in found))

    def test_it_fails_closed_and_nothing_of_the_clients_passes(self):
        ask = self.filters[0]
        self.assertIs(ask["failure_mode_allow"], False)
        self.assertTrue(self.filters[-1]["@type"].endswith("router.v3.Router"))
        removed = {m["remove"] for m in self.manager["early_header_mutation_extensions"][0][
            "typed_config"]["mutations"]}
        self.assertEqual(removed, {"forwarded", "x-forwarded-for"}
                         | {name.lower() for name in CLAIMED})
        asked = {p["exact"] for p in ask["allowed_headers"]["patterns"]}
        self.assertLessEqual({"oauth-client-attestation", "oauth-client-attestation-pop", "dpop"},
                             asked)
        self.assertIs(self.manager["use_remote_address"], True)

    def test_the_api_is_asked_about_and_the_others_are_not(self):
        hosts = {h["name"]: h for h in self.manager["route_config"]["virtual_hosts"]}
        self.assertNotIn("typed_per_filter_config", hosts["api"])
        for name in ("attestd", "mediator"):
            per_route = hosts[name]["typed_per_filter_config"]["envoy.filters.http.ext_authz"]
            self.assertIs(per_route["disabled"], True)
        self.assertEqual(hosts["mediator"]["routes"][0]["direct_response"], {"status": 404})
        for host in hosts.values():
            for route in host["routes"]:
                self.assertNotIn("retry_policy", route.get("route", {}))

    def test_traefik(self):
        with open(os.path.join(ROOT, "deploy", "traefik", "vouchsafe.yaml")) as f:
            config = yaml.safe_load(f)["http"]
        asks = config["middlewares"]["vouchsafe"]["forwardAuth"]
        self.assertIs(asks["trustForwardHeader"], False)
        self.assertEqual(set(asks["authResponseHeaders"]), set(CLAIMED))
        router = config["routers"]["api"]
        self.assertIn(router["service"], config["services"])
        self.assertEqual(router["middlewares"], list(config["middlewares"]))


if __name__ == "__main__":
    unittest.main()
