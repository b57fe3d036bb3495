"""capacity: what a million challenges and ten thousand connections take of a daemon's memory."""
import resource
import socket

from harness.attester import Image
from harness.vouchsafe import Site, program

from .measure import resident, run_load

MILLION = 1_000_000
FEW = 100  # connections that are there before those that are counted
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


def challenges(parts, count):
    """MiB that a million outstanding challenges take, judged by `count` of them."""
    attestd = parts.start_attestd("million", more="challenge { ttl = 3600 }\n",
                                  store_options="max_records = %d" % count)
    try:
        before = resident(attestd.child.pid)
        build = Image(parts.site.binary).build_id
        told = run_load([program("flood"), attestd.port, count, Site.CLIENT, build])
        if told.get("201") != count:
            raise RuntimeError("flood: %r" % told)
        return (resident(attestd.child.pid) - before) / count * MILLION / 2**20
    finally:
        attestd.stop()


def allowed(count):
    """As many connections as a process may have, where that is less."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(count, hard - 500)


def connect(port, count):
    """Connections that have been used once and are kept."""
    kept = []
    for _ in range(count):
        s = socket.create_connection(("127.0.0.1", port), timeout=20)
        s.sendall(REQUEST)
        kept.append(s)
        if not s.recv(4096).startswith(b"HTTP/1.1 200"):
            raise RuntimeError("no answer")
    return kept


def idle(daemon, count):
    """Bytes of the daemon's memory for each idle connection; the kernel's buffers are not in it."""
    count = allowed(count)
    few, kept = connect(daemon.port, FEW), []
    try:
        before = resident(daemon.child.pid)
        kept = connect(daemon.port, count)
        return (resident(daemon.child.pid) - before) / count
    finally:
        for s in few + kept:
            s.close()
