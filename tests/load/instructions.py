"""instructions: how many instructions the hot paths take under valgrind, which no load of the machine
changes, beside tests/load/instructions.json, where they are recorded.

    python3 -m load.instructions [--record]      (from tests/; ./run bench --record-instructions)

Counted apart are our own code and the libraries' (BoringSSL, cJSON, libc), which choose other code on
other processors: those are compared only where they had the same choice."""
import glob
import json
import os
import platform
import subprocess
import sys
import tempfile

from harness.vouchsafe import program

RECORD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "instructions.json")
PROGRAMS = ("hot-proto", "hot-attestd", "hot-mediator")
MARGIN = 1.05
# A handful of instructions more is no regression of a path that takes a few hundred.
SLACK = 20
AGAIN = "If that is meant to be: ./run bench --record-instructions"


def _own_and_others(path, own):
    """(path's name, instructions in the program itself, in libraries) of one of callgrind's dumps."""
    name, here, counts, skip = None, None, {True: 0, False: 0}, False
    with open(path) as f:
        for line in f:
            if line.startswith("desc: Trigger: Client Request: "):
                name = line.rstrip("\n").split(": ", 3)[3]
            elif line.startswith("ob="):
                here = line[3:].strip() == own
            elif line.startswith("calls="):
                skip = True  # the next line is what the callee cost, which it says itself
            elif line[:1].isdigit() or line[:1] in "+-*":
                if not skip:
                    counts[here] += int(line.split()[1])
                skip = False
    return name, counts[True], counts[False]


def count(name):
    """What one program runs: ({path: {"own", "libraries"}}, what the processor can do)."""
    own = os.path.realpath(program(name))
    with tempfile.TemporaryDirectory(prefix="vouchsafe-hot-") as folder:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--collect-atstart=no", "--compress-strings=no",
             "--compress-pos=no", "--dump-line=no",
             "--callgrind-out-file=" + os.path.join(folder, "out"), own],
            capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise RuntimeError("%s: %s%s" % (name, done.stdout, done.stderr))
        said = json.loads(done.stdout.strip().splitlines()[-1])
        found = {}
        for path in glob.glob(os.path.join(folder, "out.*")):
            what, mine, others = _own_and_others(path, own)
            if what:
                found[what] = {"own": mine // said["rounds"],
                               "libraries": others // said["rounds"]}
    return found, {"machine": platform.machine(), "avx2": said["avx2"]}


def measure():
    paths = {}
    for name in PROGRAMS:
        found, where = count(name)
        paths.update(found)
    return {**where, "paths": paths}


def regressions(measured, record):
    """What has become dearer by more than the margin, or is not there: a sentence each."""
    if measured["machine"] != record["machine"]:
        return []
    parts = ["own"] + (["libraries"] if measured["avx2"] == record["avx2"] else [])
    found = []
    for name in sorted(set(record["paths"]) | set(measured["paths"])):
        before, now = record["paths"].get(name), measured["paths"].get(name)
        if not before or not now:
            found.append("%s is %s" % (name, "measured no more" if before else "not recorded"))
            continue
        for part in parts:
            if now[part] > before[part] * MARGIN + SLACK:
                found.append("%s takes %d instructions (%s), %d are recorded" % (
                    name, now[part], part, before[part]))
    return found


def read_record():
    with open(RECORD) as f:
        return json.load(f)


def print_table(measured, record):
    print("%-34s %10s %10s   %10s %10s" % ("instructions", "own", "recorded", "libraries",
                                           "recorded"))
    for name, now in sorted(measured["paths"].items()):
        before = record["paths"].get(name, {"own": 0, "libraries": 0})
        print("%-34s %10d %10d   %10d %10d" % (name, now["own"], before["own"], now["libraries"],
                                               before["libraries"]))


def main():
    measured = measure()
    if "--record" in sys.argv[1:]:
        with open(RECORD, "w") as f:
            json.dump(measured, f, indent=1, sort_keys=True)
            f.write("\n")
    record = read_record()
    print_table(measured, record)
    found = regressions(measured, record)
    print("\n".join(found + [AGAIN] if found else ["As recorded, or less."]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
