"""site: attestd, mediator and the server behind it, as they are before harm is done to them, and what
the ledger says of them afterwards."""
import os
import time

from harness.attacks import b64
from harness.ledger import Ledger, memory_bound
from harness.process import quiet_port, wait_until
from harness.redis import Redis
from harness.scripted import Scripted, ok
from harness.vouchsafe import Site, request

RECORDS = 100_000
CONFIG = "workers = 2\nchallenge { ttl = 60 }\nadmin = { \"127.0.0.1:0\" }\n"
GRANT = b'{"access_token":"a","token_type":"Bearer","expires_in":60}'


def field(body, name):
    """A field of a form, whose values need no decoding."""
    for pair in body.split(b"&"):
        key, _, value = pair.partition(b"=")
        if key == name:
            return value.decode()
    return None


class Whole:
    """What a scenario harms: with a Redis in common, or with memory of each daemon's own."""

    def __init__(self, folder, redis=True, attestd="", mediator="", upstream="", client="",
                 server=True, answer_s=0.0):
        self.redis = Redis(os.path.join(folder, "redis")) if redis else None
        self.ledger = Ledger(ttl_s=60)
        self.attestd_extra = CONFIG + attestd
        self.server = self.site = None
        try:
            self.site = Site(os.path.join(folder, "site"),
                             store=self.redis.url if redis else "memory:",
                             store_options="" if redis else "max_records = %d" % RECORDS,
                             attestd_config=self.attestd_extra)
            self.keep_port()
            if server:
                self.open_server(answer_s)
                self.site.start_mediator(
                    self.server.url, 'admin = { "127.0.0.1:0" }\n' + mediator, client,
                    'discovery = false\n token_endpoint = "%s/token"\n%s'
                    % (self.server.url, upstream), port=quiet_port())
        except BaseException:
            self.stop()
            raise

    def keep_port(self):
        """attestd comes back where it was, and nobody else takes that port meanwhile."""
        attestd = self.site.attestd
        attestd.stop()
        attestd.port = quiet_port()
        attestd.write_config(self.site.attestd_config(self.attestd_extra))
        attestd.start()

    def open_server(self, answer_s):
        self.answer_s = answer_s

        def answer(talk, head, body):
            self.ledger.forwarded(field(body, b"marker"), head)
            if self.answer_s:
                time.sleep(self.answer_s)
            talk.send(ok(GRANT))
        self.server = Scripted(answer)

    @staticmethod
    def preload(daemon, shim):
        """Starts it anew, with one of shims.py in it."""
        daemon.stop()
        daemon.env = shim.env
        daemon.start()

    def daemons(self):
        return [d for d in (self.site.attestd, self.site.mediator) if d]

    def wait_ready(self, daemon):
        def ready():
            try:
                return request(daemon.url + "/readyz")[0] == 200
            except OSError:
                return False
        wait_until(lambda: all(ready() for _ in range(4)), 60, daemon.name + " to be ready")

    def store_has(self):
        """Says whether Redis still has a challenge; None where it is not Redis that keeps them."""
        if not self.redis:
            return None
        kept = set(self.redis.command("--scan", "--pattern", "vouchsafe:*").split())
        return lambda name: "vouchsafe:challenge:" + b64(name) in kept

    def secrets(self):
        found = [self.site.secret()]
        if self.site.mediator:
            keys = self.site.seal_keys
            for name in os.listdir(keys):
                with open(os.path.join(keys, name), "rb") as f:
                    data = f.read().strip()
                if len(data) >= 16 and not name.endswith(".conf"):
                    found.append(data)
        return found

    def complaints(self):
        bound = memory_bound(0 if self.redis else RECORDS, 200)
        return self.ledger.complaints(self.store_has(), self.secrets(),
                                      [d.log for d in self.daemons()],
                                      [(d.child.pid, bound) for d in self.daemons()])

    def stop(self):
        if self.site:
            self.site.stop()
        if self.server:
            self.server.stop()
        if self.redis:
            self.redis.stop()
