"""attestd over its wire: what it refuses, what it accepts, what each side is told."""
import concurrent.futures
import json
import os
import time

from harness import attacks
from harness.attacks import b64, unb64
from harness.attester import Attester, Key
from harness.case import SiteCase
from harness.vouchsafe import attestctl, request, sanitized


def raw_post(url, path, body, content_type="application/json"):
    return request(url + path, "POST", body, {"Content-Type": content_type})


class Challenges(SiteCase):
    def attester(self, **kw):
        return Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary, **kw)

    def test_malformed_messages_are_400(self):
        good = {"client_id": self.site.CLIENT, "build": "ab" * 20, "jkt": b64(bytes(32))}
        text = json.dumps(good)
        cases = {
            "empty": b"", "not JSON": b"hello", "array": b"[]", "number": b"1",
            "truncated": text[:-1].encode(), "trailing bytes": text.encode() + b"x",
            "duplicate member": text[:-1].encode() + b', "build": "cd"}',
            "NUL escape": text.replace("vouchsafe", "vouch\\u0000safe").encode(),
            "bad UTF-8": text.encode().replace(b"vouchsafe", b"vouch\xff"),
            "deep": b'{"client_id":' + b"[" * 2000 + b"]" * 2000 + b"}",
            "missing client_id": json.dumps({**good, "client_id": None}).encode(),
            "client_id a number": json.dumps({**good, "client_id": 7}).encode(),
            "client_id with a slash": json.dumps({**good, "client_id": "../etc"}).encode(),
            "client_id empty": json.dumps({**good, "client_id": ""}).encode(),
            "client_id too long": json.dumps({**good, "client_id": "a" * 129}).encode(),
            "build not hex": json.dumps({**good, "build": "xyz"}).encode(),
            "build too short": json.dumps({**good, "build": "ab"}).encode(),
            "build too long": json.dumps({**good, "build": "ab" * 33}).encode(),
            "jkt too short": json.dumps({**good, "jkt": b64(bytes(31))}).encode(),
            "jkt padded": json.dumps({**good, "jkt": b64(bytes(32)) + "="}).encode(),
            "jkt an object": json.dumps({**good, "jkt": {}}).encode(),
            "unknown member": json.dumps({**good, "admin": True}).encode(),
            "previous a number": json.dumps({**good, "previous": 1}).encode(),
        }
        for name, body in cases.items():
            with self.subTest(name):
                status, headers, answer = raw_post(self.site.attestd.url, "/v1/challenges", body)
                self.assertEqual(status, 400)
                self.assertEqual(json.loads(answer)["error"], "invalid_request")
                self.assertIn("no-store", headers["Cache-Control"])
        status, _, _ = raw_post(self.site.attestd.url, "/v1/challenges", text.encode())
        self.assertEqual(status, 201, "the message that the cases are made from passes")

    def test_body_limit_from_both_sides(self):
        good = json.dumps({"client_id": self.site.CLIENT, "build": "ab" * 20,
                           "jkt": b64(bytes(32))}).encode()
        at_limit = good + b" " * (65536 - len(good))
        self.assertEqual(raw_post(self.site.attestd.url, "/v1/challenges", at_limit)[0], 201)
        self.assertEqual(raw_post(self.site.attestd.url, "/v1/challenges", at_limit + b" ")[0], 413)

    def test_paths_and_methods(self):
        url = self.site.attestd.url
        self.assertEqual(request(url + "/v1/challenges")[0], 405)
        self.assertEqual(request(url + "/nowhere")[0], 404)
        self.assertEqual(request(url + "/healthz")[0], 200)
        self.assertEqual(request(url + "/readyz")[0], 200)

    def test_a_challenge_is_random_and_covers_the_build(self):
        a = self.attester()
        seen, blocks = set(), set()
        whole = set(range(len(a.image.blocks("file"))))
        for _ in range(500):
            if blocks == whole and len(seen) >= 20:
                break
            status, challenge = a.challenge()
            self.assertEqual(status, 201)
            self.assertEqual(len(unb64(challenge["challenge"])), 32)
            self.assertNotIn(challenge["challenge"], seen)
            seen.add(challenge["challenge"])
            self.assertEqual({p["kind"] for p in challenge["probes"]},
                             {"memory", "file", "maps", "imports", "debugger", "preload"})
            for probe in challenge["probes"]:
                numbers = probe.get("blocks", probe.get("slots", []))
                self.assertEqual(len(set(numbers)), len(numbers))
                if probe["kind"] == "file":
                    blocks.update(probe["blocks"])
        self.assertLess(len(seen), 500, "every block is asked in the end")

    def test_unknown_clients_and_builds_are_not_told_apart(self):
        """The same shape of answer, and the refusal only at the attestation."""
        known = self.attester()
        _, reference = known.challenge()
        for name, members in {"unknown client": {"client_id": "nobody"},
                              "unknown build": {"build": "cd" * 20}}.items():
            with self.subTest(name):
                status, challenge = known.challenge(**members)
                self.assertEqual(status, 201)
                self.assertEqual(set(challenge), set(reference))
                self.assertEqual([p["kind"] for p in challenge["probes"]],
                                 [p["kind"] for p in reference["probes"]])
                self.assertEqual([set(p) for p in challenge["probes"]],
                                 [set(p) for p in reference["probes"]])
                status, refusal = known.present(known.answer(challenge))
                self.assertEqual((status, refusal["error"]), (403, "attestation_failed"))
                self.assertIn("reasons", self.refusal(self.site.attestd, refusal["error_id"]))


