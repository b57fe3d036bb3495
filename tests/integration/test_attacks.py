"""Real attacks on running apps: each is refused, by the probe that sees it, where its twin without
the attack is accepted; what attestation cannot see is shown to pass."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

from harness import attacks
from harness.attack_case import PART, TABLE, VICTIMS, AttackCase, print_table
from harness.attacks import b64, unb64
from harness.attester import Attester, Key, digest, thumbprint
from harness.elf import Elf
from harness.middle import Middle
from harness.victim import HOOKED, Tracer, built
from harness.vouchsafe import attestctl

INJECT, INTERPOSE, AUDIT = (built("libattack-%s.so" % name)
                            for name in ("inject", "interpose", "audit"))
PTRACE = built("attack-ptrace")
RETURN_0 = b"\x31\xc0\xc3"  # xor eax, eax; ret


def tearDownModule():
    print_table()


def flip(path, offset, length=1):
    with open(path, "r+b") as f:
        f.seek(offset)
        old = f.read(length)
        f.seek(offset)
        f.write(bytes(b ^ 1 for b in old))


def can_unshare(*flags):
    return subprocess.run(["unshare", *flags, "true"], capture_output=True).returncode == 0


class Genuine(AttackCase):
    """The twin of all: every way of linking an app is accepted as it is."""

    def test_every_variant_again_and_again(self):
        for name in VICTIMS:
            with self.subTest(name), self.victim(name) as app:
                for _ in range(3):
                    self.accepted(app)
                # Slots that had not been called yet are bound by now.
                for command in ("price", "part", "parent", "group"):
                    app.ok(command)
                self.accepted(app)
                app.ok("open /usr/lib/x86_64-linux-gnu/libm.so.6")
                self.accepted(app)
                app.ok("close")
                self.accepted(app)


class PatchedFile(AttackCase):
    def attack_file(self, name, change, *patterns, say=None, unseen=(), file="victim"):
        """`change` patches a copy; `say` is a command and what the patched app answers to it."""
        with self.subTest(name):
            with self.victim(binary=self.copy("victim")) as app:
                self.accepted(app)
            binary = self.copy("victim")
            change(os.path.join(os.path.dirname(binary), file))
            with self.victim(binary=binary) as app:
                if say:
                    self.assertEqual(app.ok(say[0]), say[1])
                self.record(name, self.refused(app, *patterns, unseen=unseen))

    def test_patched_file(self):
        elf = Elf(os.path.join(self.bin, "victim"))

        def code(path):
            attacks.patch_at(path, elf.file_offset(elf.symbols["victim_price"]), RETURN_0)

        def text(path):
            attacks.patch_file(path, path, b"genuine", b"cracked")

        def comment(path):
            section = next(s for s in elf.sections if s["address"] == 0 and s["type"] == 1)
            flip(path, section["offset"] + 5)

        self.attack_file("file: bytes of .text", code, r"memory probe of victim",
                         r"file probe of victim", say=("price", "0"))
        self.attack_file("file: bytes of .rodata", text, r"memory probe of victim",
                         r"file probe of victim", say=("greeting", "victim, cracked build"))
        self.attack_file("file: bytes that are not mapped", comment, r"file probe of victim",
                         unseen=("memory",))

    def test_patched_library(self):
        def code(path):
            elf = Elf(path)
            attacks.patch_at(path, elf.file_offset(elf.symbols["victim_part_price"]), RETURN_0)

        self.attack_file("file: own library's .text", code, r"memory probe of \S*" + PART,
                         r"file probe of \S*" + PART, say=("part", "0"), file=PART)

    def test_file_replaced_while_running(self):
        """The pristine file in the patched one's place: the file is right, what runs is not."""
        def replace(path):
            os.rename(path, path + ".gone")
            shutil.copy(os.path.join(self.bin, "victim"), path)
            os.unlink(path + ".gone")

        binary = self.copy("victim")
        with self.victim(binary=binary) as app:
            replace(binary)  # as an update does
            self.accepted(app)
        binary = self.copy("victim")
        attacks.patch_file(binary, binary, b"genuine", b"cracked")
        with self.victim(binary=binary) as app:
            replace(binary)
            self.assertIn("cracked", app.ok("greeting"))
            self.record("file: pristine one put back while patched one runs",
                        self.refused(app, r"memory probe of victim"))


