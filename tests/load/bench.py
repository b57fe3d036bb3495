"""What Vouchsafe costs beside its peers, all of them measured in turn in one run.

CPU per request of the process under test is what budgets are of: wall time is printed, too, but
machines are shared, and the load comes from the same machine. Prints tables and writes
build/bench.json: a list of rows with name, value, unit, peer, peer_value, ratio, ratio_low,
ratio_high, budget, at_least, ok. Started by ./run bench."""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness.attester import Attester  # noqa: E402
from harness.vouchsafe import ROOT, Site, program  # noqa: E402
from load import capacity, peers, scale, table  # noqa: E402
from load.measure import run_load, sample  # noqa: E402
from load.parts import KEYS, Parts  # noqa: E402

QUICK_S = 45  # after which --quick begins no other round
CROWD = 256  # connections that the system spreads over two workers about evenly


class Bench:
    def __init__(self, parts, seconds):
        self.parts, self.seconds, self.samples = parts, seconds, table.Samples()

    def wrk(self, name, pids, url, lua, **how):
        self.samples.keep(name, peers.wrk(pids, url, lua, self.seconds, **how))

    def attestations(self, name, peer, connections=32):
        said = sample([peer.child.pid], [
            program("load-attest"), "--connections", connections, "--seconds", self.seconds,
            peer.port, Site.CLIENT])
        if said["refused"] or said["broken"] or said["unfinished"]:
            raise RuntimeError("%s: %r" % (name, said))
        self.samples.keep(name, said)

    def warm_up(self):
        """Node.js compiles what it has run often, and is measured as it is after that."""
        p = self.parts
        for peer in (p.node, p.node_redis):
            sample([peer.child.pid], [program("load-attest"), "--seconds", 1, peer.port,
                                      Site.CLIENT])
        peers.wrk(p.node.pids, p.node.url + "/check/api", p.check, 1)
        peers.wrk_once(p.node_pop.pids, p.node_pop.url + "/check/api", p.proofs(KEYS[0]), 1)

    def round(self):
        self.parts.mint()
        self.forwarding()
        self.checking()
        self.proving()
        self.attesting()
        self.sharing()
        self.sdk()
        self.samples.keep("device", run_load([program("bench-device")]))

    def forwarding(self):
        p, mediator = self.parts, [self.parts.mediator.child.pid]
        self.wrk("nginx return 200", p.nginx.pids, p.nginx.url + "/200", p.plain)
        self.wrk("attestd /healthz", [p.attestd.child.pid], p.attestd.url + "/healthz", p.plain)
        self.wrk("nginx return 401", p.nginx.pids, p.nginx.url + "/401", p.plain, refused=True)
        self.wrk("mediator, bad token", mediator, p.mediator.url + "/token", p.bad, refused=True)
        self.wrk("HAProxy, bad token", p.haproxy.pids, p.haproxy.url + "/token", p.bad,
                 refused=True)
        self.wrk("nginx proxy_pass", p.nginx.pids, p.nginx.url + "/token", p.good)
        self.wrk("HAProxy, check and proxy", p.haproxy.pids, p.haproxy.url + "/token", p.good)
        self.wrk("mediator, check and proxy", mediator, p.mediator.url + "/token", p.good)

    def checking(self):
        for name, front in (("mediator", self.parts.mediator), ("Node.js", self.parts.node)):
            self.wrk(name + " /check", [front.child.pid], front.url + "/check/api",
                     self.parts.check)

    def proving(self):
        p = self.parts
        for curve in KEYS:
            lua = p.proofs(curve)
            for name, front in (("mediator", p.mediator_pop), ("Node.js", p.node_pop)):
                self.samples.keep("%s /check, proof %s" % (name, curve), peers.wrk_once(
                    [front.child.pid], front.url + "/check/api", lua, self.seconds))

    def attesting(self):
        p = self.parts
        self.attestations("attestation", p.attestd)
        self.attestations("attestation, Redis", p.attestd_redis)
        self.attestations("attestation, one client", p.attestd, connections=1)
        self.attestations("Node.js, attestation", p.node)
        self.attestations("Node.js, attestation, Redis", p.node_redis)
        self.hashing()

    def hashing(self):
        """SHA-256 over as many bytes as one attestation of load-attest samples."""
        image = Attester(self.parts.attestd.url, Site.CLIENT, program("load-attest")).image
        count = sum(len(block) for kind in ("memory", "file") for block in image.blocks(kind)[:64])
        done = subprocess.run([program("bench-sha256"), str(count)], capture_output=True, text=True,
                              check=True)
        self.samples.keep("SHA-256 of what it samples", {"cpu": float(done.stdout)})

    def sharing(self):
        """Two workers beside one, with so many connections that both have their share."""
        p = self.parts
        for number, attestd, mediator in (("one", p.attestd, p.mediator),
                                          ("two", p.attestd_two, p.mediator_two)):
            self.attestations("attestation, %s of %d" % (number, CROWD), attestd, CROWD)
            self.wrk("mediator, %s of %d" % (number, CROWD), [mediator.child.pid],
                     mediator.url + "/token", p.good, connections=CROWD)

    def sdk(self):
        """An app of 2 MiB: answering one challenge of all default probes, and all of it."""
        attester = Attester(self.parts.attestd.url, Site.CLIENT, program("bench-sdk"))
        status, challenge = attester.challenge()
        assert status == 201, challenge
        done = subprocess.run([program("bench-sdk")], input=json.dumps(challenge), text=True,
                              capture_output=True, check=True)
        self.samples.keep("SDK, 2 MiB, one answer", {"cpu": float(done.stdout)})
        self.samples.keep("SDK, 2 MiB, whole", run_load([
            program("bench-sdk"), self.parts.attestd.url, Site.CLIENT, 300 * self.seconds]))

    def memory(self, quick):
        """Once: memory is as large in each round."""
        p = self.parts
        mib = capacity.challenges(p, 100_000 if quick else capacity.MILLION)
        self.samples.keep("challenges", {"mib": mib})
        for name, daemon in (("attestd", p.attestd), ("mediator", p.mediator)):
            each = capacity.idle(daemon, 2_000 if quick else 10_000)
            self.samples.keep(name + ", idle", {"bytes": each})


