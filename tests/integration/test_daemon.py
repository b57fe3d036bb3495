"""The daemons as their operator meets them: flags, files, reload, drain."""
import os
import re
import signal
import subprocess
import threading
import time
import unittest

from harness.attester import Attester
from harness.case import FolderCase, SiteCase
from harness.process import wait_until
from harness.vouchsafe import ROOT, Daemon, attestctl, mediatorctl, program


def run(name, *words):
    return subprocess.run([program(name), *words], capture_output=True, text=True, timeout=20)


class Flags(FolderCase):
    def config(self, text):
        path = os.path.join(self.folder, "x.conf")
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o600)
        return path

    def test_help_and_version(self):
        for name in ("attestd", "mediator", "attestctl"):
            with self.subTest(name):
                shown = run(name, "--help")
                self.assertEqual(shown.returncode, 0)
                self.assertIn("Usage: " + name, shown.stdout)
                self.assertRegex(run(name, "--version").stdout, r"\d+\.\d+\.\d+")

    def test_wrong_usage(self):
        for words in (["--nonsense"], ["extra"], ["--config"]):
            for name in ("attestd", "mediator"):
                with self.subTest("%s %s" % (name, words)):
                    shown = run(name, *words)
                    self.assertEqual(shown.returncode, 2)
                    self.assertNotEqual(shown.stderr, "")

    def test_bad_configurations_name_what_is_wrong(self):
        registry = os.path.join(self.folder, "registry")
        attestctl(registry, "app", "add", "some-app")
        good = 'issuer = "http://a.example"\nregistry = "%s"\nlisten = { "127.0.0.1:0" }\n' % registry
        cases = {
            "missing file": (None, "x.conf"),
            "unknown key": (good + "lisen = 1\n", "listen"),
            "not a number": (good + "workers = many\n", "workers"),
            "negative": (good + "workers = -1\n", "workers"),
            "out of range": (good + "challenge { ttl = 0 }\n", "ttl"),
            "no issuer": (good.split("\n", 1)[1], "issuer"),
            "registry missing": (good.replace(registry, registry + "x"), "registryx"),
            "unclosed": (good + "challenge {\n", "x.conf"),
            "bad address": (good.replace("127.0.0.1:0", "nowhere"), "nowhere"),
            "bad store": (good + 'store { url = "mysql://x" }\n', "mysql"),
        }
        for name, (text, word) in cases.items():
            with self.subTest(name):
                path = self.config(text) if text else os.path.join(self.folder, "none", "x.conf")
                shown = run("attestd", "--check-config", "--config", path)
                self.assertEqual(shown.returncode, 1, shown.stdout + shown.stderr)
                self.assertIn(word, shown.stderr)
        shown = run("attestd", "--check-config", "--config", self.config(good))
        self.assertEqual(shown.returncode, 0, shown.stderr)

    def test_the_configurations_that_we_ship_hold_with_and_without_their_defaults(self):
        registry = os.path.join(self.folder, "shipped")
        seal = os.path.join(self.folder, "shipped-seal")
        attestctl(registry, "app", "add", "my-app")
        mediatorctl("seal-key", "rotate", "--folder", seal)
        devices = os.path.join(self.folder, "shipped-devices")
        mediatorctl("device", "add", "door", "--registry", devices, "--mode", "push", "--scope",
                    "open", "--key-out", os.path.join(self.folder, "door.key"))
        for name in ("attestd", "mediator"):
            with open(os.path.join(ROOT, "deploy", name + ".conf")) as f:
                shipped = f.read().replace("/var/lib/vouchsafe/registry", registry)
                shipped = shipped.replace("/var/lib/vouchsafe/seal", seal)
                shipped = shipped.replace("/var/lib/vouchsafe/devices", devices)
            # A default that is a value, not an example: "# key = value", with nothing like "...".
            spelled = re.sub(r'^( *)# (\w+ = (?!"\.\.\.|"/var|"vouchsafe"  )\S.*)$',
                             r"\1\2", shipped, flags=re.M).replace("\nuser =", "\n# user =")
            self.assertGreater(spelled.count("\n"), 20)
            self.assertNotEqual(shipped, spelled)
            for text in (shipped, spelled):
                shown = run(name, "--check-config", "--config", self.config(text))
                self.assertEqual(shown.returncode, 0, shown.stderr)

    def test_files_that_others_may_read_are_refused(self):
        registry = os.path.join(self.folder, "open-registry")
        attestctl(registry, "app", "add", "some-app")
        path = self.config('issuer = "http://a.example"\nregistry = "%s"\n' % registry)
        self.assertEqual(run("attestd", "--check-config", "--config", path).returncode, 0)
        secrets = os.path.join(registry, "some-app", "secrets")
        kid = next(name for name in os.listdir(secrets) if name != "keyring.conf")
        os.chmod(os.path.join(secrets, kid), 0o640)
        shown = run("attestd", "--check-config", "--config", path)
        self.assertEqual(shown.returncode, 1)
        self.assertIn(kid, shown.stderr)


