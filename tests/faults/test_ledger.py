"""The ledger complains of each violation that is forged, and of nothing else: it must be able to see
what the scenarios say they never saw."""
import os
import subprocess
import sys
import tempfile
import time
import unittest

from harness.attacks import b64
from harness.ledger import Ledger, can_view, resident
from harness.process import wait_until

SECRET = "a client secret that nobody may see 0123"
ASLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def token(jti, streak):
    """What an integrity token says; the ledger believes no signature anyway."""
    return "e30.%s.c2ln" % b64(b'{"jti":"%s","streak":%d}' % (jti.encode(), streak))


def well(ledger):
    """One of everything, as it should be."""
    ledger.issued(b64(b"c1"))
    ledger.token(b64(b"c1"), token("t1", 1), time.monotonic())
    ledger.issued(b64(b"c2"))
    ledger.token(b64(b"c2"), token("t2", 2), time.monotonic(), token("t1", 1))
    ledger.send("m1", True, "proof1")
    ledger.forwarded("m1", b"Authorization: Basic eHh4")
    ledger.answered("m1", 200)
    ledger.send("m2", False)
    ledger.answered("m2", 401)
    ledger.reply(b'{"access_token":"a"}')


class Forged(unittest.TestCase):
    def found(self, harm, **options):
        ledger = Ledger(ttl_s=10)
        well(ledger)
        harm(ledger)
        return ledger.complaints(**options)

    def one(self, invariant, harm, **options):
        found = self.found(harm, **options)
        self.assertEqual([c.split(":")[0] for c in found], [invariant], found)

    def test_nothing_forged(self):
        self.assertEqual(self.found(lambda ledger: None, secrets=[SECRET],
                                    store_has=lambda name: False), [])

    def test_i1(self):
        self.one("I1", lambda x: x.token(b64(b"never issued"), token("t", 1), time.monotonic()))
        self.one("I1", self.late)
        self.one("I1", lambda x: None, store_has=lambda name: name == b"c1")

    @staticmethod
    def late(ledger):
        ledger.issued(b64(b"late"))
        ledger.token(b64(b"late"), token("t", 1), time.monotonic() + 12)

    def test_i2(self):
        self.one("I2", lambda x: x.token(b64(b"c1"), token("other", 1), time.monotonic()))
        self.one("I2", lambda x: x.forwarded("m1", b"Authorization: x"))
        self.one("I2", self.proof_again)
        self.one("I2", self.second_draw)

    @staticmethod
    def proof_again(ledger):
        ledger.send("m3", True, "proof1")
        ledger.forwarded("m3", b"Authorization: x")

    @staticmethod
    def second_draw(ledger):
        ledger.issued(b64(b"c3"))
        ledger.token(b64(b"c3"), token("t3", 2), time.monotonic(), token("t1", 1))

    def test_a_token_that_buys_nothing_is_no_second_draw(self):
        def begun_anew(ledger):
            ledger.issued(b64(b"c3"))
            ledger.token(b64(b"c3"), token("t3", 1), time.monotonic(), token("t1", 1))
        self.assertEqual(self.found(begun_anew), [])

    def test_i3(self):
        self.one("I3", lambda x: x.forwarded("m2", b"Authorization: x"))
        self.one("I3", lambda x: x.forwarded("never sent", b"Authorization: x"))
        self.one("I3", self.granted_by_nobody)
        self.one("I3", self.without_authentication)

    @staticmethod
    def granted_by_nobody(ledger):
        ledger.send("m3", True)
        ledger.answered("m3", 200)

    @staticmethod
    def without_authentication(ledger):
        ledger.send("m3", True)
        ledger.forwarded("m3", b"Accept: x")

    def test_i4_in_a_reply(self):
        self.one("I4", lambda x: x.reply(b"error: " + SECRET.encode()), secrets=[SECRET])
        self.one("I4", lambda x: x.reply(SECRET.encode().hex().encode()), secrets=[SECRET])

    def test_i4_in_a_log(self):
        with tempfile.NamedTemporaryFile() as log:
            log.write(b'{"event":"x","key":"%s"}\n' % SECRET[::-1].encode())
            log.flush()
            self.one("I4", lambda x: None, secrets=[SECRET], files=[log.name])

    def asleep(self, *words, **options):
        child = subprocess.Popen([*ASLEEP, *words], **options)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        # Popen returns when the old program has gone, a moment before the new one is in its place.
        wait_until(lambda: self.cmdline(child.pid).startswith(ASLEEP[0].encode()), 30, "a program")
        return child.pid

    @staticmethod
    def cmdline(pid):
        with open("/proc/%d/cmdline" % pid, "rb") as f:
            return f.read()

    def in_views(self, pid):
        return [c for c in Ledger().complaints(secrets=[SECRET], bounds=[(pid, 1 << 40)])
                if "/proc view" in c]

    def test_i4_in_a_view(self):
        self.assertIn("environ", self.in_views(self.asleep(env={"KEY": SECRET}))[0])
        self.assertIn("cmdline", self.in_views(self.asleep(SECRET))[0])
        self.assertEqual(self.in_views(self.asleep()), [])

    @unittest.skipUnless(os.getuid() == 0, "only root can try as another user")
    def test_i4_memory_that_its_user_can_read(self):
        pid = self.asleep(user=65534, group=65534)
        for view in ("maps", "mem", "environ"):
            self.assertTrue(can_view(pid, view, 65534), view)
            self.assertFalse(can_view(pid, view, 65533), view)
        self.assertIn("I4: user 65534 can read /proc/PID/mem", list(Ledger.check_views(pid)))

    def test_i4_a_core(self):
        with_core = self.asleep(preexec_fn=lambda: set_core(1 << 20))
        without = self.asleep(preexec_fn=lambda: set_core(0))
        self.assertIn("I4: cores of 1048576 bytes", list(Ledger.check_views(with_core)))
        self.assertFalse([c for c in Ledger.check_views(without) if "cores" in c])

    def test_i5(self):
        pid = self.asleep()
        self.assertEqual(list(Ledger.check_i5(pid, 1 << 40)), [])
        self.assertEqual(len(list(Ledger.check_i5(pid, resident(pid) // 2))), 1)


def set_core(size):
    import resource
    resource.setrlimit(resource.RLIMIT_CORE, (size, size))


if __name__ == "__main__":
    unittest.main()
