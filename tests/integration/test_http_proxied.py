"""Hostile HTTP through nginx and HAProxy, as deploy/ configures them: whatever a proxy makes of it,
the daemon behind reads as many requests as the proxy has passed on, so that none is smuggled."""
import os
import random
import re
import socket
import ssl
import unittest

from harness.case import SiteCase
from harness.certificates import Authority
from harness.haproxy import HAProxy
from harness.hostile import GOOD, HOSTILE, HOST, Talk, post, segmentations
from harness.nginx import Nginx
from harness.process import StartError, free_port, wait_until
from harness.shipped import shipped

NAME = "attest.example.com"
NAMES = (NAME, "auth.example.com", "api.example.com")
# More is said to come than does, and a proxy waits for it.
CUT = ("length too large for us", "length that wraps at 32 bits", "chunks too large")
OURS = b"Host: " + NAME.encode()


def addressed(data):
    """The same to the name that the proxy knows."""
    return data.replace(HOST, OURS)


class TlsTalk(Talk):
    def __init__(self, port, ca):
        super().__init__(port)
        self.socket = ssl.create_default_context(cafile=ca).wrap_socket(self.socket,
                                                                        server_hostname=NAME)

    def send(self, parts):
        try:
            super().send(parts)
        except ssl.SSLError:
            pass  # closed before the end, with or without TLS's own word for it

    def answers(self, quiet=None):
        try:
            return super().answers(quiet)
        except ssl.SSLError:
            return [], True


class Proxied:
    OPTIONS = {"attestd_config": 'admin = { "127.0.0.1:0" }\ntrusted_proxies = { "127.0.0.1" }\n'
                                 'listen += { "127.0.0.1:0 proxy_v2" }\n'}

    @classmethod
    def start(cls):
        cls.front = free_port()
        cls.authority = Authority(cls.folder, "ca")
        cls.proxy = cls.start_proxy()

    @classmethod
    def tearDownClass(cls):
        if getattr(cls, "proxy", None):
            cls.proxy.stop()
        super().tearDownClass()

    def read(self):
        """How many requests attestd has answered, those that it could not read among them."""
        return sum(value for (name, _), value in self.site.attestd.metrics().items()
                   if name == "vouchsafe_http_requests_total")


    def ask(self, parts, quiet=None):
        """The codes that came back."""
        talk = TlsTalk(self.front, self.authority.certificate)
        talk.send(parts)
        codes, _ = talk.answers(quiet)
        talk.close()
        return codes

    def counts(self, before):
        """(least, most) that the proxy passed on, and what attestd read, each since `before`."""
        (least, most), read = self.now()
        return least - before[0][0], most - before[0][1], read - before[1]

    def now(self):
        return self.passed_on(), self.read()

    def agree(self, name, before):
        """What attestd read, once it lies within what the proxy may have passed on."""
        def agreed():
            least, most, read = self.counts(before)
            return least <= read <= most
        try:
            wait_until(agreed, 20, "both to agree")
        except StartError:
            self.fail("%s: %d to %d passed on, %d read" % ((name,) + self.counts(before)))
        return self.counts(before)[2]

    def test_what_passes_is_counted(self):
        """The control: both counters move, and by as much as was sent."""
        before = self.now()
        for name, data in GOOD.items():
            if name not in ("close", "IPv6 Host", "64 headers"):
                self.assertEqual(self.ask([addressed(data), post(OURS, b"Connection: close")]),
                                 [400, 400])
        self.assertEqual(self.agree("good", before), 2 * (len(GOOD) - 3))

    def test_nothing_is_smuggled(self):
        rng = random.Random(11)
        follower = post(OURS, b"Connection: close")
        before, most = self.now(), 0
        for name, (_, data) in HOSTILE.items():
            for how, parts in segmentations(addressed(data) + follower, rng):
                if len(parts) > 2000:
                    continue
                with self.subTest(name + ", " + how):
                    codes = self.ask(parts, 0.5 if name in CUT else None)
                    most += 2
                    self.assertLessEqual(len(codes), 2)
                    # 501 and 505 are a proxy's own words for what it does not know.
                    self.assertFalse([c for c in codes if c >= 500 and c not in (501, 505)], codes)
            with self.subTest(name):
                try:
                    self.assertLessEqual(self.agree(name, before), most)
                except AssertionError:
                    before, most = self.now(), 0  # said once, not again for each that follows
                    raise
        self.assertTrue(self.site.attestd.child.alive())
        self.assertTrue(self.proxy.child.alive())
        self.assertEqual(self.ask([post(OURS, b"Connection: close")]), [400])