class PatchedMemory(AttackCase):
    def test_from_another_process(self):
        def poke(app):
            where = "%x" % app.address("victim_price")
            subprocess.run([PTRACE, "poke", str(app.pid), where, RETURN_0.hex()], check=True)
            self.assertEqual(app.ok("price"), "0")

        def by_mem(app):
            app.write(app.address("victim_price"), RETURN_0)
            self.assertEqual(app.ok("price"), "0")

        def by_gdb(app):
            words = ["set {char}(0x%x + %d) = %d" % (app.address("victim_price"), i, b)
                     for i, b in enumerate(RETURN_0)]
            subprocess.run(["gdb", "-nx", "-q", "-batch", "-iex", "set debuginfod enabled off", "-p",
                            str(app.pid), *(x for w in words for x in ("-ex", w))],
                           check=True, capture_output=True)
            self.assertEqual(app.ok("price"), "0")

        def look(app):
            """The same without writing: who only looked, and left, is gone."""
            subprocess.run(["gdb", "-nx", "-q", "-batch", "-iex", "set debuginfod enabled off", "-p",
                            str(app.pid), "-ex", "x/4i 0x%x" % app.address("victim_price")],
                           check=True, capture_output=True)
            self.assertEqual(app.ok("price"), "100")

        def in_library(app):
            path = os.path.join(self.bin, PART)
            app.write(app.address("victim_part_price", path), RETURN_0)
            self.assertEqual(app.ok("part"), "0")

        for name in ("victim", "victim-lazy", "victim-nopie", "victim-alone"):
            self.attack("memory: ptrace POKETEXT, %s" % name, r"memory probe of victim",
                        act=poke, victim=name, unseen=("file",))
        self.attack("memory: /proc/PID/mem", r"memory probe of victim", act=by_mem,
                    unseen=("file",))
        self.attack("memory: gdb -batch, detached", r"memory probe of victim", act=by_gdb,
                    twin=look, unseen=("file", "debugger"))
        self.attack("memory: own library", r"memory probe of \S*" + PART, act=in_library,
                    unseen=("file",))

    def test_stripped(self):
        """The symbols are the unstripped twin's, as an attacker finds them by reading."""
        offset = Elf(os.path.join(self.bin, "victim")).symbols["victim_price"]

        def by_mem(app):
            app.write(app.bias()[0] + offset, RETURN_0)
            self.assertEqual(app.ok("price"), "0")

        self.attack("memory: /proc/PID/mem, victim-stripped", r"memory probe of victim",
                    act=by_mem, victim="victim-stripped")

    def test_system_library(self):
        """Code of nobody's registered module: its page is the process's own by then."""
        def hook(app):
            libc = os.path.realpath("/lib/x86_64-linux-gnu/libc.so.6")
            bias, elf = app.bias(libc)
            app.write(bias + elf.symbols["getppid"], b"\xb8\x61\x1e\0\0\xc3")  # mov eax, 7777; ret
            self.assertEqual(app.ok("parent"), HOOKED)

        self.attack("memory: libc", r"maps probe of \S*libc\S*: altered code", act=hook,
                    unseen=("memory", "file", "imports"))

    def test_vdso(self):
        def patch(app):
            with open("/proc/%d/maps" % app.pid) as maps:
                start = next(int(l.split("-")[0], 16) for l in maps if l.endswith("[vdso]\n"))
            app.write(start + 0x800, b"\xcc")
            self.assertEqual(app.read(start + 0x800, 1), b"\xcc")

        self.attack("memory: vdso", r"maps probe of \[vdso\]: altered code", act=patch)


