"""Devices behind several mediators before one Redis, and kill -9 of each part at each step: nobody
ever holds a token that works without its key on the device."""
import codecs
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import unittest

from harness.devices import Device
from harness.process import free_port, wait_until
from harness.redis import Redis
from harness.vouchsafe import Daemon

from .test_mediator_devices import DeviceCase, unb64


class ClusterCase(DeviceCase):
    CLIENT_EXTRA = 'devices = { "door-*" }\n queue_grants = true\n'
    DEVICE_EXTRA = "push_ms = 4000\n locate_ms = 2000\n"

    @classmethod
    def setUpClass(cls):
        cls.redis_folder = tempfile.mkdtemp(prefix="vouchsafe-redis-")
        cls.redis = Redis(cls.redis_folder)
        cls.OPTIONS = {"store": cls.redis.url}
        try:
            super().setUpClass()
        except BaseException:
            cls.redis.stop()
            raise

    @classmethod
    def start(cls):
        super().start()
        cls.second_port = free_port()
        cls.second_config = cls.site.mediator_config.replace(
            'listen = { "127.0.0.1:%d" }\n' % cls.device_port,
            'listen = { "127.0.0.1:%d" }\n' % cls.second_port)
        cls.second = Daemon("mediator", os.path.join(cls.folder, "second"), cls.second_config)

    @classmethod
    def add_devices(cls):
        cls.registry.add_push("door-1", "--scope", "door:unlock")
        cls.registry.add_push("door-q", "--scope", "door:unlock", "--queue")

    @classmethod
    def tearDownClass(cls):
        if getattr(cls, "second", None):
            cls.second.stop()
        super().tearDownClass()
        cls.redis.stop()
        subprocess.run(["rm", "-rf", cls.redis_folder], check=True)

    def assertUnavailable(self, answer):
        status, refusal = answer
        self.assertEqual((status, refusal["error"]), (503, "temporarily_unavailable"), refusal)
        self.assertNotIn("access_token", refusal)

    def assertGranted(self, answer, delivery="acknowledged"):
        status, got = answer
        self.assertEqual(status, 200, got)
        self.assertEqual(got["device_grant"]["delivery"], delivery)
        return got

    def in_background(self, *args, **kw):
        """Starts a token request; the returned function waits for its answer, or the error."""
        result = []

        def ask():
            try:
                result.append(self.token(*args, **kw))
            except OSError as error:
                result.append(error)
            except ValueError as error:
                result.append(error)
        thread = threading.Thread(target=ask)
        thread.start()

        def answer():
            thread.join(60)
            self.assertTrue(result, "an answer")
            return result[0]
        return answer


    def wait_listening(self, channels):
        """Both mediators hear what is published, on channels of their own, and on a device's."""
        wait_until(lambda: len(self.redis.command("PUBSUB", "CHANNELS").split()) >= channels, 30,
                   "mediators to listen")


