"""The whole way: an attested app, the mediator, and the devices of device-sdk/examples. The app's end
of the channel is tests/programs/device_app.c, which shares no SDK with the devices."""
import json
import os
import socket
import subprocess
import threading
import time
import unittest

from harness.devices import draw_key
from harness.process import Child, wait_until
from harness.serial import SerialLine
from harness.vouchsafe import mediatorctl, program

from .test_mediator_devices import DeviceCase


def ask(*words, patience=20):
    """Lines of an app that talks to a device."""
    done = subprocess.run([program("device-app"), "ask", *map(str, words)], capture_output=True,
                          text=True, timeout=90,
                          env={**os.environ, "DEVICE_APP_PATIENCE_MS": str(1000 * patience)})
    return done.stdout.splitlines()


class Eavesdropper:
    """Stands before a TCP port and records what apps send through it."""

    def __init__(self, port):
        self.recorded = bytearray()
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                app, _ = self._listener.accept()
            except OSError:
                return
            door = socket.create_connection(("127.0.0.1", self._to))
            for source, sink in ((app, door), (door, app)):
                threading.Thread(target=self._pump, args=(source, sink, source is app),
                                 daemon=True).start()

    def _pump(self, source, sink, record):
        try:
            while data := source.recv(4096):
                if record:
                    self.recorded.extend(data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self._listener.close()


class DoorLock(DeviceCase):
    WRAP = []  # before the device's command line
    BEAT = 1   # seconds

    def setUp(self):
        self.start_door()

    def start_door(self):
        log = os.path.join(self.folder, "door-%s-%f.log" % (self.id(), time.time()))
        self.door = Child([*self.WRAP, program("door-lock"), "--id", "door-1", "--key",
                           self.registry.key_file("door-1"), "--mediator",
                           "127.0.0.1:%d" % self.device_port, "--listen", "0", "--beat", self.BEAT], log)
        self.addCleanup(self.door.stop, 60)
        self.door.wait_ready(lambda: "link up" in self.door.output(), 60)
        self.port = int(self.door.output().split()[1])

    def opened(self):
        return self.door.output().count("bolt open")

    def grant(self, **details):
        """(grant id, key) of a token for the door."""
        form = {"authorization_details": json.dumps([
            {"type": "vouchsafe_device", "locations": ["urn:vouchsafe:device:door-1"],
             "actions": ["door:unlock"], **details}])} if details else {}
        status, got = self.token(**form)
        self.assertEqual(status, 200, got)
        return got["device_grant"]["grant_id"], got["cnf"]["jwk"]["k"]

    def unlock(self, grant_id, key, *actions, port=None):
        return ask("tcp", port or self.port, "grant", grant_id, key, *(actions or ["door:unlock"]))

    def test_the_bolt_opens_for_who_has_the_grant(self):
        self.assertEqual(self.unlock(*self.grant(), "door:unlock", "door:lock", "alarm:off"),
                         ["answer 0 bolt open", "answer 2 ", "answer 2 ", "end ok"],
                         "the scope is door:unlock alone")
        self.assertEqual(self.opened(), 1)

    def test_who_has_the_grants_id_and_no_key(self):
        grant_id, key = self.grant()
        other = self.grant()[1]
        self.assertEqual(self.unlock(grant_id, other), ["end hung-up"])
        self.assertEqual(self.unlock("A" * 22, key), ["end hung-up"])
        self.assertEqual(self.opened(), 0)
        self.assertEqual(self.unlock(grant_id, key)[0], "answer 0 bolt open")

    def test_an_eavesdropper_who_plays_it_again(self):
        middle = Eavesdropper(self.port)
        self.addCleanup(middle.close)
        self.assertEqual(self.unlock(*self.grant(), port=middle.port)[0], "answer 0 bolt open")
        wait_until(lambda: "app gone" in self.door.output(), 20, "the app to go")
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            s.settimeout(20)
            s.sendall(middle.recorded)
            while s.recv(4096):
                pass
        self.assertIn("does not hold", self.door.output())
        self.assertEqual(self.opened(), 1)

    def test_once(self):
        grant = self.grant(once=True)
        self.assertEqual(self.unlock(*grant, "door:unlock", "door:unlock"),
                         ["answer 0 bolt open", "answer 2 ", "end ok"])
        self.assertEqual(self.unlock(*grant), ["end hung-up"])
        self.assertEqual(self.opened(), 1)

    def test_this_evening(self):
        now = int(time.time())
        self.assertEqual(self.unlock(*self.grant(nbf=now + 600, exp=now + 900)),
                         ["answer 2 ", "end ok"], "not yet")
        grant = self.grant(exp=int(time.time()) + 6)
        self.assertEqual(self.unlock(*grant)[0], "answer 0 bolt open")
        wait_until(lambda: self.unlock(*grant) == ["end hung-up"], 30, "the evening to be over")
        self.assertIn("too late or too early", self.door.output())

    def test_a_door_that_was_killed_knows_no_grants(self):
        grant = self.grant()
        self.assertEqual(self.unlock(*grant)[0], "answer 0 bolt open")
        self.door.kill()
        self.start_door()
        self.assertEqual(self.unlock(*grant), ["end hung-up"])
        self.assertEqual(self.unlock(*self.grant())[0], "answer 0 bolt open")

    def test_heartbeats_keep_the_link(self):
        time.sleep(5)  # several of its patience of 3 seconds
        self.assertNotIn("link down", self.door.output())
        self.assertEqual(self.unlock(*self.grant())[0], "answer 0 bolt open")


class Pump(DeviceCase):
    """A token that the mediator minted, for a device that the mediator has never seen."""

    @classmethod
    def add_devices(cls):
        cls.keys = {"pump-p256": draw_key("EC", "P-256"),
                    "pump-x25519": draw_key("OKP", "X25519")}
        for name, key in cls.keys.items():
            cls.registry.add_sealed(name, key.as_json(is_private=False), "--scope", "door:unlock")
            with open(os.path.join(cls.folder, name + "-private.jwk"), "w") as f:
                f.write(key.as_json(is_private=True))
        cls.token_keys = os.path.join(cls.folder, "token-keys")
        mediatorctl("token-key", "rotate", "--folder", cls.token_keys)
        with open(os.path.join(cls.folder, "keys.json"), "w") as f:
            f.write(mediatorctl("token-key", "public", "--folder", cls.token_keys).stdout)
        cls.DEVICE_EXTRA = 'token_keyring = "%s"\n' % cls.token_keys

    def start_pump(self, name):
        line = SerialLine()
        self.addCleanup(line.close)
        pump = Child([program("medical-device"), "--id", name, "--issuer", self.url, "--trust",
                      os.path.join(self.folder, "keys.json"), "--key",
                      os.path.join(self.folder, name + "-private.jwk"), "--line", line.device,
                      "--state", os.path.join(self.folder, name + "-floor"), "--action",
                      "door:unlock"], os.path.join(self.folder, name + ".log"))
        self.addCleanup(pump.stop)
        pump.wait_ready(lambda: "listening" in pump.output())
        return pump, line

    def test_readings(self):
        for name in self.keys:
            with self.subTest(name):
                pump, line = self.start_pump(name)
                status, got = self.token(audience=name)
                self.assertEqual(status, 200, got)
                lines = ask("line", line.app, "token", got["device_grant"]["token"],
                            got["cnf"]["jwk"]["k"], "door:unlock=3")
                self.assertEqual([words.split()[1] for words in lines[:3]], ["1", "1", "0"])
                self.assertEqual(lines[-1], "end ok")

    def test_a_token_for_another_pump(self):
        pump, line = self.start_pump("pump-x25519")
        _, got = self.token(audience="pump-p256")
        self.assertEqual(ask("line", line.app, "token", got["device_grant"]["token"],
                             got["cnf"]["jwk"]["k"], "door:unlock", patience=2), ["end silence"])
        self.assertIn("the token is for somebody else", pump.output())


if __name__ == "__main__":
    unittest.main()
