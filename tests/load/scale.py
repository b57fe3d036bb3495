"""scale: what a request, a challenge, an app, a device costs as there are more of them. Each curve is
a function that returns charts (see svg.py); docs/scale.md explains them. Written to build/scale.json
and build/scale-*.svg by ./run bench --scale."""
import json
import os
import statistics
import subprocess
import tempfile
import time

from harness.attester import Attester, Image
from harness.attacks import b64
from harness.devices import Registry
from harness.process import Child, free_port, wait_until
from harness.vouchsafe import ROOT, Daemon, Site, attestctl, program, request

from . import capacity, fleet, peers, stores, svg
from .measure import cpu_seconds, resident, run_load, sample
from .parts import MANY, Parts

CONNECTIONS = (1, 10, 100, 1000, 10000)
ATTESTING = (1, 10, 100, 1000)
CHALLENGES = (1_000, 10_000, 100_000, 250_000, 500_000, 1_000_000)
APPS = (1, 10, 100, 1_000, 10_000)
IMAGES_MIB = (1, 2, 4, 16, 64)
DEVICES = (100, 1_000, 5_000, 10_000)
HEARTBEAT_S = 2
MIB = 2**20


class Slow(Daemon):
    """One that has ten thousand apps or devices to read, and a busy machine."""
    PATIENCE_S = 180


class Scale:
    def __init__(self, parts, quick):
        self.parts, self.n = parts, 0
        self.seconds, self.times = (1, 1) if quick else (2, 3)

    def folder(self, name):
        self.n += 1
        return os.path.join(self.parts.folder, "%s-%d" % (name, self.n))

    def attestd(self, store="memory:", more="", store_options="", registry=None):
        config = self.parts.site.attestd_config(
            MANY + "challenge { ttl = 3600 }\n" + more).replace("workers = 2", "workers = 1")
        config = config.replace('"memory:" ', '"%s" %s' % (store, store_options))
        if registry:
            config = config.replace(self.parts.site.registry, registry)
        return Slow("attestd", self.folder("attestd"), config)

    def attest(self, daemons, *options, pids=(), seconds=None, client=Site.CLIENT):
        """A sample of load-attest at the first of the daemons."""
        said = sample([d.child.pid for d in daemons] + list(pids), [
            program("load-attest"), "--seconds", seconds or self.seconds, *options,
            daemons[0].port, client])
        if said["refused"] or said["broken"] or said["unfinished"]:
            raise RuntimeError("load-attest: %r" % said)
        return said


def chart(name, title, x, y, series, **more):
    return {"name": name, "title": title, "x": x, "y": y,
            "series": [{"name": n, "points": points} for n, points in series.items()], **more}


def _often(scale, measure):
    """The medians of what measure() returns, since the machine is not always the same."""
    found = [measure() for _ in range(scale.times)]
    return [statistics.median(values) for values in zip(*found)]


# --- connections ---

def _asked(scale, name, pids, url, lua):
    points = []
    for count in CONNECTIONS:
        # So long that what it costs to be connected is little beside what is asked.
        seconds = scale.seconds * (5 if count > 1000 else 1)

        def measure():
            said = sample(pids, ["wrk", "-t1", "-c%d" % count, "-d%ds" % seconds, "-s", lua, url])
            if said["refused"]:
                raise RuntimeError("%s: %r" % (name, said))
            return [said["cpu"]]
        points.append((count, _often(scale, measure)[0]))
    return points


def connections(scale):
    p, attestd = scale.parts, scale.attestd()
    try:
        attested = [(count, _often(scale, lambda: [scale.attest(
            [attestd], "--connections", count)["cpu"]])[0]) for count in ATTESTING]
        asked = {
            "nginx return 200": _asked(scale, "nginx", p.nginx.pids, p.nginx.url + "/200", p.plain),
            "attestd /healthz": _asked(scale, "attestd", [attestd.child.pid],
                                       attestd.url + "/healthz", p.plain),
            "mediator /check": _asked(scale, "mediator", [p.mediator.child.pid],
                                      p.mediator.url + "/check/api", p.check)}
    finally:
        attestd.stop()
    return [chart("connections", "CPU of a request, by connections that ask",
                  "connections (logarithmic)", "us of CPU a request", asked, log_x=True),
            chart("attesting", "CPU of an attestation, by connections that attest",
                  "connections (logarithmic)", "us of CPU an attestation",
                  {"attestd": attested}, log_x=True)]


# --- challenges outstanding ---