class Cluster(ClusterCase):
    def test_a_device_at_the_other_mediator(self):
        with self.device(port=self.second_port).wait_in() as door:
            got = self.assertGranted(self.token())
            self.assertEqual(door.grants()[0].key, got["cnf"]["jwk"]["k"])
            self.assertGreater(self.delivered("elsewhere", "ok"), 0)
            self.assertGranted(self.token(url=self.second.url))
            self.assertEqual(len(door.grants()), 2)

    def test_one_that_is_nowhere(self):
        before = self.issued()
        self.assertUnavailable(self.token())
        self.assertEqual(self.issued(), before)

    def test_one_that_fails_there(self):
        for mood in ("refuse", "full", "mute", "die"):
            with self.subTest(mood), self.device(port=self.second_port, mood=mood).wait_in() as door:
                revoked = self.revocations()
                self.assertUnavailable(self.token())
                self.assertEqual(len(door.grants()), 1)
                self.assertEqual(self.revocations(), revoked + 1)
        with self.device(port=self.second_port).wait_in():
            self.assertGranted(self.token())

    def test_the_newest_connection_counts_everywhere(self):
        first = self.device().wait_in()
        second = self.device(port=self.second_port).wait_in()
        wait_until(lambda: first.lines("out"), 20, "the first one to be put out")
        first.kill()
        self.assertGranted(self.token())
        self.assertEqual(len(second.grants()), 1)

    def test_a_grant_that_waits_is_handed_out_by_whichever_it_dials(self):
        got = self.assertGranted(self.token(audience="door-q"), "queued")
        with self.device("door-q", port=self.second_port) as door:
            self.assertEqual(door.wait_grants(1)[0].key, got["cnf"]["jwk"]["k"])
            self.assertEqual(door.grants()[0].id, got["device_grant"]["grant_id"])

    def read(self, path):
        with open(path, "rb") as f:
            return f.read()

    def test_redis_learns_no_key(self):
        """MONITOR shows every command: sealed grants, and not one of the keys."""
        log = os.path.join(self.folder, "monitor")
        with open(log, "wb") as out:
            monitor = subprocess.Popen(["redis-cli", "-s", self.redis.socket, "monitor"], stdout=out)
            try:
                wait_until(lambda: os.path.getsize(log) > 0, 20, "MONITOR")
                with self.device(port=self.second_port).wait_in() as door:
                    keys = [self.assertGranted(self.token())["cnf"]["jwk"]["k"]]
                    self.assertEqual(door.grants()[0].key, keys[0])
                keys.append(self.assertGranted(self.token(audience="door-q"), "queued")
                            ["cnf"]["jwk"]["k"])
                with self.device("door-q") as door:
                    door.wait_grants(1)
                self.redis.command("SET", "end-of-watch", "x")
                wait_until(lambda: b"end-of-watch" in self.read(log), 20, "its end")
            finally:
                monitor.kill()
                monitor.wait()
        words = [codecs.escape_decode(word)[0]
                 for word in re.findall(rb'"((?:[^"\\]|\\.)*)"', self.read(log))]
        seen = b"\n".join(words)
        self.assertIn(b"PUBLISH", seen)
        self.assertIn(b"end-of-watch", seen, "what is not sealed is seen")
        self.assertGreater(sum(len(w) > 200 for w in words), 1, "grants, sealed")
        for key in keys:
            self.assertNotIn(unb64(key), seen)
            self.assertNotIn(key.encode(), seen)

    def test_forged_messages(self):
        """Whoever can write to Redis can neither open a door nor stop one from opening."""
        with self.device(port=self.second_port).wait_in() as door:
            channel = re.findall(r"\S*device\S*|\S*vouchsafe\S*",
                                 self.redis.command("PUBSUB", "CHANNELS"))
            self.assertGreater(len(channel), 2)
            for name in channel:
                for junk in ("", "x", "\x10" + 15 * "a", 16000 * "z"):
                    self.redis.command("PUBLISH", name, junk)
            self.assertEqual(door.grants(), [])
            self.assertGranted(self.token())


class Drain(ClusterCase):
    """SIGTERM: what has begun ends well, wherever the device is."""

    def test_what_is_under_way_ends_well(self):
        for name, port in (("here", self.device_port), ("elsewhere", self.second_port)):
            with self.subTest(name):
                door = self.device(mood="late", port=port).wait_in()
                self.wait_listening(3)
                answer = self.in_background()
                door.wait_grants(1)
                self.site.mediator.child.signal(signal.SIGTERM)
                got = self.assertGranted(answer())
                self.assertEqual(door.grants()[0].key, got["cnf"]["jwk"]["k"])
                # Not stop(): a second signal would end it at once.
                wait_until(lambda: not self.site.mediator.child.alive(), 40, "the mediator's end")
                self.assertEqual(self.site.mediator.stop(), 0)
                door.kill()
                self.site.mediator.start()

    def test_devices_find_the_other_one(self):
        """The mediator that holds it ends; the device dials the next and is reached there."""
        with self.device(port=self.second_port) as door:
            door.wait_in()
            self.assertEqual(self.second.stop(), 0)
            wait_until(lambda: door.lines("out"), 20, "the connection to end")
        type(self).second = Daemon("mediator", os.path.join(self.folder, "second"),
                                   self.second_config, self.second.port)
        with self.device().wait_in():
            self.assertGranted(self.token())


