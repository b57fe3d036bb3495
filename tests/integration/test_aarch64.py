"""Apps for aarch64: real binaries are read as an independent reader reads them, and the SDK attests
under qemu-user."""
import os
import struct
import subprocess
import unittest

from harness import aarch64
from harness.attester import Attester, Image
from harness.case import SiteCase
from harness.elf import Elf
from harness.victim import Victim
from harness.vouchsafe import attestctl

EM_AARCH64 = 183
PROGRAM = "#include <stdio.h>\nint main(void) { return puts(\"aarch64\") < 0; }\n"
RETURN_0 = struct.pack("<II", 0x52800000, 0xd65f03c0)  # mov w0, #0; ret


class Registered(SiteCase):
    """What attestd computes from a registered file is what the reader in harness/attester.py computes
    from the same file, over every block of it: were one segment read otherwise, it would differ."""
    OPTIONS = {"attestd_config": "challenge { blocks = 256 }\n"}

    def agree(self, name, path):
        with self.subTest(name):
            self.assertEqual(Elf(path).machine, EM_AARCH64)
            client = "a-" + name.replace(".", "-")
            attestctl(self.site.registry, "app", "add", client)
            added = attestctl(self.site.registry, "build", "add", client, path)
            self.assertIn(Image(path).build_id, added.stdout)
            self.site.attestd.reload()
            for _ in range(3):
                status, message = Attester(self.site.attestd.url, client, path).attest()
                self.assertEqual(status, 200, message)
            changed = Attester(self.site.attestd.url, client, path)
            changed.image.segments = [bytes([s[0] ^ 1]) + s[1:] for s in changed.image.segments]
            self.assertEqual([changed.attest()[0] for _ in range(12)].count(403) > 0, True)

    def test_real_libraries(self):
        for name in ("ld-linux-aarch64.so.1", "libc.so.6", "libm.so.6", "libgcc_s.so.1"):
            path = os.path.realpath(os.path.join(aarch64.CROSS_LIBRARIES, name))
            if Image(path).build_id:
                self.agree(name, path)
            else:
                refused = attestctl(self.site.registry, "build", "add", self.site.CLIENT, path,
                                    check=False)
                self.assertIn("build-id", refused.stderr)

    def test_fresh_programs(self):
        source = os.path.join(self.folder, "program.c")
        with open(source, "w") as f:
            f.write(PROGRAM)
        for name, flags in {"pie": ["-pie"], "no-pie": ["-no-pie"], "static": ["-static"],
                            "static-pie": ["-static-pie"], "lazy": ["-Wl,-z,lazy"],
                            "now": ["-Wl,-z,now"], "separate-code": ["-Wl,-z,separate-code"],
                            "pages-of-4k": ["-Wl,-z,max-page-size=4096"],
                            "branch-protection": ["-mbranch-protection=standard"],
                            "stripped": ["-s"]}.items():
            path = os.path.join(self.folder, name)
            aarch64.compile_app(path, source, *flags)
            self.agree(name, path)


class UnderQemu(SiteCase):
    """The SDK compiled for aarch64, in a process of qemu-user."""
    OPTIONS = {"attestd_config": "challenge { blocks = 256 }\n"}
    VARIANTS = {"now": ["-pie", "-fPIE", "-Wl,-z,now"], "lazy": ["-pie", "-fPIE", "-Wl,-z,lazy"],
                "no-pie": ["-no-pie", "-fno-pie", "-Wl,-z,now"]}

    # qemu-user maps code of its own (the way back from signal handlers), which it shows the guest as
    # anonymous, and the arm64 libraries lie in a folder of ours: what maps show is reported only.
    POLICY = ["mappings=any", "maps=report"]

    @classmethod
    def start(cls):
        try:
            aarch64.sysroot()
        except aarch64.Unobtainable as e:
            raise unittest.SkipTest("no arm64 libraries here: %s" % e)
        cls.binaries = {}
        for name, flags in cls.VARIANTS.items():
            binary, part = aarch64.compile_victim(cls.folder, name, *flags)
            attestctl(cls.site.registry, "app", "add", name)
            attestctl(cls.site.registry, "build", "add", name, binary, "--module", part)
            attestctl(cls.site.registry, "policy", "set", name, *cls.POLICY)
            cls.binaries[name] = binary
        cls.site.attestd.reload()

    def victim(self, name, binary=None):
        return QemuVictim(binary or self.binaries[name], self.site.attestd.url, name,
                          prefix=["qemu-aarch64", "-L", aarch64.SYSROOT])

    def accepted(self, app):
        good, words = app.ask("attest")
        self.assertTrue(good, good or self.refusal(self.site.attestd, words.split()[-1])["reasons"])

    def reasons(self, app):
        good, words = app.ask("attest")
        self.assertFalse(good, "not seen")
        return self.refusal(self.site.attestd, words.split()[1])["reasons"]

    def test_genuine(self):
        for name in self.VARIANTS:
            with self.subTest(name), self.victim(name) as app:
                self.accepted(app)
                self.assertEqual(app.ok("part"), "50")
                self.accepted(app)

    def test_patched_file(self):
        for name, binary in self.binaries.items():
            with self.subTest(name):
                patched = binary + "-patched"
                subprocess.run(["cp", binary, patched], check=True)
                elf = Elf(patched)
                with open(patched, "r+b") as f:
                    f.seek(elf.file_offset(elf.symbols["victim_price"]))
                    f.write(RETURN_0)
                with self.victim(name, patched) as app:
                    self.assertEqual(app.ok("price"), "0")
                    reasons = self.reasons(app)
                self.assertIn("memory probe of " + name, reasons)
                self.assertIn("file probe of " + name, reasons)

    def test_patched_memory(self):
        """qemu-user maps its guest at the guest's own addresses."""
        for name in self.VARIANTS:
            with self.subTest(name), self.victim(name) as app:
                app.write(app.address("victim_price"), RETURN_0)
                self.assertEqual(app.ok("price"), "0")
                reasons = self.reasons(app)
                self.assertIn("memory probe of " + name, reasons)
                self.assertNotIn("file probe", reasons)

    def test_hooked_import(self):
        _, challenge = Attester(self.site.attestd.url, "now", self.binaries["now"]).challenge()
        if "imports" not in {probe["kind"] for probe in challenge["probes"]}:
            self.skipTest("attestd does not ask for imports yet")
        for name in self.VARIANTS:
            for symbol, command in (("getppid", "parent"), ("victim_part_price", "part")):
                with self.subTest(name=name, symbol=symbol), self.victim(name) as app:
                    app.hook_import(symbol, app.address("victim_free"))
                    self.assertEqual(app.ok(command), "7")
                    reasons = self.reasons(app)
                    self.assertRegex(reasons, "imports probe of [^;]*" + symbol)
                    self.assertNotIn("memory probe", reasons)


class QemuVictim(Victim):
    """/proc/PID/exe is qemu; the victim's file is mapped into it all the same."""

    @property
    def pid(self):
        return self.popen.pid
