"""The offline device of device-sdk/examples: a serial line that anybody listens to, no clock, and
tokens that an app brings from a mediator which the device has never seen."""
import os
import subprocess
import time
import unittest

from harness.case import FolderCase
from harness.process import Child, wait_until
from harness.serial import SerialLine
from harness.vouchsafe import program

ISSUER = "https://mediator.example"
DEVICE = "urn:vouchsafe:device:pump-7"
SCOPE = "readings:stream"
QUIET = 1.0  # seconds after which the device listens again


class MedicalDevice(FolderCase):
    WRAP = []  # before the device's command line

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.app_run("keys", cls.folder)
        cls.jtis = 0

    @staticmethod
    def app_run(*words, patience=20):
        done = subprocess.run([program("device-app"), *map(str, words)], capture_output=True,
                              text=True, timeout=60,
                              env={**os.environ, "DEVICE_APP_PATIENCE_MS": str(1000 * patience)})
        return done.stdout.split("\n")

    def setUp(self):
        self.line = SerialLine()
        self.addCleanup(self.line.close)
        self.floor = os.path.join(self.folder, "floor-" + self.id())
        self.device = None
        self.start()

    def start(self):
        if self.device:
            self.device.kill()
        log = os.path.join(self.folder, "device-%s-%f.log" % (self.id(), time.time()))
        self.device = Child([*self.WRAP, program("medical-device"), "--id", DEVICE, "--issuer", ISSUER,
                             "--trust", os.path.join(self.folder, "keys.json"),
                             "--key", os.path.join(self.folder, "device.jwk"),
                             "--line", self.line.device, "--state", self.floor], log)
        self.addCleanup(self.device.stop, 60)
        self.device.wait_ready(lambda: "listening" in self.device.output(), 60)

    def mint(self, scope=SCOPE, device=DEVICE, issuer=ISSUER, seconds=600):
        """A token and its key."""
        type(self).jtis += 1
        return self.app_run("mint", self.folder, issuer, device, scope, "jti-%d" % self.jtis,
                            seconds)[0].split()

    def ask(self, token, key, *actions, patience=20):
        return self.app_run("ask", "line", self.line.app, "token", token, key, *actions,
                            patience=patience)

    def refused(self, token, key, why):
        """Nothing is streamed, and the device says why."""
        lines = self.ask(token, key, SCOPE, patience=2)
        self.assertEqual(lines[0], "end silence")
        wait_until(lambda: why in self.device.output(), 10, why)
        self.assertNotIn("streaming", self.device.output())
        time.sleep(QUIET)

    def test_readings_reach_the_app(self):
        lines = self.ask(*self.mint(), SCOPE + "=5", SCOPE)
        self.assertEqual([line.split()[:2] for line in lines[:-2]],
                         [["answer", "1"]] * 4 + [["answer", "0"]] * 2)
        self.assertEqual(lines[-2], "end ok")
        self.assertIn('"pulse":', lines[0])
        self.assertNotIn(b"pulse", self.line.from_device, "nobody else can read them")

    def test_what_the_token_does_not_say_is_denied(self):
        lines = self.ask(*self.mint("readings:last"), SCOPE)
        self.assertEqual(lines[:2], ["answer 2 ", "end ok"])
        self.assertNotIn("streaming", self.device.output())

    def test_tokens_of_others(self):
        text = "there is no such grant, or the token is for somebody else"
        for words in ({"device": "urn:vouchsafe:device:pump-8"}, {"issuer": "https://a.example"}):
            with self.subTest(**words):
                self.refused(*self.mint(**words), text)
        token, key = self.mint()
        self.assertEqual(self.ask(token, key, SCOPE)[-2], "end ok", "the positive control")

    def test_a_token_without_its_key(self):
        token, key = self.mint()
        self.refused(token, self.mint()[1], "does not hold")
        self.assertEqual(self.ask(token, key, SCOPE)[-2], "end ok", "and the thief spent nothing")

    def test_a_token_is_for_one_session_also_after_a_restart(self):
        token, key = self.mint()
        self.assertEqual(self.ask(token, key, SCOPE)[-2], "end ok")
        self.ask_again(token, key, "opened a session before")
        self.start()
        self.refused(token, key, "too late or too early")
        time.sleep(1)  # a token of a later second
        self.assertEqual(self.ask(*self.mint(), SCOPE)[-2], "end ok")

    def ask_again(self, token, key, why):
        before = self.device.output().count("streaming")
        self.end_session()
        self.assertEqual(self.ask(token, key, SCOPE, patience=2)[0], "end silence")
        wait_until(lambda: why in self.device.output(), 10, why)
        self.assertEqual(self.device.output().count("streaming"), before)

    def end_session(self):
        """What is no record ends the session that stands; then the line has to be quiet."""
        before = self.device.output().count("session over")
        self.line.play_to_device(b"\0\0")
        wait_until(lambda: self.device.output().count("session over") > before, 10, "the end")
        time.sleep(QUIET)

    def test_the_whole_recorded_line_played_again(self):
        self.assertEqual(self.ask(*self.mint(), SCOPE + "=2")[-2], "end ok")
        recorded = bytes(self.line.from_app)
        before = self.device.output().count("streaming")
        self.end_session()
        self.line.play_to_device(recorded)
        wait_until(lambda: "opened a session before" in self.device.output(), 10, "the refusal")
        self.assertEqual(self.device.output().count("streaming"), before)

    def test_the_device_forgets_nothing_when_it_is_killed(self):
        token, key = self.mint()
        self.assertEqual(self.ask(token, key, SCOPE)[-2], "end ok")
        self.device.kill()
        with open(self.floor) as f:
            self.assertGreater(int(f.read()), 1700000000)


if __name__ == "__main__":
    unittest.main()