# --- rows ---

def cpu(name):
    return lambda at: at(name)


def beside(name, value, peer, budget=None, label=None):
    """CPU of a request beside that of a peer's."""
    return table.Row(name, "us CPU", cpu(value), label or peer, cpu(peer), budget)


def within(name, unit, value, most):
    """What has a limit of its own, without a peer."""
    return table.Row(name, unit, value, "%g %s" % (most, unit), lambda at: most, 1.0)


def gain(one, two):
    """How many times the throughput two workers have where each finds a core of its own: the busier
    one sets the pace."""
    return lambda at: at(one) / (at(two) * at(two, "busiest"))


def doubled(what, sample_name):
    return table.Row("%s: two workers, from CPU" % what, "x", gain(
        "%s, one of %d" % (sample_name, CROWD), "%s, two of %d" % (sample_name, CROWD)),
        "one worker", lambda at: 1, 1.8, at_least=True)


def floor(at):
    return 1.25 * at("SHA-256 of what it samples") + 2.5 * at("nginx return 200")


ROWS = [
    beside("trivial request, attestd", "attestd /healthz", "nginx return 200"),
    beside("mediator: check, inject, forward", "mediator, check and proxy",
           "HAProxy, check and proxy", 0.75),
    beside("mediator: check, inject, forward", "mediator, check and proxy", "nginx proxy_pass"),
    beside("mediator: refuse a bad token", "mediator, bad token", "nginx return 401", 1.3),
    beside("mediator: refuse a bad token", "mediator, bad token", "HAProxy, bad token"),
    beside("mediator: /check", "mediator /check", "nginx return 200"),
    beside("mediator: /check", "mediator /check", "Node.js /check"),
    *[beside("mediator: /check with proof, %s" % curve, "mediator /check, proof " + curve,
             "Node.js /check, proof " + curve) for curve in KEYS],
    beside("mediator: proof, Ed25519", "mediator /check, proof Ed25519",
           "mediator /check, proof P-256"),
    table.Row("one attestation, both requests", "us CPU", cpu("attestation"),
              "1.25 SHA-256 + 2.5 return 200", floor, 1.0),
    beside("one attestation, both requests", "attestation", "Node.js, attestation"),
    table.Row("the same with Redis", "us CPU", cpu("attestation, Redis"), "memory store + 15 us",
              lambda at: at("attestation") + 15, 1.0),
    beside("the same with Redis", "attestation, Redis", "Node.js, attestation, Redis"),
    doubled("attestation", "attestation"),
    doubled("mediator", "mediator"),
    within("1,000,000 outstanding challenges", "MiB", lambda at: at("challenges", "mib"), 160),
    within("idle connection, attestd", "bytes", lambda at: at("attestd, idle", "bytes"), 3072),
    within("idle connection, mediator", "bytes", lambda at: at("mediator, idle", "bytes"), 3072),
    within("SDK, 2 MiB app: one answer", "us CPU", cpu("SDK, 2 MiB, one answer"), 1000),
    within("SDK, 2 MiB app: whole, p50", "us", lambda at: at("SDK, 2 MiB, whole", "p50"), 1000),
    within("SDK, 2 MiB app: whole, p99", "us", lambda at: at("SDK, 2 MiB, whole", "p99"), 5000),
    within("device: token, Ed25519, X25519", "us CPU", lambda at: at("device", "Ed25519, X25519"),
           500),
    within("device: token, P-256", "us CPU", lambda at: at("device", "P-256, P-256"), 500),
    within("device: RAM of a session", "bytes", lambda at: at("device", "session"), 2048),
]


def measure(quick, rounds):
    until = time.monotonic() + QUICK_S
    with tempfile.TemporaryDirectory(prefix="vouchsafe-bench-") as folder:
        parts = Parts(folder)
        try:
            bench = Bench(parts, 1 if quick else 3)
            bench.memory(quick)
            bench.warm_up()
            bench.round()
            while bench.samples.rounds() < rounds:
                if quick and time.monotonic() > until:
                    break
                bench.round()
            return bench.samples
        finally:
            parts.stop()


def main():
    parser = argparse.ArgumentParser(prog="./run bench")
    parser.add_argument("--quick", action="store_true", help="shorter, and less certain")
    parser.add_argument("--scale", nargs="*", metavar="CURVE", choices=list(scale.CURVES),
                        help="curves instead: cost by connections, challenges, apps, image size, "
                        "devices, stores; all, or those named. Writes build/scale.json and "
                        "build/scale-*.svg")
    parser.add_argument("--rounds", type=int, metavar="N", help="of all measurements (5; --quick: 2)")
    options = parser.parse_args()
    if options.scale is not None:
        return scale.run(options.quick, options.scale)
    samples = measure(options.quick, options.rounds or (2 if options.quick else 5))
    rows = [row.of(samples) for row in ROWS]
    table.print_samples(samples)
    table.print_rows(rows)
    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    with open(os.path.join(ROOT, "build", "bench.json"), "w") as f:
        json.dump(rows, f, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