def challenges(scale):
    attestd = scale.attestd(store_options="max_records = %d" % CHALLENGES[-1])
    build, there, costs, sizes = Image(scale.parts.site.binary).build_id, 0, [], []
    try:
        empty = resident(attestd.child.pid)
        for count in CHALLENGES:
            before = cpu_seconds([attestd.child.pid])
            told = run_load([program("flood"), attestd.port, count - there, Site.CLIENT, build])
            if told.get("201") != count - there:
                raise RuntimeError("flood: %r" % told)
            spent = (cpu_seconds([attestd.child.pid]) - before) / (count - there) * 1e6
            if count - there >= 9_000:  # of fewer it takes less than the clock's ticks tell
                costs.append((count, spent))
            sizes.append((count, (resident(attestd.child.pid) - empty) / MIB))
            there = count
    finally:
        attestd.stop()
    return [chart("challenges", "CPU of one more challenge, by those outstanding",
                  "challenges outstanding", "us of CPU a challenge", {"attestd": costs}),
            chart("memory", "Memory of challenges", "challenges outstanding", "MiB more than without",
                  {"attestd": sizes, "budget": [(0, 0), (CHALLENGES[-1], 160)]})]


# --- apps ---

def _multiply(template, folder, first, last):
    """The same app under other names, its files linked: copying them would take longer than all that
    is measured."""
    for i in range(first, last):
        _link(template, os.path.join(folder, "app-%06d" % i))


def _link(source, target):
    os.mkdir(target, 0o700)
    for entry in os.scandir(source):
        path = os.path.join(target, entry.name)
        if entry.is_dir():
            _link(entry.path, path)
        else:
            os.link(entry.path, path)


def apps(scale):
    registry = scale.folder("registry")
    attestctl(registry, "app", "add", Site.CLIENT, "--name", "One of many")
    attestctl(registry, "build", "add", Site.CLIENT, program("load-attest"))
    template = os.path.join(registry, Site.CLIENT)
    starts, own, mapped, costs, there = [], [], [], [], 1
    for count in APPS:
        _multiply(template, registry, there, count)
        there = count
        attestd = scale.attestd(registry=registry)
        try:
            starts.append((count, cpu_seconds([attestd.child.pid]) * 1e3))
            own.append((count, resident(attestd.child.pid, "RssAnon") / MIB))
            mapped.append((count, resident(attestd.child.pid, "RssFile") / MIB))
            costs.append((count, scale.attest([attestd])["cpu"]))
        finally:
            attestd.stop()
    return [chart("apps-start", "CPU until attestd serves, by apps registered", "apps",
                  "ms of CPU", {"attestd": starts}),
            chart("apps-memory", "Memory of attestd, by apps registered", "apps", "MiB in RAM",
                  {"its own": own, "images, mapped": mapped}),
            chart("apps", "CPU of an attestation, by apps registered", "apps (logarithmic)",
                  "us of CPU an attestation", {"attestd": costs}, log_x=True)]


# --- image size ---

def images(scale):
    attestd, server, client = scale.attestd(), [], []
    try:
        for mib in IMAGES_MIB:
            app = program("bench-sdk-%d" % mib)
            attestctl(scale.parts.site.registry, "build", "add", Site.CLIENT, app)
            attestd.reload()
            attester = Attester(attestd.url, Site.CLIENT, app)
            status, challenge = attester.challenge()
            assert status == 201, challenge
            done = subprocess.run([app], input=json.dumps(challenge), capture_output=True, text=True,
                                  check=True)
            client.append((mib, float(done.stdout)))
            said = sample([attestd.child.pid], [app, attestd.url, Site.CLIENT, 500])
            server.append((mib, said["cpu"]))
    finally:
        attestd.stop()
    return [chart("images", "CPU of an attestation, by size of the app",
                  "MiB of the app (logarithmic)", "us of CPU",
                  {"attestd, both requests": server, "SDK, one answer": client}, log_x=True)]


# --- devices ---

def _many_devices(folder, count):
    registry = Registry(folder)
    registry.add_push("door-1", "--scope", "door:unlock")
    with open(os.path.join(registry.path, "door-1.json")) as f:
        about = json.load(f)
    key = b64(os.urandom(32))
    about["keys"][0]["k"] = key
    for i in range(count):
        _write(os.path.join(registry.path, "door-m%d.json" % i), json.dumps(about))
    _write(registry.key_file("many"), key + "\n")
    return registry


def _write(path, words):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
        f.write(words)


def _beats(crowd):
    """How many it has answered: its log's last line that is whole says so."""
    with open(crowd.log, "rb") as f:
        f.seek(max(0, f.seek(0, os.SEEK_END) - 200))
        found = [line for line in f.read().split(b"\n")[1:-1] if line.startswith(b"beats ")]
    return int(found[-1].split()[1]) if found else 0


