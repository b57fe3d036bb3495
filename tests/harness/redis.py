"""redis: a real Redis that keeps nothing, on a Unix socket and a TCP port of its own."""
import os
import subprocess

from .process import Child, free_port


class Redis:
    def __init__(self, folder, extra=()):
        os.makedirs(folder, exist_ok=True)
        self.folder, self.extra = folder, list(extra)
        self.port = free_port()
        self.socket = os.path.join(folder, "redis.sock")
        self.url = "unix://" + self.socket
        self.start()

    def start(self):
        self.child = Child(["redis-server", "--port", self.port, "--bind", "127.0.0.1",
                            "--unixsocket", self.socket, "--save", "", "--appendonly", "no",
                            "--dir", self.folder, *self.extra],
                           os.path.join(self.folder, "redis.log"))
        self.child.wait_ready(lambda: self.command("PING") == "PONG")

    def command(self, *words):
        done = subprocess.run(["redis-cli", "-s", self.socket, *map(str, words)],
                              capture_output=True, text=True, errors="replace")
        return done.stdout.strip()

    def stop(self):
        self.child.stop()