class ThroughNginx(Proxied, SiteCase):
    @classmethod
    def start_proxy(cls):
        cls.log = os.path.join(cls.folder, "nginx-access.log")
        swaps = {"127.0.0.1:8101": "127.0.0.1:%d" % cls.site.attestd.port,
                 "127.0.0.1:8102": "127.0.0.1:9", "127.0.0.1:8080": "127.0.0.1:9",
                 "listen 443 ": "listen 127.0.0.1:%(port)d ", "127.0.0.1:8443": "127.0.0.1:%(back)d",
                 "server_tokens off;": "server_tokens off;\nlog_format upstream '$upstream_addr $status';",
                 "server_name %s;" % NAME: "server_name %s;\n  access_log %s upstream;"
                                           % (NAME, cls.log)}
        for name in NAMES:
            swaps["/etc/ssl/vouchsafe/%s.crt" % name], swaps["/etc/ssl/vouchsafe/%s.key" % name] = \
                cls.authority.issue(name, "DNS:" + name)
        proxy = Nginx(os.path.join(cls.folder, "nginx"), shipped("nginx/vouchsafe.conf", swaps))
        cls.front = proxy.port
        return proxy

    def passed_on(self):
        """Of a request whose client has gone (499) it does not tell how far it got."""
        with open(self.log) as f:
            codes = re.findall(r"127\.0\.0\.1:%d (\d+)" % self.site.attestd.port, f.read())
        return len(codes) - codes.count("499"), len(codes)


class ThroughHAProxy(Proxied, SiteCase):
    @classmethod
    def start_proxy(cls):
        folder = os.path.join(cls.folder, "haproxy")
        os.makedirs(folder)
        pem, script = os.path.join(folder, "all.pem"), os.path.join(folder, "vouchsafe.lua")
        with open(pem, "w") as out:
            for part in cls.authority.issue(NAME, "DNS:" + NAME):
                with open(part) as f:
                    out.write(f.read())
        with open(script, "w") as f:
            f.write(shipped("haproxy/vouchsafe.lua", {}))
        where = [e for e in cls.site.attestd.events("listening") if e.get("proxy")][0]["address"]
        config = shipped("haproxy/haproxy.cfg", {
            "127.0.0.1:8111": where, "127.0.0.1:8112": "127.0.0.1:9", "127.0.0.1:8080": "127.0.0.1:9",
            "bind :443 ": "bind 127.0.0.1:%d " % cls.front, "crt /etc/ssl/vouchsafe/": "crt " + pem,
            "/etc/haproxy/vouchsafe.lua": script,
            "global\n": "global\n  log stdout format raw local0\n",
            "  mode http\n": '  mode http\n  log global\n  log-format "passed on to %b by %si:%sp, %ST %ts"\n'})
        return HAProxy(folder, config, [cls.front])

    def passed_on(self):
        """A request that never went to a server has no address there. One that ended half way, by
        the proxy that found it bad (400, P) or by the client (-1), may have reached attestd or not:
        its head may already have been on its way."""
        found = re.findall(r"passed on to attestd by 127\S+ (-?\d+) (.)", self.proxy.child.output())
        cut = sum(code == "-1" or (code == "400" and by == "P") for code, by in found)
        return len(found) - cut, len(found)


if __name__ == "__main__":
    unittest.main()