class Attestctl(FolderCase):
    def ctl(self, *words, code=0):
        shown = attestctl(os.path.join(self.folder, "registry"), *words, check=False)
        self.assertEqual(shown.returncode, code, shown.stdout + shown.stderr)
        return shown.stdout if code == 0 else shown.stderr

    def test_apps_builds_and_secrets(self):
        secret = os.path.join(self.folder, "secret")
        with open(secret, "w") as f:
            f.write("0123456789012345678901234567890\n")
        os.chmod(secret, 0o600)
        self.assertIn("32", self.ctl("app", "add", "short", "--secret-file", secret, code=1))
        with open(secret, "w") as f:
            f.write("01234567890123456789012345678901\n")
        self.ctl("app", "add", "chosen", "--secret-file", secret)
        self.ctl("app", "add", "chosen", code=1)
        self.ctl("app", "add", "../escape", code=1)
        self.ctl("app", "add", "drawn", "--name", "Drawn")
        listing = self.ctl("app", "list")
        self.assertIn("chosen", listing)
        self.assertIn("drawn", listing)
        self.assertNotIn("short", listing)

        self.ctl("build", "add", "nobody", "/usr/bin/python3", code=1)
        self.ctl("build", "add", "drawn", "/etc/passwd", code=1)
        self.ctl("build", "add", "drawn", os.path.join(self.folder, "none"), code=1)
        added = self.ctl("build", "add", "drawn", program("vouchsafe-example"), "--label", "2.1")
        self.assertIn("2.1", self.ctl("build", "list", "drawn"))
        self.ctl("build", "revoke", "drawn", "ab" * 20, code=1)
        self.assertNotEqual(added, "")

        folder = os.path.join(self.folder, "registry", "drawn", "secrets")
        before = set(os.listdir(folder))
        self.ctl("secret", "rotate", "drawn")
        self.assertEqual(len(set(os.listdir(folder)) - before), 1)
        self.ctl("secret", "rotate", "nobody", code=1)
        for path, folders, files in os.walk(os.path.join(self.folder, "registry")):
            for name in folders + files:
                self.assertEqual(os.stat(os.path.join(path, name)).st_mode & 0o077, 0, name)

    def test_without_a_build_id(self):
        source, binary = (os.path.join(self.folder, n) for n in ("a.c", "a"))
        with open(source, "w") as f:
            f.write("int main(void) { return 0; }\n")
        subprocess.run(["gcc", "-Wl,--build-id=none", "-o", binary, source], check=True)
        self.ctl("app", "add", "app")
        self.assertIn("build-id", self.ctl("build", "add", "app", binary, code=1))
        subprocess.run(["gcc", "-Wl,--build-id", "-o", binary, source], check=True)
        self.ctl("build", "add", "app", binary)

    def test_usage(self):
        self.ctl("app", code=2)
        self.ctl("nonsense", code=2)
        self.ctl("app", "add", code=2)
        self.ctl("app", "add", "x", "--nonsense", code=2)


class Life(SiteCase):
    def test_a_broken_registry_does_not_replace_a_good_one(self):
        a = Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)
        conf = os.path.join(self.site.registry, self.site.CLIENT, "app.conf")
        with open(conf) as f:
            good = f.read()
        with open(conf, "w") as f:
            f.write(good + "nonsense = 1\n")
        try:
            event = self.site.attestd.reload()
            self.assertEqual(event["event"], "reload failed")
            self.assertIn("app.conf", str(event))
            self.assertEqual(a.attest()[0], 200, "the former registry still serves")
        finally:
            with open(conf, "w") as f:
                f.write(good)
        self.assertEqual(self.site.attestd.reload()["event"], "reloaded")
        self.assertEqual(a.attest()[0], 200)

    def test_reload_drops_no_request(self):
        stop, outcomes = threading.Event(), []

        def attest():
            a = Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)
            while not stop.is_set():
                outcomes.append(a.attest()[0])

        threads = [threading.Thread(target=attest) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            self.site.attestd.reload()
        stop.set()
        for thread in threads:
            thread.join()
        self.assertGreater(len(outcomes), 20)
        self.assertEqual(set(outcomes), {200})

    def test_drain_answers_what_was_accepted(self):
        daemon = Daemon("attestd", os.path.join(self.folder, "drain"), self.site.attestd_config())
        stop, outcomes, accepted = threading.Event(), [], []

        def attest():
            a = Attester(daemon.url, self.site.CLIENT, self.site.binary)
            while not stop.is_set():
                try:
                    status, challenge = a.challenge()
                    accepted.append(status)
                    outcomes.append(a.present(a.answer(challenge))[0])
                except ConnectionRefusedError:
                    return  # not accepted: the listener is gone

        threads = [threading.Thread(target=attest) for _ in range(4)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(outcomes) > 20, 20, "some attestations")
        code = daemon.stop()
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(code, 0)
        self.assertEqual(set(outcomes), {200})
        self.assertEqual(set(accepted), {201})

    def test_a_second_signal_ends_at_once(self):
        import socket
        daemon = Daemon("attestd", os.path.join(self.folder, "second"), self.site.attestd_config())
        with socket.create_connection(("127.0.0.1", daemon.port)) as slow:
            slow.sendall(b"POST /v1/challenges HTTP/1.1\r\nHost: a\r\n")
            time.sleep(0.1)
            daemon.child.signal(signal.SIGTERM)
            wait_until(lambda: daemon.events("draining") or not daemon.child.alive(), 5, "drain")
            daemon.child.signal(signal.SIGTERM)
            daemon.child.popen.wait(5)
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
