"""The HTTP refusals of both daemons over real sockets, in three segmentations each."""
import random
import select
import socket
import time
import unittest

from harness.case import SiteCase
from harness.process import free_port

BODY = b"{}"


def post(*lines, body=BODY, target=b"/v1/challenges", version=b"HTTP/1.1", length=True):
    head = [b"POST " + target + b" " + version, *lines]
    if length:
        head.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(head) + b"\r\n\r\n" + body


HOST = b"Host: attestd.example"

# Each must be answered with an error of this class and the connection closed. A good request
# follows each one in the same bytes: it must not be answered.
HOSTILE = {
    "no Host": (400, post()),
    "two Hosts": (400, post(HOST, HOST)),
    "empty Host": (400, post(b"Host:")),
    "Host with a path": (400, post(b"Host: a/b")),
    "Host with user": (400, post(b"Host: u@a")),
    "two lengths": (400, post(HOST, b"Content-Length: 2")),
    "two different lengths": (400, post(HOST, b"Content-Length: 3")),
    "length and chunked": (400, post(HOST, b"Transfer-Encoding: chunked")),
    "length with a sign": (400, post(HOST, b"Content-Length: +2", length=False)),
    "length as a list": (400, post(HOST, b"Content-Length: 2, 2", length=False)),
    "length in hex": (400, post(HOST, b"Content-Length: 0x2", length=False)),
    "length empty": (400, post(HOST, b"Content-Length:", length=False)),
    "length too large for us": (413, post(HOST, b"Content-Length: 99999999", length=False)),
    "length too large for anybody": (
        400, post(HOST, b"Content-Length: 99999999999999999999999", length=False)),
    "chunked twice": (400, post(HOST, b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked",
                                length=False)),
    "chunked, chunked": (None, post(HOST, b"Transfer-Encoding: chunked, chunked", length=False)),
    "gzip, chunked": (None, post(HOST, b"Transfer-Encoding: gzip, chunked", length=False)),
    "chunked after a tab": (None, post(HOST, b"Transfer-Encoding: \x0bchunked", length=False)),
    "chunked quoted": (None, post(HOST, b'Transfer-Encoding: "chunked"', length=False)),
    "chunked on 1.0": (400, post(HOST, b"Transfer-Encoding: chunked", version=b"HTTP/1.0",
                                 length=False, body=b"2\r\n{}\r\n0\r\n\r\n")),
    "chunk size not hex": (400, post(HOST, b"Transfer-Encoding: chunked", length=False,
                                     body=b"g\r\n{}\r\n0\r\n\r\n")),
    "chunk size of nine digits": (400, post(HOST, b"Transfer-Encoding: chunked", length=False,
                                            body=b"000000002\r\n{}\r\n0\r\n\r\n")),
    "chunk size with a sign": (400, post(HOST, b"Transfer-Encoding: chunked", length=False,
                                         body=b"+2\r\n{}\r\n0\r\n\r\n")),
    "chunk without CRLF": (400, post(HOST, b"Transfer-Encoding: chunked", length=False,
                                     body=b"2\r\n{}0\r\n\r\n")),
    "chunk with bare LF": (400, post(HOST, b"Transfer-Encoding: chunked", length=False,
                                     body=b"2\n{}\n0\n\n")),
    "chunk extension too long": (400, post(HOST, b"Transfer-Encoding: chunked", length=False,
                                           body=b"2;" + b"x" * 300 + b"\r\n{}\r\n0\r\n\r\n")),
    "chunks too large": (413, post(HOST, b"Transfer-Encoding: chunked", length=False,
                                   body=b"fffffff\r\n")),
    "bare LF": (400, post(HOST).replace(b"\r\n", b"\n")),
    "one bare LF": (400, post(HOST + b"\nX: y")),
    "bare CR in a value": (400, post(HOST, b"X: a\rb")),
    "NUL in a value": (400, post(HOST, b"X: a\0b")),
    "control in a value": (400, post(HOST, b"X: a\x01b")),
    "folded line": (400, post(HOST, b"X: a", b" b")),
    "folded with a tab": (400, post(HOST, b"X: a", b"\tb")),
    "space before the colon": (400, post(HOST, b"X : a")),
    "space before the name": (400, b"POST /v1/challenges HTTP/1.1\r\n Host: a\r\n\r\n"),
    "name empty": (400, post(HOST, b": a")),
    "no colon": (400, post(HOST, b"X")),
    "name with a slash": (400, post(HOST, b"X/Y: a")),
    "name with a high byte": (400, post(HOST, b"X\xff: a")),
    "two Authorizations": (400, post(HOST, b"Authorization: a", b"Authorization: b")),
    "two Content-Types": (400, post(HOST, b"Content-Type: a/b", b"Content-Type: a/b")),
    "two attestations": (400, post(HOST, b"OAuth-Client-Attestation: a",
                                   b"oauth-client-attestation: b")),
    "two proofs": (400, post(HOST, b"OAuth-Client-Attestation-PoP: a",
                             b"OAuth-Client-Attestation-PoP: b")),
    "absolute target": (400, post(HOST, target=b"http://attestd.example/v1/challenges")),
    "asterisk target": (400, post(HOST, target=b"*")),
    "authority target": (400, b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"),
    "target without a slash": (400, post(HOST, target=b"v1/challenges")),
    "target with a control": (400, post(HOST, target=b"/a\x01b")),
    "target with a fragment": (400, post(HOST, target=b"/a#b")),
    "target with a space": (400, post(HOST, target=b"/a b")),
    "two spaces": (400, post(HOST, target=b" /v1/challenges")),
    "tab for a space": (400, post(HOST).replace(b"POST ", b"POST\t")),
    "leading CRLF": (400, b"\r\n" + post(HOST)),
    "method with a bracket": (400, post(HOST).replace(b"POST", b"PO(T")),
    "no method": (400, post(HOST).replace(b"POST ", b" ")),
    "no version": (400, b"POST /v1/challenges\r\nHost: a\r\n\r\n"),
    "version 2.0": (505, post(HOST, version=b"HTTP/2.0")),
    "version 1.2": (None, post(HOST, version=b"HTTP/1.2")),
    "version in lower case": (400, post(HOST, version=b"http/1.1")),
    "version of two digits": (400, post(HOST, version=b"HTTP/1.10")),
    "TLS to a plain port": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64)),
    "expects the unknown": (417, post(HOST, b"Expect: 200-maybe")),
    "65 headers": (431, post(HOST, *[b"X-%d: y" % i for i in range(64)])),
    "head too large": (431, post(HOST, b"X: " + b"y" * 17000)),
}

