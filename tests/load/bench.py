"""What Vouchsafe costs beside its peers, all of them measured in turn in one run.

CPU per request of the process under test is what budgets are of: wall time is printed, too, but
machines are shared, and the load comes from the same machine. Prints tables and writes
build/bench.json: a list of rows with name, value, unit, peer, peer_value, ratio, budget, ok.
Started by ./run bench."""
import argparse
import base64
import json
import os
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import attacks  # noqa: E402
from harness.attester import Attester  # noqa: E402
from harness.process import free_port  # noqa: E402
from harness.redis import Redis  # noqa: E402
from harness.vouchsafe import ROOT, Daemon, Site, attestctl, program, request  # noqa: E402
from load import peers  # noqa: E402

TOKENS = 64
FORM = "grant_type=client_credentials&client_id=" + Site.CLIENT
WRONG_SECRET = b"not the secret, but as long as one is"
MANY = "http { requests = 100000000 }\n"
# One a worker, so that a CPU figure is not spread over two.
ONE = ("workers = 2", "workers = 1")


class Parts:
    """Everything that is measured, running."""

    def __init__(self, folder):
        self.folder, self.started = folder, []
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _own(self, part):
        self.started.append(part)
        return part

    def _start(self):
        self.backend = self._own(peers.nginx(self.folder, "backend", peers.BACKEND))
        self.nginx = self._own(peers.nginx(self.folder, "nginx", peers.FRONT,
                                           backend=self.backend.port))
        self.site = self._own(Site(os.path.join(self.folder, "site")))
        secret = self.site.secret()
        basic = base64.b64encode(("%s:%s" % (Site.CLIENT, secret)).encode()).decode()
        self.haproxy = self._own(peers.haproxy(self.folder, secret, basic, self.backend.port))
        for app in ("bench-sdk", "load-attest"):
            attestctl(self.site.registry, "build", "add", Site.CLIENT, program(app))
        self.attestd = self._attestd("memory")
        redis = self._own(Redis(os.path.join(self.folder, "redis")))
        self.attestd_redis = self._attestd("with-redis", redis.url)
        self._start_mediator()
        self._mint()

    def _attestd(self, name, store="memory:"):
        config = self.site.attestd_config(MANY).replace(*ONE).replace('"memory:"', '"%s"' % store)
        return self._own(Daemon("attestd", os.path.join(self.folder, name), config))

    def _start_mediator(self):
        issuer = "http://127.0.0.1:%d" % self.backend.port
        self.site.start_mediator(
            issuer, port=free_port(), client='possession = "none"\n', extra=MANY +
            'check "api" { resource = "https://api.example" }\n',
            upstream='discovery = false\n token_endpoint = "%s/token"\n' % issuer)
        self.site.mediator.stop()
        self.site.mediator.write_config(self.site.mediator_config.replace(*ONE))
        self.site.mediator.start()
        self.mediator = self.site.mediator

    def _mint(self):
        attester = Attester(self.attestd.url, Site.CLIENT, self.site.binary)
        good = [attester.token() for _ in range(TOKENS)]
        bad = [attacks.forge(token, WRONG_SECRET) for token in good]
        self.plain = peers.script(self.folder, "plain", [""])
        self.good = peers.script(self.folder, "good", good, FORM)
        self.bad = peers.script(self.folder, "bad", bad, FORM)
        self.check = peers.script(self.folder, "check", good)
        self._compare(good[0], bad[0])

    def _compare(self, good, bad):
        """HAProxy and mediator tell the tokens apart, or their figures would be worth nothing."""
        form = [tuple(pair.split("=")) for pair in FORM.split("&")]
        for front in (self.haproxy, self.mediator):
            told = [request(front.url + "/token", "POST", form,
                            {"OAuth-Client-Attestation": token})[0] for token in (good, bad)]
            if told[0] != 200 or told[1] not in (400, 401):
                raise RuntimeError("%s answers %r" % (front.url, told))

    def stop(self):
        for part in reversed(self.started):
            part.stop()


