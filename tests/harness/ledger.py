"""ledger: an account of what was asked, answered and forwarded, kept apart from the daemons by whoever
asks and by the server behind them, and what must hold of it at the end (issue 7, I1 to I5).

It believes no daemon. What it finds wrong are its complaints, each beginning with the invariant's name.
"""
import base64
import os
import subprocess
import threading
import time

from .attacks import claims_of, unb64

#: What one challenge may take in the memory store (issue 6), and what is there beside it.
RECORD_BYTES = 168
CONNECTION_BYTES = 100 * 1024  # head, body and a little more, where a caller fills them
PROGRAM_BYTES = 48 * 1024 * 1024

#: Views of a process that would show its memory or what it was started with.
VIEWS = ("maps", "mem", "environ", "smaps", "auxv", "stack", "syscall")


def resident(pid):
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS:"))


def memory_bound(records=0, connections=0):
    """Bytes that a daemon may take whose configuration allows so many of each."""
    return PROGRAM_BYTES + records * RECORD_BYTES + connections * CONNECTION_BYTES


def forms(secret):
    """A secret as it could be written by mistake."""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    return {"plain": raw, "base64": base64.b64encode(raw).rstrip(b"="), "hex": raw.hex().encode(),
            "base64url": base64.urlsafe_b64encode(raw).rstrip(b"="), "reversed": raw[::-1]}


def can_view(pid, view, uid):
    """Whether a process of that user, without any capability, can open /proc/PID/view."""
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    if uid:
        drop += ["--reuid=%d" % uid, "--regid=%d" % uid, "--clear-groups"]
    done = subprocess.run(drop + ["dd", "if=/proc/%d/%s" % (pid, view), "of=/dev/null", "bs=1",
                                  "count=1"], capture_output=True, text=True)
    if "setpriv" in done.stderr:
        raise RuntimeError(done.stderr)
    opened = "failed to open" not in done.stderr
    return opened if view == "mem" else done.returncode == 0  # nothing is at its address 0


class Challenge:
    def __init__(self, ttl_s):
        self.issued, self.ttl_s, self.tokens = time.monotonic(), ttl_s, []


class Sent:
    """A request for a grant: whether it had a right to be forwarded, and by what it may be once."""

    def __init__(self, good, once):
        self.good, self.once = good, once
        self.status, self.forwarded = None, 0


