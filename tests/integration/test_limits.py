"""How often one caller may ask: from both sides of the limit, over real sockets, across workers."""
import concurrent.futures
import http.client
import json
import time
import urllib.parse

from harness.attacks import b64
from harness.attester import Attester
from harness.case import SiteCase
from harness.vouchsafe import UNLIMITED


def ask(url, path, body=None, method="POST", source=None, headers=()):
    """(status, headers, JSON) over a connection of its own, from a local address of choice."""
    where = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=20,
                                            source_address=source and (source, 0))
    try:
        connection.request(method, path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, answer.headers, json.loads(text) if text else {}
    finally:
        connection.close()


def counts(answers):
    """How many answers there are of each status."""
    found = {}
    for status, _, _ in answers:
        found[status] = found.get(status, 0) + 1
    return found


class LimitCase(SiteCase):
    def challenge(self, client_id=None, **kw):
        message = {"client_id": client_id or self.site.CLIENT, "build": "ab" * 20,
                   "jkt": b64(bytes(32))}
        return ask(self.site.attestd.url, "/v1/challenges", json.dumps(message), **kw)

    def flood(self, count, **kw):
        """Sixteen at a time, so that both workers have some of them."""
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            return list(pool.map(lambda _: self.challenge(**kw), range(count)))


class Addresses(LimitCase):
    BURST = 20
    OPTIONS = {"attestd_config": "rate_limit { per_address = 1 address_burst = %d }\n"
                                 'trusted_proxies = { "127.0.0.3" }\n' % BURST}

    def limited(self, answers, seconds):
        """A burst has passed and no more, but for what came back while the test ran."""
        found = counts(answers)
        self.assertEqual(set(found), {201, 429})
        self.assertGreaterEqual(found[201], self.BURST)
        self.assertLessEqual(found[201], self.BURST + seconds + 1)

    def test_a_flood_from_one_address_leaves_the_others_alone(self):
        start = time.monotonic()
        answers = self.flood(100, source="127.0.0.2")
        self.limited(answers, time.monotonic() - start)
        refused = next(a for a in answers if a[0] == 429)
        self.assertEqual(refused[2]["error"], "temporarily_unavailable")
        self.assertIn("no-store", refused[1]["Cache-Control"])
        self.assertEqual(self.challenge(source="127.0.0.4")[0], 201)

    def test_retry_after_is_when_it_is_served_again(self):
        while True:
            status, headers, _ = self.challenge(source="127.0.0.5")
            if status == 429:
                break
        wait = int(headers["Retry-After"])
        self.assertEqual(wait, 1)
        time.sleep(wait)
        self.assertEqual(self.challenge(source="127.0.0.5")[0], 201)

    def test_both_endpoints_draw_from_one_bucket(self):
        attester = Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)
        good = attester.answer(attester.challenge()[1])
        start = time.monotonic()
        self.limited(self.flood(50, source="127.0.0.6"), time.monotonic() - start)
        refused = ask(self.site.attestd.url, "/v1/attestations", json.dumps(good),
                      source="127.0.0.6")
        self.assertEqual(refused[0], 429)
        self.assertEqual(attester.present(good)[0], 200, "refused before the challenge was taken")

    def test_behind_a_trusted_proxy_the_forwarded_address_counts(self):
        def through(address, header="X-Forwarded-For"):
            return {"source": "127.0.0.3", "headers": {header: address}}
        start = time.monotonic()
        self.limited(self.flood(60, **through("192.0.2.1")), time.monotonic() - start)
        self.assertEqual(self.challenge(**through("192.0.2.2"))[0], 201)
        self.assertEqual(self.challenge(**through("for=192.0.2.1", "Forwarded"))[0], 429)
        start = time.monotonic()
        self.limited(self.flood(60, **through("2001:db8::1")), time.monotonic() - start)
        self.assertEqual(self.challenge(**through("2001:db8::ffff:2"))[0], 429, "the same /64")
        self.assertEqual(self.challenge(**through("2001:db8:0:1::1"))[0], 201)

    def test_who_is_no_trusted_proxy_cannot_choose_its_address(self):
        start = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda n: self.challenge(
                source="127.0.0.7", headers={"X-Forwarded-For": "192.0.2.%d" % n}), range(60)))
        self.limited(answers, time.monotonic() - start)

    def test_health_is_never_limited(self):
        self.flood(50, source="127.0.0.8")
        self.assertEqual(self.challenge(source="127.0.0.8")[0], 429)
        for path in ("/healthz", "/readyz"):
            self.assertEqual(ask(self.site.attestd.url, path, method="GET",
                                 source="127.0.0.8")[0], 200)

    def test_the_log_is_not_flooded(self):
        before, start = len(self.site.attestd.events("rate limited")), time.monotonic()
        refused = counts(self.flood(300, source="127.0.0.9"))[429]
        seconds = time.monotonic() - start
        lines = self.site.attestd.events("rate limited")[before:]
        self.assertLessEqual(len(lines), seconds + 1)
        time.sleep(1)
        while self.challenge(source="127.0.0.9")[0] != 429:
            pass
        lines = self.site.attestd.events("rate limited")[before:]
        self.assertGreaterEqual(sum(1 + e["more"] for e in lines), refused)
        self.assertEqual((lines[-1]["by"], lines[-1]["peer"], lines[-1]["path"]),
                         ("address", "127.0.0.9", "/v1/challenges"))


