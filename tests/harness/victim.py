"""victim: an app that is attacked while it runs, and the hands that do it from outside."""
import os
import signal
import struct
import subprocess

from .elf import Elf
from .process import wait_until
from .vouchsafe import BUILD, Example, StartError

ATTACKS = os.path.join(BUILD, "tests", "attacks")
HOOKED = "7777"  # what hooked functions return (tests/attacks/patch.h)


def built(name):
    return os.path.join(ATTACKS, name)


class Victim(Example):
    """A victim, driven line by line. `prefix` is a program that starts it."""

    def __init__(self, binary, attestd, client_id, prefix=(), env=None):
        self.binary = os.path.realpath(binary)
        self.popen = subprocess.Popen(
            [*prefix, binary, attestd, client_id], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, bufsize=1, env={**os.environ, **(env or {})})
        try:
            self.ok("greeting")  # the loader has done its work: what is written now stays
        except BaseException:
            self.close()
            raise

    @property
    def pid(self):
        """Of the victim itself, wherever it is below what was started."""
        found = []
        wait_until(lambda: found.extend(self._find(self.popen.pid)) or found, 10, self.binary)
        return found[0]

    def _find(self, pid):
        try:
            if os.path.realpath("/proc/%d/exe" % pid).split(" (")[0] == self.binary:
                return [pid]
            with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
                return [found for child in f.read().split() for found in self._find(int(child))]
        except OSError:
            return []

    def ok(self, command):
        good, words = self.ask(command)
        if not good:
            raise StartError("%s: %s" % (command, words))
        return words

    def status(self, name):
        """A field of /proc/PID/status."""
        with open("/proc/%d/status" % self.pid) as f:
            return next(line.split()[1] for line in f if line.startswith(name + ":"))

    def bias(self, path=None):
        """The load bias of a module, and its ELF file."""
        path = os.path.realpath(path or self.binary)
        elf = Elf(path)
        with open("/proc/%d/maps" % self.pid) as maps:
            # The kernel writes " (deleted)" after the name of what is no longer there.
            start = min(int(line.split("-")[0], 16) for line in maps
                        if line.split(maxsplit=5)[5:] and
                        line.split(maxsplit=5)[5].strip().split(" (")[0] == path)
        return (0 if elf.type == 2 else start - elf.loads[0][3] // 4096 * 4096), elf

    def address(self, symbol, path=None):
        bias, elf = self.bias(path)
        return bias + elf.symbols[symbol]

    def read(self, address, length):
        with open("/proc/%d/mem" % self.pid, "rb", 0) as memory:
            memory.seek(address)
            return memory.read(length)

    def write(self, address, data):
        """Whatever the page's protection: the kernel forces it, as for a debugger."""
        with open("/proc/%d/mem" % self.pid, "r+b", 0) as memory:
            memory.seek(address)
            memory.write(data)

    def hook_import(self, symbol, target):
        """The executable's slots of that symbol hold an address from now on."""
        bias, elf = self.bias()
        for slot in elf.imports[symbol]:
            self.write(bias + slot, struct.pack("<Q", target))


class Tracer:
    """A program that traces a victim until it is stopped: by SIGINT gdb leaves its program and then,
    at the end of its input, itself; by SIGTERM it leaves breakpoints of its own in the loader."""

    def __init__(self, argv, victim, ready=None):
        self.goodbye = signal.SIGINT if argv[0] == "gdb" else signal.SIGTERM
        self.popen = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)
        wait_until(ready or (lambda: victim.status("TracerPid") != "0"), 30, argv[0])
        wait_until(lambda: victim.status("State") in "SR", 30, argv[0] + " to let it run")

    def stop(self):
        self.popen.stdin.close()
        self.popen.send_signal(self.goodbye)
        self.popen.wait(20)
