"""devices: a registry of devices, and push devices that dial in to a mediator."""
import os
import stat

from authlib.jose import JsonWebKey

from .process import Child, wait_until
from .vouchsafe import mediatorctl, program


class Registry:
    """A folder of devices, kept with mediatorctl as its owner would."""

    def __init__(self, folder):
        self.folder = folder
        self.path = os.path.join(folder, "devices")

    def key_file(self, name):
        return os.path.join(self.folder, name + ".key")

    def add_push(self, name, *options):
        mediatorctl("device", "add", name, "--registry", self.path, "--mode", "push", "--key-out",
                    self.key_file(name), *options)

    def add_sealed(self, name, jwk, *options):
        path = os.path.join(self.folder, name + ".jwk")
        with open(path, "w") as f:
            f.write(jwk)
        mediatorctl("device", "add", name, "--registry", self.path, "--mode", "sealed", "--jwk",
                    path, *options)

    def mode(self, name):
        return stat.S_IMODE(os.stat(os.path.join(self.path, name + ".json")).st_mode)


def draw_key(kind, curve):
    """A private key by Authlib. It leaves leading zeros of coordinates out, against RFC 7518 §6.2.1.2:
    one that has some is drawn anew."""
    while True:
        key = JsonWebKey.generate_key(kind, curve, is_private=True)
        if all(len(key.as_dict(is_private=True).get(m, "A" * 43).rstrip("=")) == 43 for m in "xyd"):
            return key


class Grant:
    """What a device was given."""

    def __init__(self, words):
        self.id, self.key = words[1], words[2]
        self.nbf, self.exp, self.once = int(words[3]), int(words[4]), words[5] == "1"
        self.scope = " ".join(words[6:])


class Device:
    """test-device: dials in until it is stopped. `mood`: "refuse", "full", "mute", "late" or "die"."""

    def __init__(self, folder, port, name, key_file, mood=""):
        self.name = name
        self.log = os.path.join(folder, "device-%s-%d.log" % (name, len(os.listdir(folder))))
        self.child = Child([program("test-device"), port, name, key_file] + ([mood] if mood else []),
                           self.log)

    def lines(self, word):
        with open(self.log) as f:
            return [line.split() for line in f.read().splitlines() if line.split()[:1] == [word]]

    def grants(self):
        return [Grant(words) for words in self.lines("grant")]

    def wait_in(self, times=1):
        wait_until(lambda: len(self.lines("in")) >= times, 30, self.name + " to be let in")
        return self

    def wait_grants(self, count):
        wait_until(lambda: len(self.grants()) >= count, 30, "a grant on " + self.name)
        return self.grants()

    def kill(self):
        self.child.kill()

    def stop(self):
        self.child.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
