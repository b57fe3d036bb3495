"""load-attest against the real attestd, which is stopped for a while: what was due meanwhile has
waited, and its latency must say so. A closed loop, which asks nothing meanwhile, is the control."""
import json
import os
import signal
import subprocess
import time

from harness.case import SiteCase
from harness.process import wait_until
from harness.redis import Redis
from harness.vouchsafe import Daemon, Site, attestctl, program, request

RATE, SECONDS, STALL, LONG = 40, 4, 1.5, 0.5
# Due while attestd stood still, and at least LONG before it went on.
STALLED = int(RATE * (STALL - LONG)) - 1

# An app that reads its own image reads between its variables, where AddressSanitizer's memcpy sees
# an error.
ENV = {**os.environ, "ASAN_OPTIONS": "replace_intrin=0"}


class LoadAttest(SiteCase):
    @classmethod
    def start(cls):
        attestctl(cls.site.registry, "build", "add", Site.CLIENT, program("load-attest"))

    def argv(self, *options):
        return [program("load-attest"), *map(str, options), str(self.site.attestd.port),
                Site.CLIENT]

    def run_load(self, *options):
        done = subprocess.run(self.argv(*options), capture_output=True, text=True, env=ENV,
                              timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def run_stalled(self, *options):
        """The same, with attestd stopped for STALL seconds of it."""
        child = subprocess.Popen(self.argv("--seconds", SECONDS, "--above", LONG * 1000, *options),
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 env=ENV)
        before = self.attested()
        while child.poll() is None and self.attested() < before + 3:
            time.sleep(0.01)
        self.site.attestd.child.signal(signal.SIGSTOP)
        try:
            time.sleep(STALL)
        finally:
            self.site.attestd.child.signal(signal.SIGCONT)
        out, err = child.communicate(timeout=120)
        self.assertEqual(child.returncode, 0, err)
        return json.loads(out)

    def attested(self):
        return sum(e.get("verdict") == "accepted" for e in self.site.attestd.events())

    def test_the_closed_loop_counts_what_it_did(self):
        before = self.attested()
        said = self.run_load("--connections", 4, "--installations", 50, "--seconds", 1)
        self.assertEqual(self.attested() - before, said["count"])
        self.assertEqual([said[k] for k in ("refused", "broken", "unfinished")], [0, 0, 0])
        self.assertLessEqual(said["p50"], said["p99"])
        self.assertLessEqual(said["p999"], said["max"])

    def test_installations_are_many(self):
        before = len(self.site.attestd.events())
        said = self.run_load("--connections", 2, "--installations", 20, "--threads", 2, "--rate", 40,
                             "--arrivals", "fixed", "--seconds", 2, "--key", "ed25519", "--streak")
        self.assertEqual(said["count"], 80 + 2)
        events = [e for e in self.site.attestd.events(skip=before) if e.get("verdict")]
        self.assertEqual({e["verdict"] for e in events}, {"accepted"})
        self.assertEqual(len({e["jkt"] for e in events}), 20)
        self.assertGreater(max(e.get("streak", 1) for e in events), 2)

    def test_a_stall_shows_in_all_that_was_due_meanwhile(self):
        said = self.run_stalled("--rate", RATE, "--arrivals", "fixed", "--connections", 4)
        self.assertGreaterEqual(said["above"], STALLED)
        self.assertGreaterEqual(said["count"], RATE * SECONDS, "none is left out")
        self.assertGreaterEqual(said["max"], LONG * 1e6)

    def test_and_a_closed_loop_hides_it(self):
        said = self.run_stalled("--connections", 1)
        self.assertGreaterEqual(said["above"], 1)
        # One after the other, no more have room in the time, whatever the machine does.
        self.assertLessEqual(said["above"], (SECONDS + STALL) / LONG)
        self.assertLess(said["above"], STALLED / 2)

    def test_more_than_the_server_can_do_counts_as_unfinished(self):
        said = self.run_load("--rate", 100000, "--connections", 2, "--seconds", 0.5, "--patience",
                             0.1)
        self.assertGreater(said["unfinished"], 0)
        self.assertGreater(said["max"], 100_000)

    def test_a_challenge_of_one_is_answered_to_another(self):
        redis = Redis(os.path.join(self.folder, "redis"))
        self.addCleanup(redis.stop)
        both = []
        for name in ("first", "second"):
            config = self.site.attestd_config().replace('"memory:"', '"%s"' % redis.url)
            both.append(Daemon("attestd", os.path.join(self.folder, name), config))
            self.addCleanup(both[-1].stop)
        for daemon in both:
            wait_until(lambda: request(daemon.url + "/readyz")[0] == 200, 30, "the store")
        done = subprocess.run([program("load-attest"), "--connections", "3", "--seconds", "1",
                               "--present", str(both[1].port), str(both[0].port), Site.CLIENT],
                              capture_output=True, text=True, env=ENV, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual((said["refused"], said["broken"]), (0, 0))
        accepted = [sum(e.get("verdict") == "accepted" for e in daemon.events()) for daemon in both]
        self.assertEqual(accepted, [0, said["count"]])

    def test_limits(self):
        for words in (["--connections", "0"], ["--connections", "10001"], ["--rate", "0"],
                      ["--rate", "1e9"], ["--rate", "x"], ["--arrivals", "often"],
                      ["--threads", "2", "--connections", "1"], ["--seconds", "nan"],
                      ["--connections", "1.5"], ["--installations", "1000001"],
                      ["--present", "65536"], ["--key", "rsa"], ["--what"]):
            with self.subTest(words):
                done = subprocess.run(self.argv(*words), capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertNotEqual(done.stderr, "")
        done = subprocess.run([program("load-attest"), "--help"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0)
        self.assertIn("--rate", done.stdout)

    def test_a_server_that_closes_after_some_requests_is_asked_again(self):
        before = self.site.attestd_config()
        self.restart(before + "http { requests = 3 }\n")
        try:
            said = self.run_load("--connections", 3, "--rate", 20, "--seconds", 1, "--arrivals",
                                 "fixed")
        finally:
            self.restart(before)
        self.assertEqual((said["count"], said["broken"]), (21, 0))

    def restart(self, config):
        self.site.attestd.stop()
        self.site.attestd.write_config(config)
        self.site.attestd.start()


if __name__ == "__main__":
    import unittest
    unittest.main()
