"""process: children that are started, waited for and ended by whoever started them."""
import os
import random
import signal
import socket
import subprocess
import time


class StartError(Exception):
    """A child did not come up; the text says what it printed."""


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def quiet_port():
    """A free TCP port that the system gives nobody by itself: whoever listens on it can stop and
    come back, and no client can meet itself there meanwhile."""
    for _ in range(1000):
        port = random.randrange(12000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass
    raise StartError("no free port")


def wait_until(condition, seconds, what):
    """Polls condition() until it is true; StartError naming `what` otherwise."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise StartError("gave up waiting for " + what)
        time.sleep(0.01)


def answers(port, host="127.0.0.1"):
    try:
        with socket.create_connection((host, port), timeout=0.2):
            return True
    except OSError:
        return False


class Child:
    """A process with its output in a file; use as a context manager or call stop()."""

    def __init__(self, argv, log, env=None, cwd=None, close_fds=True):
        self.log = log
        self.argv = [str(a) for a in argv]
        self._out = open(log, "ab")
        self.popen = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=self._out,
                                      stderr=subprocess.STDOUT, cwd=cwd, close_fds=close_fds,
                                      env=None if env is None else {**os.environ, **env})

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def wait_ready(self, ready, seconds=15):
        """Waits until ready() holds, failing early with the output if the child ends."""
        def up_or_dead():
            if not self.alive():
                raise StartError("%s ended with %s:\n%s" % (self.argv[0], self.popen.returncode,
                                                            self.output()[-2000:]))
            return ready()
        wait_until(up_or_dead, seconds, self.argv[0])

    def output(self):
        with open(self.log, "r", errors="replace") as f:
            return f.read()

    def signal(self, number):
        self.popen.send_signal(number)

    def stop(self, seconds=10):
        """SIGTERM, then SIGKILL; returns the exit code (negative for a signal)."""
        if self.alive():
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        self._out.close()
        return self.popen.returncode

    def kill(self):
        self.popen.kill()
        self.popen.wait()
        self._out.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
