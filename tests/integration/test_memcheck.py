"""The device SDK under valgrind's memcheck: its unit tests, and both examples with an app at their door.
No byte that was not set, not ours or not given back.

VOUCHSAFE_MEMCHECK=all runs every unit test of the SDK; otherwise a sample of them."""
import glob
import os
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

from harness.vouchsafe import BUILD, ROOT, program

from . import test_devices, test_medical_device

SAMPLE = ("device_arena", "link", "spent")
VALGRIND = ["valgrind", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible",
            "--read-inline-info=no", "--num-callers=12",
            "--suppressions=" + os.path.join(ROOT, "tests", "memcheck.supp")]


def all_of_them():
    found = glob.glob(os.path.join(BUILD, "tests", "unit.device-sdk.*"))
    return sorted(path.rsplit(".", 1)[1] for path in found)


def reports(folder):
    """What valgrind said of each process."""
    texts = []
    for path in sorted(glob.glob(os.path.join(folder, "memcheck-*.log"))):
        with open(path, errors="replace") as f:
            texts.append(f.read())
    return texts


def watched(folder, *words):
    """Valgrind with a program, which may start others, and a report of each in the folder."""
    return [*VALGRIND, "--trace-children=yes", "--log-file=%s/memcheck-%%p.log" % folder, *words]


def is_clean(report):
    return "ERROR SUMMARY: 0 errors" in report


def run(*words):
    """(exit code, output, reports)"""
    with tempfile.TemporaryDirectory(prefix="vouchsafe-memcheck-") as folder:
        done = subprocess.run(watched(folder, *words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=500)
        return done.returncode, done.stdout, reports(folder)


class Controls(unittest.TestCase):
    def test_what_must_be_seen(self):
        for case, clean in (("good", True), ("leak", False), ("beyond", False), ("unset", False)):
            with self.subTest(case):
                code, _, (report,) = run(program("leaks"), case)
                self.assertEqual(code, 0)
                self.assertEqual(is_clean(report), clean, report)


class UnitTests(unittest.TestCase):
    def test_each(self):
        wanted = all_of_them() if os.environ.get("VOUCHSAFE_MEMCHECK") == "all" else SAMPLE
        with ThreadPoolExecutor(2) as pool:
            ran = pool.map(lambda name: run(program("unit.device-sdk." + name)), wanted)
            for name, (code, output, found) in zip(wanted, ran):
                with self.subTest(name):
                    self.assertEqual(code, 0, output)
                    self.assertGreater(len(found), 1, "one for each test")
                    self.assertEqual([r for r in found if not is_clean(r)], [])


class Watched:
    """A test of an example, which runs under valgrind meanwhile."""

    def setUp(self):
        self.reports = tempfile.TemporaryDirectory(prefix="vouchsafe-memcheck-")
        self.addCleanup(self.reports.cleanup)
        self.addCleanup(self.check)  # once the example has ended
        self.WRAP = watched(self.reports.name)
        super().setUp()

    def check(self):
        found = reports(self.reports.name)
        self.assertGreater(len(found), 0)
        self.assertEqual([r for r in found if not is_clean(r)], [])


class DoorLock(Watched, test_devices.DoorLock):
    BEAT = 20


class MedicalDevice(Watched, test_medical_device.MedicalDevice):
    pass


def load_tests(loader, *_):
    suite = unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in (Controls, UnitTests))
    suite.addTests(DoorLock(name) for name in ("test_the_bolt_opens_for_who_has_the_grant",
                                               "test_who_has_the_grants_id_and_no_key"))
    suite.addTests(MedicalDevice(name) for name in ("test_readings_reach_the_app",
                                                    "test_what_the_token_does_not_say_is_denied"))
    return suite


if __name__ == "__main__":
    unittest.main()