class Attestations(SiteCase):
    OPTIONS = {"attestd_config": "challenge { ttl = 1 }\n"}

    def attester(self, **kw):
        return Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary, **kw)

    def refused(self, a, answer, error="attestation_failed"):
        status, message = a.present(answer)
        self.assertEqual((status, message.get("error")), (403, error), message)
        self.assertNotIn("integrity_token", message)
        return message

    def test_the_right_answer_gets_a_token(self):
        for curve in ("P-256", "Ed25519"):
            with self.subTest(curve):
                a = self.attester(key=Key(curve))
                token = a.token()
                self.assertLessEqual(len(token), 1024)
                header = json.loads(unb64(token.split(".")[0]))
                claims = attacks.claims_of(token)
                self.assertEqual(header["alg"], "HS256")
                self.assertEqual(header["typ"], "oauth-client-attestation+jwt")
                self.assertEqual(claims["sub"], self.site.CLIENT)
                self.assertEqual(claims["iss"], "http://attestd.example")
                self.assertEqual(claims["cnf"]["jwk"], a.key.jwk)
                self.assertEqual(claims["exp"] - claims["iat"], 300)
                self.assertEqual(claims["swversion"], "1.0.0")
                self.assertEqual(claims["ear_status"], "affirming")
                self.assertEqual(claims["streak"], 1)
                self.assertTrue(self.signed_by_secret(token))
                self.assertIn("no-store", a.headers["Cache-Control"])

    def signed_by_secret(self, token):
        import hashlib
        import hmac
        signed, _, signature = token.rpartition(".")
        return hmac.compare_digest(unb64(signature), hmac.new(
            self.site.secret().encode(), signed.encode(), hashlib.sha256).digest())

    def test_streak_and_coverage_grow_with_previous(self):
        a = self.attester()
        first = a.token()
        second = attacks.claims_of(a.token(previous=first))
        self.assertEqual(second["streak"], 2)
        self.assertGreaterEqual(second["coverage"], attacks.claims_of(first)["coverage"])
        self.assertEqual(attacks.claims_of(a.token(previous=first))["streak"], 1,
                         "each token is taken once")
        stranger = self.attester()
        self.assertEqual(attacks.claims_of(stranger.token(previous=first))["streak"], 1,
                         "another instance's streak is not taken over")
        forged = attacks.forge(first, b"x" * 43, claims={"streak": 900})
        self.assertEqual(attacks.claims_of(a.token(previous=forged))["streak"], 1)

    def test_a_challenge_thrown_away_ends_the_streak(self):
        """Otherwise a tampered app could ask until a challenge leaves its block out."""
        a = self.attester()
        second = a.token(previous=a.token())
        self.assertEqual(attacks.claims_of(second)["streak"], 2)
        status, _ = a.challenge(previous=second)
        self.assertEqual(status, 201)
        self.assertEqual(attacks.claims_of(a.token(previous=second))["streak"], 1)
        third = a.token(previous=a.token(previous=a.token()))
        self.assertEqual(attacks.claims_of(third)["streak"], 3, "one after the other goes on")

    def test_one_token_spent_by_many_at_once(self):
        a = self.attester()
        first = a.token()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            tokens = list(pool.map(lambda _: self.again(a, first), range(8)))
        streaks = sorted(attacks.claims_of(t)["streak"] for t in tokens)
        self.assertEqual(streaks, [1] * 7 + [2])

    def again(self, attester, previous):
        one = self.attester(key=attester.key)
        return one.token(previous=previous)

    def test_a_challenge_is_consumed_by_the_first_answer(self):
        a = self.attester()
        _, challenge = a.challenge()
        answer = a.answer(challenge)
        self.assertEqual(a.present(answer)[0], 200)
        self.refused(a, answer, "challenge_invalid")

    def test_a_wrong_answer_consumes_the_challenge_too(self):
        a = self.attester()
        _, challenge = a.challenge()
        right = a.answer(challenge)
        wrong = json.loads(json.dumps(right))
        wrong["evidence"][0]["digest"] = b64(bytes(32))
        self.refused(a, wrong)
        self.refused(a, right, "challenge_invalid")

    def test_unknown_and_expired_and_consumed_look_alike(self):
        a = self.attester()
        _, challenge = a.challenge()
        answer = a.answer(challenge)
        unknown = self.refused(a, {**answer, "challenge": b64(os.urandom(32))}, "challenge_invalid")
        time.sleep(1.3)
        expired = self.refused(a, answer, "challenge_invalid")
        _, challenge = a.challenge()
        answer = a.answer(challenge)
        self.assertEqual(a.present(answer)[0], 200, "in time it passes")
        consumed = self.refused(a, answer, "challenge_invalid")
        for message in (unknown, expired, consumed):
            message.pop("error_id", None)
        self.assertEqual(unknown, expired)
        self.assertEqual(unknown, consumed)

    def test_wrong_evidence_is_refused_and_named_in_the_audit_log(self):
        a = self.attester()

        def changed(change):
            _, challenge = a.challenge()
            answer = a.answer(challenge)
            change(answer)
            return answer

        def flip(n):
            def change(answer):
                raw = bytearray(unb64(answer["evidence"][n]["digest"]))
                raw[31] ^= 1
                answer["evidence"][n]["digest"] = b64(bytes(raw))
            return change

        cases = {
            "memory digest": (flip(0), "memory"),
            "file digest": (flip(1), "file"),
            "an answer left out": (lambda m: m["evidence"].pop(0), "memory"),
            "all answers left out": (lambda m: m.update(evidence=[]), "memory"),
            "answers swapped": (lambda m: m.update(evidence=[
                {**m["evidence"][0], "id": m["evidence"][1]["id"]},
                {**m["evidence"][1], "id": m["evidence"][0]["id"]}]), "memory"),
            "another key": (lambda m: m.update(jwk=Key().jwk), "key"),
        }
        for name, (change, word) in cases.items():
            with self.subTest(name):
                status, message = a.present(changed(change))
                if name == "all answers left out" and status == 400:
                    continue
                self.assertEqual((status, message["error"]), (403, "attestation_failed"))
                self.assertEqual(set(message) - {"error", "error_id", "error_description"}, set())
                line = self.refusal(self.site.attestd, message["error_id"])
                self.assertIn(word, line["reasons"])
                self.assertEqual(line["client_id"], self.site.CLIENT)
                self.assertNotIn(word, json.dumps(message), "the client is not told")
        self.assertEqual(a.attest()[0], 200)

    def test_malformed_answers_are_400(self):
        a = self.attester()
        _, challenge = a.challenge()
        good = a.answer(challenge)
        private = {**good["jwk"], "d": b64(bytes(32))}
        off_curve = {**good["jwk"], "y": b64(bytes(32))}
        cases = {
            "no challenge": {**good, "challenge": None}, "short challenge": {**good, "challenge": "AA"},
            "no jwk": {k: v for k, v in good.items() if k != "jwk"},
            "private jwk": {**good, "jwk": private}, "point off the curve": {**good, "jwk": off_curve},
            "RSA jwk": {**good, "jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}},
            "evidence an object": {**good, "evidence": {}},
            "the same id twice": {**good, "evidence": good["evidence"] * 2},
            "short digest": {**good, "evidence": [{"id": 1, "digest": "AA"}]},
            "id a text": {**good, "evidence": [{"id": "1", "digest": b64(bytes(32))}]},
            "unknown member": {**good, "extra": 1},
        }
        for name, message in cases.items():
            with self.subTest(name):
                status, refusal = a.present(message)
                self.assertEqual((status, refusal["error"]), (400, "invalid_request"))
        self.assertEqual(a.present(good)[0], 200, "none of them consumed the challenge")

    def test_revoked_build(self):
        a = self.attester()
        self.assertEqual(a.attest()[0], 200)
        attestctl(self.site.registry, "build", "revoke", self.site.CLIENT, a.image.build_id)
        self.assertEqual(self.site.attestd.reload()["event"], "reloaded")
        try:
            status, message = a.attest()
            self.assertEqual((status, message["error"]), (403, "attestation_failed"))
            self.assertIn("revoked", self.refusal(self.site.attestd, message["error_id"])["reasons"])
        finally:
            attestctl(self.site.registry, "build", "activate", self.site.CLIENT, a.image.build_id)
            self.site.attestd.reload()
        self.assertEqual(a.attest()[0], 200)

    def test_rotation(self):
        a = self.attester()
        old = a.token()
        attestctl(self.site.registry, "secret", "rotate", self.site.CLIENT)
        self.assertEqual(self.site.attestd.reload()["event"], "reloaded")
        new = a.token(previous=old)
        self.assertTrue(self.signed_by_secret(new))
        self.assertFalse(self.signed_by_secret(old))
        self.assertEqual(attacks.claims_of(new)["streak"], 2, "the old secret still verifies")
        shown = attestctl(self.site.registry, "token", "inspect", old).stdout
        self.assertIn(self.site.CLIENT, shown)
        self.assertNotIn(self.site.secret(), shown)


class TheExampleApp(SiteCase):
    """The SDK in a running process, against attacks on it. A megabyte is covered whole."""
    OPTIONS = {"attestd_config": "challenge { blocks = 256 }\n"}

    def test_genuine_and_tampered(self):
        with self.site.app() as app:
            good, words = app.ask("attest")
            self.assertTrue(good, words)
            # With sanitizers the app is a little larger than a challenge covers.
            self.assertRegex(words, r"coverage=(1|0\.9\d+) streak=1 ")

        patched = os.path.join(self.folder, "patched")
        attacks.patch_file(self.site.binary, patched, b"genuine", b"cracked")
        with self.site.app(patched) as app:
            self.assertIn("cracked", app.ask("greeting")[1])
            self.refused_naming(app, "memory", "file")
        with self.site.app() as app:
            self.assertIn("genuine", app.ask("greeting")[1])
            attacks.patch_memory(app.pid, self.site.binary, b"genuine", b"cracked")
            self.assertIn("cracked", app.ask("greeting")[1])
            reasons = self.refused_naming(app, "memory")
            self.assertNotIn("file", reasons)

    def test_replaced_on_disk_while_running(self):
        """The pristine file in another's place: the file is right, what runs is not."""
        copy = os.path.join(self.folder, "copy")
        attacks.patch_file(self.site.binary, copy, b"genuine", b"cracked")
        with self.site.app(copy) as app:
            with open(self.site.binary, "rb") as f:
                pristine = f.read()
            os.rename(copy, copy + ".gone")
            with open(copy, "wb") as f:
                f.write(pristine)
            self.refused_naming(app, "memory")

    def test_another_program_answering(self):
        a = Attester(self.site.attestd.url, self.site.CLIENT, "/usr/bin/python3")
        build = Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary).image.build_id
        status, message = a.attest(build=build)
        self.assertEqual(status, 403)
        self.assertIn("memory", self.refusal(self.site.attestd, message["error_id"])["reasons"])

    def refused_naming(self, app, *kinds):
        for _ in range(8):  # what one challenge misses, the next one finds
            good, words = app.ask("attest")
            if not good:
                break
        self.assertFalse(good, words)
        line = [e for e in self.site.attestd.events("attestation") if e["verdict"] == "refused"][-1]
        named = [kind for kind in kinds if kind in line["reasons"]]
        # One of them is enough where a sanitizer made the app larger than a challenge.
        self.assertTrue(named if sanitized() else named == list(kinds), line["reasons"])
        return line["reasons"]


