"""node: a Node.js of our own and the npm packages that tests and the bench use, below build/.

The packages are those of a folder's package-lock.json. Node.js 22 is one of them, so that the
system's only has to run npm."""
import fcntl
import hashlib
import os
import shutil
import subprocess

from .process import StartError
from .vouchsafe import ROOT

MANIFESTS = ("package.json", "package-lock.json")


class Packages:
    """Scripts (.mjs) with what they need, of the source folder, in a folder of build/."""

    def __init__(self, sources, name):
        self.sources = os.path.join(ROOT, sources)
        self.folder = os.path.join(ROOT, "build", name)

    def _digest(self):
        sha = hashlib.sha256()
        for name in MANIFESTS:
            with open(os.path.join(self.sources, name), "rb") as f:
                sha.update(f.read())
        return sha.hexdigest()

    def _installed(self):
        try:
            with open(os.path.join(self.folder, "installed")) as f:
                return f.read() == self._digest()
        except OSError:
            return False

    def _install(self):
        # What npm asks of its network is the environment's affair; packages run no scripts of theirs.
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                              cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            raise StartError("npm ci in %s: %s%s" % (self.folder, done.stdout, done.stderr))
        with open(os.path.join(self.folder, "installed"), "w") as f:
            f.write(self._digest())

    def _copy(self, name):
        """Imports are looked for beside the script, so it runs from beside the packages."""
        unfinished = os.path.join(self.folder, "%s.%d" % (name, os.getpid()))
        shutil.copyfile(os.path.join(self.sources, name), unfinished)
        os.replace(unfinished, os.path.join(self.folder, name))

    def prepare(self):
        """Installs what is missing, once for all tests that run at the same time."""
        os.makedirs(self.folder, exist_ok=True)
        with open(os.path.join(self.folder, "lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._installed():
                for name in MANIFESTS:
                    self._copy(name)
                self._install()
        for name in os.listdir(self.sources):
            if name.endswith(".mjs"):
                self._copy(name)

    def command(self, script, *words):
        """The words that run one of the scripts."""
        self.prepare()
        return [os.path.join(self.folder, "node_modules", ".bin", "node"),
                os.path.join(self.folder, script), *words]


INTEROP = Packages(os.path.join("tests", "interop", "js"), "node")
BENCH = Packages(os.path.join("tests", "load", "node"), "node-bench")


def command(script, *words):
    """The words that run one of the scripts of tests/interop/js."""
    return INTEROP.command(script, *words)
