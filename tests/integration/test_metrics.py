"""What an operator sees on the admin listener: exact counts, a format that others read, readiness."""
import json
import math
import os
import signal
import socket
import time

from prometheus_client.parser import text_string_to_metric_families

from harness.attacks import b64
from harness.attester import Attester
from harness.case import FolderCase, SiteCase
from harness.process import wait_until
from harness.redis import Redis
from harness.vouchsafe import Site, request

ADMIN = 'admin = { "127.0.0.1:0" }\n'


class Attestd(SiteCase):
    OPTIONS = {"attestd_config": ADMIN}

    def setUp(self):
        self.before = self.site.attestd.metrics()

    def grown(self, name, **labels):
        key = (name, tuple(sorted(labels.items())))
        return self.site.attestd.metrics().get(key, 0) - self.before.get(key, 0)

    def attester(self):
        return Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)

    def requests(self, route, code):
        return self.grown("vouchsafe_http_requests_total", route=route, code=str(code))

    def test_requests_are_counted_exactly(self):
        url = self.site.attestd.url
        for _ in range(7):
            self.assertEqual(request(url + "/healthz")[0], 200)
        for _ in range(5):
            self.assertEqual(request(url + "/nowhere")[0], 404)
        for _ in range(3):
            self.assertEqual(request(url + "/v1/challenges", "POST", b"{}")[0], 400)
        self.assertEqual(request(url + "/v1/challenges")[0], 405)
        self.assertEqual(self.requests("/healthz", 200), 7)
        self.assertEqual(self.requests("none", 404), 5)
        self.assertEqual(self.requests("none", 405), 1)
        self.assertEqual(self.requests("/v1/challenges", 400), 3)
        self.assertEqual(self.grown("vouchsafe_http_request_seconds_count", route="/healthz"), 7)

    def test_attestations_are_counted_by_verdict_and_probe(self):
        for _ in range(4):
            self.attester().token()
        a = self.attester()
        answer = a.answer(a.challenge()[1])
        wrong = json.loads(json.dumps(answer))
        failed = next(e for e in wrong["evidence"])
        failed["digest"] = b64(bytes(32))
        self.assertEqual(a.present(wrong)[0], 403)
        self.assertEqual(a.present(answer)[0], 403, "consumed")
        self.assertEqual(self.grown("vouchsafe_challenges_total", event="issued"), 5)
        self.assertEqual(self.grown("vouchsafe_challenges_total", event="consumed"), 5)
        self.assertEqual(self.grown("vouchsafe_challenges_total", event="unknown"), 1)
        self.assertEqual(self.grown("vouchsafe_challenges_total", event="failed"), 0)
        self.assertEqual(self.grown("vouchsafe_attestations_total", verdict="accepted"), 4)
        self.assertEqual(self.grown("vouchsafe_attestations_total", verdict="refused"), 1)
        self.assertEqual(sum(self.grown("vouchsafe_probe_failures_total", kind=kind,
                                        result="differs") for kind in ("memory", "file")), 1)
        self.assertEqual(self.requests("/v1/attestations", 200), 4)
        self.assertEqual(self.requests("/v1/attestations", 403), 2)
        self.assertEqual(self.grown("vouchsafe_store_calls_total", call="create",
                                    space="challenge", outcome="ok"), 5)
        self.assertEqual(self.grown("vouchsafe_store_calls_total", call="take",
                                    space="challenge", outcome="not_found"), 1)

    def test_connections_and_reloads(self):
        self.assertEqual(self.grown("vouchsafe_reloads_total", outcome="ok"), 0)
        self.site.attestd.reload()
        self.assertEqual(self.grown("vouchsafe_reloads_total", outcome="ok"), 1)
        good = self.site.attestd.config_path
        with open(good) as f:
            text = f.read()
        with open(good, "a") as f:
            f.write("nonsense = 1\n")
        self.assertEqual(self.site.attestd.reload()["event"], "reload failed")
        with open(good, "w") as f:
            f.write(text)
        self.assertEqual(self.grown("vouchsafe_reloads_total", outcome="failed"), 1)
        from http.client import HTTPConnection
        held = [HTTPConnection("127.0.0.1", self.site.attestd.port) for _ in range(12)]
        for connection in held:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        self.assertEqual(self.grown("vouchsafe_http_connections"), 12)
        for connection in held:
            connection.close()
        wait_until(lambda: self.grown("vouchsafe_http_connections") == 0, 5, "connections to end")

    def test_the_process(self):
        m = self.site.attestd.metrics()
        pid = self.site.attestd.child.pid
        self.assertAlmostEqual(m["process_start_time_seconds", ()], time.time(), delta=120)
        with open("/proc/%d/statm" % pid) as f:
            pages = int(f.read().split()[1])
        self.assertAlmostEqual(m["process_resident_memory_bytes", ()], pages * 4096, delta=2 << 20)
        self.assertAlmostEqual(m["process_open_fds", ()], len(os.listdir("/proc/%d/fd" % pid)),
                               delta=3)
        self.assertEqual(m["vouchsafe_log_lines_lost_total", ()], 0)

    def test_the_format(self):
        self.attester().token()
        text = request(self.site.attestd.admin_url() + "/metrics")[2].decode()
        self.assertTrue(text.endswith("\n"))
        seen, typed = set(), set()
        for line in text.splitlines():
            if line.startswith("# TYPE"):
                typed.add(line.split()[2])
            elif not line.startswith("#"):
                series, value = line.rsplit(" ", 1)
                self.assertNotIn(series, seen)
                seen.add(series)
                self.assertTrue(math.isfinite(float(value)))
        families = list(text_string_to_metric_families(text))
        self.assertEqual(len({f.name for f in families}), len(families))
        self.assertEqual(len(families), len(typed))
        for f in families:
            with self.subTest(f.name):
                self.assertNotEqual(f.documentation, "")
                self.assertIn(f.type, ("counter", "gauge", "histogram"))
                if f.type == "histogram":
                    self.check_histogram(f)

    def check_histogram(self, family):
        series = {}
        for s in family.samples:
            labels = tuple(sorted((k, v) for k, v in s.labels.items() if k != "le"))
            series.setdefault(labels, []).append(s)
        for samples in series.values():
            buckets = [(float(s.labels["le"]), s.value) for s in samples if "le" in s.labels]
            self.assertEqual(buckets, sorted(buckets), "bounds rise, and so do their counts")
            self.assertEqual([b[1] for b in buckets], sorted(b[1] for b in buckets))
            self.assertEqual(buckets[-1][0], math.inf)
            count = next(s.value for s in samples if s.name.endswith("_count"))
            self.assertEqual(buckets[-1][1], count)

    def test_metrics_are_on_the_admin_listener_alone(self):
        self.assertEqual(request(self.site.attestd.url + "/metrics")[0], 404)
        admin = self.site.attestd.admin_url()
        self.assertEqual(request(admin + "/v1/challenges", "POST", b"{}")[0], 404)
        for path in ("/healthz", "/readyz"):
            self.assertEqual(request(admin + path)[0], 200)
            self.assertEqual(request(self.site.attestd.url + path)[0], 200)


