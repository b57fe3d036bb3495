"""shims: the libraries that are preloaded into a daemon, and what is told to them through a file."""
import mmap
import os
import struct

from harness.vouchsafe import BUILD


class Shim:
    """.env is what the daemon is started with."""

    NAME, VARIABLE, SIZE = "", "", 64

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, self.NAME)
        with open(path, "wb") as f:
            f.write(bytes(self.SIZE))
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), self.SIZE)
        self.env = {"LD_PRELOAD": os.path.join(BUILD, "tests", "faults", "lib%s.so" % self.NAME),
                    self.VARIABLE: path}

    def get(self, index):
        return struct.unpack_from("<q", self.map, 8 * index)[0]

    def set(self, index, value):
        struct.pack_into("<q", self.map, 8 * index, value)


class MemoryShim(Shim):
    NAME, VARIABLE = "shim-memory", "VOUCHSAFE_SHIM_MEMORY"

    def fail(self, countdown):
        """The countdown-th allocation from now on fails; 0: none."""
        self.set(0, countdown)

    def failed(self):
        return self.get(1)

    def caller(self):
        return self.get(2)

    def seen(self):
        return self.get(3)


class ClockShim(Shim):
    NAME, VARIABLE = "shim-clock", "VOUCHSAFE_SHIM_CLOCK"

    def jump(self, seconds):
        """The wall clock is so far from where it would be."""
        self.set(0, seconds)
