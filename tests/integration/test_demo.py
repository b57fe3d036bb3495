"""./run demo, as it is: every step of it must go as it says."""
import os
import subprocess
import sys
import tempfile
import unittest

from harness.vouchsafe import BUILD, ROOT

DEMO = os.path.join(ROOT, "deploy", "demo", "demo.py")

IDLE = """
import sys
sys.argv = ["demo"]
sys.path.insert(0, %r)
import demo

class Idle:
    run = stop = close = lambda self: None

def start(self):
    self.app = self.devices = Idle()
    self.show.step(%r, "the only step")

demo.Demo.start = start
for part in ("genuine", "tampered", "replayed", "tokens"):
    setattr(demo.Demo, part, lambda self: None)
sys.exit(demo.main())
"""


class Demo(unittest.TestCase):
    def test_all_is_as_it_must_be(self):
        done = subprocess.run([sys.executable, "-u", DEMO], capture_output=True, text=True,
                              timeout=400, env={**os.environ, "VOUCHSAFE_BUILD": BUILD})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("✗", done.stdout)
        for step in ("gets its grant through the mediator", "her mother's app opens the door",
                     "the same app with patched bytes", "he plays them to the lock again",
                     "has no key", "the device streams its readings", "reads nothing",
                     "does not open the door any more"):
            self.assertIn(step, done.stdout)

    def test_a_step_that_goes_otherwise_is_an_error(self):
        """Parts that do nothing but for one step, which goes well or does not."""
        for good in (True, False):
            with self.subTest(good), tempfile.TemporaryDirectory(prefix="vouchsafe-test-") as folder:
                done = subprocess.run([sys.executable, "-c", IDLE % (os.path.dirname(DEMO), good)],
                                      capture_output=True, text=True, timeout=60,
                                      env={**os.environ, "VOUCHSAFE_BUILD": BUILD, "TMPDIR": folder})
                self.assertEqual(done.returncode, 0 if good else 1, done.stdout + done.stderr)
                self.assertIn("All as it must be" if good else "1 steps went wrong", done.stdout)


if __name__ == "__main__":
    unittest.main()
