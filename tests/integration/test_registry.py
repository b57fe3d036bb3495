"""The registry on disk: changes that are killed anywhere, and a daemon that notices changes."""
import os
import re
import shutil
import subprocess
import threading

from harness.attester import Attester
from harness.case import FolderCase, SiteCase
from harness.process import wait_until
from harness.vouchsafe import attestctl, program, request, sanitized

APP = "shop"
OLD_SECRET, NEW_SECRET = "an old secret of more than 32 bytes!", "a new secret of more than 32 bytes!!"
KILLED, ENDED = 0, 3


def quick_folder():
    """In memory where there is such a place: what is tested here is the order of calls, and each of
    many hundred runs syncs a dozen times."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Killed(FolderCase):
    """attestctl is killed at each of its system calls in turn: the registry then holds what it held
    before or what it holds after, and what was left does not disturb the next change."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass(quick_folder())
        # Every call costs a moment; with a sanitizer's own there are many times as many.
        cls.step = 9 if sanitized() else 1
        for name, text in (("one", "int main(void) { return 1; }"),
                           ("two", "int main(void) { return 2; }")):
            source = os.path.join(cls.folder, name + ".c")
            with open(source, "w") as f:
                f.write(text)
            subprocess.run(["gcc", "-Wl,--build-id", "-o", os.path.join(cls.folder, name), source],
                           check=True)
        for name, secret in (("old", OLD_SECRET), ("new", NEW_SECRET)):
            with open(cls.file(name), "w") as f:
                f.write(secret + "\n")
            os.chmod(cls.file(name), 0o600)
        cls.pristine = os.path.join(cls.folder, "pristine")
        attestctl(cls.pristine, "app", "add", APP, "--secret-file", cls.file("old"))
        attestctl(cls.pristine, "build", "add", APP, cls.file("one"), "--label", "1")
        with os.scandir(os.path.join(cls.pristine, APP, "builds")) as found:
            cls.build = next(found).name

    @classmethod
    def file(cls, name):
        return os.path.join(cls.folder, name)

    def view(self, registry):
        """What a registry holds of the app, as whoever loads it sees it: secrets by what they are,
        since their names are random."""
        shown = attestctl(registry, "app", "show", APP, check=False)
        if "no such app" in shown.stderr or not os.path.exists(registry):
            return None
        self.assertEqual(shown.returncode, 0, shown.stderr)

        def secret(found):
            with open(found.group(0)) as f:
                return f.read().strip()
        return re.sub(re.escape(registry) + r"/\S+/secrets/\S+", secret, shown.stdout)

    def on_disk(self, registry):
        """Every file and what is in it, without what is random in names."""
        def plain(text):
            return re.sub(r"\.new-\w+", ".new", re.sub(r"\b[\w-]{16}\b(?![.-])", "KID", text))
        found = []
        for path, folders, files in os.walk(registry):
            found += [plain(os.path.join(path, n)) for n in folders]
            for name in files:
                with open(os.path.join(path, name), errors="replace") as f:
                    found.append(plain(os.path.join(path, name)) + ": " + plain(f.read()))
        return "\n".join(sorted(found))

    def leftovers(self, registry):
        """Names that no reader of the registry has a use for."""
        found = []
        for path, folders, files in os.walk(registry):
            found += [os.path.join(path, n) for n in folders + files if ".new-" in n]
            if os.path.basename(path) == "secrets":
                with open(os.path.join(path, "keyring.conf")) as f:
                    conf = f.read()
                found += [os.path.join(path, n) for n in files
                          if n != "keyring.conf" and '"%s"' % n not in conf]
        return found

    def set_up(self, pristine):
        registry = self.file("registry")
        shutil.rmtree(registry, ignore_errors=True)
        if os.path.exists(pristine):
            shutil.copytree(pristine, registry)
        return registry

    def kill_everywhere(self, words, pristine):
        """Returns how often it was killed, and what was found then: each state on the disk that it
        was left in, and whether that is the new state of the registry."""
        registry = self.set_up(pristine)
        before = self.view(registry)
        attestctl(registry, *words)
        after = self.view(registry)
        self.assertNotEqual(before, after)
        kills, found = 0, {}
        while True:
            self.set_up(pristine)
            n = 1 + kills * self.step
            done = subprocess.run([program("kill-at"), str(n), program("attestctl"), "--registry",
                                   registry, *words], capture_output=True, text=True,
                                  env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
            self.assertIn(done.returncode, (KILLED, ENDED), done.stderr)
            state = self.on_disk(registry)
            if state not in found:
                now = self.view(registry)
                self.assertIn(now, (before, after), "killed at call %d" % n)
                found[state] = now == after
                self.go_on(registry, now)
            if done.returncode == ENDED:
                self.assertTrue(found[state])
                return kills, found
            kills += 1

    def go_on(self, registry, now):
        """The next change finds nothing in its way and leaves nothing of the former one."""
        if now:
            attestctl(registry, "policy", "set", APP, "answer_deadline=7")
        else:
            attestctl(registry, "app", "add", APP)
        self.assertEqual(self.leftovers(registry), [])

    def everywhere(self, *words, pristine=None):
        kills, found = self.kill_everywhere(words, pristine or self.pristine)
        self.assertGreater(kills, 20 // self.step)
        self.assertIn(True, found.values(), "killed after the change as well")
        self.assertIn(False, found.values(), "killed before it as well")
        if self.step == 1:
            self.assertGreater(len(found), 2, "and left something half done")

    def test_app_add_to_a_fresh_registry(self):
        self.everywhere("app", "add", APP, "--secret-file", self.file("new"),
                        pristine=self.file("nowhere"))

    def test_app_remove(self):
        self.everywhere("app", "remove", APP)

    def test_build_add(self):
        self.everywhere("build", "add", APP, self.file("two"), "--label", "2")

    def test_build_add_again(self):
        self.everywhere("build", "add", APP, self.file("one"), "--label", "one more time")

    def test_build_revoke(self):
        self.everywhere("build", "revoke", APP, self.build)

    def test_build_remove(self):
        self.everywhere("build", "remove", APP, self.build)

    def test_policy_set(self):
        self.everywhere("policy", "set", APP, "memory=report", "token_lifetime=60")

    def test_secret_rotate(self):
        self.everywhere("secret", "rotate", APP, "--secret-file", self.file("new"))


class Noticed(SiteCase):
    """Changes are in force without a signal, and without a request that is dropped."""

    OPTIONS = {"attestd_config": 'admin = { "127.0.0.1:0" }\n'}

    def ctl(self, *words):
        return attestctl(self.site.registry, *words)

    def attester(self, client=None):
        return Attester(self.site.attestd.url, client or self.site.CLIENT, self.site.binary)

    def until(self, status, attester, what):
        wait_until(lambda: attester.attest()[0] == status, 20, what)

    def stale(self):
        return self.site.attestd.metrics()[("vouchsafe_reload_stale", ())]

    def test_a_build_that_is_revoked_and_activated(self):
        a = self.attester()
        self.assertEqual(a.attest()[0], 200)
        self.ctl("build", "revoke", self.site.CLIENT, a.image.build_id)
        self.until(403, a, "the revocation")
        self.ctl("build", "activate", self.site.CLIENT, a.image.build_id)
        self.until(200, a, "the activation")
        self.assertTrue(all(e["cause"] == "change" for e in self.site.attestd.events("reloaded")))

    def test_an_app_that_is_added_and_removed(self):
        a = self.attester("newcomer")
        self.assertEqual(a.attest()[0], 403)
        self.ctl("app", "add", "newcomer")
        self.ctl("build", "add", "newcomer", self.site.binary, "--label", "1")
        self.until(200, a, "the new app")
        self.ctl("app", "remove", "newcomer")
        self.until(403, a, "its removal")

    def test_a_policy_that_is_set(self):
        a = self.attester()
        kinds = lambda: {p["kind"] for p in a.challenge()[1]["probes"]}
        before = kinds()
        self.assertIn("memory", before)
        self.ctl("policy", "set", self.site.CLIENT, "memory=off")
        wait_until(lambda: kinds() == before - {"memory"}, 20, "the policy")
        self.ctl("policy", "set", self.site.CLIENT, "memory=default")
        wait_until(lambda: kinds() == before, 20, "the default")

    def test_a_secret_that_is_rotated(self):
        a = self.attester()
        kid = lambda: a.token().split(".")[0]
        before = kid()
        self.ctl("secret", "rotate", self.site.CLIENT)
        wait_until(lambda: kid() != before, 20, "the new secret")

    def test_a_registry_that_is_broken_by_hand_and_mended(self):
        a, attestd = self.attester(), self.site.attestd
        conf = os.path.join(self.site.registry, self.site.CLIENT, "app.conf")
        with open(conf) as f:
            good = f.read()
        self.assertEqual(self.stale(), 0)
        with open(conf, "a") as f:
            f.write("nonsense = 1\n")
        try:
            wait_until(lambda: self.stale() == 1, 20, "the mistake to be noticed")
            event = attestd.events("reload failed")[-1]
            self.assertEqual(event["cause"], "change")
            self.assertIn("app.conf", event["why"])
            self.assertIn("nonsense", event["why"])
            self.assertEqual(a.attest()[0], 200, "what was read before serves")
            self.assertEqual(request(attestd.admin_url() + "/readyz")[0], 200)
        finally:
            with open(conf, "w") as f:
                f.write(good)
        wait_until(lambda: self.stale() == 0, 20, "the repair to be noticed")
        self.assertEqual(attestd.events("reloaded")[-1]["cause"], "change")
        self.assertEqual(a.attest()[0], 200)

    def test_no_request_is_dropped_meanwhile(self):
        stop, outcomes = threading.Event(), []

        def attest():
            a = self.attester()
            while not stop.is_set():
                outcomes.append(a.attest()[0])

        before = len(self.site.attestd.events("reloaded"))
        threads = [threading.Thread(target=attest) for _ in range(3)]
        for thread in threads:
            thread.start()
        for n in range(5):
            self.ctl("policy", "set", self.site.CLIENT, "token_lifetime=%d" % (200 + n))
            wait_until(lambda: len(self.site.attestd.events("reloaded")) > before + n, 20, "it")
        stop.set()
        for thread in threads:
            thread.join()
        self.assertGreater(len(outcomes), 5)
        self.assertEqual(set(outcomes), {200})
