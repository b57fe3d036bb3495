"""mediator's client side before a server that misbehaves in every way, and how often it was asked."""
import concurrent.futures
import gzip
import http.client
import json
import random
import re
import shutil
import socket
import threading
import time
import unittest
import urllib.parse

from harness.attester import Attester
from harness.case import SiteCase
from harness.certificates import Authority, self_signed
from harness.process import wait_until
from harness.scripted import Scripted, ok

LIMITS = {"connect_ms": 3000, "first_byte_ms": 3000, "total_ms": 6000, "head_bytes": 4096,
          "body_bytes": 4096}


class UpstreamCase(SiteCase):
    """self.server is the upstream's only one; clients need no proof, so that a token serves all."""

    LIMITS, WORKERS = LIMITS, 2

    @classmethod
    def start(cls):
        cls.server = Scripted()
        cls.start_mediator(cls.server.url)
        cls.token = Attester(cls.site.attestd.url, cls.site.CLIENT, cls.site.binary).token()

    @classmethod
    def start_mediator(cls, url, upstream=""):
        limits = " ".join("%s = %d" % pair for pair in cls.LIMITS.items())
        return cls.site.start_mediator(
            url, "workers = %d\n" % cls.WORKERS, 'possession = "none"\n',
            'discovery = false\n token_endpoint = "%s/token"\n limits { %s }\n%s'
            % (url, limits, upstream))

    @classmethod
    def tearDownClass(cls):
        if getattr(cls, "server", None):
            cls.server.stop()
        super().tearDownClass()

    def ask(self, marker="x", headers=(), port=None):
        """(status, headers, body) that the app gets."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.site.mediator.port,
                                                timeout=60)
        form = urllib.parse.urlencode([("grant_type", "client_credentials"), ("marker", marker),
                                       ("client_id", self.site.CLIENT)])
        try:
            connection.request("POST", "/token", form, {
                "Content-Type": "application/x-www-form-urlencoded",
                "OAuth-Client-Attestation": self.token, **dict(headers)})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def error(self, answer, status, word):
        """An OAuth error as RFC 6749 §5.2 has them, and nothing of what upstream said."""
        got, headers, body = answer
        self.assertEqual(got, status, body)
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertIn("no-store", headers["Cache-Control"])
        message = json.loads(body)
        self.assertEqual(message["error"], word)
        self.assertEqual(set(message), {"error", "error_description", "error_id"})

    def passes(self):
        """The control beside every failure: the next request is served."""
        self.server.answer, self.server.greet = lambda talk, *_: talk.send(ok(b'{"good":1}')), None
        status, _, body = self.ask()
        self.assertEqual((status, body), (200, b'{"good":1}'))


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ZIPPED = gzip.compress(b'{"access_token":"x"}')

# What upstream says, and then: k(eep), c(lose), r(eset).
BROKEN = {
    "nothing, closed": (b"", "c"),
    "nothing, reset": (b"", "r"),
    "part of the status line, closed": (b"HTTP/1.", "c"),
    "part of the status line, reset": (b"HTTP/1.", "r"),
    "part of the head, closed": (HEAD, "c"),
    "part of the head, reset": (HEAD, "r"),
    "no body, closed": (HEAD + b"Content-Length: 2\r\n\r\n", "c"),
    "no body, reset": (HEAD + b"Content-Length: 2\r\n\r\n", "r"),
    "half a body, closed": (HEAD + b"Content-Length: 4\r\n\r\n{}", "c"),
    "half a body, reset": (HEAD + b"Content-Length: 4\r\n\r\n{}", "r"),
    "no last chunk, closed": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "c"),
    "no last chunk, reset": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "r"),
    "half a chunk, closed": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\n{}", "c"),
    "the end of the chunks cut off": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", "c"),
    "an interim answer alone": (b"HTTP/1.1 100 Continue\r\n\r\n", "c"),
    "another protocol": (b"SSH-2.0-OpenSSH\r\n\r\n", "k"),
    "HTTP/0.9": (b"{}", "c"),
    "HTTP/2.0": (b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", "k"),
    "switching": (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "k"),
    "a code of two digits": (b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\n{}", "k"),
    "code 999": (b"HTTP/1.1 999 OK\r\nContent-Length: 2\r\n\r\n{}", "k"),
    "bare LF": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", "c"),
    "a folded line": (HEAD + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}", "k"),
    "NUL in a header": (HEAD + b"X: a\0b\r\nContent-Length: 2\r\n\r\n{}", "k"),
    "no colon": (HEAD + b"X\r\nContent-Length: 2\r\n\r\n{}", "k"),
    "space before the colon": (HEAD + b"Content-Length : 2\r\n\r\n{}", "k"),
    "two lengths": (HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", "k"),
    "a length with a sign": (HEAD + b"Content-Length: +2\r\n\r\n{}", "k"),
    "length and chunked": (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", "k"),
    "gzip, chunked": (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "k"),
    "chunk size not hex": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", "k"),
    "two content types": (HEAD + b"Content-Type: a/b\r\nContent-Length: 2\r\n\r\n{}", "k"),
    "gzip": (HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(ZIPPED) + ZIPPED,
             "k"),
    "identity, gzip": (HEAD + b"Content-Encoding: identity\r\nContent-Encoding: gzip\r\n"
                       b"Content-Length: %d\r\n\r\n" % len(ZIPPED) + ZIPPED, "k"),
    "a length over the limit": (HEAD + b"Content-Length: 4097\r\n\r\n" + b" " * 4097, "k"),
    "chunks over the limit": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
                              + (b"400\r\n" + b" " * 1024 + b"\r\n") * 4 + b"1\r\n \r\n0\r\n\r\n",
                              "k"),
    "endless until the end": (HEAD + b"\r\n" + b" " * 4097, "c"),
    "a head over the limit": (HEAD + b"X: " + b"x" * 4096 + b"\r\nContent-Length: 2\r\n\r\n{}", "k"),
    "too many headers": (HEAD + b"X: y\r\n" * 64 + b"Content-Length: 2\r\n\r\n{}", "k"),
}

WHOLE = {
    "plain": (ok(), "k", b"{}"),
    "chunked": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\nA: b\r\n\r\n",
                "k", b"{}"),
    "until the end": (HEAD + b"\r\n{}", "c", b"{}"),
    "after interim answers": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n"
                              + ok(), "k", b"{}"),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", "c", b"{}"),
    "said not to be encoded": (HEAD + b"Content-Encoding: Identity\r\nContent-Length: 2\r\n\r\n{}",
                               "k", b"{}"),
    "as long as may be": (HEAD + b"Content-Length: 4096\r\n\r\n" + b" " * 4096, "k", b" " * 4096),
}


class Answers(UpstreamCase):
    def scripted(self, text, then):
        def answer(talk, *_):
            talk.send(text)
            if then == "c":
                talk.close()
            elif then == "r":
                time.sleep(0.02)  # so that it does not overtake what was sent
                talk.reset()
        self.server.clear()
        self.server.answer = answer

    def test_what_is_no_answer_is_502_and_never_asked_for_again(self):
        for name, (text, then) in BROKEN.items():
            with self.subTest(name):
                self.scripted(text, then)
                self.error(self.ask(name), 502, "server_error")
                self.assertEqual(len(self.server.requests), 1)
        self.passes()

    def test_what_is_an_answer(self):
        for name, (text, then, body) in WHOLE.items():
            with self.subTest(name):
                self.scripted(text, then)
                self.assertEqual(self.ask(name)[::2], (200, body))
                self.assertEqual(len(self.server.requests), 1)

    def test_the_same_byte_by_byte(self):
        for name in ("chunked", "after interim answers"):
            text, _, body = WHOLE[name]
            self.server.answer = lambda talk, *_: talk.drip(text, 0.001)
            self.assertEqual(self.ask(name)[::2], (200, body))

    def test_errors_of_the_server_are_its_own(self):
        for code in (400, 401, 403, 429, 500, 502, 503):
            body = b'{"error":"invalid_grant"}'
            self.scripted(ok(body).replace(b"200 OK", b"%d No" % code), "k")
            self.assertEqual(self.ask()[::2], (code, body))

    def test_encodings_are_not_asked_for(self):
        self.scripted(ok(), "k")
        for said in ("gzip", "br, gzip;q=0.5", "*"):
            self.assertEqual(self.ask(headers={"Accept-Encoding": said})[0], 200)
            lines = [line for line in self.server.requests[-1][0].split(b"\r\n")
                     if line.lower().startswith(b"accept-encoding")]
            self.assertEqual(lines, [b"Accept-Encoding: identity"])

    def test_redirects_lead_nowhere(self):
        elsewhere = Scripted()
        self.addCleanup(elsewhere.stop)
        for code in (301, 302, 303, 307, 308):
            self.scripted(ok(b"{}", b"Location: %s/token" % elsewhere.url.encode()).replace(
                b"200 OK", b"%d Elsewhere" % code), "k")
            status, headers, _ = self.ask()
            self.assertEqual((status, headers["Location"]), (code, None))
            self.assertEqual((len(self.server.requests), elsewhere.connections), (1, 0))
        self.passes()

    def test_a_reset_before_anything_is_read(self):
        self.server.clear()
        self.server.greet = lambda talk: talk.reset() or True
        for _ in range(20):
            status, _, body = self.ask()
            self.assertIn(status, (502, 503), body)
            self.assertIn(json.loads(body)["error"], ("server_error", "temporarily_unavailable"))
        self.assertEqual(self.server.requests, [])
        self.passes()

    def test_nobody_there(self):
        closed = socket.create_server(("127.0.0.1", 0))
        url = "http://127.0.0.1:%d" % closed.getsockname()[1]
        closed.close()
        first = self.site.mediator
        mediator = self.start_mediator(url)
        try:
            self.error(self.ask(), 503, "temporarily_unavailable")
        finally:
            mediator.stop()
            self.site.mediator = first


class Deadlines(UpstreamCase):
    """Each of the three, and what shows that it was this one."""

    LIMITS = {"connect_ms": 500, "first_byte_ms": 500, "total_ms": 1500}

    def test_the_first_byte(self):
        self.server.answer = lambda talk, *_: talk.hold()
        self.server.clear()
        self.error(self.ask(), 504, "server_error")
        self.assertEqual(len(self.server.requests), 1)
        self.passes()

    def test_the_whole_however_it_drips(self):
        for text in (HEAD + b"X: " + b"y" * 4000, HEAD + b"\r\n" + b" " * 4000):
            self.server.answer = lambda talk, *_: talk.drip(text, 0.05)
            self.server.clear()
            self.error(self.ask(), 504, "server_error")
            self.assertEqual(len(self.server.requests), 1)
        self.passes()

    def other(self, url, upstream=""):
        first = self.site.mediator
        mediator = self.start_mediator(url, upstream)
        self.addCleanup(setattr, self.site, "mediator", first)
        self.addCleanup(mediator.stop)

    def test_a_connection_that_is_never_made(self):
        """Nothing but a full backlog: what is sent to it is dropped."""
        full = socket.socket()
        self.addCleanup(full.close)
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            self.addCleanup(filler.close)
        self.other("http://127.0.0.1:%d" % port)
        self.error(self.ask(), 503, "temporarily_unavailable")

    def test_a_handshake_that_never_ends(self):
        silent = Scripted()
        self.addCleanup(silent.stop)
        silent.greet = lambda talk: talk.hold() or True
        self.other(silent.url.replace("http:", "https:"))
        self.error(self.ask(), 503, "temporarily_unavailable")
        self.assertEqual(silent.requests, [])


class Queue(UpstreamCase):
    """One worker, one connection, two places to wait."""

    WORKERS = 1
    LIMITS = {**LIMITS, "connections": 1, "queue": 2, "first_byte_ms": 60000, "total_ms": 60000}

    def test_a_full_queue_is_503_and_those_in_it_are_served(self):
        def answer(talk, *_):
            held.append(talk)
            wait_until(lambda: go, 60, "the word to go on")
            talk.send(ok())
        held, go = [], []
        self.server.clear()
        self.server.answer = answer
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(self.ask, "first")]
            wait_until(lambda: held, 30, "the first one at the server")
            others = [pool.submit(self.ask, "other-%d" % n) for n in range(5)]
            wait_until(lambda: sum(o.done() for o in others) == 3, 30, "three refusals")
            for refused in (o for o in others if o.done()):
                self.error(refused.result(), 503, "temporarily_unavailable")
            self.assertEqual(len(self.server.requests), 1)
            go.append(True)
            waiting += [o for o in others if not o.done()]
            self.assertEqual([w.result()[0] for w in waiting], [200] * 3)
        self.assertEqual((len(self.server.requests), self.server.connections), (3, 1))

    def test_connections_are_kept(self):
        self.passes()
        self.server.clear()
        for _ in range(20):
            self.assertEqual(self.ask()[0], 200)
        self.assertEqual((len(self.server.requests), self.server.connections), (20, 0))


class Races(UpstreamCase):
    """Kept connections that the server ends just as they are used again. Each request says which one
    it is, and the server counts."""

    LIMITS = {**LIMITS, "first_byte_ms": 20000, "total_ms": 20000, "connections": 4}
    REQUESTS, THREADS = 600, 6

    def race(self, seed, answer):
        """{marker: status} of many requests, some at a time, some a moment apart."""
        rng, lock = random.Random(seed), threading.Lock()

        def draw():
            with lock:
                return rng.random()

        def one(n):
            time.sleep(draw() * 0.004)
            return "%d-%d" % (seed, n), self.ask("%d-%d" % (seed, n))[0]
        self.server.clear()
        self.server.answer = lambda talk, *_: answer(talk, draw)
        with concurrent.futures.ThreadPoolExecutor(self.THREADS) as pool:
            told = dict(pool.map(one, range(self.REQUESTS)))
        self.server.drop()  # some wait to be reset by a request
        self.passes()
        return told

    def judge(self, told):
        counts = {}
        for _, body in self.server.requests:
            marker = re.search(rb"marker=([^&]*)", body).group(1).decode()
            counts[marker] = counts.get(marker, 0) + 1
        for marker, status in told.items():
            count = counts.get(marker, 0)
            self.assertLessEqual(count, 1, "sent twice: " + marker)
            self.assertIn(status, (200, 502, 503))
            if status == 200:
                self.assertEqual(count, 1, marker)
            if status == 503:
                self.assertEqual(count, 0, "nothing was written: " + marker)
        return list(told.values())

    def test_closed_at_a_random_moment_after_the_answer(self):
        def answer(talk, draw):
            talk.send(ok())
            if draw() < 0.7:
                time.sleep(draw() * 0.003)
                talk.close()
        found = self.judge(self.race(1, answer))
        self.assertGreater(found.count(200), self.REQUESTS / 2)
        self.assertLess(self.server.connections, self.REQUESTS)

    def test_reset_at_a_random_moment_after_the_answer(self):
        def answer(talk, draw):
            talk.send(ok())
            if draw() < 0.7:
                time.sleep(0.001 + draw() * 0.003)
                talk.reset()
        self.judge(self.race(2, answer))

    def test_ended_once_the_next_request_has_come(self):
        """Whether it was carried out nobody knows but the server: that is 502, and no second try."""
        def answer(talk, draw):
            if talk.served and draw() < 0.5:
                (talk.reset if draw() < 0.5 else talk.close)()
            else:
                talk.send(ok())
        found = self.judge(self.race(3, answer))
        self.assertGreater(found.count(502), 0, "the control: there were such")
        self.assertGreater(found.count(200), 0)

    def test_ended_before_the_next_request_is_read(self):
        def answer(talk, draw):
            talk.send(ok())
            if draw() < 0.5:
                talk.sock.recv(1)  # some of it has come
                talk.reset()
        found = self.judge(self.race(4, answer))
        self.assertGreater(found.count(502), 0)
        self.assertGreater(found.count(200), 0)


class Tls(UpstreamCase):
    LIMITS = {**LIMITS, "connect_ms": 20000}

    @classmethod
    def start(cls):
        super().start()
        cls.ours, cls.other = Authority(cls.folder, "ours"), Authority(cls.folder, "other")

    def grant(self, certificate, host="127.0.0.1", answer=None):
        """(answer, the server that was asked)"""
        server = Scripted(answer, tls=certificate)
        self.addCleanup(server.stop)
        first = self.site.mediator
        shutil.rmtree(self.site.seal_keys)  # each mediator gets one, and a folder holds eight
        mediator = self.start_mediator(server.url.replace("127.0.0.1", host),
                                       ' ca_file = "%s"' % self.ours.certificate)
        try:
            return self.ask(), server
        finally:
            mediator.stop()
            self.site.mediator = first

    def test_who_is_believed(self):
        for certificate, host in ((self.ours.issue("address"), "127.0.0.1"),
                                  (self.ours.issue("name", "DNS:localhost"), "localhost"),
                                  (self.ours.issue_between("now", -1, 1), "127.0.0.1")):
            answer, server = self.grant(certificate, host)
            self.assertEqual((answer[0], len(server.requests)), (200, 1), answer)

    def test_who_is_not(self):
        cases = {"an unknown authority": (self.other.issue("unknown"), "127.0.0.1"),
                 "signed by itself": (self_signed(self.folder, "self"), "127.0.0.1"),
                 "another address": (self.ours.issue("elsewhere", "IP:127.0.0.2"), "127.0.0.1"),
                 "another name": (self.ours.issue("stranger", "DNS:example.com"), "localhost"),
                 "a name for an address": (self.ours.issue("mixed", "DNS:127.0.0.1"), "127.0.0.1"),
                 "expired": (self.ours.issue_between("past", -3, -1), "127.0.0.1"),
                 "not yet valid": (self.ours.issue_between("future", 1, 3), "127.0.0.1")}
        for name, (certificate, host) in cases.items():
            with self.subTest(name):
                answer, server = self.grant(certificate, host)
                self.error(answer, 503, "temporarily_unavailable")
                self.assertEqual((server.requests, server.bytes_seen), ([], 0))
                self.assertGreater(server.connections, 0, "the control: it was there")

    def test_an_end_that_tls_does_not_confirm_is_no_end(self):
        """Whoever cuts the connection may not choose where an answer ends (RFC 8446 §6.1)."""
        certificate = self.ours.issue("cut")

        def cut(talk, *_):
            talk.send(HEAD + b"\r\n{}")
            talk.sock.close()

        def confirmed(talk, *_):
            talk.send(HEAD + b"\r\n{}")
            talk.sock.settimeout(5)
            talk.sock.unwrap()
        answer, server = self.grant(certificate, answer=cut)
        self.error(answer, 502, "server_error")
        self.assertEqual(len(server.requests), 1)
        self.assertEqual(self.grant(certificate, answer=confirmed)[0][::2], (200, b"{}"))


if __name__ == "__main__":
    unittest.main()
