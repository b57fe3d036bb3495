"""A policy before it is enforced: only watched, and tried on recorded appraisals."""
import json
import os

from harness.attacks import b64, unb64
from harness.attester import Attester
from harness.case import SiteCase
from harness.process import wait_until
from harness.vouchsafe import attestctl


class PolicyCase(SiteCase):
    def ctl(self, *words, code=0, stdin=None):
        done = attestctl(self.site.registry, *words, check=False, stdin=stdin)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stderr

    def attester(self):
        return Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)

    def set_policy(self, *assignments):
        self.ctl("policy", "set", self.site.CLIENT, *assignments)
        self.assertEqual(self.site.attestd.reload()["event"], "reloaded")

    def wrong(self, a, kind="memory"):
        """(status, message) of an answer in which what is of that kind is wrong."""
        challenge = a.challenge()[1]
        answer = a.answer(challenge)
        for probe, evidence in zip(challenge["probes"], answer["evidence"]):
            if probe["kind"] == kind:
                evidence["digest"] = b64(bytes(32))
        return a.present(answer)


class Watched(PolicyCase):
    def test_a_policy_that_is_only_watched(self):
        a = self.attester()
        self.assertEqual(self.wrong(a)[0], 403)
        self.set_policy("mode=report")
        status, message = self.wrong(a)
        self.assertEqual(status, 200)
        line = self.site.attestd.events("attestation")[-1]
        self.assertEqual(line["verdict"], "accepted")
        self.assertIn("reported only: memory probe", line["reasons"])
        claims = message["integrity_token"].split(".")[1]
        claims = json.loads(unb64(claims))
        self.assertEqual(claims["coverage"], 0, "and vouches for nothing")
        self.set_policy("mode=default")
        self.assertEqual(self.wrong(a)[0], 403)

    def test_what_a_policy_may_not_say(self):
        for wrong in ("memory=maybe", "mode=off", "answer_deadline=0", "nonsense=1", "memory"):
            self.assertIn("attestctl:", self.ctl("policy", "set", self.site.CLIENT, wrong, code=1))
        self.ctl("policy", "set", self.site.CLIENT, code=2)
        self.ctl("policy", "set", "nobody", "memory=off", code=1)
        self.assertNotIn("maybe", self.ctl("policy", "show", self.site.CLIENT))


