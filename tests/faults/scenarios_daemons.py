"""A daemon is killed, drained, and told of new secrets while clients ask (I1 to I5).

Lost is what the ledger complains of, and each request that had been accepted and got no answer.
"""
import signal
import threading
import time

from harness.jws import header_of
from harness.vouchsafe import attestctl

from .load import Client, Granting, Load, attesting
from .scenario import Scenario
from .site import Whole

ROUNDS, WARM_S = 5, 0.3
ROTATIONS = 7  # in a row: so many secrets verify at a time


class Harmed(Scenario):
    """Some times a run."""

    runs_of_fifty = 20
    answer_s = 0.0
    of = "attestd"

    def run(self, folder, safe):
        whole = Whole(folder, redis=self.redis(safe), server=self.of == "mediator",
                      answer_s=self.answer_s)
        try:
            lost, recoveries, served = [], [], 0
            for _ in range(ROUNDS):
                load = Load(whole, Granting() if self.of == "mediator" else attesting)
                with load:
                    load.wait_served(0)
                    time.sleep(WARM_S)
                    lost += self.harm(whole, load, safe, recoveries)
                served += load.count(200)
                self.afterwards(load)
            lost += whole.complaints()
            return {"tried": ROUNDS, "survived": ROUNDS - min(ROUNDS, len(lost)),
                    "lost": len(lost), "served": served, "recovery_ms": recoveries,
                    "complaints": lost[:20]}
        finally:
            whole.stop()

    def redis(self, safe):
        return True

    def daemon(self, whole):
        return whole.site.mediator if self.of == "mediator" else whole.site.attestd

    def harm(self, whole, load, safe, recoveries):
        """Does it; returns what was lost."""
        raise NotImplementedError

    def afterwards(self, load):
        for client in load.clients:
            client.again()

    def restart(self, whole, load, recoveries):
        daemon = self.daemon(whole)
        began = time.monotonic()
        daemon.start()
        recoveries.append(round(1000 * (load.wait_served(began) - began)))


class Killed(Harmed):
    control = "the daemons without a store in common"

    def redis(self, safe):
        return safe

    def harm(self, whole, load, safe, recoveries):
        self.daemon(whole).child.kill()
        self.restart(whole, load, recoveries)
        return []


class AttestdKilled(Killed):
    name = "attestd-kill"
    about = "kill -9 of attestd; all answers and tokens are used again afterwards"


class MediatorKilled(Killed):
    name = "mediator-kill"
    about = "kill -9 of the mediator; all proofs are used again afterwards"
    of = "mediator"
    short = True


class Drained(Harmed):
    control = "SIGKILL in SIGTERM's place"

    def harm(self, whole, load, safe, recoveries):
        daemon, lost = self.daemon(whole), []
        began = time.monotonic()
        daemon.child.signal(signal.SIGTERM if safe else signal.SIGKILL)
        code = daemon.child.popen.wait(60)
        if safe and code != 0:
            lost.append("it ended with %s" % code)
        self.restart(whole, load, recoveries)
        load.stop()
        lost += ["a request that was accepted before" for moment in load.lost()
                 if moment is not None and moment < began]
        lost += ["forwarded, and not answered" for sent in whole.ledger.sent.values()
                 if sent.forwarded and sent.status is None]
        for sent in whole.ledger.sent.values():
            sent.status = sent.status or 0  # counted once
        return lost


class AttestdDrained(Drained):
    name = "attestd-drain"
    about = "SIGTERM of attestd: what it has accepted it answers"
    short = True


class MediatorDrained(Drained):
    name = "mediator-drain"
    about = "SIGTERM of the mediator while its upstream takes 50 ms"
    of = "mediator"
    answer_s = 0.05


class Rotating(Granting):
    """A new token for every grant; keeps who signed it, when it was used and what came of it."""

    def __init__(self):
        super().__init__()
        self.lock, self.grants = threading.Lock(), []

    def __call__(self, client):
        token = client.attest()
        if token is None:
            return
        for _ in range(2):
            began = time.monotonic()
            status = client.grant(token)
            with self.lock:
                self.grants.append((header_of(token)["kid"], began, status))


class Rotated(Scenario):
    name = "rotation"
    about = "attestctl secret rotate and SIGHUP to both daemons: no good token is refused"
    control = "the mediator is not told"
    runs_of_fifty = 15
    short = True

    def run(self, folder, safe):
        whole = Whole(folder)
        try:
            turn, lost, reloads = Rotating(), [], []
            with Load(whole, turn) as load:
                load.wait_served(0)
                for _ in range(ROTATIONS):
                    kid, told = self.rotate(whole, load, safe)
                    reloads.append((kid, told))
            for kid, told in reloads:
                lost += ["a token of %s was answered %s" % (kid, status)
                         for used, began, status in turn.grants
                         if used == kid and began > told and status != 200]
            known = {kid for kid, _ in reloads}
            lost += ["a token of the first secret was answered %s" % status
                     for used, _, status in turn.grants if used not in known and status != 200]
            if {used for used, _, _ in turn.grants} < known:
                raise RuntimeError("not all secrets were used")
            lost += whole.complaints()
            return {"tried": ROTATIONS, "survived": ROTATIONS - min(ROTATIONS, len(lost)),
                    "lost": len(lost), "served": len(turn.grants), "complaints": lost[:20]}
        finally:
            whole.stop()

    def rotate(self, whole, load, safe):
        """(the new secret's kid, since when everybody knows it)"""
        attestctl(whole.site.registry, "secret", "rotate", whole.site.CLIENT)
        if safe and whole.site.mediator.reload()["event"] != "reloaded":
            raise RuntimeError("the mediator did not reload")
        if whole.site.attestd.reload()["event"] != "reloaded":
            raise RuntimeError("attestd did not reload")
        told = time.monotonic()
        client, token = Client(whole), None
        while token is None:
            token = client.attest()
        load.wait_served(time.monotonic())
        time.sleep(WARM_S)
        return header_of(token)["kid"], told


SCENARIOS = [AttestdKilled(), MediatorKilled(), AttestdDrained(), MediatorDrained(), Rotated()]
