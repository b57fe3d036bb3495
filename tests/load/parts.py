"""parts: everything that the bench measures, running: ours, its peers, and what they ask each other
with."""
import base64
import os

from harness import attacks
from harness.attester import Attester, Key
from harness.process import free_port
from harness.redis import Redis
from harness.vouchsafe import Daemon, Site, attestctl, program, request

from . import peers

TOKENS = 64
PROOFS = 3000
POP_AGE = 300
API = "https://api.example"
FORM = "grant_type=client_credentials&client_id=" + Site.CLIENT
WRONG_SECRET = b"not the secret, but as long as one is"
MANY = "http { requests = 100000000 }\n"
# One a worker, so that a CPU figure is not spread over two.
ONE = ("workers = 2", "workers = 1")
KEYS = ("P-256", "Ed25519")
APPS = ("bench-sdk", "load-attest")


class Parts:
    def __init__(self, folder):
        self.folder, self.started, self.batch = folder, [], 0
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
        for app in APPS:
            attestctl(self.site.registry, "build", "add", Site.CLIENT, program(app))
        self.redis = self._own(Redis(os.path.join(self.folder, "redis")))
        self.attestd = self.start_attestd("memory")
        self.attestd_two = self.start_attestd("two", workers=2)
        self.attestd_redis = self.start_attestd("with-redis", self.redis.url)
        self._start_mediators()
        self._start_node()
        self.attesters = {curve: Attester(self.attestd.url, Site.CLIENT, self.site.binary,
                                          Key(curve)) for curve in KEYS}
        self.mint()

    def start_attestd(self, name, store="memory:", workers=1, more="", store_options=""):
        config = self.site.attestd_config(MANY + more)
        config = config.replace(ONE[0], "workers = %d" % workers)
        config = config.replace('"memory:" ', '"%s" %s' % (store, store_options))
        return self._own(Daemon("attestd", os.path.join(self.folder, name), config))

    def _start_mediators(self):
        issuer = "http://127.0.0.1:%d" % self.backend.port
        self.site.start_mediator(
            issuer, port=free_port(), client='possession = "none"\n', extra=MANY +
            'check "api" { resource = "%s" }\n' % API,
            upstream='discovery = false\n token_endpoint = "%s/token"\n' % issuer)
        config = self.site.mediator_config
        self.mediator_two = self.site.mediator
        self.mediator = self.start_mediator("one", config.replace(*ONE))
        self.mediator_pop = self.start_mediator(
            "pop", config.replace(*ONE).replace('possession = "none"\n', 'possession = "pop"\n'))

    def start_mediator(self, name, config):
        return self._own(Daemon("mediator", os.path.join(self.folder, name), config))

    def _start_node(self):
        words = {"site": self.site, "binary": program("load-attest"), "audience": API}
        self.node = self._own(peers.node(self.folder, "node", **words))
        self.node_redis = self._own(peers.node(self.folder, "node-redis", redis=self.redis.socket,
                                               **words))
        self.node_pop = self._own(peers.node(self.folder, "node-pop", pop_age=POP_AGE, **words))

    def mint(self):
        """Tokens for a round: they live for five minutes, and a whole run takes longer."""
        good = [self.attesters["P-256"].token() for _ in range(TOKENS)]
        bad = [attacks.forge(token, WRONG_SECRET) for token in good]
        self.plain = peers.script(self.folder, "plain", [""])
        self.good = peers.script(self.folder, "good", good, FORM)
        self.bad = peers.script(self.folder, "bad", bad, FORM)
        self.check = peers.script(self.folder, "check", good)
        self._compare_forwarding(good[0], bad[0])
        self._compare_checks(good[0], bad[0])

    def proofs(self, curve):
        """A script with as many requests as there are fresh proofs of possession in it."""
        self.batch += 1
        attester = self.attesters[curve]
        token = attester.token()
        pairs = [(token, attester.key.pop(API)) for _ in range(PROOFS)]
        return peers.script(self.folder, "proofs-%d" % self.batch, pairs, once=True)

    # Who does not tell good from bad would not be worth measuring.

    def _compare_forwarding(self, good, bad):
        form = [tuple(pair.split("=")) for pair in FORM.split("&")]
        for front in (self.haproxy, self.mediator):
            self._expect(front, (200,), front.url + "/token", "POST", form, good)
            self._expect(front, (400, 401), front.url + "/token", "POST", form, bad)

    def _compare_checks(self, good, bad):
        for front in (self.node, self.mediator):
            self._expect(front, (204,), front.url + "/check/api", "GET", None, good)
            self._expect(front, (400, 401), front.url + "/check/api", "GET", None, bad)
        key = self.attesters["P-256"].key
        for front in (self.node_pop, self.mediator_pop):
            url, proof = front.url + "/check/api", key.pop(API)
            token = self.attesters["P-256"].token()
            self._expect(front, (400, 401), url, "GET", None, token)
            self._expect(front, (400, 401), url, "GET", None, token, Key().pop(API))
            self._expect(front, (204,), url, "GET", None, token, proof)
            self._expect(front, (400, 401), url, "GET", None, token, proof)

    @staticmethod
    def _expect(front, codes, url, method, body, token, proof=None):
        headers = {"OAuth-Client-Attestation": token}
        if proof:
            headers["OAuth-Client-Attestation-PoP"] = proof
        told = request(url, method, body, headers)
        if told[0] not in codes:
            raise RuntimeError("%s answers %r instead of %r" % (url, told, codes))

    def stop(self):
        for part in reversed(self.started):
            part.stop()
