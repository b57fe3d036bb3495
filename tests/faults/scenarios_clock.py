"""The wall clock jumps by an hour and by ten years, forward and back, under both daemons. Lost is a token
or proof that was taken outside its time, a client that is not served afterwards, and a deadline that
went with the wall clock.
"""
import os
import socket
import threading
import time

from harness.attacks import claims_of

from .load import Client
from .scenario import Scenario
from .shims import ClockShim
from .site import Whole

HOUR, TEN_YEARS = 3600, 10 * 365 * 86400
JUMPS = (HOUR, -HOUR, TEN_YEARS, -TEN_YEARS)
HEAD_MS, ANSWER_S = 3000, 0.3
REFUSED = (400, 401)


class Clock(Client):
    """A client whose own clock has jumped with the daemons'."""

    offset = told = 0  # of its own clock; of the daemons'

    def headers(self, token, key=None):
        proof = (key or self.attester.key).pop(self.site.mediator.url,
                                               iat=int(time.time()) + self.told)
        return {"OAuth-Client-Attestation": token, "OAuth-Client-Attestation-PoP": proof}

    def use(self, token):
        """A grant; it has a right to it only within the token's time."""
        now, claims = time.time() + self.offset, claims_of(token)
        good = claims["iat"] - 60 <= now <= claims["exp"] + 60
        headers = self.headers(token)
        status = self.ask(headers, good, headers["OAuth-Client-Attestation-PoP"])
        return good, status


class Jumps(Scenario):
    name = "clock-jumps"
    about = "an hour and ten years, forward and back: nothing is taken outside its time"
    control = "daemons that do not hear of it"
    runs_of_fifty = 25
    short = True

    def run(self, folder, safe):
        http = "http { head_ms = %d }\n" % HEAD_MS
        whole = Whole(folder, redis=False, attestd=http, mediator=http, answer_s=ANSWER_S)
        shim = ClockShim(os.path.join(folder, "shim"))
        try:
            for daemon in whole.daemons():
                whole.preload(daemon, shim)
            lost = []
            for seconds in JUMPS:
                lost += self.jump(whole, shim, seconds, safe)
            lost += whole.complaints()
            return {"tried": len(JUMPS), "survived": len(JUMPS) - min(len(JUMPS), len(lost)),
                    "lost": len(lost), "complaints": lost[:20]}
        finally:
            whole.stop()

    def jump(self, whole, shim, seconds, safe):
        """There and back again."""
        client, lost = Clock(whole), []
        before = self.fresh(client, lost, "before")
        _, challenge = client.challenge()
        slow, under_way = Slow(whole.site.mediator.port), UnderWay(client, before)
        client.offset, client.told = seconds, seconds if safe else 0
        shim.jump(client.told)
        lost += slow.still_there() + under_way.outcome()
        lost += self.outside(client, before, "a token from before the jump")
        # Daemons with a store in common have no clock but the wall's: forward it is late, and refused.
        status, _ = client.present_answer(client.attester.answer(challenge))
        if status not in (200, 403):
            lost.append("a challenge from before was answered %s" % status)
        there = self.fresh(client, lost, "there")
        shim.jump(0)
        client.offset = client.told = 0
        lost += self.outside(client, there, "a token from there")
        self.fresh(client, lost, "back")
        return lost + slow.outcome()

    @staticmethod
    def fresh(client, lost, where):
        """A new token, that must be worth a grant."""
        token = client.attest()
        if token is None or client.use(token) != (True, 200):
            lost.append("nobody is served %s" % where)
        return token

    @staticmethod
    def outside(client, token, what):
        good, status = client.use(token)
        if good or status in REFUSED:
            return []
        return ["%s was answered %s" % (what, status)]


class UnderWay:
    """A grant that is at the server behind the mediator when the clock jumps."""

    def __init__(self, client, token):
        forwarded = client.whole.server.requests.__len__
        seen, self.outcomes = forwarded(), []
        headers = client.headers(token)
        self.thread = threading.Thread(target=lambda: self.outcomes.append(client.ask(
            headers, True, headers["OAuth-Client-Attestation-PoP"])))
        self.thread.start()
        while forwarded() == seen and self.thread.is_alive():
            time.sleep(0.005)

    def outcome(self):
        self.thread.join()
        return [] if self.outcomes == [200] else ["one under way was answered %s" % self.outcomes]


class Slow:
    """A head that never ends: its deadline is by the monotonic clock."""

    def __init__(self, port):
        self.socket, self.since = socket.create_connection(("127.0.0.1", port), 30), time.monotonic()
        self.socket.sendall(b"GET /healthz HTTP/1.1\r\n")

    def still_there(self):
        self.socket.settimeout(0.25)
        try:
            self.socket.recv(1)
        except TimeoutError:
            return []
        if time.monotonic() - self.since > HEAD_MS / 1000:
            return []  # the machine was too slow to tell
        return ["a deadline went with the wall clock"]

    def outcome(self):
        """It is told that it took too long, and not before it had."""
        self.socket.settimeout(30)
        try:
            text = self.socket.recv(4096)
        except TimeoutError:
            return ["a deadline never came"]
        finally:
            self.socket.close()
        return [] if b" 408 " in text else ["a slow head was told %r" % text[:40]]


SCENARIOS = [Jumps()]