class Clients(LimitCase):
    BURST = 10
    OPTIONS = {"attestd_config": "rate_limit { per_address = 0 per_client = 1 client_burst = %d }\n"
                                 % BURST}

    def test_strangers_share_one_bucket_and_clients_have_their_own(self):
        start = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda n: self.challenge("invented-%d" % n), range(100)))
        found = counts(answers)
        self.assertLessEqual(found[201], self.BURST + time.monotonic() - start + 1)
        self.assertGreaterEqual(found[201], self.BURST)
        found = counts(self.flood(100))
        self.assertGreaterEqual(found[201], self.BURST, "the registered one is served")
        self.assertGreater(found[429], 0, "and has a limit as well")


class Reload(LimitCase):
    OPTIONS = {"attestd_config": "rate_limit { per_address = 1 address_burst = 1 }\n"}

    def test_a_reload_changes_the_rates(self):
        self.assertIn(429, counts(self.flood(10)))
        self.site.attestd.write_config(self.site.attestd_config())
        self.assertEqual(self.site.attestd.reload()["event"], "reloaded")
        self.assertEqual(counts(self.flood(100)), {201: 100})

    def test_the_defaults_let_a_household_pass_and_no_flood(self):
        self.site.attestd.write_config(self.site.attestd_config().replace(UNLIMITED, ""))
        self.assertEqual(self.site.attestd.reload()["event"], "reloaded")
        self.assertEqual(counts(self.flood(150, source="127.0.0.2")), {201: 150})
        self.assertIn(429, counts(self.flood(1000, source="127.0.0.2")))


class MediatorCase(SiteCase):
    """No authorization server is needed to be refused before it is asked."""

    FORM = {"Content-Type": "application/x-www-form-urlencoded"}

    @classmethod
    def start(cls):
        cls.site.start_mediator("http://127.0.0.1:9", extra="rate_limit { %s }\n" % cls.RATES)
        cls.url = cls.site.mediator.url


class MediatorAddresses(MediatorCase):
    RATES = "per_address = 1 address_burst = 3"

    def test_each_endpoint(self):
        cases = (("POST", "/token", "client_id=x"), ("POST", "/par", "client_id=x"),
                 ("POST", "/challenge", ""), ("GET", "/authorize?client_id=x", None))
        for n, (method, path, body) in enumerate(cases):
            with self.subTest(path):
                answers = [ask(self.url, path, body, method, "127.0.0.%d" % (20 + n), self.FORM)
                           for _ in range(6)]
                statuses = [a[0] for a in answers]
                self.assertNotIn(429, statuses[:3])
                self.assertIn(429, statuses[3:])
                refused = answers[statuses.index(429)]
                self.assertEqual(refused[1]["Retry-After"], "1")
                self.assertEqual(refused[2]["error"], "temporarily_unavailable")


class MediatorClients(MediatorCase):
    RATES = "per_client = 1 client_burst = 5"

    def token(self, client, n):
        return ask(self.url, "/token", "client_id=" + client, "POST", "127.0.1.%d" % n,
                   self.FORM)[0]

    def test_one_client_from_many_addresses(self):
        mine = [self.token(self.site.CLIENT, n) for n in range(1, 10)]
        self.assertEqual(mine[:5], [400] * 5, "no attestation")
        self.assertIn(429, mine[5:])

    def test_strangers_share_one_bucket(self):
        invented = [self.token("invented-%d" % n, 20 + n) for n in range(1, 10)]
        self.assertEqual(invented[:5], [400] * 5)
        self.assertIn(429, invented[5:])
