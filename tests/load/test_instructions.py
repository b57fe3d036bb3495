"""What the hot paths cost in instructions is no more than what is recorded, and 5 %."""
import copy
import unittest

from harness.vouchsafe import sanitized

from . import instructions


@unittest.skipIf(sanitized(), "valgrind does not run what a sanitizer made")
class Instructions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.measured, cls.record = instructions.measure(), instructions.read_record()

    def test_no_path_has_become_dearer(self):
        instructions.print_table(self.measured, self.record)
        found = instructions.regressions(self.measured, self.record)
        self.assertEqual(found, [], instructions.AGAIN)

    def test_all_paths_did_something(self):
        for name, cost in self.measured["paths"].items():
            with self.subTest(name):
                self.assertGreater(cost["own"], 50)
        self.assertGreater(self.measured["paths"]["JWT verify, ES256"]["libraries"], 100_000)

    def dearer(self, part, factor):
        """What would be said if all paths took so many times what they do."""
        changed = copy.deepcopy(self.measured)
        for cost in changed["paths"].values():
            cost[part] = int(cost[part] * factor) + 2 * instructions.SLACK
        return instructions.regressions(changed, self.measured)

    def test_a_regression_would_show(self):
        count = len(self.measured["paths"])
        self.assertEqual(instructions.regressions(self.measured, self.measured), [])
        self.assertEqual(len(self.dearer("own", 1.06)), count)
        self.assertEqual(len(self.dearer("libraries", 1.06)), count)
        forgotten = copy.deepcopy(self.measured)
        forgotten["paths"].popitem()
        self.assertEqual(len(instructions.regressions(forgotten, self.measured)), 1)
        self.assertEqual(len(instructions.regressions(self.measured, forgotten)), 1)

    def test_libraries_count_only_where_they_have_the_same_choice(self):
        other = copy.deepcopy(self.measured)
        other["avx2"] = not other["avx2"]
        for cost in other["paths"].values():
            cost["libraries"] = 10 * cost["libraries"] + 1000
        self.assertEqual(instructions.regressions(other, self.measured), [])


if __name__ == "__main__":
    unittest.main()
