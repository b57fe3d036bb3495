"""The short version of ./run faults: a few scenarios once, each with its control."""
import unittest
import warnings

from faults import main

RUNS, JOBS = 1, 2


class Faults(unittest.TestCase):
    def test_nothing_is_lost(self):
        warnings.simplefilter("ignore", ResourceWarning)  # asyncio's, of connections that were cut
        chosen = [s for s in main.scenarios() if s.short]
        print("\n" + main.ROW % main.HEAD)
        results = main.measure(chosen, RUNS, JOBS,
                               lambda name, result: print(main.row(name, result), flush=True))
        for name, result in results.items():
            with self.subTest(name):
                self.assertEqual(result["safe"]["errors"], [])
                self.assertGreater(result["safe"]["tried"], 0)
                self.assertEqual(result["safe"]["lost"], 0, result["safe"]["complaints"])
                self.assertGreater(result["control"]["lost"], 0, "the control loses something")


if __name__ == "__main__":
    unittest.main()