class FromInside(AttackCase):
    """By a library that got in: once preloaded, once opened by the app itself, as a plug-in is. The
    twin opens one of the system's."""

    def inject(self, name, kind, *patterns, say=None, victim="victim", symbol="victim_price"):
        offset = Elf(os.path.join(self.bin, victim)).symbols[symbol]
        env = {"ATTACK": kind, "ATTACK_OFFSET": "%x" % offset} if kind else {}

        def act(app):
            if say:
                self.assertEqual(app.ok(say), HOOKED)

        def open_it(app):
            app.ok("open " + INJECT)
            act(app)

        def open_system(app):
            app.ok("open /usr/lib/x86_64-linux-gnu/libm.so.6")

        stranger = r"maps probe of \S*libattack-inject\S*: foreign code"
        self.attack(name + ", preloaded, " + victim, *patterns, stranger,
                    "preload probe of LD_PRELOAD", act=act, victim=victim,
                    launch={"env": {**env, "LD_PRELOAD": INJECT}})
        self.attack(name + ", opened, " + victim, *patterns, stranger, act=open_it,
                    twin=open_system, victim=victim, launch={"env": env}, unseen=("preload",))

    def test_nothing_but_being_there(self):
        self.inject("inside: a stranger", None)

    def test_code(self):
        memory = r"memory probe of victim"
        self.inject("inside: inline hook in the app", "inline-app", memory, say="price")
        self.inject("inside: inline hook in libc", "inline-libc",
                    r"maps probe of \S*libc\S*: altered code", say="parent")
        self.inject("inside: int3 breakpoint", "breakpoint", memory)
        self.inject("inside: text made writable", "writable-text",
                    r"maps probe of \S*victim: writable code")

    def test_imports(self):
        for victim in ("victim", "victim-lazy", "victim-nopie"):
            self.inject("inside: PLT slot to the library", "import-to-library",
                        "imports probe of [^;]*getppid", say="parent", victim=victim)
            self.inject("inside: PLT slot to anonymous memory", "import-to-anonymous",
                        "imports probe of [^;]*getppid",
                        r"maps probe of \[anonymous\]: anonymous code", say="parent",
                        victim=victim)
            self.inject("inside: GOT slot of an address", "address-to-library",
                        "imports probe of [^;]*getpgrp", say="group", victim=victim)

    def test_code_that_stays_when_the_library_has_gone(self):
        for kind, pattern in (("anonymous", r"maps probe of \[anonymous\]: anonymous code"),
                              ("memfd", r"maps probe of \S*memfd:libc.so.6[^;]*: "),
                              ("writable-text", r"maps probe of \S*victim: writable code")):
            offset = Elf(os.path.join(self.bin, "victim")).symbols["victim_price"]

            def come_and_go(app):
                app.ok("open " + INJECT)
                app.ok("close")
                with open("/proc/%d/maps" % app.pid) as maps:
                    self.assertNotIn("libattack", maps.read())

            self.attack("inside: %s, library gone" % kind, pattern, act=come_and_go,
                        launch={"env": {"ATTACK": kind, "ATTACK_OFFSET": "%x" % offset}},
                        twin=lambda app: (app.ok("open /usr/lib/x86_64-linux-gnu/libm.so.6"),
                                          app.ok("close")))


class Imports(AttackCase):
    """Slots written from outside: no foreign code is needed, and only the slot tells."""

    def test_to_another_function_of_the_app(self):
        def hook(app):
            app.hook_import("getppid", app.address("victim_free"))
            self.assertEqual(app.ok("parent"), "7")

        for victim in ("victim", "victim-lazy", "victim-nopie", "victim-alone"):
            self.attack("imports: libc's slot to the app itself, " + victim,
                        "imports probe of [^;]*getppid", act=hook, victim=victim,
                        unseen=("memory", "file", "maps"))

    def test_to_another_function_of_libc(self):
        """The right module is not enough where the module is registered; it is where it is not."""
        def hook(app):
            libc = os.path.realpath("/lib/x86_64-linux-gnu/libc.so.6")
            app.hook_import("getppid", app.address("getpid", libc))
            self.assertEqual(app.ok("parent"), str(app.pid))

        with self.victim() as app:
            hook(app)
            self.not_seen("imports: libc's slot to another function of libc", app)

    def test_slot_of_the_own_library(self):
        def hook(app):
            app.hook_import("victim_part_price", app.address("victim_free"))
            self.assertEqual(app.ok("part"), "7")

        def inside_the_library(app):
            path = os.path.join(self.bin, PART)
            app.hook_import("victim_part_price", app.address("victim_part_price", path) + 1)

        for victim in ("victim", "victim-lazy", "victim-nopie"):
            self.attack("imports: own library's slot to the app itself, " + victim,
                        "imports probe of [^;]*victim_part_price", act=hook, victim=victim,
                        unseen=("memory", "file", "maps"))
        self.attack("imports: own library's slot past the check in the function",
                    "imports probe of [^;]*victim_part_price", act=inside_the_library)

    def test_bound_and_unbound_slots_are_genuine(self):
        with self.victim("victim-lazy") as app:
            self.accepted(app)
            self.assertEqual(app.ok("part"), "50")
            self.accepted(app)