class Limits(SiteCase):
    OPTIONS = {"attestd_config": ADMIN + "rate_limit { per_address = 1 address_burst = 4 }\n"}

    def test_what_is_refused_is_counted(self):
        statuses = [request(self.site.attestd.url + "/v1/challenges", "POST", b"{}")[0]
                    for _ in range(30)]
        m = self.site.attestd.metrics()
        self.assertGreater(statuses.count(429), 0)
        self.assertEqual(m["vouchsafe_rate_limited_total", (("by", "address"),)],
                         statuses.count(429))
        self.assertEqual(m["vouchsafe_http_requests_total",
                           (("code", "429"), ("route", "/v1/challenges"))], statuses.count(429))


class Mediator(SiteCase):
    @classmethod
    def start(cls):
        cls.site.start_mediator("http://127.0.0.1:9", extra=ADMIN)

    def test_verdicts_and_upstream(self):
        url, form = self.site.mediator.url, [("client_id", self.site.CLIENT)]
        for _ in range(3):
            self.assertEqual(request(url + "/token", "POST", form)[0], 400)
        self.assertEqual(request(url + "/challenge", "POST", [])[0], 200)
        self.assertEqual(request(url + "/elsewhere")[0], 404)
        a = Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)
        status, _, _ = request(url + "/token", "POST",
                               form + [("grant_type", "client_credentials")], a.headers_for(url))
        self.assertEqual(status, 503, "its authorization server is not there")
        m = self.site.mediator.metrics()
        requests = {k[1]: v for k, v in m.items() if k[0] == "vouchsafe_http_requests_total"}
        self.assertEqual(requests, {(("code", "400"), ("route", "/token")): 3,
                                    (("code", "503"), ("route", "/token")): 1,
                                    (("code", "200"), ("route", "/challenge")): 1,
                                    (("code", "404"), ("route", "/*")): 1})
        self.assertEqual(m["vouchsafe_verdicts_total", (("verdict", "client"),)], 3)
        self.assertEqual(m["vouchsafe_verdicts_total", (("verdict", "unavailable"),)], 1)
        calls = {k[1]: v for k, v in m.items() if k[0] == "vouchsafe_upstream_calls_total"}
        self.assertEqual(set(calls), {(("endpoint", "metadata"), ("outcome", "unavailable"))})


