"""The short version of ./run floods: hundreds, with short deadlines. Each must be closed, however late on a
busy machine, and none before its time; integration.flood has the challenges."""
import unittest

from faults import floods

MS = 1500


class Floods(unittest.TestCase):
    def test_each(self):
        print("\n" + floods.ROW % floods.HEAD)
        for flood in floods.FLOODS:
            if flood.name == "challenges":
                continue
            with self.subTest(flood.name):
                result = floods.one(flood, quick=True, ms=MS)
                print(floods.row(flood, result), flush=True)
                self.assertEqual(result["lost"], 0, result)
                self.assertFalse(result.get("early"), result)
                self.assertGreater(result["control"]["lost"], 0, "the control loses something")


if __name__ == "__main__":
    unittest.main()