class Tried(PolicyCase):
    @classmethod
    def start(cls):
        cls.record = os.path.join(cls.folder, "appraisals.jsonl")
        cls.site.attestd.write_config(cls.site.attestd_config(
            'record { file = "%s" }\nadmin = { "127.0.0.1:0" }\n' % cls.record))
        cls.site.attestd.stop()
        cls.site.attestd.start()

    def setUp(self):
        if os.path.exists(self.record):
            os.remove(self.record)

    def recorded(self):
        with open(self.record) as f:
            return [json.loads(line) for line in f]

    def tried(self, *words):
        return self.ctl("policy", "try", self.site.CLIENT, *words, "--recorded", self.record)

    def test_what_is_recorded(self):
        a = self.attester()
        self.assertEqual(a.attest()[0], 200)
        self.assertEqual(self.wrong(a, "file")[0], 403)
        Attester(self.site.attestd.url, "nobody", self.site.binary).attest()
        good, bad = self.recorded()
        self.assertEqual((good["accepted"], bad["accepted"]), (True, False))
        for line in (good, bad):
            self.assertEqual((line["client_id"], line["build"], line["version"], line["jkt"]),
                             (self.site.CLIENT, a.image.build_id, "1.0.0", b64(a.key.jkt)))
            self.assertIn("memory", [c["kind"] for c in line["claims"]])
        self.assertEqual({c["result"] for c in good["claims"]}, {"passed"})
        self.assertEqual({c["result"] for c in bad["claims"] if c["kind"] == "file"}, {"differs"})
        self.assertEqual(os.stat(self.record).st_mode & 0o777, 0o600)
        text = json.dumps([good, bad])
        self.assertNotIn(self.site.secret(), text)
        written = self.site.attestd.metrics()[("vouchsafe_records_total",
                                               (("outcome", "written"),))]
        self.assertGreaterEqual(written, 2)

    def test_who_would_be_refused_or_accepted(self):
        honest, patched = self.attester(), self.attester()
        for _ in range(3):
            self.assertEqual(honest.attest()[0], 200)
        for _ in range(2):
            self.assertEqual(self.wrong(patched)[0], 403)
        told = self.tried()
        self.assertIn("5 appraisals of %s: 5 as before, 0 refused now, 0 accepted now"
                      % self.site.CLIENT, told)
        told = self.tried("--policy", "memory=report")
        self.assertIn("3 as before, 0 refused now, 2 accepted now", told)
        line = next(l for l in told.splitlines() if "instance" in l)
        self.assertIn(b64(patched.key.jkt)[:8], line)
        self.assertIn("  2, last 20", line)
        self.assertIn("1.0.0", line)
        self.assertIn("reported only: memory probe of vouchsafe-example", told)
        self.assertNotIn(b64(honest.key.jkt)[:8], told)

        build = honest.image.build_id
        told = self.tried("--build", build + "=revoked")
        self.assertIn("2 as before, 3 refused now, 0 accepted now", told)
        self.assertIn("build is revoked", told)
        self.assertIn(b64(honest.key.jkt)[:8], told)
        self.assertEqual(honest.attest()[0], 200, "nothing has changed")

    def test_a_kind_that_was_not_asked(self):
        self.set_policy("memory=off")
        try:
            a = self.attester()
            self.assertEqual(a.attest()[0], 200)
        finally:
            self.set_policy("memory=default")
        told = self.tried()
        self.assertIn("0 refused now, 0 accepted now, 1 cannot be told", told)
        self.assertIn("memory", told)
        self.assertIn("1 as before", self.tried("--policy", "memory=off"))

    def test_lines_of_others_and_broken_ones(self):
        self.assertEqual(self.attester().attest()[0], 200)
        with open(self.record) as f:
            good = f.read()
        mixed = good + "{\n\nhello\n" + good.replace(self.site.CLIENT, "other") + good[:50]
        told = self.ctl("policy", "try", self.site.CLIENT, stdin=mixed)
        self.assertIn("1 appraisals", told)
        self.assertIn("4 lines were no recorded appraisals", told)
        self.ctl("policy", "try", "nobody", stdin=good, code=1)
        self.ctl("policy", "try", self.site.CLIENT, "--policy", "x=1", stdin=good, code=1)
        self.ctl("policy", "try", self.site.CLIENT, "--build", "ab=maybe", stdin=good, code=1)
        self.ctl("policy", "try", self.site.CLIENT, "--recorded", "/nowhere", code=1)

    def test_a_record_that_cannot_be_written_is_counted_and_stops_nobody(self):
        def lost():
            return self.site.attestd.metrics().get(("vouchsafe_records_total",
                                                    (("outcome", "lost"),)), 0)
        a, before = self.attester(), lost()
        os.symlink("/nowhere", self.record)
        self.assertEqual(a.attest()[0], 200)
        self.assertEqual(lost(), before + 1)
        os.remove(self.record)
        self.assertEqual(a.attest()[0], 200)
        self.assertEqual((lost(), len(self.recorded())), (before + 1, 1))

    def test_changes_of_the_registry_keep_on_recording(self):
        a = self.attester()
        self.assertEqual(a.attest()[0], 200)
        before = len(self.site.attestd.events("reloaded"))
        self.ctl("policy", "set", self.site.CLIENT, "answer_deadline=9")
        wait_until(lambda: len(self.site.attestd.events("reloaded")) > before, 20, "the change")
        self.assertEqual(a.attest()[0], 200)
        self.assertEqual(len(self.recorded()), 2)
