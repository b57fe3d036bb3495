"""An app that embeds the SDK, a real mediator and the real door lock: from a login to the bolt."""
import os
import re
import subprocess
import time
import unittest

from harness.process import Child
from harness.tap import Tap, play
from harness.vouchsafe import Example, attestctl, program

from .test_mediator_devices import DeviceCase


class Grants(DeviceCase):
    CLIENT_EXTRA = DeviceCase.CLIENT_EXTRA + "queue_grants = true\n"

    @classmethod
    def add_devices(cls):
        scopes = ("--scope", "door:unlock", "--scope", "alarm:off")
        cls.registry.add_push("door-1", *scopes)
        cls.registry.add_push("door-once", "--once", *scopes)
        cls.registry.add_push("door-asleep", "--queue", *scopes)

    @classmethod
    def start(cls):
        super().start()
        cls.binary = os.path.join(cls.folder, "open-door")
        subprocess.run(["strip", "-o", cls.binary, program("open-door")], check=True)
        attestctl(cls.site.registry, "build", "add", cls.site.CLIENT, cls.binary, "--label", "door")
        cls.site.attestd.reload()

    def lock(self, name="door-1"):
        log = os.path.join(self.folder, "lock-%s-%f.log" % (name, time.time()))
        lock = Child([program("door-lock"), "--id", name, "--key", self.registry.key_file(name),
                      "--mediator", "127.0.0.1:%d" % self.device_port, "--listen", "0"], log)
        self.addCleanup(lock.stop)
        lock.wait_ready(lambda: "link up" in lock.output(), 30)
        lock.port = int(re.search(r"listening (\d+)", lock.output()).group(1))
        return lock

    def app(self, name="door-1", *options):
        state = os.path.join(self.folder, "state-%f" % time.time())
        app = Example(self.binary, self.site.attestd.url, self.url, self.site.CLIENT, state,
                      self.site.REDIRECT, "door:unlock alarm:off",
                      options=("--device", "urn:vouchsafe:device:" + name, *options))
        self.addCleanup(app.close)
        return app

    def log_in(self, app):
        good, words = app.ask("login")
        self.assertTrue(good, words)
        back = self.server.person().authorize(words.split(" ", 1)[1], self.site.CLIENT, [],
                                              self.site.REDIRECT)
        return app.ask("finish " + back)

    def assertOpens(self, app, lock):
        good, words = app.ask("open tcp:%d door:unlock alarm:off" % lock.port)
        self.assertTrue(good, words)
        self.assertEqual(app.lines, ["answer done bolt open", "answer done alarm off"])

    def assertStaysShut(self, app, lock, why):
        before = lock.output().count("bolt open")
        good, words = app.ask("open tcp:%d door:unlock" % lock.port)
        self.assertFalse(good)
        self.assertRegex(words + " ".join(app.lines), why)
        self.assertEqual(lock.output().count("bolt open"), before)

    def test_no_grant(self):
        lock, app = self.lock(), self.app()
        self.assertStaysShut(app, lock, "cannot work")
        self.assertFalse(app.ask("grant")[0])

    def test_a_lock_that_is_not_there(self):
        app = self.app()
        good, words = self.log_in(app)
        self.assertFalse(good)
        self.assertIn("temporarily_unavailable", words)
        self.assertFalse(app.ask("grant")[0])

    def test_the_mediators_key_and_the_apps_own(self):
        lock = self.lock()
        for options in ((), ("--own-key", "yes"), ("--own-key", "yes", "--for", "300")):
            with self.subTest(options):
                app = self.app("door-1", *options)
                good, words = self.log_in(app)
                self.assertTrue(good, words)
                self.assertOpens(app, lock)
                good, words = app.ask("open tcp:%d door:lock" % lock.port)
                self.assertEqual((good, app.lines), (False, ["answer denied "]))
                self.assertOpens(app, lock)

    def test_this_evening_and_no_longer(self):
        lock, app = self.lock(), self.app("door-1", "--for", "15")
        good, words = self.log_in(app)
        self.assertTrue(good, words)
        expires = int(re.search(r"exp=(\d+)", app.ask("grant")[1]).group(1))
        self.assertLessEqual(expires, time.time() + 15)
        self.assertOpens(app, lock)
        time.sleep(max(0, expires + 1 - time.time()))
        self.assertStaysShut(app, lock, "hung up")
        self.assertIn("too late", lock.output())

    def test_once(self):
        lock, app = self.lock("door-once"), self.app("door-once")
        self.assertTrue(self.log_in(app)[0])
        self.assertIn(" once ", app.ask("grant")[1])
        good, _ = app.ask("open tcp:%d door:unlock alarm:off" % lock.port)
        self.assertEqual((good, app.lines), (False, ["answer done bolt open", "answer denied "]))
        self.assertStaysShut(app, lock, "hung up")

    def test_a_lock_that_sleeps(self):
        app = self.app("door-asleep")
        self.assertTrue(self.log_in(app)[0])
        self.assertIn(" waits ", app.ask("grant")[1])
        lock = self.lock("door-asleep")
        lock.wait_ready(lambda: "grant: taken" in lock.output(), 30)
        self.assertOpens(app, lock)

    def test_a_lock_that_was_killed_has_no_grants(self):
        lock, app = self.lock(), self.app()
        self.assertTrue(self.log_in(app)[0])
        self.assertOpens(app, lock)
        lock.kill()
        lock = self.lock()
        self.assertStaysShut(app, lock, "hung up")
        self.assertTrue(self.log_in(app)[0])
        self.assertOpens(app, lock)

    def test_what_a_listener_has_opens_nothing(self):
        lock, app = self.lock(), self.app()
        tap = Tap(lock.port)
        self.addCleanup(tap.stop)
        self.assertTrue(self.log_in(app)[0])
        good, words = app.ask("open tcp:%d door:unlock" % tap.port)
        self.assertTrue(good, words)
        sent = bytes(tap.sent[0])
        self.assertNotIn(b"door", sent + bytes(tap.received[0]))
        before = lock.output().count("bolt open")
        self.assertEqual(before, 1)
        for data in (sent, sent + sent, sent[22:], sent[:-1] + bytes([sent[-1] ^ 1])):
            self.assertIsNotNone(play(lock.port, data), "it hangs up")
        self.assertEqual(lock.output().count("bolt open"), before)
        self.assertOpens(app, lock)


if __name__ == "__main__":
    unittest.main()
