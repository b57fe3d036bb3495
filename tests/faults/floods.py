"""Floods: what somebody can do to a daemon who only wants to keep it busy; prints a table.

./run floods [--quick] [--list] [FLOOD]...
"""
import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from harness.attacks import b64
from harness.attester import Attester
from harness.ledger import memory_bound, resident
from harness.vouchsafe import Site, program

from .bombs import BOMBS, refuse_all

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
HOUR_MS = 3600000
SOURCES = ["127.0.3.%d" % n for n in range(1, 9)]
#: of deadlines that are looked at ten times a second, for a machine that is busy with other things
GRACE_MS = 1000
RATE = 50  # a second, of somebody who wants something
QUIET_S = 2  # in which the machine shows what it is like without a flood


def waits(ms):
    """The defaults are those of 5000."""
    return {name: min(HOUR_MS, times * ms) for name, times in (
        ("head_ms", 1), ("body_ms", 2), ("write_ms", 2), ("idle_ms", 12))}


class Target:
    """attestd under a flood, and somebody who asks it for challenges meanwhile."""

    def __init__(self, folder, http, extra=""):
        self.folder = folder
        limits = " ".join("%s = %d" % pair for pair in http.items())
        self.site = Site(os.path.join(folder, "site"), store_options="max_records = 2000000",
                         attestd_config="http { %s }\nchallenge { ttl = 300 }\n%s" % (limits, extra))
        self.attestd = self.site.attestd
        self.attester = Attester(self.attestd.url, self.site.CLIENT, self.site.binary)

    @property
    def pid(self):
        return self.attestd.child.pid

    def file(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def challenge(self):
        """The bytes of a request for a challenge."""
        body = json.dumps({"client_id": self.site.CLIENT, "jkt": b64(self.attester.key.jkt),
                           "build": self.attester.image.build_id}).encode()
        return (b"POST /v1/challenges HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body)) + body

    def meanwhile(self, work):
        """(what work() returns, how somebody fared who asked at a steady pace)"""
        pace = subprocess.Popen(
            [program("pace"), str(self.attestd.port), str(RATE),
             self.file("challenge", self.challenge())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            time.sleep(0.2)
            done = work()
        finally:
            told, _ = pace.communicate("")
        return done, json.loads(told)

    def served(self):
        return self.attester.attest()[0] == 200

    def stop(self):
        self.site.stop()


class Flood:
    name = about = control = ""
    QUICK = MANY = 0

    def run(self, folder, count, ms):
        """{"tried", "survived", "lost", "seen": text, "control": text}; lost: of those who want
        something, and of connections or memory that are kept too long."""
        raise NotImplementedError


class Slow(Flood):
    """Connections that are slow in one way, and all closed within their deadline and a second."""

    control = "deadlines of an hour"
    QUICK, MANY = 300, 10000
    CONTROL = 200

    def __init__(self, name, about, how, deadline, send):
        self.name, self.about, self.how = "slow-" + name, about, how
        self.deadline, self.send = deadline, send

    def slow(self, target, count, deadline, patience):
        """All of them are there before the first is closed."""
        rate = count * 1000 * 4 // (3 * deadline) + 1
        done = subprocess.run(
            [program("slow"), str(target.attestd.port), self.how, str(count),
             str(rate), str(patience), target.file(self.name, self.send(target)), *SOURCES],
            stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout)

    def run(self, folder, count, ms):
        deadline = waits(ms)[self.deadline]
        control = self.without_deadlines(os.path.join(folder, "control"), deadline)
        target = Target(os.path.join(folder, "safe"), waits(ms))
        try:
            _, quiet = target.meanwhile(lambda: time.sleep(QUIET_S))
            told, pace = target.meanwhile(lambda: self.slow(target, count, deadline,
                                                                 deadline + 30000))
            left = count - told["closed"]
            late = max(0, told.get("max_ms", 0) - deadline - GRACE_MS)
            grown = resident(target.pid) > memory_bound(2000000, count)
            lost = left + pace["bad"] + pace["failed"] + grown + (not target.served())
            return {"tried": count, "survived": count - min(count, lost), "lost": lost,
                    "late_ms": late, "told": told, "pace": pace, "rss": resident(target.pid),
                    "quiet": quiet,
                    "seen": "deadline %d ms: closed after %d to %d ms; others p50 %.1f, p99 %.1f ms"
                            " (before it %.1f, %.1f)"
                            % (deadline, told.get("min_ms", 0), told.get("max_ms", 0),
                               pace["p50_ms"], pace["p99_ms"], quiet["p50_ms"], quiet["p99_ms"]),
                    "early": told.get("min_ms", 0) < deadline - 150, "control": control}
        finally:
            target.stop()

    def without_deadlines(self, folder, deadline):
        """How many stay for as long as it takes otherwise, and a second."""
        target = Target(folder, waits(HOUR_MS))
        try:
            told = self.slow(target, self.CONTROL, deadline, deadline + GRACE_MS)
            return {"tried": self.CONTROL, "lost": self.CONTROL - told["closed"]}
        finally:
            target.stop()


class Churn(Flood):
    name = "churn"
    about = "connections that ask once and go, and others that reset at once"
    control = "descriptors while connections are held"
    QUICK, MANY = 500, 30000

    def run(self, folder, count, ms):
        target = Target(folder, waits(ms))
        try:
            before = self.open_files(target)
            told, pace = target.meanwhile(lambda: self.churn(target, count))
            held = [socket.create_connection(("127.0.0.1", target.attestd.port)) for _ in range(50)]
            target.served()
            kept = self.open_files(target) - before
            for each in held:
                each.close()
            left = self.settle(target, before)
            lost = (count - told) + left + pace["bad"] + pace["failed"] + (not target.served())
            return {"tried": count, "survived": count - min(count, lost), "lost": lost,
                    "pace": pace, "control": {"tried": len(held), "lost": kept},
                    "seen": "descriptors %d before, %d more after; others p50 %.1f, p99 %.1f ms"
                            % (before, left, pace["p50_ms"], pace["p99_ms"])}
        finally:
            target.stop()

    @staticmethod
    def open_files(target):
        return len(os.listdir("/proc/%d/fd" % target.pid))

    def settle(self, target, before):
        """How many more descriptors there are once it has had time."""
        for _ in range(200):
            left = max(0, self.open_files(target) - before)
            if not left:
                break
            time.sleep(0.05)
        return left

    def churn(self, target, count):
        """How many were answered or had reset by themselves, as they meant to."""
        done = [0] * 4

        def some(n):
            for i in range(n, count, len(done)):
                done[n] += self.one(target, i)
        threads = [threading.Thread(target=some, args=(n,)) for n in range(len(done))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(done)

    @staticmethod
    def one(target, number):
        with socket.socket() as s:
            s.settimeout(60)
            s.bind((SOURCES[number % len(SOURCES)], 0))
            s.connect(("127.0.0.1", target.attestd.port))
            if number % 3 == 0:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return True
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            return s.recv(64).startswith(b"HTTP/1.1 200")


class Bombs(Flood):
    """Requests that are to cost more than they weigh."""

    control = "the same within the limits"
    QUICK, MANY = 1, 50

    def __init__(self, kind, about):
        self.name, self.about, self.bombs = kind, about, BOMBS[kind]

    def run(self, folder, count, ms):
        target = Target(folder, waits(ms))
        try:
            before = resident(target.pid)
            (wrong, tried, harmless), pace = target.meanwhile(
                lambda: refuse_all(target, self.bombs, count))
            grown = resident(target.pid) - before
            lost = len(wrong) + pace["bad"] + pace["failed"] + (not target.served())
            lost += grown > memory_bound()
            return {"tried": tried, "survived": tried - min(tried, lost), "lost": lost,
                    "wrong": wrong[:20], "pace": pace,
                    "control": {"tried": len(self.bombs), "lost": harmless},
                    "seen": "%d kinds, RSS %+.1f MiB; others p50 %.1f, p99 %.1f ms"
                            % (len(self.bombs), grown / 2**20, pace["p50_ms"], pace["p99_ms"])}
        finally:
            target.stop()


class Unanswered(Flood):
    name = "challenges"
    about = "challenges that nobody answers"
    control = "a store with room for a tenth"
    QUICK, MANY = 20000, 1000000
    KEPT = "http { requests = 100000000 }\nchallenge { ttl = 3600 }\nstore { max_records = %d }\n"

    def flood(self, target, count):
        done = subprocess.run([program("flood"), str(target.attestd.port), str(count),
                               target.site.CLIENT, target.attester.image.build_id],
                              stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout)

    def run(self, folder, count, ms):
        control = self.with_less_room(os.path.join(folder, "control"), count)
        target = Target(os.path.join(folder, "safe"), {}, self.KEPT % (2 * count + 10000))
        try:
            before = resident(target.pid)
            told, pace = target.meanwhile(lambda: self.flood(target, count))
            grown = resident(target.pid) - before
            lost = count - told.get("201", 0) + pace["bad"] + pace["failed"]
            lost += (not target.served()) + (resident(target.pid) > memory_bound(count + 100000))
            return {"tried": count, "survived": count - min(count, lost), "lost": lost,
                    "pace": pace, "control": control,
                    "seen": "%.0f bytes each; others p50 %.1f, p99 %.1f ms"
                            % (grown / count, pace["p50_ms"], pace["p99_ms"])}
        finally:
            target.stop()

    def with_less_room(self, folder, count):
        count //= 10
        target = Target(folder, {}, self.KEPT % (count // 10))
        try:
            return {"tried": count, "lost": count - self.flood(target, count).get("201", 0)}
        finally:
            target.stop()


def head(_):
    return b"POST /v1/challenges HTTP/1.1\r\nHost: a\r\nX-Slow: "


def body(_):
    return (b"POST /v1/challenges HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Content-Length: 10000\r\n\r\n{")


FLOODS = [
    Slow("head", "a byte of the head a second", "drip", "head_ms", head),
    Slow("body", "a byte of the body a second", "drip", "body_ms", body),
    Slow("read", "answers that are never read", "read", "write_ms",
         lambda target: target.challenge()),
    Churn(),
    Bombs("headers", "heads with too much in them"),
    Bombs("json", "bodies that are deep, wide, long and odd"),
    Bombs("oversized", "everything larger than it may be"),
    Unanswered(),
]
HEAD = ("flood", "tried", "survived", "lost", "control lost", "seen")
ROW = "%-12s %9s %9s %5s %15s  %s"


def row(flood, result):
    control = result["control"]
    return ROW % (flood.name, result["tried"], result["survived"], result["lost"],
                  "%d of %d" % (control["lost"], control["tried"]), result["seen"])


def one(flood, quick, ms=5000):
    """Figures of one flood; with "error" if it could not be judged."""
    folder = tempfile.mkdtemp(prefix="vouchsafe-flood-")
    try:
        return flood.run(folder, flood.QUICK if quick else flood.MANY, ms)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def passed(result):
    return not result["lost"] and not result.get("early") and result["control"]["lost"] > 0


def main():
    parser = argparse.ArgumentParser(prog="./run floods", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few hundred instead of all")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("flood", nargs="*")
    options = parser.parse_args()
    known = {f.name: f for f in FLOODS}
    unknown = [name for name in options.flood if name not in known]
    if unknown:
        parser.error("unknown: %s; there are: %s" % (", ".join(unknown), ", ".join(known)))
    chosen = [known[name] for name in options.flood] or FLOODS
    if options.list:
        for f in chosen:
            print("%-12s %s" % (f.name, f.about))
        return 0
    print(ROW % HEAD, flush=True)
    results = {}
    for flood in chosen:
        results[flood.name] = one(flood, options.quick)
        print(row(flood, results[flood.name]), flush=True)
    print("\nBeside each its control, which must lose something:")
    for control in dict.fromkeys(f.control for f in chosen):
        print("  %s: %s" % (control, ", ".join(f.name for f in chosen if f.control == control)))
    late = {name: r["late_ms"] for name, r in results.items() if r.get("late_ms")}
    for name, ms in late.items():
        print("%s: the last was closed %d ms later than its deadline and a second" % (name, ms))
    with open(os.path.join(ROOT, "build", "floods.json"), "w") as f:
        json.dump(results, f, indent=1)
    bad = [name for name, result in results.items() if not passed(result) or name in late]
    print("Failed: %s" % ", ".join(bad) if bad else "Nothing was lost.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