class Loader(AttackCase):
    def opened_env(self, name, *patterns, env, say=("parent", HOOKED), twin_env=None):
        with self.subTest(name):
            with self.victim(env=twin_env) as app:
                self.accepted(app)
            with self.victim(env=env) as app:
                if say:
                    self.assertEqual(app.ok(say[0]), say[1])
                self.record(name, self.refused(app, *patterns))

    def test_preload(self):
        stranger = r"maps probe of \S*libattack-interpose\S*: foreign code"
        self.opened_env("loader: LD_PRELOAD", stranger, "imports probe of [^;]*getppid",
                        r"preload probe of LD_PRELOAD: \S*libattack-interpose",
                        env={"LD_PRELOAD": INTERPOSE})
        self.opened_env("loader: LD_PRELOAD, wiped from the environment", stranger,
                        "imports probe of [^;]*getppid",
                        env={"LD_PRELOAD": INTERPOSE, "ATTACK_HIDE": "1"})
        self.opened_env("loader: LD_PRELOAD of the system's own",
                        r"preload probe of LD_PRELOAD: \S*libm", say=None,
                        env={"LD_PRELOAD": "/usr/lib/x86_64-linux-gnu/libm.so.6"},
                        twin_env={"LD_PRELOAD": ""})

    def test_audit(self):
        self.opened_env("loader: LD_AUDIT", r"preload probe of LD_AUDIT: \S*libattack-audit",
                        r"maps probe of \S*libattack-audit\S*: foreign code",
                        env={"LD_AUDIT": AUDIT})

    def test_library_path(self):
        folder = tempfile.mkdtemp(dir=self.folder)
        shutil.copy(os.path.join(self.bin, PART), folder)
        same = os.path.join(folder, PART)
        elf = Elf(same)
        attacks.patch_at(same, elf.file_offset(elf.symbols["victim_part_price"]), RETURN_0)
        self.opened_env("loader: LD_LIBRARY_PATH, own library swapped",
                        r"memory probe of \S*" + PART, "preload probe of LD_LIBRARY_PATH",
                        env={"LD_LIBRARY_PATH": folder}, say=("part", "0"))
        system = tempfile.mkdtemp(dir=self.folder)
        shutil.copy("/usr/lib/x86_64-linux-gnu/libcjson.so.1", system)
        self.opened_env("loader: LD_LIBRARY_PATH, system library swapped",
                        r"maps probe of \S*/libcjson\S*: foreign code",
                        "preload probe of LD_LIBRARY_PATH",
                        env={"LD_LIBRARY_PATH": system}, say=None)

    def test_preload_file(self):
        """/etc/ld.so.preload, in a mount namespace whose /etc is a copy."""
        flags = ["-m"] if can_unshare("-m") else ["-r", "-m"]
        if not can_unshare(*flags):
            self.skipTest("no mount namespace may be made here")
        for name, text in (("twin", ""), ("attack", INTERPOSE + "\n")):
            etc = os.path.join(self.folder, "etc-" + name)
            shutil.copytree("/etc", etc, symlinks=True, ignore_dangling_symlinks=True)
            if text:
                with open(os.path.join(etc, "ld.so.preload"), "w") as f:
                    f.write(text)
            prefix = ["unshare", *flags, "sh", "-c", 'mount --bind "$0" /etc && exec "$@"', etc]
            with self.victim(prefix=prefix) as app:
                if text:
                    self.assertEqual(app.ok("parent"), HOOKED)
                    self.record("loader: /etc/ld.so.preload", self.refused(
                        app, r"preload probe of ld.so.preload: \S*libattack-interpose",
                        r"maps probe of \S*libattack-interpose\S*: foreign code"))
                else:
                    self.accepted(app)


