"""The HTTP refusals of both daemons over real sockets, in three segmentations each."""
import random
import time
import unittest

from harness.case import SiteCase
from harness.hostile import GOOD, HOSTILE, HOST, Talk, post, segmentations
from harness.process import free_port


class Hostile(SiteCase):
    @classmethod
    def start(cls):
        cls.site.start_mediator("http://127.0.0.1:%d" % free_port())
        cls.ports = {"attestd": cls.site.attestd.port, "mediator": cls.site.mediator.port}

    def test_the_corpus_is_large(self):
        self.assertGreaterEqual(len(HOSTILE), 150)

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