class Bench:
    def __init__(self, parts, seconds):
        self.parts, self.seconds, self.samples = parts, seconds, {}

    def keep(self, name, sample):
        self.samples.setdefault(name, []).append(sample)

    def wrk(self, name, pids, url, lua, refused=False):
        self.keep(name, peers.wrk(pids, url, lua, self.seconds, refused))

    def attestations(self, name, daemon, connections=32):
        self.keep(name, peers.sample([daemon.child.pid], [
            program("load-attest"), daemon.port, Site.CLIENT, connections, self.seconds]))

    def round(self):
        p = self.parts
        mediator, attestd = [p.mediator.child.pid], [p.attestd.child.pid]
        self.wrk("nginx return 200", p.nginx.pids, p.nginx.url + "/200", p.plain)
        self.wrk("attestd /healthz", attestd, p.attestd.url + "/healthz", p.plain)
        self.wrk("nginx return 401", p.nginx.pids, p.nginx.url + "/401", p.plain, refused=True)
        self.wrk("mediator, bad token", mediator, p.mediator.url + "/token", p.bad, refused=True)
        self.wrk("HAProxy, bad token", p.haproxy.pids, p.haproxy.url + "/token", p.bad,
                 refused=True)
        self.wrk("nginx proxy_pass", p.nginx.pids, p.nginx.url + "/token", p.good)
        self.wrk("HAProxy, check and proxy", p.haproxy.pids, p.haproxy.url + "/token", p.good)
        self.wrk("mediator, check and proxy", mediator, p.mediator.url + "/token", p.good)
        self.wrk("mediator /check", mediator, p.mediator.url + "/check/api", p.check)
        self.attestations("attestation", p.attestd)
        self.attestations("attestation, Redis", p.attestd_redis)
        self.attestations("attestation, one client", p.attestd, connections=1)
        self.hashing()
        self.sdk()

    def hashing(self):
        """SHA-256 over as many bytes as one attestation of load-attest samples."""
        image = Attester(self.parts.attestd.url, Site.CLIENT, program("load-attest")).image
        count = sum(len(block) for kind in ("memory", "file") for block in image.blocks(kind)[:64])
        done = subprocess.run([program("bench-sha256"), str(count)], capture_output=True, text=True,
                              check=True)
        self.keep("SHA-256 of what it samples", {"cpu": float(done.stdout)})

    def sdk(self):
        """An app of 2 MiB answering one challenge of all default probes."""
        attester = Attester(self.parts.attestd.url, Site.CLIENT, program("bench-sdk"))
        status, challenge = attester.challenge()
        assert status == 201, challenge
        done = subprocess.run([program("bench-sdk")], input=json.dumps(challenge), text=True,
                              capture_output=True, check=True)
        self.keep("SDK, 2 MiB, one answer", {"cpu": float(done.stdout)})

    def median(self, name, member="cpu"):
        values = [sample[member] for sample in self.samples[name] if member in sample]
        return statistics.median(values) if values else None

    def rows(self):
        m = self.median
        floor = 1.25 * m("SHA-256 of what it samples") + 2.5 * m("nginx return 200")
        forwarded = m("mediator, check and proxy")
        return [
            row("trivial request, attestd", m("attestd /healthz"), "nginx return 200",
                m("nginx return 200")),
            row("mediator: check, inject, forward", forwarded, "HAProxy doing the same",
                m("HAProxy, check and proxy"), 0.75),
            row("mediator: check, inject, forward", forwarded, "nginx proxy_pass, no check",
                m("nginx proxy_pass")),
            row("mediator: refuse a bad token", m("mediator, bad token"), "nginx return 401",
                m("nginx return 401"), 1.3),
            row("mediator: refuse a bad token", m("mediator, bad token"), "HAProxy doing the same",
                m("HAProxy, bad token")),
            row("mediator: /check", m("mediator /check"), "nginx return 200",
                m("nginx return 200")),
            row("one attestation, both requests", m("attestation"),
                "1.25 SHA-256 + 2.5 return 200", floor, 1.0),
            row("the same with Redis", m("attestation, Redis"), "memory store + 15 us",
                m("attestation") + 15, 1.0),
            row("SDK: one answer of a 2 MiB app", m("SDK, 2 MiB, one answer"), "1 ms", 1000, 1.0),
        ]


def row(name, value, peer, peer_value, budget=None):
    ratio = value / peer_value
    return {"name": name, "value": round(value, 2), "unit": "us CPU", "peer": peer,
            "peer_value": round(peer_value, 2), "ratio": round(ratio, 3), "budget": budget,
            "ok": budget is None or ratio <= budget}


def print_samples(bench):
    print("%-28s %8s  %-18s %9s %9s %9s" % ("", "us CPU", "(least to most)", "per s", "p50 us",
                                            "p99 us"))
    for name, samples in bench.samples.items():
        cpu = [sample["cpu"] for sample in samples]
        wall = ["%9.0f" % value if value is not None else "%9s" % "" for value in
                (bench.median(name, member) for member in ("per_second", "p50", "p99"))]
        print("%-28s %8.2f  %-18s %s" % (name, statistics.median(cpu), "(%.2f to %.2f)" % (
            min(cpu), max(cpu)), " ".join(wall)))


def print_rows(rows):
    print("\n%-34s %9s  %-30s %9s %6s %6s" % ("row", "us CPU", "peer", "us", "ratio", "budget"))
    for r in rows:
        verdict = "" if r["budget"] is None else "ok" if r["ok"] else "over"
        print("%-34s %9.2f  %-30s %9.2f %6.2f %6s  %s" % (
            r["name"], r["value"], r["peer"], r["peer_value"], r["ratio"], r["budget"] or "-",
            verdict))


def main():
    parser = argparse.ArgumentParser(prog="./run bench")
    parser.add_argument("--quick", action="store_true", help="shorter, and less certain")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vouchsafe-bench-") as folder:
        parts = Parts(folder)
        try:
            bench = Bench(parts, 1 if options.quick else 3)
            for _ in range(3 if options.quick else 5):
                bench.round()
        finally:
            parts.stop()
    print_samples(bench)
    print_rows(bench.rows())
    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    with open(os.path.join(ROOT, "build", "bench.json"), "w") as f:
        json.dump(bench.rows(), f, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
