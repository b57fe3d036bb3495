"""Secrets decide no jump and no address: valgrind's memcheck sees it when they do."""
import os
import subprocess
import unittest

from harness.vouchsafe import BUILD

from .test_secrets import sanitized

PROGRAM = os.path.join(BUILD, "tests", "constant-time")


def errors(case):
    """What valgrind found while the case ran, which itself must succeed."""
    done = subprocess.run(
        ["valgrind", "--quiet", "--error-exitcode=99", "--undef-value-errors=yes", PROGRAM, case],
        capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 99), done
    return done.stderr if done.returncode == 99 else ""


@unittest.skipIf(sanitized(PROGRAM), "valgrind does not run what a sanitizer made")
class ConstantTime(unittest.TestCase):
    def test_control(self):
        self.assertIn("Conditional jump or move depends on uninitialised", errors("control"))

    def test_secrets_decide_nothing(self):
        for case in ("compare", "mac", "wipe"):
            with self.subTest(case):
                self.assertEqual(errors(case), "")


if __name__ == "__main__":
    unittest.main()