class Ledger:
    def __init__(self, ttl_s=10):
        self.ttl_s, self.lock = ttl_s, threading.Lock()
        self.challenges, self.strangers = {}, []
        self.successors = {}  # of an integrity token's jti: tokens that were bought with it
        self.sent, self.unknown_forwards, self.naked_forwards = {}, 0, 0
        self.replies, self.found = [], []

    # --- what the one who asks knows ---

    def issued(self, challenge):
        with self.lock:
            self.challenges[challenge] = Challenge(self.ttl_s)

    def token(self, challenge, token, began, previous=None):
        """It was given for an answer to that challenge, which was presented at `began`
        (time.monotonic())."""
        with self.lock:
            entry = self.challenges.get(challenge)
            if entry is None:
                self.strangers.append(token)
                return
            entry.tokens.append((token, began))
            if previous and claims_of(token)["streak"] > claims_of(previous)["streak"]:
                self.successors.setdefault(claims_of(previous)["jti"], []).append(token)

    def send(self, marker, good, once=None):
        """A request for a grant is about to be sent. good: with a token and a proof that hold;
        once: what makes it worth one grant (a proof's or a token's id, a code)."""
        with self.lock:
            self.sent[marker] = Sent(good, once)

    def answered(self, marker, status):
        with self.lock:
            self.sent[marker].status = status

    def reply(self, data):
        """What somebody was told, to be searched for secrets; some are enough."""
        with self.lock:
            if len(self.replies) < 5000:
                self.replies.append(data)

    # --- what the server behind the mediator knows ---

    def forwarded(self, marker, headers=b""):
        with self.lock:
            entry = self.sent.get(marker)
            if entry is None:
                self.unknown_forwards += 1
            else:
                entry.forwarded += 1
            if b"authorization:" not in headers.lower():
                self.naked_forwards += 1

    # --- what must hold ---

    def check_i1(self, store_has=None):
        """No token without a fresh, consumed challenge. store_has(id): whether the store still has
        the challenge; without it only the load's own record is looked at."""
        yield from ("I1: a token for a challenge that was never issued" for _ in self.strangers)
        for name, challenge in self.challenges.items():
            for _, began in challenge.tokens:
                if began - challenge.issued > challenge.ttl_s + 1:
                    yield "I1: a token %.1f s after its challenge" % (began - challenge.issued)
            if challenge.tokens and store_has and store_has(unb64(name)):
                yield "I1: a token for a challenge that is not consumed"

    def check_i2(self):
        """No challenge, id or code consumed twice."""
        for challenge in self.challenges.values():
            if len(challenge.tokens) > 1:
                yield "I2: %d tokens for one challenge" % len(challenge.tokens)
        for tokens in self.successors.values():
            if len(tokens) > 1:
                yield "I2: a token bought %d draws" % len(tokens)
        times = {}
        for entry in self.sent.values():
            if entry.once:
                times[entry.once] = times.get(entry.once, 0) + (entry.forwarded > 0)
        yield from ("I2: one proof bought %d requests" % n for n in times.values() if n > 1)
        for marker, entry in self.sent.items():
            if entry.forwarded > 1:
                yield "I2: request %s was forwarded %d times" % (marker, entry.forwarded)

    def check_i3(self):
        """Nothing forwarded without a verified token."""
        yield from ("I3: forwarded, and never sent" for _ in range(self.unknown_forwards))
        yield from ("I3: forwarded without the client's authentication"
                    for _ in range(self.naked_forwards))
        for marker, entry in self.sent.items():
            if entry.forwarded and not entry.good:
                yield "I3: request %s had no right to be forwarded" % marker
            if entry.status == 200 and not entry.forwarded:
                yield "I3: request %s was granted, and by nobody" % marker

    def check_i4(self, secrets, files=(), pids=()):
        """No secret in a log, reply, core or /proc view."""
        texts = [("a reply", b"\n".join(self.replies))]
        for path in files:
            with open(path, "rb") as f:
                texts.append((os.path.basename(path), f.read()))
        for pid in pids:
            for view in ("cmdline", "environ"):
                with open("/proc/%d/%s" % (pid, view), "rb") as f:
                    texts.append(("/proc view " + view, f.read()))
        for where, data in texts:
            for secret in secrets:
                for form, needle in forms(secret).items():
                    if needle in data:
                        yield "I4: a secret, %s, in %s" % (form, where)
        for pid in pids:
            yield from self.check_views(pid)

    @staticmethod
    def check_views(pid):
        """Neither another user nor the daemon's own can look into it, and no core is written."""
        with open("/proc/%d/status" % pid) as f:
            own = next(int(line.split()[1]) for line in f if line.startswith("Uid:"))
        with open("/proc/%d/limits" % pid) as f:
            core = next(line.split()[4] for line in f if line.startswith("Max core file size"))
        if core != "0":
            yield "I4: cores of %s bytes" % core
        if os.getuid() != 0:
            return  # only root can try as others
        for uid in {own, 65534}:
            for view in VIEWS:
                if can_view(pid, view, uid):
                    yield "I4: user %d can read /proc/PID/%s" % (uid, view)

    @staticmethod
    def check_i5(pid, bound):
        """Resident memory within the configured bound."""
        if resident(pid) > bound:
            yield "I5: %d KiB resident, of %d" % (resident(pid) // 1024, bound // 1024)

    def complaints(self, store_has=None, secrets=(), files=(), bounds=()):
        """All of them; bounds: (pid, bytes) of each daemon."""
        pids = [pid for pid, _ in bounds]
        found = [*self.check_i1(store_has), *self.check_i2(), *self.check_i3(),
                 *self.check_i4(secrets, files, pids)]
        for pid, bound in bounds:
            found += self.check_i5(pid, bound)
        return found