class Readiness(FolderCase):
    """Each worker has a connection of its own to Redis; any of them speaks for all."""

    def setUp(self):
        folder = os.path.join(self.folder, self._testMethodName)
        self.redis = Redis(os.path.join(folder, "redis"))
        self.site = Site(os.path.join(folder, "site"), store=self.redis.url,
                         attestd_config=ADMIN)
        self.urls = [self.site.attestd.url + "/readyz", self.site.attestd.admin_url() + "/readyz"]

    def tearDown(self):
        self.site.stop()
        self.redis.stop()

    def await_all(self, status):
        wait_until(lambda: all(request(u)[0] == status for u in self.urls for _ in range(10)), 10,
                   "readiness %d" % status)

    def test_redis_dies_and_comes_back(self):
        self.await_all(200)
        self.redis.child.kill()
        self.await_all(503)
        self.assertEqual(request(self.site.attestd.admin_url() + "/healthz")[0], 200)
        a = Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)
        for _ in range(5):
            self.assertEqual(a.challenge()[0], 503)
        m = self.site.attestd.metrics()
        self.assertEqual(m["vouchsafe_challenges_total", (("event", "failed"),)], 5)
        self.redis.start()
        self.await_all(200)
        self.assertEqual(a.challenge()[0], 201)

    def test_one_worker_without_a_store_is_enough(self):
        """One of its two connections is cut and kept out, which either worker then tells."""
        self.await_all(200)
        clients = self.redis.command("CLIENT", "LIST").splitlines()
        ids = [dict(w.split("=", 1) for w in c.split())["id"] for c in clients
               if "cmd=client" not in c]
        self.assertEqual(len(ids), 2)
        ours = socket.socket(socket.AF_UNIX)
        self.addCleanup(ours.close)
        ours.connect(self.redis.socket)
        for command in ("CONFIG SET maxclients 1", "CLIENT KILL ID " + ids[0]):
            ours.sendall(command.encode() + b"\r\n")
            self.assertIn(ours.recv(100)[:1], b"+:")
        wait_until(lambda: all(request(u)[0] == 503 for u in self.urls for _ in range(10)), 10,
                   "readiness 503")

    def test_draining_is_not_ready(self):
        import http.client
        self.await_all(200)
        held = http.client.HTTPConnection("127.0.0.1", self.site.attestd.port)
        held.connect()
        held.sock.sendall(b"POST /v1/challenges HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")
        time.sleep(0.1)
        self.site.attestd.child.signal(signal.SIGTERM)
        wait_until(lambda: request(self.urls[1])[0] == 503, 5, "readiness 503")
        held.sock.sendall(b"{}")
        self.assertIn(b"400", held.sock.recv(4096))
        held.close()


class Refused(FolderCase):
    def test_an_address_that_cannot_be_opened(self):
        from harness.process import StartError
        with self.assertRaisesRegex(StartError, "192.0.2.1:1"):
            Site(os.path.join(self.folder, "site"), attestd_config='admin = { "192.0.2.1:1" }\n')
