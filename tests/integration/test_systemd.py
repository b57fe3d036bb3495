"""The units that we ship: what systemd itself says of them."""
import os
import re
import subprocess
import tempfile
import unittest

from harness.vouchsafe import ROOT

UNITS = ("attestd", "mediator")


def unit(name):
    return os.path.join(ROOT, "deploy", "systemd", name)


def score(path):
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", path],
                          capture_output=True, text=True, timeout=60)
    return float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)[1])


class Units(unittest.TestCase):
    def test_exposure(self):
        """0 is none, 10 all; under 1.5 with the strictest settings that a server can have."""
        for name in UNITS:
            self.assertLess(score(unit(name + ".service")), 1.5, name)
        with tempfile.NamedTemporaryFile("w", suffix=".service") as bare:
            bare.write("[Service]\nExecStart=/bin/true\n")
            bare.flush()
            self.assertGreater(score(bare.name), 9, "the control, with none of them")

    def test_they_are_understood(self):
        """No key that systemd does not know, none that it would ignore."""
        for name in UNITS:
            with open(unit(name + ".service")) as f:
                text = f.read()
            with tempfile.TemporaryDirectory() as folder:
                for file, content in ((name + ".service", re.sub(r"/usr/local/bin/\w+", "/bin/true", text)),
                                      ("wrong.service", text.replace("PrivateTmp", "PrivateTmpp"))):
                    path = os.path.join(folder, file)
                    with open(path, "w") as f:
                        f.write(re.sub(r"/usr/local/bin/\w+", "/bin/true", content))
                    said = subprocess.run(["systemd-analyze", "verify", "--man=no", path],
                                          capture_output=True, text=True, timeout=60).stderr
                    about = [l for l in said.splitlines() if file in l]
                    self.assertEqual(bool(about), file == "wrong.service", said)
            with open(unit(name + ".socket")) as f:
                self.assertRegex(f.read(), r"ListenStream=127\.0\.0\.1:81\d\d\n")


if __name__ == "__main__":
    unittest.main()
