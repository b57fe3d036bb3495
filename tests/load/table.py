"""table: samples and the rows that are made of them, as text and as JSON."""
import statistics


class Samples:
    """Of each name one sample a round: a dict of numbers. Rounds are compared within themselves,
    since a machine that is slow in one is slow for all that was measured in it."""

    def __init__(self):
        self.by_name = {}

    def keep(self, name, sample):
        self.by_name.setdefault(name, []).append(sample)

    def rounds(self):
        return max(len(samples) for samples in self.by_name.values())

    def at(self, number):
        """Of one round: a function from name and member to the number. What was sampled once counts
        for all rounds."""
        def value(name, member="cpu"):
            samples = self.by_name[name]
            return samples[min(number, len(samples) - 1)][member]
        return value

    def median(self, name, member):
        values = [s[member] for s in self.by_name[name] if s.get(member) is not None]
        return statistics.median(values) if values else None


class Row:
    """value and peer: functions from what Samples.at returns to a number; less is better, and the
    ratio of the two at most the budget, but with `at_least`, where it must be that much."""

    def __init__(self, name, unit, value, peer, peer_value, budget=None, at_least=False):
        self.name, self.unit, self.value, self.peer = name, unit, value, peer
        self.peer_value, self.budget, self.at_least = peer_value, budget, at_least

    def of(self, samples):
        rounds = [samples.at(i) for i in range(samples.rounds())]
        values, peers = [self.value(at) for at in rounds], [self.peer_value(at) for at in rounds]
        ratios = [v / p for v, p in zip(values, peers)]
        ratio = statistics.median(ratios)
        good = self.budget is None or (ratio >= self.budget if self.at_least
                                       else ratio <= self.budget)
        return {"name": self.name, "value": round(statistics.median(values), 2), "unit": self.unit,
                "peer": self.peer, "peer_value": round(statistics.median(peers), 2),
                "ratio": round(ratio, 3), "ratio_low": round(min(ratios), 3),
                "ratio_high": round(max(ratios), 3), "budget": self.budget,
                "at_least": self.at_least, "ok": good}


def print_samples(samples):
    print("%-30s %9s  %-20s %9s %9s %9s" % ("CPU a request, us", "median", "(least to most)",
                                            "per s", "p50 us", "p99 us"))
    for name, found in samples.by_name.items():
        cpu = [sample["cpu"] for sample in found if "cpu" in sample]
        if not cpu:
            continue
        wall = ["%9.0f" % value if value is not None else "%9s" % "" for value in
                (samples.median(name, member) for member in ("per_second", "p50", "p99"))]
        print("%-30s %9.2f  %-20s %s" % (name, statistics.median(cpu), "(%.2f to %.2f)" % (
            min(cpu), max(cpu)), " ".join(wall)))


def print_rows(rows):
    print("\n%-38s %9s %-7s %-32s %9s %7s %-16s %7s" % (
        "row", "value", "", "beside", "", "ratio", "(least to most)", "budget"))
    for r in rows:
        budget = "" if r["budget"] is None else "%s %.2f" % (">=" if r["at_least"] else "<=",
                                                             r["budget"])
        verdict = "" if r["budget"] is None else "ok" if r["ok"] else "missed"
        print("%-38s %9.2f %-7s %-32s %9.2f %7.2f %-16s %7s  %s" % (
            r["name"], r["value"], r["unit"], r["peer"], r["peer_value"], r["ratio"],
            "(%.2f to %.2f)" % (r["ratio_low"], r["ratio_high"]), budget, verdict))
