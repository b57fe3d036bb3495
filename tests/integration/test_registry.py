"""The registry on disk: changes that are killed anywhere, and a daemon that notices changes."""
import os
import re
import shutil
import subprocess

from harness.case import FolderCase
from harness.vouchsafe import attestctl, program, sanitized

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