def _crowd(scale, mediator, port, registry, count):
    """(bytes a device, us of CPU a heartbeat, us of CPU to be let in) of so many devices."""
    pid, log = mediator.child.pid, os.path.join(scale.parts.folder, "crowd-%d.log" % count)
    memory, cpu = resident(pid), cpu_seconds([pid])
    crowd = Child([program("load-devices"), port, "door-m", registry.key_file("many"), count], log)
    try:
        crowd.wait_ready(lambda: "connected %d" % count in crowd.output(), 300)
        let_in = (cpu_seconds([pid]) - cpu) / count * 1e6
        each = (resident(pid) - memory) / count
        wait_until(lambda: _beats(crowd) >= count, 120, "a heartbeat of each")
        beats, cpu, until = _beats(crowd), cpu_seconds([pid]), time.monotonic() + 4 * scale.seconds
        wait_until(lambda: time.monotonic() > until, 600, "the time to pass")
        return each, (cpu_seconds([pid]) - cpu) / (_beats(crowd) - beats) * 1e6, let_in
    finally:
        crowd.stop()


def devices(scale):
    counts = [min(count, capacity.allowed(count)) for count in DEVICES]
    folder, port = scale.folder("devices"), free_port()
    os.makedirs(folder)
    registry = _many_devices(folder, counts[-1])
    config = scale.parts.site.mediator_config.replace("workers = 2", "workers = 1")
    config += ('device { registry = "%s"\n listen = { "127.0.0.1:%d" }\n heartbeat_s = %d }\n'
               % (registry.path, port, HEARTBEAT_S))
    found = {}
    for count in counts:
        mediator = Slow("mediator", scale.folder("mediator"), config)
        try:
            found[count] = _crowd(scale, mediator, port, registry, count)
        finally:
            mediator.stop()
    pick = lambda n: [(count, values[n]) for count, values in found.items()]
    return [chart("devices-memory", "Memory of a connected device", "devices connected",
                  "bytes of the mediator each", {"mediator": pick(0)}),
            chart("devices", "CPU of connected devices", "devices connected", "us of CPU",
                  {"a heartbeat": pick(1), "to be let in": pick(2)})]


# --- stores ---

def _shared(scale, servers):
    """What an attestation takes that two daemons share: the challenge is of one, the answer is
    presented to the other. (attestds', Redis's us of CPU)"""
    def measure():
        before = cpu_seconds(servers.servers)
        said = scale.attest(daemons, "--present", daemons[1].port)
        return said["cpu"], (cpu_seconds(servers.servers) - before) / said["count"] * 1e6

    daemons = [scale.attestd(servers.url) for _ in range(2)]
    try:
        for daemon in daemons:
            wait_until(lambda: request(daemon.url + "/readyz")[0] == 200, 30, "the store")
        return _often(scale, measure)
    finally:
        for daemon in daemons:
            daemon.stop()


def shared_stores(scale):
    alone = scale.attestd()
    try:
        found = {"memory, one": _often(scale, lambda: (scale.attest([alone])["cpu"], 0))}
    finally:
        alone.stop()
    for name, kind in (("Redis", stores.Single), ("Sentinel", stores.Watched),
                       ("Cluster of 3", stores.Cluster)):
        servers = kind(scale.folder("store"))
        try:
            found[name] = _shared(scale, servers)
        finally:
            servers.stop()
    values = list(found.values())
    return [chart("stores", "An attestation at two daemons with one store", "store",
                  "us of CPU an attestation",
                  {"both attestds": [(i, v[0]) for i, v in enumerate(values)],
                   "all Redis servers": [(i, v[1]) for i, v in enumerate(values)]},
                  names=list(found))]


CURVES = {"connections": connections, "challenges": challenges, "apps": apps, "images": images,
          "devices": devices, "stores": shared_stores}


def run(quick, only=()):
    """Measures, writes what was found, and says what a fleet needs. Curves that are not measured
    stay as they were."""
    charts = {}
    path = os.path.join(ROOT, "build", "scale.json")
    if only and os.path.exists(path):
        with open(path) as f:
            charts = {c["name"]: c for c in json.load(f)["charts"]}
    with tempfile.TemporaryDirectory(prefix="vouchsafe-scale-") as folder:
        parts = Parts(folder)
        try:
            scale = Scale(parts, quick)
            for name in only or CURVES:
                print("%s ..." % name, flush=True)
                parts.mint()
                for found in CURVES[name](scale):
                    charts[found["name"]] = found
                    _print(found)
                _keep(path, charts)
        finally:
            parts.stop()
    print(fleet.text(fleet.needs(charts)))


def _keep(path, charts):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        json.dump({"charts": list(charts.values()), "fleet": fleet.needs(charts)}, f, indent=1)
    for name, found in charts.items():
        with open(os.path.join(os.path.dirname(path), "scale-%s.svg" % name), "w") as f:
            f.write(svg.draw(found))


def _print(found):
    print("  %s (%s)" % (found["title"], found["y"]))
    for series in found["series"]:
        words = ["%s: %s" % (found["names"][x] if "names" in found else svg.number(x),
                             svg.number(round(y, 1))) for x, y in series["points"]]
        print("    %-24s %s" % (series["name"], "  ".join(words)), flush=True)
