"""TLS to attestd and to the server behind the mediator: who is believed, and who not."""
import os
import unittest

from harness.attester import Attester
from harness.case import SiteCase
from harness.certificates import Authority, pin_of
from harness.glewlwyd import PLUGIN, Glewlwyd
from harness.middle import Middle
from harness.vouchsafe import request


class Sdk(SiteCase):
    @classmethod
    def start(cls):
        cls.ours = Authority(cls.folder, "ours")
        cls.other = Authority(cls.folder, "other")

    def attest(self, certificate, *options, host=None):
        """How the app fares with a server of that certificate."""
        middle = Middle(self.site.attestd.url, tls=certificate)
        self.addCleanup(middle.stop)
        url = middle.url if host is None else middle.url.replace("127.0.0.1", host)
        with self.site.app(attestd=url, options=options) as app:
            good, words = app.ask("attest")
        self.assertEqual(good, bool(middle.recorded), "nothing is said to whom is not believed")
        return good, words

    def test_who_is_believed(self):
        ca = ("--ca-file", self.ours.certificate)
        good, words = self.attest(self.ours.issue("address"), *ca)
        self.assertTrue(good, words)
        good, words = self.attest(self.ours.issue("name", "DNS:localhost"), *ca, host="localhost")
        self.assertTrue(good, words)

    def test_who_is_not(self):
        ca = ("--ca-file", self.ours.certificate)
        cases = {
            "an unknown authority": (self.other.issue("unknown"), ca, None),
            "the system's authorities": (self.ours.issue("system"), (), None),
            "another address": (self.ours.issue("elsewhere", "IP:127.0.0.2"), ca, None),
            "another name": (self.ours.issue("stranger", "DNS:example.com"), ca, "localhost"),
            "a name for an address": (self.ours.issue("mixed", "DNS:127.0.0.1"), ca, None),
            "part of a wildcard": (self.ours.issue("wild", "DNS:*host"), ca, "localhost"),
            "expired": (self.ours.issue("expired", days=-1), ca, None),
        }
        for name, (certificate, options, host) in cases.items():
            with self.subTest(name):
                good, words = self.attest(certificate, *options, host=host)
                self.assertFalse(good)
                self.assertIn("cannot be reached", words)

    def test_pins(self):
        ca = ("--ca-file", self.ours.certificate)
        certificate = self.ours.issue("pinned")
        good, words = self.attest(certificate, *ca, "--pin", pin_of(certificate[0]))
        self.assertTrue(good, words)
        other = self.ours.issue("other")
        good, _ = self.attest(certificate, *ca, "--pin", pin_of(other[0]))
        self.assertFalse(good, "an authority that we believe does not make up for the pin")


class Upstream(SiteCase):
    """Glewlwyd behind TLS: the client secret goes to nobody else."""

    @classmethod
    def start(cls):
        cls.ours = Authority(cls.folder, "ours")
        cls.other = Authority(cls.folder, "other")
        cls.server = Glewlwyd(os.path.join(cls.folder, "glewlwyd"))
        cls.server.add_scope("notes")
        cls.server.add_client(cls.site.CLIENT, cls.site.secret(), cls.site.REDIRECT, ["notes"],
                              ("client_credentials",))

    @classmethod
    def tearDownClass(cls):
        if getattr(cls, "server", None):
            cls.server.stop()
        super().tearDownClass()

    def grant(self, certificate, host="127.0.0.1"):
        """(status, whether anything was said to the server)"""
        middle = Middle(self.server.base, tls=certificate)
        self.addCleanup(middle.stop)
        base = "%s/api/%s" % (middle.url.replace("127.0.0.1", host), PLUGIN)
        mediator = self.site.start_mediator(base, upstream=(
            'discovery = false\n authorization_endpoint = "%s/auth"\n token_endpoint = "%s/token"\n'
            ' ca_file = "%s"' % (base, base, self.ours.certificate)))
        self.addCleanup(mediator.stop)
        attester = Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)
        status, _, _ = request(mediator.url + "/token", "POST", [
            ("grant_type", "client_credentials"), ("client_id", self.site.CLIENT),
            ("scope", "notes")], attester.headers_for(mediator.url))
        return status, bool(middle.recorded)

    def test_who_is_believed(self):
        self.assertEqual(self.grant(self.ours.issue("address")), (200, True))
        self.assertEqual(self.grant(self.ours.issue("name", "DNS:localhost"), "localhost"),
                         (200, True))

    def test_who_is_not(self):
        cases = {"an unknown authority": (self.other.issue("unknown"), "127.0.0.1"),
                 "another address": (self.ours.issue("elsewhere", "IP:127.0.0.2"), "127.0.0.1"),
                 "another name": (self.ours.issue("stranger", "DNS:example.com"), "localhost"),
                 "expired": (self.ours.issue("expired", days=-1), "127.0.0.1")}
        for name, (certificate, host) in cases.items():
            with self.subTest(name):
                status, said = self.grant(certificate, host)
                self.assertIn(status, (502, 503))
                self.assertFalse(said)


if __name__ == "__main__":
    unittest.main()
