"""Hostile HTTP through nginx and HAProxy, as deploy/ configures them: whatever a proxy makes of it,
the daemon behind reads as many requests as the proxy has passed on, so that none is smuggled."""
import os
import random
import re
import socket
import threading
import time
import unittest

from harness import fronts
from harness.case import SiteCase
from harness.certificates import Authority
from harness.hostile import GOOD, HOSTILE, HOST, Talk, get, post, segmentations
from harness.process import StartError, free_port, wait_until
from harness.vouchsafe import request

# More is said to come than does, and a proxy waits for it.
CUT = ("length too large for us", "length that wraps at 32 bits", "chunks too large")
# What no case asks for.
BESIDE = "/.well-known/jwks.json"
OURS = b"Host: " + fronts.ATTEST.encode()


def addressed(data):
    """The same to the name that the proxy knows."""
    return data.replace(HOST, OURS)


class Counted:
    """Compares what a proxy passed on with what attestd read. passed_on() says the least and the most:
    of a request that was cut short a proxy does not tell how far it got."""
    OPTIONS = {"attestd_config": 'admin = { "127.0.0.1:0" }\ntrusted_proxies = { "127.0.0.1" }\n'
                                 'listen += { "127.0.0.1:0 proxy_v2" }\n'}
    PATIENCE = 20

    @classmethod
    def start(cls):
        cls.proxy = cls.start_proxy()

    @classmethod
    def tearDownClass(cls):
        if getattr(cls, "proxy", None):
            cls.proxy.stop()
        super().tearDownClass()

    def read(self):
        """How many requests attestd has answered, those that it could not read among them; settled()
        sends others."""
        return sum(value for (name, labels), value in self.site.attestd.metrics().items()
                   if name == "vouchsafe_http_requests_total" and BESIDE not in dict(labels).values())

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
            wait_until(agreed, self.PATIENCE, "both to agree")
        except StartError:
            self.fail("%s: %d to %d passed on, %d read" % ((name,) + self.counts(before)))
        return self.counts(before)[2]

    def settled(self):
        """A new beginning, so that what never arrived of one case hides nothing of the next. A worker
        has looked at what had come to it before once it has answered others."""
        for _ in range(8):
            self.assertEqual(request(self.site.attestd.url + BESIDE)[0], 200)
        counted, again = None, self.passed_on()
        while again != counted:  # a proxy answers first and writes its line then
            time.sleep(0.1)
            counted, again = again, self.passed_on()
        return self.now()

    def twice(self, attempt):
        """A line that a proxy wrote late makes two counts differ once; whoever smuggles does so again."""
        try:
            attempt(self.settled())
        except AssertionError:
            attempt(self.settled())


class Proxied(Counted):
    @classmethod
    def start(cls):
        cls.authority = Authority(cls.folder, "ca")
        super().start()

    def ask(self, parts, quiet=None):
        """The codes that came back."""
        talk = fronts.TlsTalk(self.front, self.authority.certificate, fronts.ATTEST)
        talk.send(parts)
        codes, _ = talk.answers(quiet)
        talk.close()
        return codes

    def test_what_passes_is_counted(self):
        """The control: both counters move, and by as much as was sent."""
        good = [data for name, data in GOOD.items()
                if name not in ("close", "IPv6 Host", "64 headers")]

        def attempt(before):
            for data in good:
                self.assertEqual(self.ask([addressed(data), post(OURS, b"Connection: close")]),
                                 [400, 400])
            self.assertEqual(self.agree("good", before), 2 * len(good))
        self.twice(attempt)

    def send_hostile(self, name, data, rng):
        """In every segmentation, a good one behind it; returns how many were sent."""
        sent, follower = 0, post(OURS, b"Connection: close")
        for how, parts in segmentations(addressed(data) + follower, rng):
            if len(parts) > 2000:
                continue
            with self.subTest(name + ", " + how):
                codes = self.ask(parts, 0.5 if name in CUT else None)
                sent += 2
                self.assertLessEqual(len(codes), 2)
                # 501 and 505 are a proxy's own words for what it does not know.
                self.assertFalse([c for c in codes if c >= 500 and c not in (501, 505)], codes)
        return sent

    def test_nothing_is_smuggled(self):
        rng = random.Random(11)
        for name, (_, data) in HOSTILE.items():
            def attempt(before):
                sent = self.send_hostile(name, data, rng)
                self.assertLessEqual(self.agree(name, before), sent)
            with self.subTest(name):
                self.twice(attempt)
        self.assertTrue(self.site.attestd.child.alive())
        self.assertTrue(self.proxy.child.alive())
        self.assertEqual(self.ask([post(OURS, b"Connection: close")]), [400])


class Careless:
    """A proxy that takes whatever comes at once for one request, and passes it on as it came."""

    def __init__(self, target):
        self.target, self.passed = target, 0
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            with client, socket.create_connection(("127.0.0.1", self.target)) as back:
                back.sendall(client.recv(65536))
                self.passed += 1
                while data := back.recv(65536):
                    client.sendall(data)

    def stop(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()


class ThroughACarelessOne(Counted, SiteCase):
    """The control: what smuggling looks like is seen."""
    PATIENCE = 2

    @classmethod
    def start_proxy(cls):
        return Careless(cls.site.attestd.port)

    def passed_on(self):
        return self.proxy.passed, self.proxy.passed

    def ask(self, data):
        talk = Talk(self.proxy.port)
        talk.send([data])
        codes, _ = talk.answers()
        talk.close()
        return codes

    def test_one_request_is_one(self):
        before = self.now()
        self.assertEqual(self.ask(post(HOST, b"Connection: close")), [400])
        self.assertEqual(self.agree("one", before), 1)

    def test_a_second_one_behind_it_is_seen(self):
        before = self.now()
        self.assertEqual(self.ask(post(HOST) + post(HOST, b"Connection: close")), [400, 400])
        with self.assertRaises(AssertionError):
            self.agree("smuggled", before)

    def test_one_within_a_body_that_one_side_does_not_see(self):
        inner = post(HOST, b"Connection: close")
        before = self.now()
        self.assertEqual(self.ask(get(b"/nowhere") + inner), [404, 400])
        with self.assertRaises(AssertionError):
            self.agree("smuggled", before)


class ThroughNginx(Proxied, SiteCase):
    @classmethod
    def start_proxy(cls):
        cls.log = os.path.join(cls.folder, "nginx-access.log")
        proxy = fronts.nginx(cls.folder, cls.authority, attestd=cls.site.attestd.port, swaps={
            "server_tokens off;": "server_tokens off;\nlog_format upstream '$upstream_addr $status';",
            "server_name %s;" % fronts.ATTEST: "server_name %s;\n  access_log %s upstream;"
                                               % (fronts.ATTEST, cls.log)})
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
        cls.front = free_port()
        return fronts.haproxy(
            cls.folder, cls.authority, cls.front, attestd=fronts.proxy_port(cls.site.attestd), swaps={
                "global\n": "global\n  log stdout format raw local0\n",
                "  mode http\n": "  mode http\n  log global\n"
                                 '  log-format "passed on to %b by %si:%sp, %ST %ts"\n'})

    def passed_on(self):
        """A request that never went to a server has no address there. One that ended half way, by
        the proxy that found it bad (400, P) or by the client (-1), may have reached attestd or not:
        its head may already have been on its way."""
        found = re.findall(r"passed on to attestd by 127\S+ (-?\d+) (.)", self.proxy.child.output())
        cut = sum(code == "-1" or (code == "400" and by == "P") for code, by in found)
        return len(found) - cut, len(found)


if __name__ == "__main__":
    unittest.main()