class Kill(ClusterCase):
    """kill -9 at every step. After each, the same request passes again."""

    def after_all(self):
        with self.device().wait_in():
            self.assertGranted(self.token())

    def waiting_push(self, port=None, audience="door-1"):
        """A device that has its grant and says nothing, and the request that waits for it."""
        door = self.device(audience, "mute", port).wait_in()
        self.wait_listening(3)
        answer = self.in_background(audience=audience)
        door.wait_grants(1)
        return door, answer

    def test_of_the_device(self):
        door, answer = self.waiting_push()
        door.kill()
        self.assertUnavailable(answer())
        self.after_all()

    def test_of_the_device_when_it_may_sleep(self):
        """Then the grant waits for it, under the same id and key."""
        door, answer = self.waiting_push(audience="door-q")
        door.kill()
        got = self.assertGranted(answer(), "queued")
        with self.device("door-q") as again:
            self.assertEqual(again.wait_grants(1)[0].id, got["device_grant"]["grant_id"])
            self.assertEqual(again.grants()[0].key, door.grants()[0].key)

    def test_of_the_mediator_that_holds_the_device(self):
        door, answer = self.waiting_push(self.second_port)
        self.second.child.kill()
        self.assertUnavailable(answer())
        door.kill()
        type(self).second = Daemon("mediator", os.path.join(self.folder, "second"),
                                   self.second_config, self.second.port)
        with self.device(port=self.second_port).wait_in():
            self.assertGranted(self.token())

    def test_of_the_mediator_that_was_asked(self):
        """Its client has no answer, and so no token; upstream's was never handed out."""
        for port in (self.device_port, self.second_port):
            with self.subTest(port):
                door, answer = self.waiting_push(port)
                self.site.mediator.child.kill()
                self.assertIsInstance(answer(), (OSError, ValueError))
                door.kill()
                self.site.mediator.start()
                self.after_all()

    def test_of_the_mediator_while_a_grant_waits(self):
        got = self.assertGranted(self.token(audience="door-q"), "queued")
        self.site.mediator.child.kill()
        self.site.mediator.start()
        with self.device("door-q") as door:
            self.assertEqual(door.wait_grants(1)[0].id, got["device_grant"]["grant_id"])

    def test_of_redis_while_another_mediator_pushes(self):
        door, answer = self.waiting_push(self.second_port)
        self.redis.child.kill()
        self.assertUnavailable(answer())
        door.kill()
        self.redis.start()
        self.wait_ready()
        self.after_all()

    def test_of_redis_while_a_grant_waits(self):
        """This Redis keeps nothing: the grant is gone, and its token opens nothing."""
        self.assertGranted(self.token(audience="door-q"), "queued")
        self.redis.child.kill()
        self.redis.start()
        self.wait_ready()
        with self.device("door-q").wait_in() as door:
            self.assertGranted(self.token(audience="door-q"))
            self.assertEqual(len(door.grants()), 1, "the lost one has not come")

    def test_of_redis_before_a_device_is_asked_for(self):
        headers = self.attested()
        self.redis.child.kill()
        try:
            status, refusal = self.token(form_headers=headers)
            self.assertEqual(status, 503, refusal)
            self.assertNotIn("access_token", refusal)
        finally:
            self.redis.start()
        self.wait_ready()
        self.after_all()

    def wait_ready(self):
        from harness.vouchsafe import request
        for daemon in (self.site.mediator, self.second, self.site.attestd):
            wait_until(lambda: request(daemon.url + "/readyz")[0] == 200, 30, "readiness")
        self.wait_listening(2)


if __name__ == "__main__":
    unittest.main()
