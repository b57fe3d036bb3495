"""measure: what processes took of the machine, from /proc, and load that is put on them."""
import json
import os
import subprocess


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(p) for p in f.read().split()]


def _ticks(path):
    with open(path) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def cpu_seconds(pids):
    """User and system time of processes so far."""
    return sum(_ticks("/proc/%d/stat" % pid) for pid in pids) / os.sysconf("SC_CLK_TCK")


def thread_seconds(pid):
    """The same of each thread of a process: {thread id: seconds}."""
    return {tid: _ticks("/proc/%d/task/%s/stat" % (pid, tid)) / os.sysconf("SC_CLK_TCK")
            for tid in os.listdir("/proc/%d/task" % pid)}


def resident(pid, kind="VmRSS"):
    """Bytes of its memory that are in RAM: all, or "RssAnon", its own, or "RssFile", of files, which
    the system takes back when it needs them."""
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith(kind + ":"))


def run_load(argv, stdin=None):
    """Runs a load generator that prints a line of JSON last; returns what it says."""
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, input=stdin)
    if done.returncode:
        raise RuntimeError("%s: %s%s" % (argv[0], done.stdout, done.stderr))
    return json.loads(done.stdout.strip().splitlines()[-1])


def sample(pids, argv):
    """The same; adds the microseconds of CPU that the processes took for each of what it counted,
    and, of one with several threads, the share of the busiest."""
    before = cpu_seconds(pids)
    threads = thread_seconds(pids[0])
    said = run_load(argv)
    if not said["count"]:
        raise RuntimeError("%r: nothing was answered" % argv)
    spent = [seconds - threads.get(tid, 0) for tid, seconds in thread_seconds(pids[0]).items()]
    return {**said, "cpu": (cpu_seconds(pids) - before) / said["count"] * 1e6,
            "busiest": max(spent) / sum(spent) if sum(spent) else 1}
