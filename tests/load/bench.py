"""CPU per request of attestd and mediator against nginx in the same run.

Prints a table and writes build/bench.json: a list of rows with name, value, unit, peer, ratio,
budget, ok. Wall time is not looked at: machines are shared. Started by ./run bench."""
import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness.attester import Attester  # noqa: E402
from harness.process import Child, answers, free_port  # noqa: E402
from harness.vouchsafe import ROOT, Daemon, Site, attestctl, program  # noqa: E402

NGINX = """
worker_processes 1; daemon off; pid %(folder)s/nginx.pid; error_log %(folder)s/error.log;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path %(folder)s/b; proxy_temp_path %(folder)s/p;
  fastcgi_temp_path %(folder)s/f; uwsgi_temp_path %(folder)s/u; scgi_temp_path %(folder)s/s;
  keepalive_requests 1000000;
  server { listen 127.0.0.1:%(port)d;
    location /200 { return 200 "ok"; }
    location /401 { return 401 "no"; }
  }
}
"""


def cpu_seconds(pids):
    """User and system time of processes so far."""
    ticks = 0
    for pid in pids:
        with open("/proc/%d/stat" % pid) as f:
            fields = f.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(p) for p in f.read().split()]


class KeptAttester(Attester):
    """The tests' attester over one connection."""

    def __init__(self, *words):
        super().__init__(*words)
        where = urllib.parse.urlsplit(self.attestd)
        self.connection = http.client.HTTPConnection(where.hostname, where.port)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _post(self, path, message):
        self.connection.request("POST", path, json.dumps(message),
                                {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


class Bench:
    def __init__(self, folder, seconds, rounds):
        self.folder, self.seconds, self.rounds = folder, seconds, rounds
        self.samples = {}

    def start(self):
        port = free_port()
        config = os.path.join(self.folder, "nginx.conf")
        with open(config, "w") as f:
            f.write(NGINX % {"folder": self.folder, "port": port})
        self.nginx = Child(["nginx", "-e", self.folder + "/error.log", "-c", config],
                           os.path.join(self.folder, "nginx.log"))
        self.nginx.wait_ready(lambda: answers(port))
        self.nginx_url = "http://127.0.0.1:%d" % port
        self.site = Site(os.path.join(self.folder, "site"))
        self.site.attestd.stop()
        attestctl(self.site.registry, "build", "add", self.site.CLIENT, program("bench-sdk"))
        one = self.site.attestd_config("http { requests = 1000000 }\n").replace("workers = 2",
                                                                              "workers = 1")
        self.attestd = self.site.attestd = Daemon("attestd", os.path.join(self.folder, "one"), one)
        self.site.start_mediator("http://127.0.0.1:%d" % free_port(),
                                 extra="http { requests = 1000000 }\n")
        self.site.mediator.stop()
        self.site.mediator_config = self.site.mediator_config.replace("workers = 2", "workers = 1")
        self.mediator = self.site.mediator = Daemon("mediator", self.site.folder,
                                                    self.site.mediator_config)

    def stop(self):
        self.site.stop()
        self.nginx.stop()

    def wrk(self, name, pids, url, script=None):
        """One sample of CPU microseconds a request; wrk tells how many were answered."""
        before = cpu_seconds(pids)
        argv = ["wrk", "-t1", "-c16", "-d%ds" % self.seconds, url]
        if script:
            path = os.path.join(self.folder, "wrk.lua")
            with open(path, "w") as f:
                f.write(script)
            argv[1:1] = ["-s", path]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        count = next(int(line.split()[0]) for line in done.stdout.splitlines()
                     if "requests in" in line)
        self.samples.setdefault(name, []).append((cpu_seconds(pids) - before) / count * 1e6)

    def attestations(self, name, pids):
        """CPU of the daemon for whole attestations, two requests each over a kept connection."""
        attester = KeptAttester(self.attestd.url, self.site.CLIENT, self.site.binary)
        attester.token()
        before, count = cpu_seconds(pids), 1500 * self.seconds
        for _ in range(count):
            attester.token()
        self.samples.setdefault(name, []).append((cpu_seconds(pids) - before) / count * 1e6)
        attester.connection.close()
        return sum(len(block) for kind in ("memory", "file")
                   for block in attester.image.blocks(kind)[:64])

    def sdk(self, name):
        """CPU of an app of 2 MiB for answering one challenge of all default probes."""
        attester = Attester(self.attestd.url, self.site.CLIENT, program("bench-sdk"))
        status, challenge = attester.challenge()
        assert status == 201, challenge
        done = subprocess.run([program("bench-sdk")], input=json.dumps(challenge), text=True,
                              capture_output=True, check=True)
        self.samples.setdefault(name, []).append(float(done.stdout))

    def hashing(self, count):
        """Microseconds of SHA-256 over so many bytes: what one attestation samples."""
        done = subprocess.run([program("bench-sha256"), str(count)], capture_output=True, text=True,
                              check=True)
        self.samples.setdefault("SHA-256 of %d bytes" % count, []).append(float(done.stdout))
        self.hashed = "SHA-256 of %d bytes" % count

    def run(self):
        nginx = [self.nginx.pid] + children(self.nginx.pid)
        attestd, mediator = [self.attestd.child.pid], [self.mediator.child.pid]
        bad_token = ('wrk.method = "POST"\nwrk.body = "grant_type=client_credentials&client_id=%s"\n'
                     'wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"\n'
                     'wrk.headers["OAuth-Client-Attestation"] = "%s"\n'
                     'wrk.headers["OAuth-Client-Attestation-PoP"] = "a.b.c"\n'
                     % (self.site.CLIENT, self.forged()))
        for _ in range(self.rounds):
            self.wrk("nginx 200", nginx, self.nginx_url + "/200")
            self.wrk("attestd healthz", attestd, self.attestd.url + "/healthz")
            self.wrk("nginx 401", nginx, self.nginx_url + "/401")
            self.wrk("mediator bad token", mediator, self.mediator.url + "/token", bad_token)
            self.hashing(self.attestations("attestation", attestd))
            self.sdk("SDK answer")

    def forged(self):
        from harness import attacks
        with self.site.app() as app:
            token = app.ask("show integrity_token")[1]
        return attacks.forge(token, b"not the secret, but as long as one is")

    def rows(self):
        m = {name: statistics.median(values) for name, values in self.samples.items()}
        attestation = 1.25 * m[self.hashed] + 2.5 * m["nginx 200"]
        return [
            row("trivial request, attestd", m["attestd healthz"], "nginx return 200",
                m["nginx 200"], None),
            row("refuse a bad token", m["mediator bad token"], "nginx return 401", m["nginx 401"],
                1.3),
            row("one attestation, both requests", m["attestation"],
                "1.25 %s + 2.5 nginx return 200" % self.hashed, attestation, 1.0),
            row("SDK: one answer of a 2 MiB app", m["SDK answer"], "1 ms", 1000, 1.0),
        ]


def row(name, value, peer, peer_value, budget):
    ratio = value / peer_value
    return {"name": name, "value": round(value, 2), "unit": "us CPU", "peer": peer,
            "peer_value": round(peer_value, 2), "ratio": round(ratio, 3), "budget": budget,
            "ok": budget is None or ratio <= budget}


def main():
    parser = argparse.ArgumentParser(prog="./run bench")
    parser.add_argument("--quick", action="store_true", help="shorter, and less certain")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vouchsafe-bench-") as folder:
        bench = Bench(folder, 1 if options.quick else 3, 3 if options.quick else 5)
        bench.start()
        try:
            bench.run()
        finally:
            bench.stop()
    rows = bench.rows()
    for name, values in bench.samples.items():
        print("%-26s %8.2f us  (%.2f to %.2f)" % (name, statistics.median(values), min(values),
                                                  max(values)))
    print("\n%-40s %10s %10s %7s %7s" % ("row", "us CPU", "peer us", "ratio", "budget"))
    for r in rows:
        print("%-40s %10.2f %10.2f %7.2f %7s  %s" % (
            r["name"], r["value"], r["peer_value"], r["ratio"], r["budget"] or "-",
            "ok" if r["ok"] else "over"))
    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    with open(os.path.join(ROOT, "build", "bench.json"), "w") as f:
        json.dump(rows, f, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
