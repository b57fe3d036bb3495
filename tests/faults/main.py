"""Faults: harm is done to real parts while a ledger is kept, many times; prints a table.

./run faults [--runs N] [--jobs N] [--list] [SCENARIO]...
"""
import argparse
import concurrent.futures
import importlib
import json
import os
import pkgutil
import shutil
import statistics
import sys
import tempfile

import faults

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def scenarios():
    found = []
    for module in sorted(m.name for m in pkgutil.iter_modules(faults.__path__)):
        if module.startswith("scenarios_"):
            found += importlib.import_module("faults." + module).SCENARIOS
    return found


def one(scenario, safe):
    """Figures of one run; with "error" if it could not be judged."""
    folder = tempfile.mkdtemp(prefix="vouchsafe-fault-")
    try:
        return scenario.run(folder, safe)
    except Exception as error:  # one run that fails is reported, and the others go on
        return {"error": "%s: %s" % (type(error).__name__, error)}
    finally:
        if not os.environ.get("VOUCHSAFE_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)


def in_list(value):
    return value if isinstance(value, list) else [value]


def total(runs):
    good = [r for r in runs if "error" not in r]
    sums = {"runs": len(runs), "errors": [r["error"] for r in runs if "error" in r]}
    for name in ("tried", "survived", "lost"):
        sums[name] = sum(r[name] for r in good)
    recoveries = [ms for r in good if "recovery_ms" in r for ms in in_list(r["recovery_ms"])]
    sums["complaints"] = [c for r in good for c in r.get("complaints", [])][:20]
    if recoveries:
        sums["recovery_ms"] = {"median": round(statistics.median(recoveries)),
                               "max": max(recoveries)}
    return sums


def control_runs(scenario):
    runs = []
    while len(runs) < scenario.control_tries and not any(r.get("lost") for r in runs):
        runs.append(one(scenario, safe=False))
    return runs


def measure(chosen, runs, jobs, report=lambda name, result: None):
    """{name: {"safe": total, "control": total}}"""
    results = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        waiting = {}
        for scenario in chosen:
            waiting[scenario.name] = ([pool.submit(one, scenario, True)
                                       for _ in range(scenario.runs(runs))],
                                      pool.submit(control_runs, scenario))
        for name, (safe, control) in waiting.items():
            results[name] = {"safe": total([f.result() for f in safe]),
                             "control": total(control.result())}
            report(name, results[name])
    return results


def passed(result):
    safe, control = result["safe"], result["control"]
    return not safe["lost"] and not safe["errors"] and safe["tried"] and control["lost"] > 0


HEAD = ("scenario", "runs", "tried", "survived", "lost", "recovery ms", "control lost")
ROW = "%-20s %5s %9s %9s %5s %15s  %s"


def row(name, result):
    safe, control = result["safe"], result["control"]
    recovery = safe.get("recovery_ms")
    return ROW % (name, safe["runs"], safe["tried"], safe["survived"], safe["lost"],
                  "%d, max %d" % (recovery["median"], recovery["max"]) if recovery else "-",
                  "%d of %d in %d" % (control["lost"], control["tried"], control["runs"]))


def main():
    parser = argparse.ArgumentParser(prog="./run faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("scenario", nargs="*")
    options = parser.parse_args()
    known = {s.name: s for s in scenarios()}
    unknown = [name for name in options.scenario if name not in known]
    if unknown:
        parser.error("unknown: %s; there are: %s" % (", ".join(unknown), ", ".join(known)))
    chosen = [known[name] for name in options.scenario] or list(known.values())
    if options.list:
        for s in chosen:
            print("%-20s %s" % (s.name, s.about))
        return 0
    print(ROW % HEAD, flush=True)
    results = measure(chosen, options.runs, options.jobs,
                      lambda name, result: print(row(name, result), flush=True))
    print("\nBeside each its control, which must lose something:")
    for control in dict.fromkeys(s.control for s in chosen):
        print("  %s: %s" % (control, ", ".join(s.name for s in chosen if s.control == control)))
    for name, result in results.items():
        for error in result["safe"]["errors"] + result["control"]["errors"]:
            print("%s: %s" % (name, error))
        for complaint in result["safe"]["complaints"]:
            print("%s lost: %s" % (name, complaint))
    path = os.path.join(ROOT, "build", "faults.json")
    with open(path, "w") as f:
        json.dump(results, f, indent=1)
    bad = [name for name, result in results.items() if not passed(result)]
    print("Failed: %s" % ", ".join(bad) if bad else "Nothing was lost.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
