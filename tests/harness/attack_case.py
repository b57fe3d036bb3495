"""attack_case: an attack and its twin: the same app in the same way, but for the attack. The twin is
accepted, the attack refused, and the audit log says which probe saw it and where."""
import os
import re
import subprocess

from .attester import Attester
from .case import SiteCase
from .victim import Victim, built
from .vouchsafe import attestctl

VICTIMS = ("victim", "victim-lazy", "victim-nopie", "victim-alone", "victim-stripped")
PART = "libvictim-part.so"
TABLE = []
# An app that is asked for blocks that it does not have answers nothing, and attestd hears nothing.
SILENT = "app the challenge asks for what this app does not have"


def print_table():
    """All attacks of this run: who saw each, in whose words."""
    print("\n%-52s | %-22s | %-8s | %s" % ("attack", "probe", "twin", "reason"))
    for row in TABLE:
        print("%-52s | %-22s | %-8s | %s" % row)


class AttackCase(SiteCase):
    """self.site with each victim registered as a client of its own name. A challenge covers a
    megabyte, so that no attack depends on chance."""

    OPTIONS = {"attestd_config": "challenge { blocks = 256\n ttl = 3 }\n"}

    @classmethod
    def start(cls):
        cls.bin = os.path.join(cls.folder, "bin")
        os.mkdir(cls.bin)
        cls.part = cls.ship(PART, PART)
        for name in VICTIMS:
            stripped = name == "victim-stripped"
            binary = cls.ship("victim" if stripped else name, name, "-s" if stripped else "-S")
            modules = [] if name == "victim-alone" else ["--module", cls.part]
            attestctl(cls.site.registry, "app", "add", name)
            attestctl(cls.site.registry, "build", "add", name, binary, "--label", "1", *modules)
        cls.site.attestd.reload()
        _, challenge = Attester(cls.site.attestd.url, "victim-alone",
                                os.path.join(cls.bin, "victim-alone")).challenge()
        cls.kinds = {probe["kind"] for probe in challenge["probes"]}

    @classmethod
    def ship(cls, source, target, how="-S"):
        """A program as it is shipped: without what a debugger wants."""
        path = os.path.join(cls.bin, target)
        subprocess.run(["strip", how, "-o", path, built(source)], check=True)
        return path

    def victim(self, name="victim", binary=None, attestd=None, client=None, **options):
        return Victim(binary or os.path.join(self.bin, name), attestd or self.site.attestd.url,
                      client or name, **options)

    def copy(self, name):
        """A fresh folder with a victim and its library in it; the victim's path."""
        folder = os.path.join(self.folder, "copy-%d" % len(os.listdir(self.folder)))
        os.mkdir(folder)
        for file in (name, PART):
            subprocess.run(["cp", os.path.join(self.bin, file), folder], check=True)
        return os.path.join(folder, name)

    def accepted(self, app):
        good, words = app.ask("attest")
        reasons = "" if good else self.reasons(words)
        self.assertTrue(good, "the twin: %s %s" % (words, reasons))

    def reasons(self, words):
        """What the audit log says under the error_id that the app was told."""
        if words == SILENT:
            return "(the app itself: %s)" % words[4:]
        self.assertRegex(words, r"^(attestation_failed|challenge_invalid) \S+$")
        return self.refusal(self.site.attestd, words.split()[1])["reasons"]

    def refused(self, app, *patterns, unseen=()):
        """Refused, and the reasons match every pattern and name no `unseen` probe."""
        asked = [p for p in patterns if " probe " not in p or p.split()[0] in self.kinds]
        if not asked:
            self.skipTest("attestd does not ask for this yet: %s" % (patterns,))
        good, words = app.ask("attest")
        self.assertFalse(good, "not seen")
        reasons = self.reasons(words)
        for pattern in asked:
            self.assertRegex(reasons, pattern)
        for kind in unseen:
            self.assertNotIn(kind + " probe", reasons)
        return reasons

    def record(self, name, reasons):
        kinds = re.findall(r"(\w+) probe of", reasons)
        TABLE.append((name, " ".join(dict.fromkeys(kinds)) or "-", "accepted", reasons))

    def attack(self, name, *patterns, act=None, twin=None, victim="victim", launch=None,
               unseen=()):
        """Runs the twin and the attack. `act` and `twin` are what is done to the running app, and
        prove by its behaviour that it was done; `launch` is how the attacked one is started."""
        with self.subTest(name):
            with self.victim(victim) as app:
                if twin:
                    twin(app)
                self.accepted(app)
            with self.victim(victim, **(launch or {})) as app:
                if act:
                    act(app)
                self.record(name, self.refused(app, *patterns, unseen=unseen))

    def not_seen(self, name, app):
        """An attack that attestation cannot see: the test says so, rather than nobody."""
        good, words = app.ask("attest")
        self.assertTrue(good, "it is seen by now (%s): say so in ARCHITECTURE.md" % words)
        TABLE.append((name, "NOT SEEN", "-", "accepted"))
