"""redis_site: Redis servers that belong together, each behind a link, on addresses of their own."""
import os
import socket

from harness.process import Child, free_port, wait_until

from .link import Network

NAME = "door-keeper"
SLOTS = 16384


class Connection:
    """A client, as small as it can be: one command at a time."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.file = self.socket.makefile("rb")

    def __call__(self, *words):
        out = b"*%d\r\n" % len(words)
        for word in words:
            data = word if isinstance(word, bytes) else str(word).encode()
            out += b"$%d\r\n%s\r\n" % (len(data), data)
        self.socket.sendall(out)
        return self.reply()

    def reply(self):
        line = self.file.readline()
        if not line:
            raise OSError("closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        return int(rest) if kind == b":" else rest.decode()

    def close(self):
        self.file.close()
        self.socket.close()


def ask(port, *words):
    """One command on a connection of its own; None if nobody answers, or with an error."""
    try:
        connection = Connection(port)
        try:
            return connection(*words)
        finally:
            connection.close()
    except (OSError, RuntimeError):
        return None


class Node:
    """A redis-server; what others reach of it is its link."""

    def __init__(self, site, number, extra):
        self.site, self.number, self.extra = site, number, list(extra)
        self.folder = os.path.join(site.folder, "node%d" % number)
        os.makedirs(self.folder, exist_ok=True)
        self.source = "127.0.1.%d" % (number + 1)
        self.port = free_port()
        self.link = site.network.link(self.port, site.delay)
        self.child = None

    def start(self, extra=()):
        self.child = Child(["redis-server", "--port", self.port, "--bind", "127.0.0.1",
                            "--bind-source-addr", self.source, "--dir", self.folder, "--save", "",
                            "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1",
                            "--replica-announce-ip", "127.0.0.1",
                            "--replica-announce-port", self.link.port, *self.extra, *extra],
                           os.path.join(self.folder, "redis.log"))

    def wait(self):
        self.child.wait_ready(lambda: ask(self.port, "PING") == "PONG")

    def info(self, section):
        text = ask(self.port, "INFO", section)
        return dict(line.split(":", 1) for line in (text or b"").decode().splitlines()
                    if ":" in line)

    def is_master(self):
        return self.info("replication").get("role") == "master"

    def is_synced(self):
        return self.info("replication").get("master_link_status") == "up"

    def is_in_cluster(self):
        return b"cluster_state:ok" in (ask(self.port, "CLUSTER", "INFO") or b"")

    def die(self):
        """The machine goes: with the process all that it had sent and nobody had yet."""
        self.link.sever()
        self.child.kill()
        self.link.sever()

    def stop(self):
        if self.child and self.child.alive():
            self.child.kill()


class Site:
    """delay: seconds by which replicas, sentinels and nodes hear of each other; clients do not."""

    def __init__(self, folder, delay=0.02):
        self.folder = folder
        self.network = Network()
        self.delay_seconds = delay
        self.nodes, self.sentinels = [], []

    def delay(self, source):
        return self.delay_seconds if source.startswith("127.0.1.") else 0

    def add(self, *extra):
        node = Node(self, len(self.nodes), extra)
        self.nodes.append(node)
        return node

    def isolate(self, node):
        """From all servers, in both directions; clients still reach everybody."""
        def others(source):
            return source != "127.0.0.1"
        for each in self.links_of(node):
            each.partition(others)
        for other in self.nodes:
            if other is not node:
                for each in self.links_of(other):
                    each.partition(lambda source: source == node.source)

    def links_of(self, node):
        return [node.link]

    def heal(self):
        for node in self.nodes:
            for each in self.links_of(node):
                each.heal()

    def stop(self):
        for child in self.sentinels:
            child.kill()
        for node in self.nodes:
            node.stop()
        self.network.stop()


class Replicated(Site):
    """A master, and a replica of it."""

    def __init__(self, folder, delay=0.02, extra=()):
        super().__init__(folder, delay)
        self.master = self.add(*extra)
        self.replica = self.add(*extra)
        self.master.start()
        self.master.wait()
        self.replica.start(["--replicaof", "127.0.0.1", str(self.master.link.port)])
        self.warm_up()
        self.url = "redis://127.0.0.1:%d" % self.master.link.port

    def warm_up(self):
        """What is written arrives."""
        wait_until(self.replica.is_synced, 20, "the replica")
        ask(self.master.port, "SET", "warm", "up")
        wait_until(lambda: ask(self.replica.port, "GET", "warm") == b"up", 20, "what was written")


class Watched(Replicated):
    """The same, with three sentinels that know everybody from the start."""

    def __init__(self, folder, delay=0.02, extra=()):
        super().__init__(folder, delay, extra)
        self.sentinel_ports = [free_port() for _ in range(3)]
        for number in range(3):
            self.sentinels.append(self.start_sentinel(number))
        for port in self.sentinel_ports:
            wait_until(lambda: self.says(port), 20, "a sentinel")
        self.url = "redis+sentinel://%s/%s" % (
            ",".join("127.0.0.1:%d" % port for port in self.sentinel_ports), NAME)

    def start_sentinel(self, number):
        ids = ["%040x" % (i + 1) for i in range(3)]
        path = os.path.join(self.folder, "sentinel%d.conf" % number)
        lines = ["port %d" % self.sentinel_ports[number], "bind 127.0.0.1",
                 "bind-source-addr 127.0.2.%d" % (number + 1), "dir " + self.folder,
                 "sentinel myid " + ids[number], "sentinel announce-ip 127.0.0.1",
                 "sentinel announce-port %d" % self.sentinel_ports[number],
                 "sentinel monitor %s 127.0.0.1 %d 2" % (NAME, self.master.link.port),
                 "sentinel down-after-milliseconds %s 1000" % NAME,
                 "sentinel failover-timeout %s 4000" % NAME,
                 "sentinel known-replica %s 127.0.0.1 %d" % (NAME, self.replica.link.port)]
        lines += ["sentinel known-sentinel %s 127.0.0.1 %d %s" % (NAME, port, ids[i])
                  for i, port in enumerate(self.sentinel_ports) if i != number]
        with open(path, "w") as f:
            f.write("\n".join(lines) + "\n")
        return Child(["redis-server", path, "--sentinel"], path + ".log")

    def says(self, port):
        """Whether this sentinel sees the master and its replica up."""
        replicas = ask(port, "SENTINEL", "REPLICAS", NAME)
        if not replicas:
            return False
        fields = dict(zip(replicas[0][::2], replicas[0][1::2]))
        return fields.get(b"flags") == b"slave" and fields.get(b"master-link-status") == b"ok"

    def failover(self):
        wait_until(lambda: ask(self.sentinel_ports[0], "SENTINEL", "FAILOVER", NAME) == "OK", 20,
                   "a failover")

    def named(self):
        """The port of the master, as the sentinels have it."""
        found = ask(self.sentinel_ports[0], "SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
        return int(found[1]) if found else None

    def wait_for_failover(self):
        wait_until(lambda: self.named() == self.replica.link.port and self.replica.is_master(), 30,
                   "the failover")

    def bring_back(self):
        """What was the master comes back as a replica, as its supervisor would have it."""
        self.master.start(["--replicaof", "127.0.0.1", str(self.replica.link.port)])


class Cluster(Site):
    """Three masters, each with a replica; nodes[i + 3] is nodes[i]'s."""

    def __init__(self, folder, delay=0.02, timeout_ms=1000):
        super().__init__(folder, delay)
        self.bus = {}
        for _ in range(6):
            node = self.add("--cluster-enabled", "yes", "--cluster-node-timeout", timeout_ms,
                            "--cluster-announce-ip", "127.0.0.1",
                            "--cluster-replica-validity-factor", "0")
            port = free_port()
            self.bus[node] = self.network.link(port, self.delay)
            node.extra += ["--cluster-announce-port", node.link.port, "--cluster-port", port,
                           "--cluster-announce-bus-port", self.bus[node].port]
        for node in self.nodes:
            self.write_map(node)
            node.start()
        for node in self.nodes:
            node.wait()
        wait_until(self.is_well, 30, "the cluster")
        self.url = "redis+cluster://" + ",".join("127.0.0.1:%d" % node.link.port
                                                 for node in self.nodes[:3])

    def links_of(self, node):
        return [node.link, self.bus[node]]

    def name(self, node):
        return "%040x" % (node.number + 1)

    def write_map(self, own):
        lines = []
        for node in self.nodes:
            master = node.number < 3
            first, last = (SLOTS * (node.number % 3) // 3, SLOTS * (node.number % 3 + 1) // 3 - 1)
            lines.append("%s 127.0.0.1:%d@%d %s%s %s 0 0 %d connected%s" % (
                self.name(node), node.link.port, self.bus[node].port,
                "myself," if node is own else "", "master" if master else "slave",
                "-" if master else self.name(self.nodes[node.number - 3]), node.number % 3 + 1,
                " %d-%d" % (first, last) if master else ""))
        lines.append("vars currentEpoch 3 lastVoteEpoch 0")
        with open(os.path.join(own.folder, "nodes.conf"), "w") as f:
            f.write("\n".join(lines) + "\n")

    def is_well(self):
        return (all(node.is_in_cluster() for node in self.nodes)
                and all(node.is_synced() for node in self.nodes[3:]))

    def die(self, node):
        self.bus[node].sever()
        node.die()
        self.bus[node].sever()

    def wait_for_failover(self, node):
        wait_until(self.nodes[node.number + 3].is_master, 30, "the failover")