class Debugger(AttackCase):
    TRACED = "debugger probe of process: traced"

    def while_traced(self, name, argv, *patterns, ready=None):
        """Accepted before, refused while it lasts, accepted again when the tracer has gone."""
        with self.subTest(name), self.victim() as app:
            self.accepted(app)
            tracer = Tracer(argv(app), app, ready and (lambda: ready(app)))
            try:
                self.record(name, self.refused(app, self.TRACED, *patterns))
            finally:
                tracer.stop()
            self.assertEqual(app.status("TracerPid"), "0")
            self.accepted(app)

    def test_attached(self):
        gdb = ["gdb", "-nx", "-q", "-iex", "set debuginfod enabled off"]
        self.while_traced("debugger: strace -p", lambda app: [
            "strace", "-p", str(app.pid), "-o", "/dev/null"])
        self.while_traced("debugger: ptrace, silent", lambda app: [PTRACE, "hold", str(app.pid)])
        self.while_traced("debugger: gdb -p", lambda app: [
            *gdb, "-p", str(app.pid), "-ex", "continue"])
        self.while_traced("debugger: gdb -p, breakpoint", lambda app: [
            *gdb, "-p", str(app.pid), "-ex", "break *0x%x" % app.address("victim_price"), "-ex",
            "continue"], r"memory probe of victim",
            ready=lambda app: app.read(app.address("victim_price"), 1) == b"\xcc")

    def test_launched(self):
        for name, prefix in (("strace", ["strace", "-o", "/dev/null"]),
                             ("a parent that traces", [PTRACE, "run"])):
            self.attack("debugger: launched by " + name, self.TRACED, launch={"prefix": prefix})
        with self.victim(prefix=["env"]) as app:
            self.accepted(app)

    def test_code_that_a_debugger_left(self):
        def leave(app):
            done = subprocess.run([PTRACE, "map", str(app.pid)], check=True, capture_output=True)
            with open("/proc/%d/maps" % app.pid) as maps:
                self.assertIn(done.stdout.decode().strip() + "-", maps.read())

        self.attack("debugger: leaves anonymous code, detached",
                    r"maps probe of \[anonymous\]: anonymous code", act=leave,
                    unseen=("debugger", "memory"))


class Answers(AttackCase):
    """Genuine apps whose answers somebody else uses, and apps that are not who they say."""

    def test_another_app(self):
        with self.victim("victim-alone") as app:
            self.accepted(app)
        with self.victim("victim-alone", client="victim") as app:
            self.record("answer: by another registered app",
                        self.refused(app, "unknown client or build|does not have"))

    def test_revoked_build(self):
        attestctl(self.site.registry, "build", "add", "victim", os.path.join(self.bin, "victim-lazy"),
                  "--module", self.part, "--label", "0")
        self.site.attestd.reload()
        with self.victim("victim-lazy", client="victim") as app:
            self.accepted(app)
            old = re.search(r"Build ID: (\w+)", subprocess.run(
                ["readelf", "-n", app.binary], capture_output=True, text=True).stdout)[1]
            attestctl(self.site.registry, "build", "revoke", "victim", old)
            self.site.attestd.reload()
            self.record("answer: by a revoked build", self.refused(app, "build is revoked"))
        with self.victim() as app:
            self.accepted(app)

    def middle(self, change):
        middle = Middle(self.site.attestd.url, change)
        self.addCleanup(middle.stop)
        return middle

    def through(self, change, *patterns):
        """The reasons for refusing an app whose messages are changed on their way."""
        with self.victim(attestd=self.middle(change).url) as app:
            return self.refused(app, *patterns)

    def test_replay(self):
        recorder = self.middle(None)
        with self.victim(attestd=recorder.url) as app:
            self.accepted(app)
        path, recorded, _, _ = recorder.recorded[-1]
        replay = self.through(lambda p, body: recorded if p == path else body,
                              "challenge unknown, expired or consumed")
        self.record("answer: recorded, replayed", replay)

        def recorded_evidence(p, body):
            return json.dumps({**json.loads(recorded), "challenge": json.loads(body)["challenge"],
                               "jwk": json.loads(body)["jwk"]}).encode() if p == path else body
        self.record("answer: recorded evidence under a fresh challenge",
                    self.through(recorded_evidence, r"memory probe of victim", r"file probe of victim"))

    def test_relay(self):
        thief = Key()

        def own_key(path, body):
            return attacks.with_jwk(body, thief.jwk) if path.endswith("attestations") else body

        def own_key_from_the_start(path, body):
            if path.endswith("challenges"):
                return json.dumps({**json.loads(body), "jkt": attacks.b64(thief.jkt)}).encode()
            return attacks.with_jwk(body, thief.jwk)

        self.record("answer: relayed under another key",
                    self.through(own_key, "another instance key"))
        self.record("answer: challenge of another key, given to a genuine app",
                    self.through(own_key_from_the_start, r"memory probe of victim",
                                 r"file probe of victim"))
        with self.victim(attestd=self.middle(None).url) as app:
            self.accepted(app)

    def test_late(self):
        def wait(seconds):
            def change(path, body):
                time.sleep(seconds if path.endswith("attestations") else 0)
                return body
            return change

        with self.victim(attestd=self.middle(wait(1)).url) as app:
            self.accepted(app)
        self.record("answer: too late",
                    self.through(wait(3.5), "challenge unknown, expired or consumed|too late"))


