"""fleet: what ten million installations need that refresh their token every five minutes, calculated
from the measured curves."""
import math

INSTALLATIONS = 10_000_000
REFRESH_S = 300
BUSY = 0.6       # of a core or a Redis server, so that a peak has room
PEAK = 2         # times the mean, in a bad minute
TTL_S = 10       # that a challenge nobody answers stays
COMMANDS = 3     # of an attestation: keep the challenge, mark the former token, take the challenge
CHECKS = 10      # requests to APIs or the mediator that an installation makes between two refreshes


def _last(charts, name, series, index=-1):
    return next(s for s in charts[name]["series"] if s["name"] == series)["points"][index][1]


def _store(charts, name, series):
    return _last(charts, "stores", series, charts["stores"]["names"].index(name))


def needs(charts):
    """{} where a curve is missing that it takes."""
    if not {"stores", "memory", "connections"} <= set(charts):
        return {}
    rate = INSTALLATIONS / REFRESH_S * PEAK
    attesting = _store(charts, "Redis", "both attestds")
    redis = _store(charts, "Cluster of 3", "all Redis servers")
    checking = _last(charts, "connections", "mediator /check", 2)
    each = _last(charts, "memory", "attestd") / 1e6
    return {"attestations a second, at the peak": rate,
            "us of attestd an attestation": attesting,
            "cores for attestd": math.ceil(rate * attesting / 1e6 / BUSY),
            "checks a second, at the peak": rate * CHECKS,
            "us of mediator a check": checking,
            "cores for mediator": math.ceil(rate * CHECKS * checking / 1e6 / BUSY),
            "commands a second": rate * COMMANDS,
            "us of Redis an attestation": redis,
            "Redis shards": math.ceil(rate * redis / 1e6 / BUSY),
            "challenges that nobody answers, at most": rate * TTL_S,
            "MiB for them": rate * TTL_S * each}


def text(found):
    if not found:
        return "What a fleet needs is not known without all of connections, challenges and stores."
    lines = ["%d million installations that refresh every %d s:" % (INSTALLATIONS // 10**6,
                                                                     REFRESH_S)]
    return "\n".join(lines + ["  %-42s %14s" % (name, "{:,.1f}".format(value))
                              for name, value in found.items()])
