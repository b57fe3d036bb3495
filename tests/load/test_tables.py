"""What the bench makes of its samples: verdicts, plots, and what a fleet needs."""
import unittest
import xml.etree.ElementTree as ElementTree

from . import fleet, svg, table


def samples(**of_rounds):
    """Of each name the CPU of a request, a number a round."""
    made = table.Samples()
    for name, values in of_rounds.items():
        for value in values:
            made.keep(name, {"cpu": value})
    return made


def row(budget, at_least=False):
    return table.Row("ours", "us", lambda at: at("ours"), "theirs", lambda at: at("theirs"), budget,
                     at_least)


class Rows(unittest.TestCase):
    def test_the_budget_is_a_limit_of_the_ratio(self):
        found = samples(ours=[10, 10, 10], theirs=[20, 20, 20])
        for budget, at_least, good in ((0.5, False, True), (0.49, False, False), (None, False, True),
                                       (0.5, True, True), (0.51, True, False)):
            with self.subTest(budget=budget, at_least=at_least):
                self.assertEqual(row(budget, at_least).of(found)["ok"], good)

    def test_rounds_are_compared_within_themselves(self):
        """The second round was on a machine half as fast: for both."""
        told = row(0.6).of(samples(ours=[10, 20, 11], theirs=[20, 40, 20]))
        self.assertEqual((told["ratio"], told["ratio_low"], told["ratio_high"]), (0.5, 0.5, 0.55))
        self.assertEqual((told["value"], told["peer_value"]), (11, 20))

    def test_what_was_measured_once_counts_for_all_rounds(self):
        told = row(1).of(samples(ours=[10], theirs=[10, 20, 40]))
        self.assertEqual(told["ratio"], 0.5)


CHART = {"title": "A & B", "x": "x", "y": "y",
         "series": [{"name": "one", "points": [(1, 3), (10, 7.5), (10000, 80)]},
                    {"name": "two <", "points": [(1, 0), (10000, 81)]}]}


class Plots(unittest.TestCase):
    def drawn(self, **more):
        return ElementTree.fromstring(svg.draw({**CHART, **more}))

    def texts(self, root):
        return [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]

    def test_all_points_lie_on_the_sheet(self):
        for log in (False, True):
            circles = list(self.drawn(log_x=log).iter("{http://www.w3.org/2000/svg}circle"))
            self.assertEqual(len(circles), 5)
            for c in circles:
                self.assertTrue(svg.LEFT <= float(c.get("cx")) <= svg.WIDTH - svg.RIGHT)
                self.assertTrue(svg.TOP <= float(c.get("cy")) <= svg.HEIGHT - svg.BOTTOM)

    def test_names_and_labels_are_there(self):
        for words in (self.texts(self.drawn(log_x=True)),
                      self.texts(self.drawn(names=["first"], series=[
                          {"name": "one", "points": [(0, 81)]},
                          {"name": "two <", "points": [(0, 1)]}]))):
            for wanted in ("A & B", "x", "y", "one", "two <"):
                self.assertIn(wanted, words)

    def test_ticks_reach_the_most(self):
        for most in (0.003, 0.9, 1, 7, 99, 100, 101, 4106, 1e6):
            ticks = svg.ticks(most)
            self.assertGreaterEqual(ticks[-1], most)
            self.assertTrue(3 <= len(ticks) <= 9, (most, ticks))


class Fleet(unittest.TestCase):
    CHARTS = {
        "stores": {"names": ["Redis", "Cluster of 3"], "series": [
            {"name": "both attestds", "points": [(0, 300), (1, 400)]},
            {"name": "all Redis servers", "points": [(0, 30), (1, 45)]}]},
        "memory": {"series": [{"name": "attestd", "points": [(1_000_000, 150)]}]},
        "connections": {"series": [{"name": "mediator /check",
                                    "points": [(1, 30), (10, 25), (100, 24), (1000, 50)]}]}}

    def test_what_ten_million_need(self):
        needs = fleet.needs(self.CHARTS)
        rate = 10_000_000 / 300 * fleet.PEAK
        self.assertAlmostEqual(needs["attestations a second, at the peak"], rate)
        self.assertEqual(needs["cores for attestd"], 34)      # 66,667 × 300 µs / 0.6
        self.assertEqual(needs["Redis shards"], 5)            # 66,667 × 45 µs / 0.6
        self.assertEqual(needs["cores for mediator"], 27)     # 666,667 × 24 µs / 0.6
        self.assertAlmostEqual(needs["MiB for them"], 100, delta=1)
        for name, value in needs.items():
            self.assertIn(name, fleet.text(needs))

    def test_nothing_is_said_without_what_it_takes(self):
        for name in self.CHARTS:
            self.assertEqual(fleet.needs({k: v for k, v in self.CHARTS.items() if k != name}), {})


if __name__ == "__main__":
    unittest.main()
