"""The client SDK inside real apps against a real attestd: threads, being off line, pins."""
import os
import subprocess
import time
import unittest

from harness.case import SiteCase
from harness.certificates import Authority, pin_of, pin_text
from harness.glewlwyd import PLUGIN, Glewlwyd
from harness.middle import Middle
from harness.vouchsafe import attestctl, program, sanitized


class Threads(SiteCase):
    OPTIONS = {"app_options": ("--token-lifetime", "4")}

    @classmethod
    def start(cls):
        cls.threads = os.path.join(cls.folder, "sdk-threads")
        subprocess.run(["strip", "-o", cls.threads, program("sdk-threads")], check=True)
        attestctl(cls.site.registry, "build", "add", cls.site.CLIENT, cls.threads, "--label", "t")
        cls.site.attestd.reload()

    def run_threads(self, threads, rounds, refresh):
        """(what it printed, how many attestations attestd counted)"""
        before = len(self.site.attestd.events("attestation"))
        done = subprocess.run(
            [self.threads, self.site.attestd.url, self.site.CLIENT, str(threads), str(rounds),
             str(refresh)], capture_output=True, text=True, timeout=60,
            env={**os.environ, "ASAN_OPTIONS": "replace_intrin=0"})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip(), len(self.site.attestd.events("attestation")) - before

    def test_sixty_four_threads_share_one_attestation(self):
        self.assertEqual(self.run_threads(64, 1, 1), ("good 64 bad 0", 1))

    def test_one_thread_renews_ahead_of_expiry(self):
        # 4 s of life, renewed 2 s before its end; 3 s of asking.
        self.assertEqual(self.run_threads(64, 150, 2), ("good 9600 bad 0", 2))


class Unreachable(SiteCase):
    OPTIONS = {"app_options": ("--token-lifetime", "3")}

    def test_a_token_serves_off_line_until_it_expires(self):
        middle = Middle(self.site.attestd.url)
        with self.site.app(attestd=middle.url) as app:
            good, first = app.ask("show integrity_token")
            self.assertTrue(good, first)
            middle.stop()
            expires = time.monotonic() + 2.5
            while time.monotonic() < expires:
                self.assertEqual(app.ask("show integrity_token"), (True, first))
                time.sleep(0.1)
            time.sleep(0.7)
            good, words = app.ask("show integrity_token")
            self.assertFalse(good)
            self.assertRegex(words, "cannot be reached|temporarily_unavailable")

    def test_a_server_that_says_later_is_left_alone(self):
        for status in (429, 503):
            with self.subTest(status):
                middle = Middle(self.site.attestd.url,
                                lambda *_, s=status: (s, [("Retry-After", "100")]))
                self.addCleanup(middle.stop)
                with self.site.app(attestd=middle.url) as app:
                    for _ in range(5):
                        good, words = app.ask("headers https://as.example")
                        self.assertFalse(good)
                        self.assertRegex(words, "temporarily_unavailable .*retry_after=(100|101)$")
                    self.assertEqual(len(middle.recorded), 1)

    def test_it_recovers_by_itself(self):
        broken = [True]
        middle = Middle(self.site.attestd.url, lambda _, body: None if broken[0] else body)
        self.addCleanup(middle.stop)
        with self.site.app(attestd=middle.url) as app:
            self.assertFalse(app.ask("attest")[0])
            broken[0] = False
            deadline = time.monotonic() + 10
            while not app.ask("attest")[0]:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.02)


