"""Two real attestd on a Redis that fails over: does any challenge buy two tokens (I2)?"""
import os
import queue
import threading
import time

from harness.attester import Attester
from harness.process import wait_until
from harness.vouchsafe import Daemon, Site, request

from .redis_site import Watched
from .scenario import Scenario

ANSWERS, THREADS = 400, 8
PATIENCE_S = 60


class Ledger:
    """Answers to challenges, and how many tokens each has bought."""

    def __init__(self):
        self.lock = threading.Lock()
        self.answers, self.tokens, self.definite = [], [], []

    def add(self, answer):
        with self.lock:
            self.answers.append(answer)
            self.tokens.append(0)
            self.definite.append(False)

    def note(self, number, status):
        with self.lock:
            self.tokens[number] += status == 200
            self.definite[number] = status in (200, 403)


def in_threads(work, jobs):
    """work(job) for each of them, in several threads; errors are the daemons' business."""
    left = queue.Queue()
    for job in jobs:
        left.put(job)

    def loop():
        while True:
            try:
                job = left.get_nowait()
            except queue.Empty:
                return
            try:
                work(job)
            except OSError:
                pass

    threads = [threading.Thread(target=loop) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    return threads


class DaemonsKilled(Scenario):
    name = "attestd-redis-kill"
    about = "two attestd; kill -9 of their master's machine, failover by Sentinel"
    control = "without replicas = 1"
    control_tries = 8

    def run(self, folder, safe):
        redis = Watched(os.path.join(folder, "redis"))
        daemons = []
        try:
            site = Site(os.path.join(folder, "site"), store=redis.url,
                        attestd_config="challenge { ttl = 120 }\n",
                        store_options="replicas = 1 replica_ms = 400" if safe else "")
            daemons.append(site.attestd)
            daemons.append(Daemon("attestd", os.path.join(folder, "second"),
                                  site.attestd_config("challenge { ttl = 120 }\n")))
            return self.through(redis, site, [daemon.url for daemon in daemons])
        finally:
            for daemon in daemons:
                daemon.stop()
            redis.stop()

    def through(self, redis, site, urls):
        for url in urls:
            self.wait_for(url)
        ledger = Ledger()
        self.prepare(site, urls, ledger)
        time.sleep(0.2)
        threads = in_threads(lambda job: self.present(site, urls[job % 2], ledger, job // 2),
                             range(2 * ANSWERS))
        time.sleep(0.3)
        began = time.monotonic()
        redis.master.die()
        redis.wait_for_failover()
        redis.bring_back()
        for url in urls:
            self.wait_for(url)
        recovered = time.monotonic()
        for thread in threads:
            thread.join()
        self.again(site, urls, ledger)
        twice = sum(tokens > 1 for tokens in ledger.tokens)
        return {"tried": ANSWERS, "survived": ANSWERS - twice, "lost": twice,
                "accepted": sum(tokens == 1 for tokens in ledger.tokens),
                "recovery_ms": round(1000 * (recovered - began))}

    def wait_for(self, url):
        """Each worker has connections of its own: the same answer many times in a row."""
        wait_until(lambda: all(request(url + "/readyz")[0] == 200 for _ in range(10)), PATIENCE_S,
                   "readiness")

    def prepare(self, site, urls, ledger):
        attester = Attester(urls[0], site.CLIENT, site.binary)

        def draw(_):
            own = Attester(urls[0], site.CLIENT, site.binary, attester.key)
            status, challenge = own.challenge()
            if status == 201:
                ledger.add(own.answer(challenge))
        for thread in in_threads(draw, range(ANSWERS)):
            thread.join()
        if len(ledger.answers) != ANSWERS:
            raise RuntimeError("%d of %d challenges" % (len(ledger.answers), ANSWERS))

    def present(self, site, url, ledger, number):
        status, _ = Attester(url, site.CLIENT, site.binary).present(ledger.answers[number])
        ledger.note(number, status)

    def again(self, site, urls, ledger):
        """All of them once more, and what has no definite answer until it has one."""
        ledger.definite = [False] * ANSWERS
        deadline = time.monotonic() + PATIENCE_S
        while not all(ledger.definite) and time.monotonic() < deadline:
            left = [n for n in range(ANSWERS) if not ledger.definite[n]]
            for thread in in_threads(
                    lambda n: self.present(site, urls[n % 2], ledger, n), left):
                thread.join()
        if not all(ledger.definite):
            raise RuntimeError("some answers were never taken or refused")


SCENARIOS = [DaemonsKilled()]
