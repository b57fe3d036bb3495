"""One line in the audit log for every verdict, and what attestctl makes of it for people."""
import gzip
import json
import os
import shutil
import subprocess

from harness.attacks import b64
from harness.attester import Attester
from harness.case import SiteCase
from harness.vouchsafe import attestctl, program, request


class AuditCase(SiteCase):
    def attester(self, **kw):
        return Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary, **kw)

    def spoiled(self, a):
        """An answer in which the evidence of the first probe is wrong, and its kind."""
        challenge = a.challenge()[1]
        answer = a.answer(challenge)
        answer["evidence"][0]["digest"] = b64(bytes(32))
        return answer, challenge["probes"][0]["kind"]

    def post(self, body):
        status, _, text = request(self.site.attestd.url + "/v1/attestations", "POST", body,
                                  {"Content-Type": "application/json"})
        return status, json.loads(text)


class Lines(AuditCase):
    OPTIONS = {"attestd_config": "rate_limit { per_address = 1000 address_burst = 1000 }\n"}

    def lines(self):
        return self.site.attestd.events("attestation")

    def one_more(self, act, verdict, words):
        """act() -> (status, message): one more line, with this verdict, reason and error id."""
        before = len(self.lines())
        status, message = act()
        lines = self.lines()[before:]
        self.assertEqual(len(lines), 1, lines)
        line = lines[0]
        self.assertEqual(line["verdict"], verdict)
        self.assertIn(words, line.get("reasons", ""))
        self.assertEqual(line.get("error_id"), message.get("error_id"))
        self.assertEqual("error_id" in line, verdict == "refused")
        self.assertTrue(line["request_id"] and line["peer"].startswith("127.0.0.1"), line)
        return status, line

    def test_every_verdict_has_one(self):
        a = self.attester()
        status, line = self.one_more(a.attest, "accepted", "")
        self.assertEqual(status, 200)
        self.assertEqual((line["client_id"], line["build"], line["jkt"]),
                         (self.site.CLIENT, a.image.build_id, b64(a.key.jkt)))

        answer, kind = self.spoiled(a)
        status, line = self.one_more(lambda: a.present(answer), "refused", kind + " probe of ")
        self.assertEqual(status, 403)
        self.assertIn("vouchsafe-example", line["reasons"], "the module is named")
        self.assertEqual(line["build"], a.image.build_id)

        status, _ = self.one_more(lambda: a.present(answer), "refused", "consumed")
        self.assertEqual(status, 403, "challenge_invalid")

        stranger = Attester(self.site.attestd.url, "nobody", self.site.binary)
        status, _ = self.one_more(stranger.attest, "refused", "unknown client")
        self.assertEqual(status, 403)

        other = self.attester()
        good = a.answer(a.challenge()[1])
        status, _ = self.one_more(lambda: self.post(json.dumps({**good, "jwk": other.key.jwk})),
                                  "refused", "another instance key")
        self.assertEqual(status, 403)

    def test_malformed_answers_have_one_too(self):
        a = self.attester()
        good = a.answer(a.challenge()[1])
        for name, body in (("no JSON", "hello"), ("no object", "[]"), ("empty", ""),
                           ("a member too many", json.dumps({**good, "admin": True})),
                           ("no evidence", json.dumps({k: v for k, v in good.items()
                                                       if k != "evidence"}))):
            with self.subTest(name):
                status, _ = self.one_more(lambda: self.post(body), "refused", "not a message")
                self.assertEqual(status, 400)
        self.assertEqual(a.present(good)[0], 200, "the challenge was not spent by them")

    def test_what_is_no_verdict_has_none(self):
        a, before = self.attester(), len(self.lines())
        self.assertEqual(a.challenge()[0], 201)
        self.assertEqual(a.challenge(jkt="short")[0], 400)
        self.assertEqual(request(self.site.attestd.url + "/v1/attestations")[0], 405)
        self.assertEqual(len(self.lines()), before)


class Limited(AuditCase):
    OPTIONS = {"attestd_config": "rate_limit { per_address = 1 address_burst = 2 }\n"
                                 'admin = { "127.0.0.1:0" }\n'}

    def test_too_many_are_counted_and_not_written_down(self):
        good = self.attester().answer(self.attester().challenge()[1])
        answers = [self.post(json.dumps(good))[0] for _ in range(20)]
        refused = answers.count(429)
        self.assertGreater(refused, 10)
        lines = self.site.attestd.events("attestation")
        self.assertEqual(len(lines), len(answers) - refused)
        counted = self.site.attestd.metrics()[("vouchsafe_rate_limited_total",
                                               (("by", "address"),))]
        self.assertEqual(counted, refused)


class Explained(AuditCase):
    def refused(self):
        """(error id, kind) of a refusal that the log has."""
        a = self.attester()
        answer, kind = self.spoiled(a)
        return a.present(answer)[1]["error_id"], kind

    def explain(self, *words, code=0, stdin=None):
        done = subprocess.run([program("attestctl"), "explain", *words], capture_output=True,
                              text=True, input=stdin)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stderr

    def test_the_reason_in_plain_words(self):
        error_id, kind = self.refused()
        told = self.explain(error_id, "--log", self.site.attestd.log)
        event = self.refusal(self.site.attestd, error_id)
        for word in (event["time"], self.site.CLIENT, event["build"], "1.0.0", event["jkt"],
                     event["peer"], event["request_id"], kind + " probe of vouchsafe-example",
                     "What to do:", "registered"):
            self.assertIn(word, told)
        with open(self.site.attestd.log) as f:
            self.assertEqual(self.explain(error_id, stdin=f.read()), told)

    def test_logs_that_were_rotated(self):
        error_id, kind = self.refused()
        log = os.path.join(self.folder, "rotated.log")
        open(log, "w").close()
        open(log + ".1", "w").close()
        self.assertIn(error_id, self.explain(error_id, "--log", log, code=1))
        shutil.copy(self.site.attestd.log, log + ".2")
        self.assertIn(kind + " probe", self.explain(error_id, "--log", log))
        with gzip.open(log + ".3.gz", "wt") as packed, open(log + ".2") as plain:
            packed.write(plain.read())
        with gzip.open(log + ".3.gz", "rt") as packed:
            self.assertIn(kind + " probe", self.explain(error_id, stdin=packed.read()))

    def test_an_id_that_is_not_there(self):
        error_id, _ = self.refused()
        log = self.site.attestd.log
        for unknown in ("AAAAAAAAAAAAAAAAAAAAAA", error_id[:-1], "attestation", "x"):
            said = self.explain(unknown, "--log", log, code=1)
            self.assertIn("no line has the error id " + unknown, said)
        self.assertIn("no such file", self.explain(error_id, "--log", log + "-none", code=1))
        self.explain(code=2)

    def test_lines_that_only_hold_the_text_are_not_it(self):
        error_id, _ = self.refused()
        fake = json.dumps({"event": "x", "peer": error_id}) + "\n" + error_id + "\n{\n"
        self.explain(error_id, stdin=fake, code=1)
        self.assertIn("because", self.explain(error_id, stdin=fake + json.dumps(
            {"event": "attestation", "error_id": error_id, "reasons": "build is revoked"})))

    def test_a_refusal_of_the_mediator_too(self):
        said = self.explain("abc", stdin=json.dumps(
            {"event": "refused", "error_id": "abc", "client_id": "shop", "reason": "no proof"}))
        self.assertIn("shop", said)
        self.assertIn("no proof", said)
