"""stores: real Redis servers without anything in between: one, watched by a Sentinel, or a Cluster of
three."""
import os
import subprocess

from harness.process import Child, free_port, wait_until

NAME = "bench"


def ask(port, *words):
    done = subprocess.run(["redis-cli", "-p", str(port), *map(str, words)], capture_output=True,
                          text=True)
    return done.stdout.strip()


class Servers:
    """What all have: children, whose CPU is summed, and a URL."""

    def __init__(self, folder):
        self.folder, self.children, self.servers = folder, [], []
        os.makedirs(folder)
        try:
            self.url = self._start()
        except BaseException:
            self.stop()
            raise

    def server(self, *options):
        """Starts one; returns its port."""
        port = free_port()
        folder = os.path.join(self.folder, str(port))
        os.makedirs(folder)
        child = Child(["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir",
                       folder, "--appendonly", "no", *options], os.path.join(folder, "log"))
        self.children.append(child)
        self.servers.append(child.pid)
        child.wait_ready(lambda: ask(port, "PING") == "PONG")
        return port

    def stop(self):
        for child in reversed(self.children):
            child.stop()


class Single(Servers):
    def _start(self):
        return "redis://127.0.0.1:%d" % self.server()


class Watched(Servers):
    """A master with a replica, and a Sentinel."""

    def _start(self):
        master = self.server()
        replica = self.server("--replicaof", "127.0.0.1", master, "--repl-diskless-sync-delay", "0")
        wait_until(lambda: "master_link_status:up" in ask(replica, "INFO", "replication"), 30,
                   "the replica")
        port = free_port()
        path = os.path.join(self.folder, "sentinel.conf")
        with open(path, "w") as f:
            f.write("port %d\nbind 127.0.0.1\ndir %s\nsentinel monitor %s 127.0.0.1 %d 1\n" % (
                port, self.folder, NAME, master))
        self.children.append(Child(["redis-server", path, "--sentinel"], path + ".log"))
        wait_until(lambda: str(master) in ask(port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME), 30,
                   "the sentinel")
        return "redis+sentinel://127.0.0.1:%d/%s" % (port, NAME)


class Cluster(Servers):
    """Three masters, a third of the slots each."""

    def _start(self):
        ports = [self.server("--cluster-enabled", "yes", "--cluster-port", free_port())
                 for _ in range(3)]
        where = ["127.0.0.1:%d" % port for port in ports]
        subprocess.run(["redis-cli", "--cluster", "create", *where, "--cluster-yes"], check=True,
                       capture_output=True)
        wait_until(lambda: all("cluster_state:ok" in ask(port, "CLUSTER", "INFO") for port in ports),
                   30, "the cluster")
        return "redis+cluster://" + ",".join(where)
