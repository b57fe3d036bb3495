"""No client secret in any binary, log, error, process view or core."""
import base64
import os
import resource
import signal
import subprocess
import unittest

from harness.attester import Attester
from harness.case import SiteCase
from harness.process import free_port
from harness.vouchsafe import attestctl, program, request


def forms(secret):
    raw = secret.encode()
    return {"plain": raw, "base64": base64.b64encode(raw), "base64url": base64.urlsafe_b64encode(raw),
            "hex": raw.hex().encode(), "UTF-16": secret.encode("utf-16-le"), "reversed": raw[::-1]}


def sanitized(path):
    """The sanitizers make mlock() do nothing."""
    with open(path, "rb") as f:
        image = f.read()
    return b"__asan_init" in image or b"__tsan_init" in image


class Secrets(SiteCase):
    OPTIONS = {"attestd_config": 'log { level = "debug" }\n'}

    @classmethod
    def start(cls):
        cls.site.start_mediator("http://127.0.0.1:%d" % free_port(),
                                extra='log { level = "debug" }\n')
        cls.url = cls.site.mediator.url

    def exercise(self):
        """Every kind of answer that could carry too much; returns their bytes."""
        a = Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)
        token = a.token()
        answers = [token.encode()]
        form = [("grant_type", "client_credentials"), ("client_id", self.site.CLIENT)]
        for headers in ({}, a.headers_for(self.url, token), a.headers_for(self.url, token[:-3])):
            status, got, body = request(self.url + "/token", "POST", form, headers)
            answers += [str(got).encode(), body]
        _, challenge = a.challenge()
        wrong = a.answer(challenge)
        wrong["evidence"] = wrong["evidence"][:1]
        answers.append(str(a.present(wrong)).encode())
        self.site.attestd.reload()
        self.site.mediator.reload()
        return b"\n".join(answers)

    def assertNowhere(self, data, where, needles):
        for secret_name, secret in needles.items():
            for form, needle in forms(secret).items():
                self.assertNotIn(needle, data, "%s as %s in %s" % (secret_name, form, where))

    def test_nowhere(self):
        needles = {"the client secret": self.site.secret()}
        answers = self.exercise()
        self.assertNowhere(answers, "an answer", needles)
        for name in ("vouchsafe-example", "attestd", "mediator", "attestctl"):
            with open(program(name), "rb") as f:
                self.assertNowhere(f.read(), name, needles)
        for daemon in (self.site.attestd, self.site.mediator):
            with open(daemon.log, "rb") as f:
                log = f.read()
            self.assertGreater(len(log), 200)
            self.assertNowhere(log, daemon.name + "'s log", needles)
            for what in ("cmdline", "environ"):
                with open("/proc/%d/%s" % (daemon.child.pid, what), "rb") as f:
                    self.assertNowhere(f.read(), daemon.name + " " + what, needles)
        listing = attestctl(self.site.registry, "app", "list").stdout
        self.assertIn(self.site.CLIENT, listing)
        self.assertNowhere(listing.encode(), "app list", needles)

    def test_tokens_are_not_logged(self):
        a = Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)
        token = a.token()
        request(self.url + "/token", "POST", [("grant_type", "client_credentials"),
                                              ("client_id", self.site.CLIENT)],
                a.headers_for(self.url, token))
        for daemon in (self.site.attestd, self.site.mediator):
            with open(daemon.log) as f:
                self.assertNotIn(token.rsplit(".", 1)[1], f.read())

    def test_the_search_can_find(self):
        """The positive control: where the secret is meant to be, the same search finds it."""
        secret = self.site.secret()
        found = subprocess.run(["grep", "-rlF", "--", secret, self.site.registry],
                               capture_output=True, text=True).stdout.split()
        self.assertEqual(len(found), 1, found)
        self.assertEqual(os.stat(found[0]).st_mode & 0o077, 0)
        with self.assertRaises(AssertionError):
            self.assertNowhere(base64.b64encode(secret.encode()), "here", {"it": secret})

    def test_no_core_can_be_had(self):
        for daemon in (self.site.attestd, self.site.mediator):
            pid = daemon.child.pid
            self.assertEqual(resource.prlimit(pid, resource.RLIMIT_CORE), (0, 0))
            # PR_SET_DUMPABLE 0 gives the /proc entries to root and refuses ptrace to our own user.
            self.assertEqual(os.stat("/proc/%d/environ" % pid).st_uid, 0)
            with open("/proc/%d/smaps" % pid) as f:
                flags = [line for line in f if line.startswith("VmFlags")]
            left_out = [line for line in flags if " dd " in line]
            self.assertNotEqual(left_out, [], "the secrets' pages are left out of dumps")
            if not sanitized(program(daemon.name)):
                self.assertTrue(any(" lo " in line for line in left_out), "and locked in memory")

    def test_a_crash_leaves_nothing(self):
        daemon = self.site.mediator
        daemon.child.signal(signal.SIGABRT)
        daemon.child.popen.wait()
        daemon.stop()
        left = [name for name in os.listdir(self.folder) if "core" in name]
        self.assertEqual(left, [])
        daemon.start()


if __name__ == "__main__":
    unittest.main()
