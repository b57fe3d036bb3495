"""One allocation fails, then the next one, until a request has gone through that asked for no more of
them. Each request works or is refused cleanly, the next one works, and who has no right to something
does not get it for lack of memory either. Lost is whatever else happens.
"""
import copy
import os
import time

from harness.attacks import forge
from harness.attester import Key
from harness.process import StartError
from harness.vouchsafe import attestctl

from .load import Client
from .scenario import Scenario
from .shims import MemoryShim
from .site import Whole

SITES_MAX = 5000
ONE_WORKER = "workers = 1\n"
#: What a good request may be answered when there was no memory: nothing (the connection ends), or an
#: error of the server's, and never that it was the client's fault.
CLEAN = (None, 500, 502, 503, 504)
STRANGER = b"another secret of enough bytes, and more of them"


class Allocations(Scenario):
    control = "clients that ask once"
    runs_of_fifty = 1
    server = False

    def run(self, folder, safe):
        return copy.copy(self).run_alone(folder, safe)  # others run at the same time

    def run_alone(self, folder, safe):
        whole = Whole(folder, redis=False, attestd=ONE_WORKER, mediator=ONE_WORKER,
                      server=self.server)
        self.shim, self.safe = MemoryShim(os.path.join(folder, "shim")), safe
        self.lost, self.sites, self.answers, self.tried = [], set(), {}, 0
        try:
            self.through(whole)
            self.lost += whole.complaints()
            return {"tried": self.tried, "survived": self.tried - min(self.tried, len(self.lost)),
                    "lost": len(self.lost), "complaints": self.lost[:20],
                    "sites": len(self.sites), "answers": self.answers}
        finally:
            whole.stop()

    def through(self, whole):
        raise NotImplementedError

    def each(self, work, is_good):
        """work(), with each of the allocations that it leads to failing once. is_good(answer): whether
        an answer may be. Returns after a run in which nothing failed any more."""
        for number in range(1, SITES_MAX):
            before = self.shim.failed()
            self.shim.fail(number)
            answer = work()
            self.shim.fail(0)
            if self.shim.failed() == before:
                return
            self.tried += 1
            self.sites.add(self.shim.caller())
            self.answers[str(answer)] = self.answers.get(str(answer), 0) + 1
            if not is_good(answer):
                self.lost.append("allocation %d, at %x: %s" % (number, self.shim.caller(), answer))
            self.afterwards(number)
        raise RuntimeError("there is no end of allocations")

    def afterwards(self, number):
        """What must work again."""
        raise NotImplementedError

    def may_be(self, good):
        """Whether an answer to a request that is good, or is none, may be."""
        if not good:
            return lambda answer: answer != 200
        return lambda answer: answer == 200 or (self.safe and answer in CLEAN)


class Daemon(Allocations):
    """One that is started anew if it ends: which it must not."""

    def begin(self, whole, daemon):
        whole.preload(daemon, self.shim)
        self.daemon, self.client = daemon, Client(whole, timeout=15)

    def afterwards(self, number):
        if not self.daemon.child.alive():
            self.lost.append("allocation %d, at %x: the end, %s" % (
                number, self.shim.caller(), self.daemon.child.popen.returncode))
            self.daemon.start()
        if not self.works():
            self.lost.append("allocation %d, at %x: the next request fails" % (
                number, self.shim.caller()))


class Attestd(Daemon):
    name = "attestd-memory"
    about = "each allocation of a challenge and an attestation fails once, in attestd"

    def through(self, whole):
        self.begin(whole, whole.site.attestd)
        self.works()
        self.each(self.challenge, lambda answer: answer == 201 or (self.safe and answer in CLEAN))
        self.each(self.attestation, self.may_be(True))
        self.each(lambda: self.attestation(tampered=True), self.may_be(False))

    def challenge(self):
        return self.client.challenge()[0]

    def attestation(self, tampered=False):
        """Of a challenge that was had before anything failed."""
        wanted = self.shim.get(0)
        self.shim.fail(0)
        _, challenge = self.client.challenge()
        answer = self.client.attester.answer(challenge)
        if tampered:
            answer["evidence"][0]["digest"] = answer["evidence"][-1]["digest"]
        self.shim.fail(wanted)
        return self.client.present_answer(answer)[0]

    def works(self):
        return self.client.attest() is not None


class Mediator(Daemon):
    name = "mediator-memory"
    about = "each allocation of a grant, and of what must be none, fails once, in the mediator"
    server = True

    def through(self, whole):
        self.begin(whole, whole.site.mediator)
        self.token = self.client.attest()
        self.works()
        self.each(self.grant, self.may_be(True))
        self.each(self.forged, self.may_be(False))
        self.each(self.stolen, self.may_be(False))

    def grant(self):
        return self.client.grant(self.token)

    def forged(self):
        return self.client.ask(self.client.headers(forge(self.token, STRANGER)), False, None)

    def stolen(self):
        return self.client.ask(self.client.headers(self.token, Key()), False, None)

    def works(self):
        return self.grant() == 200


class Sdk(Allocations):
    """The example app, which is asked for a fresh token each time. What is preloaded into it would be
    found, so its policy watches only there."""

    name = "sdk-memory"
    about = "each allocation of answering a challenge fails once, in the SDK"

    def through(self, whole):
        site = whole.site
        attestctl(site.registry, "policy", "set", site.CLIENT, "maps=report", "preload=report",
                  "imports=report")
        site.attestd.reload()
        with site.app(env=self.shim.env) as self.app:
            if self.attest() != 200:
                raise RuntimeError("the app does not attest: " + self.said)
            self.each(self.attest, self.may_be(True))

    def attest(self):
        """200, 503 for an error that it says, -1 if it has ended."""
        try:
            good, self.said = self.app.ask("attest")
        except (OSError, StartError) as error:  # it has ended
            self.said = str(error)
            return -1
        return 200 if good else 503

    def afterwards(self, number):
        """It backs off, and attests again."""
        for _ in range(600):
            if self.attest() == 200:
                return
            time.sleep(0.05)
        self.lost.append("allocation %d: it never attests again: %s" % (number, self.said))


SCENARIOS = [Attestd(), Mediator(), Sdk()]
