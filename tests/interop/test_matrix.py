"""The matrix of what the other interop tests saw, and that README.md has it.

Run after them; VOUCHSAFE_WRITE=1 writes it into README.md."""
import os
import unittest

from . import flows, matrix


class Matrix(unittest.TestCase):
    maxDiff = None

    def test_readme_tells_what_passed(self):
        text = matrix.render(flows.TABLES, matrix.load(flows.TABLES))
        print("\n" + text)
        self.assertNotIn(matrix.FAILED, text)
        if os.environ.get("VOUCHSAFE_WRITE"):
            matrix.write_readme(text)
        self.assertEqual(matrix.in_readme(), text, "VOUCHSAFE_WRITE=1 brings README.md up to date")


if __name__ == "__main__":
    unittest.main()
