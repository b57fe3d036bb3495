"""The server behind the mediator hangs, resets, drips, stops in the middle, and says too much, while
other requests are served. Lost is a grant that reached it twice, a request that got no clean error,
and a good one that was not served. The server itself counts what reached it.
"""
import os
import threading
import time

from harness.attester import Attester
from harness.nginx import Nginx
from harness.scripted import Scripted, ok

from .load import FORM, Lost, call
from .scenario import Scenario
from .site import GRANT, Whole, field

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BYTES = 4096
LIMITS = "limits { first_byte_ms = %%d total_ms = %%d head_bytes = %d body_bytes = %d }\n" % (
    BYTES, BYTES)
FAULTS, THREADS = 50, 16

#: A proxy that asks again when it gets no good answer: what the mediator must never do.
ASKS_AGAIN = """
upstream twice { server 127.0.0.1:%d; server 127.0.0.1:%d; }
server { listen 127.0.0.1:%%(port)d; location / {
  proxy_pass http://twice; proxy_http_version 1.1; proxy_buffer_size 4k; proxy_buffers 8 4k;
  proxy_read_timeout 100ms;
  proxy_next_upstream error timeout invalid_header non_idempotent; } }
server { listen 127.0.0.1:%%(back)d; }
"""


def hang(talk, _):
    talk.hold()


def reset(talk, number):
    if number % 2:
        talk.send(HEAD)
        time.sleep(0.01)  # so that the reset does not overtake it
    talk.reset()


def slow(talk, number):
    talk.drip(HEAD + b"X: " + b"y" * 2000 if number % 2 else HEAD + b"\r\n" + b" " * 2000, 0.15)


def truncated(talk, number):
    talk.send(HEAD[:-20] if number % 2 else HEAD + b"Content-Length: 90\r\n\r\n" + GRANT)
    talk.close()


def oversized(talk, number):
    talk.send(HEAD + (b"X: " + b"x" * BYTES if number % 2
                      else b"Content-Length: %d\r\n\r\n" % (BYTES + 1) + b" " * (BYTES + 1))
              + b"\r\n\r\n")
    talk.close()


class Upstream(Scenario):
    control = "a proxy between, which asks again"
    runs_of_fifty = 20

    def __init__(self, name, about, fault, codes, limits=(20000, 30000), short=False):
        self.name, self.about, self.limits = "upstream-" + name, about, LIMITS % limits
        self.fault, self.codes, self.short = fault, codes, short

    def run(self, folder, safe):
        whole = Whole(folder, redis=False, server=False)
        whole.server = Scripted(lambda *arguments: self.answer(whole, *arguments))
        proxy = None
        try:
            where = whole.server
            if not safe:
                port = whole.server.port
                proxy = where = Nginx(os.path.join(folder, "proxy"), ASKS_AGAIN % (port, port))
            whole.site.start_mediator(where.url, client='possession = "none"\n', upstream=(
                'discovery = false\n token_endpoint = "%s/token"\n %s' % (where.url, self.limits)))
            return self.through(whole)
        finally:
            if proxy:
                proxy.stop()
            whole.stop()

    def answer(self, whole, talk, head, body):
        marker = field(body, b"marker")
        whole.ledger.forwarded(marker, head)
        if marker.startswith("bad"):
            self.fault(talk, int(marker[3:]))
        else:
            talk.send(ok(GRANT))

    def through(self, whole):
        token = Attester(whole.site.attestd.url, whole.site.CLIENT, whole.site.binary).token()
        lost = []

        def ask(kind, number, codes):
            marker, status = "%s%d" % (kind, number), None
            whole.ledger.send(marker, True)
            try:
                status, body = call(
                    whole.site.mediator.url + "/token", "POST",
                    "grant_type=client_credentials&client_id=%s&marker=%s" % (
                        whole.site.CLIENT, marker),
                    {"Content-Type": FORM, "OAuth-Client-Attestation": token})
                whole.ledger.reply(body)
            except Lost:
                pass
            whole.ledger.answered(marker, status)
            if status not in codes:
                lost.append("%s was answered %s" % (marker, status))

        def some(first):
            for number in range(first, FAULTS, THREADS):
                ask("bad", number, self.codes)
                ask("good", number, (200,))
        threads = [threading.Thread(target=some, args=(n,)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for marker, sent in whole.ledger.sent.items():
            if not sent.forwarded:
                lost.append("%s never arrived" % marker)
        lost += whole.complaints()
        return {"tried": FAULTS, "survived": FAULTS - min(FAULTS, len(lost)), "lost": len(lost),
                "complaints": lost[:20]}


SCENARIOS = [
    Upstream("hang", "never answers", hang, (504,), (1500, 3000)),
    Upstream("reset", "resets, before and within its answer", reset, (502,), short=True),
    Upstream("slow", "drips its head or body beyond the deadline", slow, (504,), (1500, 3000)),
    Upstream("truncated", "closes within its head or body", truncated, (502,)),
    Upstream("oversized", "sends a head or body over the limit", oversized, (502,)),
]
