"""Redis dies, is cut off, fails over, and moves slots: is anything accepted twice (I2)?

The link between the servers is 20 ms late, and what is on it when a machine dies is gone. Each
challenge or id is presented to two consumers at once, and all of them again when it is over.
Lost is what was accepted twice.
"""
import os
import random
import threading
import time

from harness.process import wait_until

from .redis_site import SLOTS, Cluster, Connection, Replicated, Watched
from .scenario import Scenario
from .storm import Storm

WARM_S = 1.2


class Redis(Scenario):
    control = "without replicas = 1"
    kind = "challenge"
    rate = 1000
    answer_ms = 400
    replicas = 1

    def site(self, folder, safe):
        return Watched(folder)

    def harm(self, site):
        """Does it, and returns the moment from which recovery counts."""
        raise NotImplementedError

    def run(self, folder, safe):
        site = self.site(folder, safe)
        try:
            storm = Storm(site.url, folder, self.replicas if safe else 0, self.kind,
                          self.rate, self.answer_ms)
            try:
                return self.through(site, storm)
            finally:
                storm.stop()
        finally:
            site.stop()

    def through(self, site, storm):
        time.sleep(WARM_S)
        storm.wait_for_acceptance()
        since = self.harm(site)
        recovered = storm.wait_for_acceptance()
        time.sleep(0.2)
        figures = storm.again()
        if not figures["done"]:
            raise RuntimeError("it was never presented again: %s" % figures)
        return {"tried": figures["tried"], "survived": figures["tried"] - figures["twice"],
                "lost": figures["twice"], "accepted": figures["once"],
                "refused": figures["refused"],
                "recovery_ms": max(0, round(1000 * (recovered - since)))}


class Killed(Redis):
    name = "redis-kill"
    about = "kill -9 of the master's machine, failover by Sentinel"

    def harm(self, site):
        began = time.monotonic()
        site.master.die()
        site.wait_for_failover()
        site.bring_back()
        return began


class KilledMarks(Killed):
    name = "redis-kill-ids"
    about = "the same, with ids that are marked as spent"
    kind = "mark"


class FailedOver(Redis):
    name = "redis-failover"
    short = True
    about = "SENTINEL FAILOVER of a master that is well"

    def harm(self, site):
        began = time.monotonic()
        site.failover()
        site.wait_for_failover()
        self.rejoin(site)
        return began

    def rejoin(self, site):
        """What was the master becomes a replica: as its client-reconfig-script would have it,
        since Sentinel itself waits for 8 s before it does."""
        connection = Connection(site.master.port)
        connection("REPLICAOF", "127.0.0.1", site.replica.link.port)
        connection.close()


class Partition(FailedOver):
    seconds = 1

    def harm(self, site):
        site.isolate(site.master)
        time.sleep(self.seconds)
        wait_until(site.replica.is_master, 30, "the failover")
        site.heal()
        healed = time.monotonic()
        self.rejoin(site)
        return healed


class PartitionShort(Partition):
    name = "redis-partition-1s"
    about = "the master cut off from all but its clients for 1 s"


class PartitionLong(Partition):
    name = "redis-partition-10s"
    about = "the same for 10 s; Sentinel itself makes it a replica"
    seconds = 10
    short = False

    def rejoin(self, site):
        pass


class Restarted(Redis):
    name = "redis-restart"
    short = True
    about = "kill -9 of a master that is started again, appendfsync always"
    control = "without appendonly"
    kind = "mark"
    replicas = 0

    def site(self, folder, safe):
        extra = ("--appendonly", "yes", "--appendfsync", "always") if safe else ()
        return Replicated(folder, extra=extra)

    def harm(self, site):
        began = time.monotonic()
        site.master.child.kill()
        site.master.start()
        site.master.wait()
        return began


class ClusterKilled(Redis):
    name = "cluster-kill"
    about = "kill -9 of a master's machine in a cluster"
    rate = 2000

    def site(self, folder, safe):
        return Cluster(folder)

    def harm(self, site):
        began = time.monotonic()
        site.die(site.nodes[1])
        site.wait_for_failover(site.nodes[1])
        site.nodes[1].start()
        return began


class Mover(threading.Thread):
    """Moves slots from one master to another, one after the other, and leaves every other one on
    its way, until it is told to stop or one of them is gone."""

    def __init__(self, site, source, target):
        super().__init__()
        self.site, self.source, self.target = site, source, target
        self.moved, self.keys, self.over = 0, 0, False

    def run(self):
        source, target = Connection(self.source.port), Connection(self.target.port)
        names = self.site.name(self.source), self.site.name(self.target)
        first = SLOTS * self.source.number // 3
        try:
            for slot in range(first, first + SLOTS // 3):
                if self.over:
                    break
                self.move(slot, source, target, names)
        except (OSError, RuntimeError):
            pass  # that is the harm
        finally:
            source.close()
            target.close()

    def move(self, slot, source, target, names):
        target("CLUSTER", "SETSLOT", slot, "IMPORTING", names[0])
        source("CLUSTER", "SETSLOT", slot, "MIGRATING", names[1])
        keys = source("CLUSTER", "GETKEYSINSLOT", slot, 1000)
        if keys:
            source("MIGRATE", "127.0.0.1", self.target.port, "", 0, 5000, "KEYS", *keys)
        self.moved, self.keys = self.moved + 1, self.keys + len(keys)
        if slot % 2:
            target("CLUSTER", "SETSLOT", slot, "NODE", names[1])
            source("CLUSTER", "SETSLOT", slot, "NODE", names[1])


class Moving(ClusterKilled):
    answer_ms = 2500
    dies = None
    control_tries = 15  # a few items are on their way in the last 20 ms, and not always of its slots
    #: seconds for which slots are moved before it dies: sooner, and more of them are still its own
    MOVES_S = (0.3, 1.2)

    def harm(self, site):
        mover = Mover(site, site.nodes[0], site.nodes[2])
        mover.start()
        time.sleep(random.uniform(*self.MOVES_S))
        return self.end(site, mover)

    def end(self, site, mover):
        victim = site.nodes[self.dies]
        began = time.monotonic()
        site.die(victim)
        mover.over = True
        mover.join()
        site.wait_for_failover(victim)
        victim.start()
        return began

    def through(self, site, storm):
        time.sleep(self.answer_ms / 1000)
        return super().through(site, storm)


class MovingTarget(Moving):
    name = "cluster-move-to"
    about = "slots on their way to a master that is killed"
    dies = 2


class MovingSource(Moving):
    name = "cluster-move-from"
    about = "slots on their way from a master that is killed"
    dies = 0


SCENARIOS = [Killed(), KilledMarks(), FailedOver(), PartitionShort(), PartitionLong(), Restarted(),
             ClusterKilled(), MovingTarget(), MovingSource()]
