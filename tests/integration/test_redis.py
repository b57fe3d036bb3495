"""Two daemons of each kind on one real Redis: once means once, and no Redis means no token."""
import os
import signal
import threading
import time
import unittest

from harness.attester import Attester
from harness.case import FolderCase
from harness.process import wait_until
from harness.redis import Redis
from harness.vouchsafe import Daemon, Site, request


def wait_for_all_workers(daemon, status):
    """Each worker has a connection of its own, and the kernel deals requests out to them: sees
    the same status many times in a row."""
    def steady():
        return all(request(daemon.url + "/readyz")[0] == status for _ in range(20))
    wait_until(steady, 15, "readiness %d of %s" % (status, daemon.name))


class OneRedis(FolderCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.redis = Redis(os.path.join(cls.folder, "redis"))
        cls.site = Site(os.path.join(cls.folder, "site"), store=cls.redis.url)
        cls.second = Daemon("attestd", os.path.join(cls.folder, "second"),
                            cls.site.attestd_config())
        for daemon in (cls.site.attestd, cls.second):
            wait_for_all_workers(daemon, 200)

    @classmethod
    def tearDownClass(cls):
        cls.second.stop()
        cls.site.stop()
        cls.redis.stop()
        super().tearDownClass()

    def race(self, answer, presenters=16):
        """Presents one answer from many threads at once, half of them to each daemon."""
        barrier, outcomes = threading.Barrier(presenters), []

        def present(url):
            a = Attester(url, self.site.CLIENT, self.site.binary)
            barrier.wait()
            status, message = a.present(answer)
            outcomes.append((status, message.get("error")))

        threads = [threading.Thread(target=present, args=(url,)) for url in
                   (self.site.attestd.url, self.second.url) * (presenters // 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return outcomes

    def test_sixteen_presenters_race(self):
        for _ in range(10):
            a = Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)
            _, challenge = a.challenge()
            outcomes = self.race(a.answer(challenge))
            self.assertEqual(len(outcomes), 16)
            self.assertEqual(outcomes.count((200, None)), 1, outcomes)
            self.assertEqual(outcomes.count((403, "challenge_invalid")), 15, outcomes)

    def test_a_challenge_of_one_is_answered_at_the_other(self):
        a = Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)
        _, challenge = a.challenge()
        b = Attester(self.second.url, self.site.CLIENT, self.site.binary, a.key)
        self.assertEqual(b.present(b.answer(challenge))[0], 200)

    def test_what_redis_holds_is_no_secret(self):
        a = Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)
        a.challenge()
        keys = self.redis.command("KEYS", "*").splitlines()
        self.assertTrue(any(key.startswith("vouchsafe:challenge:") for key in keys), keys)
        for key in keys:
            self.assertNotIn(self.site.secret(), self.redis.command("GET", key))
            self.assertGreater(int(self.redis.command("PTTL", key)), 0, "everything expires")


class DeadRedis(FolderCase):
    def setUp(self):
        self.redis = Redis(os.path.join(self.folder, "redis"))
        self.site = Site(os.path.join(self.folder, self.id()), store=self.redis.url)
        self.wait_for(200)

    def tearDown(self):
        self.site.stop()
        self.redis.stop()

    def wait_for(self, status):
        wait_for_all_workers(self.site.attestd, status)

    def attester(self):
        return Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)

    def test_killed_and_started_again(self):
        a = self.attester()
        self.assertEqual(a.attest()[0], 200)
        _, challenge = a.challenge()
        answer = a.answer(challenge)
        self.redis.child.kill()
        self.wait_for(503)
        for call in (a.challenge, lambda: a.present(answer)):
            status, message = call()
            self.assertEqual((status, message["error"]), (503, "temporarily_unavailable"))
            self.assertIsNotNone(a.headers["Retry-After"])
        self.redis.start()
        self.wait_for(200)
        self.assertEqual(a.attest()[0], 200)
        self.assertEqual(a.present(answer)[0], 403, "what Redis forgot is nobody's token")

    def test_a_silent_redis_is_no_token(self):
        a = self.attester()
        _, challenge = a.challenge()
        answer = a.answer(challenge)
        self.redis.child.signal(signal.SIGSTOP)
        try:
            started = time.monotonic()
            status, message = a.present(answer)
            self.assertNotEqual(status, 200)
            self.assertNotIn("integrity_token", message)
            self.assertLess(time.monotonic() - started, 15, "a deadline ended it")
        finally:
            self.redis.child.signal(signal.SIGCONT)
        self.wait_for(200)
        self.assertEqual(a.attest()[0], 200)


if __name__ == "__main__":
    unittest.main()