class Reports(SiteCase):
    """What an app's policy makes of reports, and what attestd makes of bad ones."""

    def attester(self):
        return Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)

    def outcome(self, attester):
        """"" or the reasons of the refusal."""
        status, message = attester.attest()
        if status == 200:
            return ""
        return self.refusal(self.site.attestd, message["error_id"])["reasons"]

    def policy(self, *assignments):
        attestctl(self.site.registry, "policy", "set", self.site.CLIENT, *assignments)
        self.site.attestd.reload()

    def with_maps(self, more):
        a = self.attester()
        genuine = a.reports.maps
        a.reports.maps = lambda probe: genuine(probe) + more
        return a

    def test_whose_code_may_run(self):
        plugin = "r-xp clean 4096 - /home/user/plugin.so\n"
        self.assertEqual(self.outcome(self.attester()), "")
        self.assertIn("maps probe of /home/user/plugin.so: foreign code",
                      self.outcome(self.with_maps(plugin)))
        try:
            self.policy("mappings=any")
            self.assertEqual(self.outcome(self.with_maps(plugin)), "")
            self.assertIn("anonymous code", self.outcome(self.with_maps(
                "r-xp clean 4096 - [anonymous]\n")), "any file is not any code")
            self.policy("mappings=registered")
            self.assertIn("maps probe of %s: code of the system" % self.attester().reports.LIBC,
                          self.outcome(self.attester()))
        finally:
            self.policy("mappings=default")
        self.assertEqual(self.outcome(self.attester()), "")

    def test_report_and_off(self):
        traced = self.attester()
        traced.reports.debugger = lambda _: "tracer 7\nseccomp 0\ndumpable 1\n"
        self.assertEqual(self.outcome(traced), "debugger probe of process: traced")
        try:
            self.policy("debugger=report")
            self.assertEqual(self.outcome(traced), "")
            self.assertEqual(self.site.attestd.events("attestation")[-1]["reasons"],
                             "reported only: debugger probe of process: traced")
            self.policy("debugger=off")
            _, challenge = traced.challenge()
            self.assertNotIn("debugger", [p["kind"] for p in challenge["probes"]])
            _, challenge = traced.challenge(build="cd" * 20)
            self.assertNotIn("debugger", [p["kind"] for p in challenge["probes"]],
                             "an unknown build of this client is asked the same kinds")
        finally:
            self.policy("debugger=default")

    def test_bad_reports_are_refused(self):
        for kind in ("maps", "imports", "debugger", "preload"):
            for name, report in {"nothing": "", "no report": "hello\n", "cut": "tracer 0",
                                 "bytes": "\x7f\n", "long": "x" * 32768}.items():
                with self.subTest(kind=kind, report=name):
                    a = self.attester()
                    setattr(a.reports, kind, lambda _, text=report: text or "\n")
                    self.assertRegex(self.outcome(a), kind + " probe of \\S+: malformed report")
        a = self.attester()
        a.reports.maps = lambda _: "x" * 32769
        self.assertEqual(a.attest()[0], 400, "longer than a report may be")
        self.assertEqual(self.outcome(self.attester()), "")

    def test_left_out(self):
        for kind in ("maps", "imports", "debugger", "preload"):
            with self.subTest(kind):
                a = self.attester()
                _, challenge = a.challenge()
                challenge["probes"] = [p for p in challenge["probes"] if p["kind"] != kind]
                status, message = a.present(a.answer(challenge))
                self.assertEqual(status, 403)
                self.assertRegex(self.refusal(self.site.attestd, message["error_id"])["reasons"],
                                 kind + " probe of \\S+: not answered")