GOOD = {
    "plain": post(HOST, b"Content-Type: application/json"),
    "chunked": post(HOST, b"Transfer-Encoding: chunked", length=False,
                    body=b"1\r\n{\r\n1;a=b\r\n}\r\n0\r\nX: trailer\r\n\r\n"),
    "chunked in capitals": post(HOST, b"Transfer-Encoding: CHUNKED", length=False,
                                body=b"00000002\r\n{}\r\n0\r\n\r\n"),
    "obs-text in a value": post(HOST, b"X: caf\xe9"),
    "empty value": post(HOST, b"X:"),
    "spaces round a value": post(HOST, b"X: \t y \t"),
    "IPv6 Host": post(b"Host: [::1]:8101"),
    "64 headers": post(HOST, *[b"X-%d: y" % i for i in range(62)]),
    "close": post(HOST, b"Connection: close"),
}


def segmentations(data, rng):
    yield "whole", [data]
    yield "byte by byte", [data[i:i + 1] for i in range(len(data))]
    cuts = sorted(rng.sample(range(1, len(data)), min(5, len(data) - 1)))
    yield "random", [data[a:b] for a, b in zip([0] + cuts, cuts + [len(data)])]


class Talk:
    """One connection; answers() reads until it closes or is quiet."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, parts):
        try:
            for part in parts:
                self.socket.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before the end: the answer is there to be read

    def answers(self, quiet=None):
        """(list of status codes, whether it closed)"""
        self.socket.settimeout(quiet or 10)
        data = b""
        try:
            while True:
                more = self.socket.recv(65536)
                if not more:
                    return self._codes(data), True
                data += more
        except socket.timeout:
            return self._codes(data), False
        except ConnectionResetError:
            return self._codes(data), True

    def has_answer(self):
        return bool(select.select([self.socket], [], [], 0)[0])

    @staticmethod
    def _codes(data):
        return [int(part.split(b" ", 1)[0]) for part in data.split(b"HTTP/1.1 ")[1:]]

    def close(self):
        self.socket.close()


class Hostile(SiteCase):
    @classmethod
    def start(cls):
        cls.site.start_mediator("http://127.0.0.1:%d" % free_port())
        cls.ports = {"attestd": cls.site.attestd.port, "mediator": cls.site.mediator.port}

    def test_refusals(self):
        rng = random.Random(7)
        follower = post(HOST)
        for daemon, port in self.ports.items():
            for name, (code, data) in HOSTILE.items():
                for how, parts in segmentations(data + follower, rng):
                    if len(parts) > 2000:
                        continue  # the long heads, byte by byte, say nothing new
                    with self.subTest(daemon + ": " + name + ", " + how):
                        talk = Talk(port)
                        talk.send(parts)
                        codes, closed = talk.answers()
                        talk.close()
                        self.assertTrue(closed)
                        self.assertEqual(len(codes), 1, codes)
                        if code:
                            self.assertEqual(codes[0], code)
                        else:
                            self.assertIn(codes[0], (400, 501, 505))

    def test_what_passes(self):
        """Read as HTTP, and then refused as a message: 400 from the handler, connection kept."""
        rng = random.Random(8)
        for name, data in GOOD.items():
            for how, parts in segmentations(data, rng):
                with self.subTest(name + ", " + how):
                    talk = Talk(self.ports["attestd"])
                    talk.send(parts + [post(HOST, b"Connection: close")])
                    codes, closed = talk.answers()
                    talk.close()
                    self.assertTrue(closed)
                    self.assertEqual(codes, [400] if name == "close" else [400, 400])

    def test_expect_continue(self):
        talk = Talk(self.ports["attestd"])
        head, _, body = post(HOST, b"Expect: 100-continue", b"Connection: close").partition(
            b"\r\n\r\n")
        talk.send([head + b"\r\n\r\n"])
        time.sleep(0.1)
        talk.send([body])
        self.assertEqual(talk.answers()[0], [100, 400])
        talk.close()

    def test_pipelined_requests_are_answered_in_order(self):
        talk = Talk(self.ports["attestd"])
        get = b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n"
        talk.send([get % b"healthz" + get % b"nowhere" + get % b"healthz" + post(
            HOST, b"Connection: close")])
        self.assertEqual(talk.answers(), ([200, 404, 200, 400], True))
        talk.close()


class Deadlines(SiteCase):
    OPTIONS = {"attestd_config": "http { head_ms = 400 body_ms = 400 idle_ms = 600\n"
                                 " requests = 3 connections = 8 }\n"}

    def test_dripping_a_head(self):
        self.drip(b"POST /v1/challenges HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 50)

    def test_dripping_a_body(self):
        self.drip(post(HOST, b"Content-Length: 900", length=False))

    def drip(self, data):
        """A byte every 20 ms, for longer than the deadline: answered 408 and closed meanwhile."""
        talk = Talk(self.site.attestd.port)
        started = time.monotonic()
        for byte in data + b" " * 500:
            talk.send([bytes([byte])])
            if talk.has_answer():
                break
            time.sleep(0.02)
        self.assertEqual(talk.answers(), ([408], True))
        self.assertLess(time.monotonic() - started, 5, "bytes that drip do not extend it")
        talk.close()

    def test_requests_of_a_connection(self):
        talk = Talk(self.site.attestd.port)
        get = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        talk.send([get * 5])
        self.assertEqual(talk.answers(), ([200] * 3, True))
        talk.close()

    def test_idle_connections_are_closed(self):
        talk = Talk(self.site.attestd.port)
        self.assertEqual(talk.answers(), ([], True))
        talk.close()


if __name__ == "__main__":
    unittest.main()
