"""node: a Node.js of our own and the npm packages that the interop tests use, below build/node.

The packages are those of tests/interop/js/package-lock.json. Node.js 22 is one of them, so that
the system's only has to run npm."""
import fcntl
import hashlib
import os
import shutil
import subprocess

from .process import StartError
from .vouchsafe import ROOT

SOURCES = os.path.join(ROOT, "tests", "interop", "js")
FOLDER = os.path.join(ROOT, "build", "node")
MANIFESTS = ("package.json", "package-lock.json")


def _digest():
    sha = hashlib.sha256()
    for name in MANIFESTS:
        with open(os.path.join(SOURCES, name), "rb") as f:
            sha.update(f.read())
    return sha.hexdigest()


def _installed():
    try:
        with open(os.path.join(FOLDER, "installed")) as f:
            return f.read() == _digest()
    except OSError:
        return False


def _install():
    # What npm asks of its network is the environment's affair; packages run no scripts of theirs.
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=FOLDER,
                          capture_output=True, text=True)
    if done.returncode:
        raise StartError("npm ci in %s: %s%s" % (FOLDER, done.stdout, done.stderr))
    with open(os.path.join(FOLDER, "installed"), "w") as f:
        f.write(_digest())


def _copy(name):
    """Imports are looked for beside the script, so it runs from beside the packages."""
    unfinished = os.path.join(FOLDER, "%s.%d" % (name, os.getpid()))
    shutil.copyfile(os.path.join(SOURCES, name), unfinished)
    os.replace(unfinished, os.path.join(FOLDER, name))


def prepare():
    """Installs what is missing, once for all tests that run at the same time."""
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _installed():
            for name in MANIFESTS:
                _copy(name)
            _install()
    for name in os.listdir(SOURCES):
        if name.endswith(".mjs"):
            _copy(name)


def command(script, *words):
    """The words that run one of the scripts of tests/interop/js."""
    prepare()
    return [os.path.join(FOLDER, "node_modules", ".bin", "node"), os.path.join(FOLDER, script),
            *words]
