"""http_differ: our HTTP parser beside that of Node.js. On streams that ours accepts both must find the
same messages: as many, with the same methods, targets and bodies, and the same end. What ours accepts
and Node.js refuses is listed, and fails unless it has been judged (JUDGED).

    cd tests; python3 -m fuzz.http_differ [--seed N] [--streams N | --seconds N]

VOUCHSAFE_BUILD names a build that has http-read (without it: build/release)."""
import argparse
import collections
import os
import random
import re
import struct
import subprocess
import sys
import time

from fuzz.http_streams import stream
from harness import node
from harness.vouchsafe import BUILD

BATCH = 2000

# What the two may differ in, what the stream then holds, and why that is no hole. Who reads on and who
# closes is only said where both found the same messages before.
JUDGED = {
    "HPE_INVALID_METHOD:Invalid_method_encountered":
        (b"", "any token is a method (RFC 9110 section 9.1); the routes know which"),
    "HPE_INVALID_VERSION:Expected_HTTP/2_Connection_Preface":
        (b"PRI ", "PRI is such a token, too; the preface itself we refuse, for its target"),
    "HPE_INVALID_CONTENT_LENGTH:Content-Length_can't_be_present_with_Transfer-Encoding":
        (rb"\r\n0+[^\r]*\r\n(?i:content-length)",
         "a trailer of that name, which we drop unread like all (RFC 9110 section 6.5.1)"),
    "HPE_INVALID_TRANSFER_ENCODING:Request_has_invalid_`Transfer-Encoding`":
        (rb"(?i:transfer-encoding:[ \t]*chunked\t\r\n)",
         "it leaves a tab behind the value, which is none of it (RFC 9110 section 5.5)"),
    "HPE_INVALID_TRANSFER_ENCODING:Invalid_`Transfer-Encoding`_header_value":
        (rb"\r\n0+[^\r]*\r\n(?i:transfer-encoding)", "such a trailer, likewise"),
    "we close, it reads on":
        (rb"(?i:connection:)", "of close and keep-alive in one message close counts (RFC 9112 section 9.3)"),
    "it closes, we read on":
        (rb"(?i:proxy-connection:)",
         "it takes Proxy-Connection for Connection (RFC 9112 section C.2.2 warns of that)"),
    "more for us, all for it":
        (rb"\r(\n\r)*\n?\Z", "an empty line before a request, which it skips, and we refuse with what follows"),
}


def reader():
    for folder in ("tests/fuzz", "tests"):
        path = os.path.join(BUILD, folder, "http-read")
        if os.path.exists(path):
            return [path]
    sys.exit("http-read is not built below " + BUILD)


def read_by(command, streams):
    """One (messages, end, why) for each stream."""
    data = b"".join(struct.pack(">I", len(s)) + s for s in streams)
    done = subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True)
    lines = done.stdout.decode("latin-1").splitlines()
    if len(lines) != len(streams):
        sys.exit("%s said something of %d streams of %d" % (command[0], len(lines), len(streams)))
    return [parsed(line.split(" ")[1:]) for line in lines]


def parsed(words):
    why = words.pop() if len(words) > 1 and words[-2] == "refused" else ""
    end = words.pop()
    return [tuple(words[i:i + 3]) for i in range(0, len(words), 3)], end, why


def same_as_far(a, b):
    """Whether the one is how the other begins."""
    return a[:len(b)] == b[:len(a)]


def judge(ours, theirs):
    """None where both agree, or in what they differ."""
    (our, our_end, _), (their, their_end, why) = ours, theirs
    if not same_as_far(our, their):
        return "messages differ"
    if our_end == "refused" and (why or len(their) >= len(our)):
        return None  # we have answered what came before, and close
    if their_end == "upgrade":
        return None  # it takes what follows for another protocol
    if our_end == "closed" and len(our) <= len(their):
        return None if (their, their_end) == (our, "closed") else "we close, it reads on"
    if why:
        return None if our_end == "more" and our == their else why
    if their_end == "closed" and len(their) <= len(our):
        return "it closes, we read on"
    if our != their:
        return "messages differ"
    return None if our_end == their_end else "%s for us, %s for it" % (our_end, their_end)


def is_judged(finding, data):
    return finding in JUDGED and re.search(JUDGED[finding][0], data) is not None


class Account:
    def __init__(self):
        self.streams = self.accepted = self.messages = self.bodies = 0
        self.ends = collections.Counter()
        self.stricter = 0  # streams that we refuse and it does not
        self.judged = collections.Counter()
        self.findings = collections.OrderedDict()

    def take(self, data, ours, theirs):
        self.streams += 1
        self.ends[ours[1]] += 1
        if ours[1] != "refused":
            self.accepted += 1
            self.messages += len(ours[0])
            self.bodies += sum(body != "-" for _, _, body in ours[0])
        elif theirs[1] != "refused":
            self.stricter += 1
        finding = judge(ours, theirs)
        if finding and is_judged(finding, data):
            self.judged[finding] += 1
        elif finding:
            self.findings.setdefault(finding, []).append((data, ours, theirs))

    def tell(self):
        print("%d streams, %d accepted by us (%d messages, %d with a body); ends: %s"
              % (self.streams, self.accepted, self.messages, self.bodies,
                 ", ".join("%s %d" % pair for pair in sorted(self.ends.items()))))
        print("refused by us and read by Node.js: %d" % self.stricter)
        for finding, count in self.judged.items():
            print("judged: %s: %d: %s" % (finding, count, JUDGED[finding][1]))
        for finding, cases in self.findings.items():
            print("%s: %d" % (finding, len(cases)))
            for data, ours, theirs in cases[:3]:
                print("  %r\n    we: %s\n    it: %s" % (data, ours, theirs))


def controls(judge_command):
    """The comparison itself: a reader that is told another stream is found out."""
    good = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nGET /b HTTP/1.1\r\nHost: s\r\n\r\nxy"
    pairs = [(good, good.replace(b"30", b"2")), (good, good.replace(b"/a", b"/c")),
             (good, good.replace(b"xy", b"zy")), (good, good + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
             (good, good[:-1]), (good, good.replace(b"POST", b"PUT"))]
    ours = read_by(reader(), [a for a, _ in pairs])
    theirs = read_by(judge_command, [b for _, b in pairs])
    unseen = [pair for pair, a, b in zip(pairs, ours, theirs) if judge(a, b) is None]
    same = read_by(judge_command, [good])[0]
    if unseen or judge(read_by(reader(), [good])[0], same) is not None:
        sys.exit("the comparison does not see what it must: %r" % (unseen or good))


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--streams", type=int, default=6000)
    options.add_argument("--seconds", type=float, help="instead of a number of streams")
    options = options.parse_args()
    judge_command = node.command("http_judge.mjs")
    controls(judge_command)
    rng, account, began = random.Random(options.seed), Account(), time.monotonic()
    while (time.monotonic() - began < options.seconds if options.seconds is not None
           else account.streams < options.streams):
        streams = [stream(rng) for _ in range(BATCH)]
        for case in zip(streams, read_by(reader(), streams), read_by(judge_command, streams)):
            account.take(*case)
    account.tell()
    # A generator of refused streams alone would show nothing.
    if account.accepted * 3 < account.streams or account.bodies * 4 < account.messages:
        sys.exit("too few of the streams are accepted")
    return 1 if account.findings else 0


if __name__ == "__main__":
    sys.exit(main())