class Pins(SiteCase):
    @classmethod
    def start(cls):
        cls.ours = Authority(cls.folder, "ours")
        cls.other = Authority(cls.folder, "other")
        cls.now, cls.reserve, cls.stranger = (cls.ours.issue(n) for n in ("now", "reserve", "else"))
        cls.base_config = cls.site.attestd_config()

    def configure(self, *certificates):
        pins = ", ".join('"%s"' % pin_text(c[0]) for c in certificates)
        self.site.attestd.write_config(self.base_config + "pins = { %s }\n" % pins)
        self.assertEqual(self.site.attestd.reload()["event"], "reloaded")

    def attest(self, certificate, state, *options, edit=None):
        middle = Middle(self.site.attestd.url, tls=certificate, edit=edit)
        self.addCleanup(middle.stop)
        with self.site.app(attestd=middle.url, state=state,
                           options=("--ca-file", self.ours.certificate, *options)) as app:
            good, words = app.ask("attest")
        self.assertEqual(good, bool(middle.recorded), words)
        return good

    def state(self, name):
        return os.path.join(self.folder, "state-" + name)

    def kept(self, state):
        """The pins that the app keeps, in hexadecimal."""
        path = os.path.join(state, "pins")
        if not os.path.exists(path):
            return []
        with open(path, "rb") as f:
            data = f.read()
        return [data[i:i + 32].hex() for i in range(0, len(data), 32)]

    def test_delivered_pins_bind_from_then_on(self):
        state = self.state("delivered")
        self.configure(self.now, self.reserve)
        self.assertTrue(self.attest(self.stranger, self.state("unbound")), "no pins, none asked")
        self.assertTrue(self.attest(self.now, state))
        self.assertEqual(self.kept(state), [pin_of(self.now[0]), pin_of(self.reserve[0])])
        self.assertFalse(self.attest(self.stranger, state))
        self.assertTrue(self.attest(self.reserve, state), "the key held in reserve")

    def test_a_key_changes_while_the_app_stays_as_it_is(self):
        state, pin = self.state("rotated"), ("--pin", pin_of(self.now[0]))
        self.assertFalse(self.attest(self.reserve, state, *pin))
        self.configure(self.now, self.reserve)
        self.assertTrue(self.attest(self.now, state, *pin))
        self.assertTrue(self.attest(self.reserve, state, *pin))
        self.assertFalse(self.attest(self.stranger, state, *pin))

    def test_a_delivery_that_would_lock_the_app_out_is_ignored(self):
        state = self.state("lockout")
        self.configure(self.reserve, self.stranger)
        self.assertTrue(self.attest(self.now, state))
        self.assertEqual(self.kept(state), [])
        self.configure(self.now, self.reserve)
        self.assertTrue(self.attest(self.now, state))
        kept = self.kept(state)
        self.configure(self.stranger)
        self.assertTrue(self.attest(self.now, state))
        self.assertEqual(self.kept(state), kept)

    def test_an_empty_delivery_changes_nothing(self):
        state = self.state("empty")
        self.configure(self.now, self.reserve)
        self.assertTrue(self.attest(self.now, state))
        kept = self.kept(state)
        self.configure()
        self.assertTrue(self.attest(self.now, state))
        self.assertTrue(self.attest(self.now, state, edit=lambda path, answer: answer.replace(
            b'"expires_in"', b'"pins":[],"expires_in"') if "attestations" in path else answer))
        self.assertEqual(self.kept(state), kept)
        self.assertFalse(self.attest(self.stranger, state))

    def test_an_authority_can_be_pinned(self):
        pin = ("--pin", pin_of(self.ours.certificate))
        self.assertTrue(self.attest(self.stranger, self.state("authority"), *pin))

    def test_certificates_that_prove_nothing_do_not_count(self):
        """Whoever has a certificate of a believed authority can send a pinned one along: the chain
        that counts is the one that was verified."""
        pin = ("--pin", pin_of(self.now[0]))
        both = os.path.join(self.folder, "both.crt")
        with open(both, "w") as out:
            for part in (self.stranger[0], self.now[0]):
                with open(part) as f:
                    out.write(f.read())
        self.assertTrue(self.attest(self.now, self.state("genuine"), *pin))
        self.assertFalse(self.attest((both, self.stranger[1]), self.state("padded"), *pin))

    def test_one_pin_alone_is_warned_of(self):
        before = len(self.site.attestd.events("one pin"))
        self.configure(self.now)
        self.assertEqual(len(self.site.attestd.events("one pin")), before + 1)
        self.configure(self.now, self.reserve)
        self.assertEqual(len(self.site.attestd.events("one pin")), before + 1)


class EventApp(SiteCase):
    """The event app gets an access token of a real authorization server through the mediator."""

    @classmethod
    def start(cls):
        cls.app = os.path.join(cls.folder, "vouchsafe-event-app")
        subprocess.run(["strip", "-o", cls.app, program("vouchsafe-event-app")], check=True)
        attestctl(cls.site.registry, "build", "add", cls.site.CLIENT, cls.app, "--label", "event")
        cls.site.attestd.reload()
        cls.server = Glewlwyd(os.path.join(cls.folder, "glewlwyd"))
        cls.server.add_scope("notes")
        cls.server.add_client(cls.site.CLIENT, cls.site.secret(), cls.site.REDIRECT, ["notes"],
                              ("client_credentials",))
        base = "%s/api/%s" % (cls.server.base, PLUGIN)
        cls.site.start_mediator(base, upstream=(
            'discovery = false\n authorization_endpoint = "%s/auth"\n token_endpoint = "%s/token"\n'
            % (base, base)))

    @classmethod
    def tearDownClass(cls):
        if getattr(cls, "server", None):
            cls.server.stop()
        super().tearDownClass()

    def run_app(self, attestd, *more, binary=None):
        done = subprocess.run([binary or self.app, attestd, self.site.CLIENT,
                               os.path.join(self.folder, "event-state"), *more],
                              capture_output=True, text=True, timeout=60,
                              env={**os.environ, "ASAN_OPTIONS": "replace_intrin=0"})
        return done.returncode, done.stdout

    def test_it_gets_an_access_token(self):
        mediator = self.site.mediator.url
        status, out = self.run_app(self.site.attestd.url, mediator + "/token", mediator, "notes")
        self.assertEqual(status, 0, out)
        self.assertIn('"access_token"', out)

    def test_a_name_is_resolved(self):
        status, out = self.run_app(self.site.attestd.url.replace("127.0.0.1", "localhost"))
        self.assertEqual(status, 0, out)

    def test_the_loop_beats_while_attestd_is_slow(self):
        middle = Middle(self.site.attestd.url, lambda _, body: time.sleep(0.2) or body)
        self.addCleanup(middle.stop)
        status, out = self.run_app(middle.url)
        self.assertEqual(status, 0, out)
        # Of 400 or so, on a machine that has nothing else to do; a loop that waits has two.
        self.assertGreaterEqual(int(out.rsplit("beats ", 1)[1]), 10)

    def test_an_altered_one_is_refused(self):
        altered = os.path.join(self.folder, "altered")
        with open(self.app, "rb") as f:
            data = f.read()
        self.assertIn(b"grant_type", data)
        with open(altered, "wb") as f:
            f.write(data.replace(b"grant_type", b"grant_tyqe"))
        os.chmod(altered, 0o700)
        # A sanitizer makes it larger than what one challenge asks for.
        for _ in range(8 if sanitized() else 1):
            status, out = self.run_app(self.site.attestd.url, binary=altered)
            if status:
                break
        self.assertEqual(status, 1)
        self.assertIn("attestation_failed", out)


if __name__ == "__main__":
    unittest.main()
