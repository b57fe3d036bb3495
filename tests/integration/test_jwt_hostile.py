"""Hostile attestations and proofs to a real mediator, in three segmentations each, directly and through
nginx and HAProxy: none reaches the authorization server, and a good request behind each on the same
connection does."""
import random
import unittest

from harness import fronts
from harness.attester import Attester
from harness.case import SiteCase
from harness.certificates import Authority
from harness.hostile import Talk, segmentations
from harness.hostile_jwt import GOOD, NO_HTTP, Maker, good, hostile
from harness.process import free_port
from harness.scripted import Scripted, ok

GRANT = b'{"access_token":"granted","token_type":"Bearer"}'
FORM = b"grant_type=client_credentials&client_id=vouchsafe-example&scope=notes"


class Hostile:
    HOST = b"Host: " + fronts.AUTH.encode()

    @classmethod
    def start(cls):
        cls.server = Scripted(lambda talk, *_: talk.send(ok(GRANT)))
        cls.site.start_mediator(
            "https://as.example", extra='trusted_proxies = { "127.0.0.1" }\nlisten += { "127.0.0.1:0 proxy_v2" }\n',
            upstream='discovery = false\n token_endpoint = "%s/token"\n'
                     ' authorization_endpoint = "%s/authorize"\n' % (cls.server.url, cls.server.url))
        attester = Attester(cls.site.attestd.url, cls.site.CLIENT, cls.site.binary)
        cls.maker = Maker(attester, cls.site.secret(), cls.site.mediator.url)
        cls.open_front()

    @classmethod
    def tearDownClass(cls):
        for part in ("proxy", "server"):
            if getattr(cls, part, None):
                getattr(cls, part).stop()
        super().tearDownClass()

    def request(self, lines, *more):
        return b"\r\n".join([b"POST /token HTTP/1.1", self.HOST, b"Content-Type: application/x-www-form-urlencoded",
                             b"Content-Length: %d" % len(FORM), *lines, *more]) + b"\r\n\r\n" + FORM

    def ask(self, parts):
        """(codes, how many requests reached the authorization server)"""
        before, talk = len(self.server.requests), self.talk()
        talk.send(parts)
        codes, closed = talk.answers()
        talk.close()
        self.assertTrue(closed)
        return codes, len(self.server.requests) - before

    def each(self, cases, seed, check):
        """check(codes, how many reached the server) of each case and a good request behind it, on one
        connection, in three segmentations. Each time of new ones: what was refused may have spent its
        proof."""
        rng = random.Random(seed)
        for name, make in cases.items():
            for i in range(3):
                how, parts = list(segmentations(self.request(make(self.maker)), rng))[i]
                if len(parts) > 4000:
                    continue  # byte by byte the long ones say nothing new
                follower = self.request(good(self.maker), b"Connection: close")
                with self.subTest(name + ", " + how):
                    check(*self.ask(parts + [follower]))

    def expect(self, *expected):
        return lambda *seen: self.assertEqual(seen, expected)

    def test_what_is_refused(self):
        cases = hostile()
        self.assertGreaterEqual(len(cases), 100)
        self.each(cases, 21, self.expect([400, 200], 1))
        self.assertTrue(self.site.mediator.child.alive())

    def test_what_is_no_http(self):
        self.each(NO_HTTP, 22, self.check_no_http)

    def check_no_http(self, codes, reached):
        self.assertEqual((codes, reached), ([400], 0))

    def test_what_passes(self):
        self.each(GOOD, 23, self.expect([200, 200], 2))

    def test_what_was_used_is_refused(self):
        lines = good(self.maker)
        parts = [self.request(lines), self.request(lines), self.request(good(self.maker), b"Connection: close")]
        self.assertEqual(self.ask(parts), ([200, 400, 200], 2))


class Direct(Hostile, SiteCase):
    @classmethod
    def open_front(cls):
        cls.talk = lambda _: Talk(cls.site.mediator.port)


class Proxied(Hostile):
    @classmethod
    def open_front(cls):
        authority = Authority(cls.folder, "ca")
        port = cls.start_proxy(authority)
        cls.talk = lambda _: fronts.TlsTalk(port, authority.certificate, fronts.AUTH)

    def check_no_http(self, codes, reached):
        """The proxy refuses it itself, or has told it apart from what follows."""
        self.assertIn((codes, reached), (([400], 0), ([400, 200], 1)))


class ThroughNginx(Proxied, SiteCase):
    @classmethod
    def start_proxy(cls, authority):
        cls.proxy = fronts.nginx(cls.folder, authority, mediator=cls.site.mediator.port)
        return cls.proxy.port


class ThroughHAProxy(Proxied, SiteCase):
    @classmethod
    def start_proxy(cls, authority):
        port = free_port()
        cls.proxy = fronts.haproxy(cls.folder, authority, port, mediator=fronts.proxy_port(cls.site.mediator))
        return port


if __name__ == "__main__":
    unittest.main()
