"""storm: the program that presents challenges while harm is done, and its ledger."""
import json
import os
import subprocess
import threading
import time

from harness.process import wait_until

BUILD = os.environ.get("VOUCHSAFE_BUILD",
                       os.path.join(os.path.dirname(__file__), "..", "..", "build", "release"))


class Storm:
    def __init__(self, url, folder, replicas=1, kind="challenge", rate=2000, answer_ms=400):
        self.lines = []
        self.log = open(os.path.join(folder, "storm.log"), "wb")
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "tests", "faults", "storm"), url, str(replicas), kind, str(rate),
             str(answer_ms)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        try:
            self.wait_for_lines(1, 30)
        except BaseException:
            self.stop()
            raise

    def read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def wait_for_lines(self, count, seconds):
        wait_until(lambda: len(self.lines) >= count or not self.reader.is_alive(), seconds,
                   "the storm")
        if len(self.lines) < count:
            raise RuntimeError("the storm ended with %s" % self.process.wait(10))
        return self.lines[-1]

    def say(self, word, seconds):
        count = len(self.lines)
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self.wait_for_lines(count + 1, seconds)

    def status(self):
        return self.say("status", 30)

    def wait_for_acceptance(self, seconds=60):
        """Until challenges are accepted; returns when, by time.monotonic()."""
        deadline = time.monotonic() + seconds
        while True:
            status, now = self.status(), time.monotonic()
            if status["ready"] and status["once"] and status["since_accepted_ms"] < 50:
                return now - status["since_accepted_ms"] / 1000
            if now > deadline:
                raise RuntimeError("nothing is accepted any more: %s" % status)
            time.sleep(0.01)

    def again(self):
        """Everything once more; the figures of the whole."""
        figures = self.say("again", 90)
        self.process.wait(10)
        return figures

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdin.close()
        self.log.close()
