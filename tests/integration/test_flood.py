"""Challenges that nobody answers: a flood of them costs no more memory than is configured, and
others are served meanwhile and after. VOUCHSAFE_FLOOD says how many: 1,000,000 without it, fewer
under a sanitizer."""
import json
import os
import subprocess
import threading
import time
import unittest

from harness.attester import Attester
from harness.case import SiteCase
from harness.vouchsafe import attestctl, program, sanitized

MANY = int(os.environ.get("VOUCHSAFE_FLOOD") or (20_000 if sanitized() else 1_000_000))
# What a million challenges may take (issue 6): 160 MiB. A tenth as many take a tenth.
BYTES_EACH = 160 * 1024 * 1024 / 1_000_000
SPARE = 16 * 1024 * 1024  # of buffers of connections and allocator, however many there are
MANY_REQUESTS = "http { requests = 100000000 }\n"


def resident(pid):
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS:"))


class FloodCase(SiteCase):
    def attester(self):
        return Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)

    def flood(self, count, client=None, sources=()):
        """{status: how many}, with "retry_after" and "reconnects"."""
        done = subprocess.run([program("flood"), str(self.site.attestd.port), str(count),
                               client or self.site.CLIENT, self.attester().image.build_id,
                               *sources], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def meanwhile(self, work):
        """(what work() returns, statuses of what a genuine client got while it went on)."""
        stop, outcomes = threading.Event(), []

        def attest():
            a = self.attester()
            while not stop.is_set():
                outcomes.append(a.attest()[0])

        thread = threading.Thread(target=attest)
        thread.start()
        try:
            return work(), outcomes
        finally:
            stop.set()
            thread.join()


class Memory(FloodCase):
    OPTIONS = {"attestd_config": MANY_REQUESTS + "challenge { ttl = 3600 }\n"
                                 "store { max_records = %d }\n" % MANY}

    def test_a_store_that_is_filled(self):
        for _ in range(50):
            self.assertEqual(self.attester().attest()[0], 200)
        before, start = resident(self.site.attestd.child.pid), time.monotonic()
        # Room for what the genuine client has under way.
        told, outcomes = self.meanwhile(lambda: self.flood(MANY - 8))
        grown = resident(self.site.attestd.child.pid) - before
        print("%d unanswered challenges: %.1f MiB, in %.0f s" % (MANY, grown / 2**20,
                                                                 time.monotonic() - start))
        self.assertEqual(told, {"201": MANY - 8, "retry_after": 0, "reconnects": 0})
        self.assertGreater(len(outcomes), 0)
        self.assertEqual(set(outcomes), {200}, "a genuine client meanwhile")
        if not sanitized():
            self.assertLess(grown, MANY * BYTES_EACH + SPARE)
            self.assertGreater(grown, MANY * 60, "they are kept")

        told = self.flood(10_000)
        self.assertEqual(told["503"], told["retry_after"])
        self.assertGreaterEqual(told["503"], 10_000 - 8)
        self.assertLessEqual(told.get("201", 0), 8)
        if not sanitized():
            self.assertLess(resident(self.site.attestd.child.pid) - before,
                            MANY * BYTES_EACH + SPARE)
        self.assertEqual(self.attester().challenge()[0], 503, "full is full, for everybody")


class After(FloodCase):
    OPTIONS = {"attestd_config": MANY_REQUESTS + "challenge { ttl = 2 }\n"
                                 "store { max_records = 5000 }\n"}

    def test_what_has_expired_makes_room(self):
        told = self.flood(30_000)
        self.assertGreaterEqual(told["201"], 5000)
        if told.get("503"):
            self.assertEqual(told["503"], told["retry_after"])
        time.sleep(2.5)
        self.assertEqual(self.attester().attest()[0], 200)
        self.assertGreaterEqual(self.flood(4000)["201"], 4000, "all of it")


class Limited(FloodCase):
    """The limits keep a flood from filling the store at all."""

    OPTIONS = {"attestd_config": MANY_REQUESTS + "store { max_records = 50000 }\n"
                                 "rate_limit { per_address = 50 address_burst = 200 }\n"
                                 'rate_limit { per_client = 2000 client_burst = 2000 }\n'}

    @classmethod
    def start(cls):
        attestctl(cls.site.registry, "app", "add", "other-app")
        attestctl(cls.site.registry, "build", "add", "other-app", cls.site.binary)
        cls.site.attestd.reload()

    def genuine(self, outcomes):
        """One that asks no faster than its address may, and always gets its token."""
        self.assertGreater(len(outcomes), 0)
        self.assertEqual(set(outcomes), {200})

    def meanwhile(self, work):
        """A client at its own address, at a household's pace."""
        stop, outcomes = threading.Event(), []

        def attest():
            a = self.attester()
            while not stop.wait(0.1):
                outcomes.append(a.attest()[0])

        thread = threading.Thread(target=attest)
        thread.start()
        try:
            return work(), outcomes
        finally:
            stop.wait(0.5)
            stop.set()
            thread.join()

    def test_one_address(self):
        told, outcomes = self.meanwhile(lambda: self.flood(20_000, sources=["127.0.0.2"]))
        self.genuine(outcomes)
        self.assertEqual(told["429"], told["retry_after"])
        self.assertGreater(told["429"], told["201"])
        self.assertNotIn("503", told)

    def test_many_addresses_under_another_client(self):
        sources = ["127.0.1.%d" % n for n in range(1, 17)]
        told, outcomes = self.meanwhile(lambda: self.flood(50_000, "other-app", sources))
        self.genuine(outcomes)
        self.assertEqual(told["429"], told["retry_after"])
        self.assertNotIn("503", told)

    def test_many_addresses_under_invented_names(self):
        sources = ["127.0.2.%d" % n for n in range(1, 17)]
        told, outcomes = self.meanwhile(lambda: self.flood(20_000, "nobody", sources))
        self.genuine(outcomes)
        self.assertEqual(told["429"], told["retry_after"])
        self.assertNotIn("503", told)


if __name__ == "__main__":
    unittest.main()
