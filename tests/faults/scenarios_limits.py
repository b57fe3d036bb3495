"""A daemon runs out of descriptors, and out of room for its log. Lost is who is not served, and what the
ledger complains of."""
import json
import os
import resource
import signal
import socket
import time

from harness.process import wait_until

from .load import Client, Granting, Load
from .scenario import Scenario
from .site import Whole

HTTP = "http { idle_ms = %d head_ms = %d }\n"
PATIENCE_S = 30
STUB = 50  # bytes of a line that there is room for


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Descriptors(Scenario):
    """More connections than it can have, held by somebody who says nothing."""

    control = "deadlines of an hour"
    runs_of_fifty = 10
    ROUNDS, HELD, SPARE, HOLD_S = 2, 200, 40, 1.5
    #: of one core, while nothing can be accepted; who spins takes all that it gets
    BUSY = 0.2

    def __init__(self, of, short=False):
        self.name, self.of, self.short = of + "-descriptors", of, short
        self.about = "%s has none left, while somebody holds all of them" % of

    def run(self, folder, safe):
        http = HTTP % ((1000, 1000) if safe else (3600000, 3600000))
        whole = Whole(folder, redis=False, attestd=http, mediator=http,
                      server=self.of == "mediator")
        daemon = whole.site.mediator if whole.site.mediator else whole.site.attestd
        lost = []
        try:
            self.serve(whole)
            for _ in range(self.ROUNDS if safe else 1):
                lost += self.round(whole, daemon, safe)
            lost += whole.complaints()
            return {"tried": self.ROUNDS, "survived": self.ROUNDS - min(self.ROUNDS, len(lost)),
                    "lost": len(lost), "complaints": lost[:20]}
        finally:
            whole.stop()

    def serve(self, whole):
        """A token or a grant for a client that is new."""
        client = Client(whole, timeout=3)
        token = client.attest()
        return token is not None and (self.of != "mediator" or client.grant(token) == 200)

    def round(self, whole, daemon, safe):
        pid = daemon.child.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        now_open = len(os.listdir("/proc/%d/fd" % pid))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (now_open + self.SPARE, before[1]))
        seen = len(daemon.events())
        held = [self.hold(daemon.port) for _ in range(self.HELD)]
        try:
            lost = self.exhausted(daemon, pid, seen)
            if not self.is_served(whole, PATIENCE_S if safe else 5):
                lost.append("nobody is served while they are held")
        finally:
            for each in held:
                each.close()
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        if not self.is_served(whole, PATIENCE_S):
            lost.append("nobody is served when they have been let go")
        return lost

    @staticmethod
    def hold(port):
        each = socket.socket()
        each.setblocking(False)
        each.connect_ex(("127.0.0.1", port))
        return each

    def exhausted(self, daemon, pid, seen):
        wait_until(lambda: daemon.events("accept paused", seen), PATIENCE_S, "its descriptors' end")
        began, spent = time.monotonic(), cpu_seconds(pid)
        time.sleep(self.HOLD_S)
        busy = (cpu_seconds(pid) - spent) / (time.monotonic() - began)
        return ["it spins: %.0f %% of a core" % (100 * busy)] if busy > self.BUSY else []

    def is_served(self, whole, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.serve(whole):
                return True
            time.sleep(0.1)
        return False


class LogFull(Scenario):
    """Writing fails in the middle of a line, as it does where the disk is full."""

    name = "log-full"
    about = "no room for the log: both daemons go on, count what is lost, and tear no later line"
    control = "lines that are written without room"
    runs_of_fifty = 10
    short = True
    ROUNDS = 2

    def run(self, folder, safe):
        logs = [os.path.join(folder, name) for name in ("site/attestd.log", "site/mediator.log")]
        whole = Whole(folder, redis=False, attestd='log { file = "%s" }\n' % logs[0],
                      mediator='log { file = "%s" }\n' % logs[1])
        try:
            lost = []
            for _ in range(self.ROUNDS):
                lost += self.round(whole, logs, safe)
            lost += whole.complaints()
            return {"tried": self.ROUNDS, "survived": self.ROUNDS - min(self.ROUNDS, len(lost)),
                    "lost": len(lost), "complaints": lost[:20]}
        finally:
            whole.stop()

    def round(self, whole, logs, safe):
        daemons = whole.daemons()
        before = [self.lines_lost(d) for d in daemons]
        written = [os.path.getsize(log) for log in logs]
        limits = [resource.prlimit(d.child.pid, resource.RLIMIT_FSIZE) for d in daemons]
        for daemon, size, limit in zip(daemons, written, limits):
            resource.prlimit(daemon.child.pid, resource.RLIMIT_FSIZE, (size + STUB, limit[1]))
            daemon.child.signal(signal.SIGHUP)  # the main thread has something to say, too
        try:
            refused = self.serve(whole)
        finally:
            for daemon, limit in zip(daemons, limits):
                resource.prlimit(daemon.child.pid, resource.RLIMIT_FSIZE, limit)
        refused += self.serve(whole)
        for daemon, log, count, size in zip(daemons, logs, before, written):
            counted = self.lines_lost(daemon) - count
            if not counted:
                raise RuntimeError("%s lost no line" % daemon.name)
            if not safe:
                refused.append("%d lines of %s" % (counted, daemon.name))
            refused += self.torn(log, size)
        return refused

    @staticmethod
    def lines_lost(daemon):
        return daemon.metrics()[("vouchsafe_log_lines_lost_total", ())]

    def serve(self, whole):
        """Grants and refusals; what was not answered as ever."""
        with Load(whole, Granting(), threads=2) as load:
            load.wait_served(0)
            time.sleep(0.2)
        return ["no answer"] * len(load.lost()) + ["answered 500"] * load.count(500)

    @staticmethod
    def torn(log, since):
        """Each line but the one that had no room is whole."""
        with open(log) as f:
            f.seek(since)
            lines = f.read().splitlines()
        torn, whole = [], 0
        for line in lines:
            try:
                json.loads(line)
                whole += 1
            except ValueError:
                torn += [line] if len(line) > STUB else []
        return ["torn: " + line[:80] for line in torn] + (
            [] if whole else ["nothing is written any more"])


SCENARIOS = [Descriptors("attestd", short=True), Descriptors("mediator"), LogFull()]