class NotSeen(AttackCase):
    """What software evidence cannot see. A change that makes one of these visible fails here, and
    then belongs into the table above and into ARCHITECTURE.md."""

    def test_emulator(self):
        emulator = Attester(self.site.attestd.url, "victim-alone",
                            os.path.join(self.bin, "victim-alone"))
        status, message = emulator.attest()
        self.assertEqual(status, 200, message)
        TABLE.append(("emulator around a pristine copy", "NOT SEEN", "-", "accepted"))

    def test_tracer_outside_the_pid_namespace(self):
        flags = ["-p", "-f", "--kill-child"] if can_unshare("-p", "-f") else ["-r", "-p", "-f",
                                                                              "--kill-child"]
        if not can_unshare(*flags):
            self.skipTest("no PID namespace may be made here")
        with self.victim(prefix=["unshare", *flags, "--mount-proc"]) as app:
            seen = os.path.join(self.folder, "strace.out")
            tracer = Tracer(["strace", "-p", str(app.pid), "-o", seen], app)
            try:
                self.not_seen("debugger outside the PID namespace", app)
                self.assertGreater(os.path.getsize(seen), 0)
            finally:
                tracer.stop()

    def test_hook_only_while_not_attesting(self):
        with self.victim() as app:
            at = app.address("victim_price")
            genuine = app.read(at, len(RETURN_0))
            app.write(at, RETURN_0)
            self.assertEqual(app.ok("price"), "0")
            app.write(at, genuine)
            self.not_seen("patch that is taken back to attest", app)
            app.write(at, RETURN_0)
            self.assertEqual(app.ok("price"), "0")

    def test_data(self):
        with self.victim() as app:
            app.write(app.address("bought"), b"\x2a\0\0\0")
            self.assertEqual(app.ok("bought"), "42")
            self.not_seen("variables", app)

    def test_function_pointer_in_data(self):
        """The table of commands: relocated when loaded, and so in no read-only segment."""
        with self.victim() as app:
            table = app.address("commands")
            price, part = (app.read(table + 16 * i + 8, 8) for i in (1, 2))
            app.write(table + 8 + 16, part)
            self.assertEqual(app.ok("price"), "50")
            self.not_seen("function pointers in data", app)

    def test_report_edited_by_who_owns_the_connection(self):
        """Reports are the app's word, kept by TLS: who holds both its ends may change them."""
        def edit(path, body):
            """As the challenge's digest binds the report, it is made anew: its key is the
            challenge, which is in the message."""
            message = json.loads(body)
            for entry in message.get("evidence", []):
                if entry.get("report", "").startswith("tracer"):
                    entry["report"] = re.sub(r"^tracer \d+", "tracer 0", entry["report"])
                    if anew:
                        entry["digest"] = b64(digest(
                            unb64(message["challenge"]), {"id": entry["id"], "kind": "debugger"},
                            thumbprint(message["jwk"]), entry["report"].encode()))
            return json.dumps(message).encode()

        middle = Middle(self.site.attestd.url, edit)
        self.addCleanup(middle.stop)
        with self.victim(attestd=middle.url) as app:
            tracer = Tracer(["strace", "-p", str(app.pid), "-o", "/dev/null"], app)
            try:
                anew = True
                self.not_seen("report edited where TLS ends at the attacker", app)
                anew = False
                self.record("report edited, its digest left as it was", self.refused(
                    app, "debugger probe of process: reported for something else"))
            finally:
                tracer.stop()

    def test_report_moved_to_another_challenge(self):
        recorded = {}

        def keep(path, body):
            message = json.loads(body)
            for entry in message.get("evidence", []):
                if entry.get("report", "").startswith("tracer"):
                    entry.update(recorded.setdefault("entry", entry))
            return json.dumps(message).encode()

        middle = Middle(self.site.attestd.url, keep)
        self.addCleanup(middle.stop)
        with self.victim(attestd=middle.url) as app:
            self.accepted(app)
            self.record("report of an earlier challenge", self.refused(
                app, "debugger probe of process: reported for something else"))
