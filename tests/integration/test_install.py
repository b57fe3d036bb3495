"""The installed SDK: apps that find it by pkg-config and by find_package, shared and static, run
against a real attestd; what its libraries show, and what apps rely on.

    python3 -m integration.test_install --update      writes client-sdk/abi.txt anew"""
import glob
import os
import subprocess
import sys
import tempfile
import unittest

from harness import abi
from harness.case import SiteCase
from harness.vouchsafe import BUILD, ROOT, attestctl, sanitized

SDK = os.path.join(ROOT, "client-sdk")
EXAMPLES = os.path.join(SDK, "examples")
ABI = os.path.join(SDK, "abi.txt")
LIBRARIES = ("vouchsafe-client", "vouchsafe-client-event")


def run(*argv, **options):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=120,
                          **options)
    if done.returncode != 0:
        raise AssertionError("%s\n%s%s" % (" ".join(map(str, argv)), done.stdout, done.stderr))
    return done.stdout


class Installed:
    def __init__(self, prefix):
        self.prefix = prefix
        run("cmake", "--install", BUILD, "--prefix", prefix, "--component", "client-sdk")
        self.lib = os.path.dirname(glob.glob(prefix + "/**/libvouchsafe-client.a",
                                             recursive=True)[0])
        self.headers = [os.path.join(prefix, "include", "vouchsafe", name)
                        for name in ("client.h", "client_event.h", "grant.h")]
        self.environment = {**os.environ, "PKG_CONFIG_PATH": self.lib + "/pkgconfig"}

    def shared(self, name):
        return os.path.join(self.lib, "lib%s.so" % name)

    def archive(self, name):
        return os.path.join(self.lib, "lib%s.a" % name)

    def describe(self):
        return abi.describe([self.shared(name) for name in LIBRARIES], self.headers)

    def flags(self, package, static):
        words = run("pkg-config", "--cflags", "--libs", *(["--static"] if static else []), package,
                    env=self.environment).split()
        if static:
            words = ["-l:lib%s.a" % w[2:] if w[2:] in LIBRARIES else w for w in words]
        # Where the libraries are is in the app: LD_LIBRARY_PATH would be an attack.
        return words if static else words + ["-Wl,-rpath," + self.lib]


@unittest.skipIf(sanitized(), "an app would need the sanitizer too")
class Install(SiteCase):
    @classmethod
    def start(cls):
        cls.installed = Installed(os.path.join(cls.folder, "prefix"))
        cls.labels = 0

    def register(self, binary):
        type(self).labels += 1
        needed = self.needs(binary)
        if LIBRARIES[1] in needed:
            needed.add(LIBRARIES[0])
        attestctl(self.site.registry, "build", "add", self.site.CLIENT, binary, "--label",
                  "app-%d" % self.labels, *[w for name in sorted(needed) for w in (
                      "--module", os.path.realpath(self.installed.shared(name)))])
        self.site.attestd.reload()

    def needs(self, binary):
        """Which of our shared libraries a program loads."""
        return {name for name in LIBRARIES
                if "lib%s.so.0" % name in run("readelf", "-d", binary)}

    def check_headers(self, out):
        """Both headers are there, and the integrity token has three parts."""
        lines = dict(line[len("header "):].split(": ", 1) for line in out.splitlines()
                     if line.startswith("header "))
        self.assertEqual(set(lines), {"OAuth-Client-Attestation", "OAuth-Client-Attestation-PoP"})
        for value in lines.values():
            self.assertEqual(value.count("."), 2)

    def compile(self, name, package, static, sources, *more):
        binary = os.path.join(self.folder, name)
        run("cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-o", binary,
            *[os.path.join(EXAMPLES, s) for s in sources], *self.installed.flags(package, static),
            *more)
        self.assertEqual(self.needs(binary), set() if static else {
            n for n in LIBRARIES if package.startswith(n)})
        self.register(binary)
        return binary

    def test_c_app_by_pkg_config(self):
        for static in (False, True):
            with self.subTest(static=static):
                binary = self.compile("c-%s" % static, "vouchsafe-client", static, (
                    "vouchsafe-example.c", "state_file.c", "login.c"), "-lcjson")
                with self.site.app(binary, env=self.installed.environment) as app:
                    good, words = app.ask("attest")
                self.assertTrue(good, words)

    def test_event_app_by_pkg_config(self):
        for static in (False, True):
            with self.subTest(static=static):
                binary = self.compile("event-%s" % static, "vouchsafe-client-event", static,
                                      ("event-app.c", "state_file.c"), "-levent_core")
                self.check_headers(self.run_event_app(binary))

    def run_event_app(self, binary, *more):
        return run(binary, self.site.attestd.url, self.site.CLIENT,
                   os.path.join(self.folder, "state"), *more, env=self.installed.environment)

    def test_apps_by_find_package(self):
        source = os.path.join(ROOT, "tests", "integration", "install")
        build = os.path.join(self.folder, "apps")
        run("cmake", "-S", source, "-B", build, "-DCMAKE_PREFIX_PATH=" + self.installed.prefix,
            "-DEXAMPLES=" + EXAMPLES)
        run("cmake", "--build", build)
        for kind, needed in (("", set(LIBRARIES)), ("_static", set())):
            with self.subTest(kind):
                cpp, event = (os.path.join(build, name + kind) for name in ("cpp", "event"))
                self.assertEqual(self.needs(cpp), needed & {"vouchsafe-client"})
                self.assertLessEqual(self.needs(event), needed)
                self.register(cpp)
                self.register(event)
                self.check_headers(run(cpp, self.site.attestd.url, self.site.CLIENT,
                                       env=self.installed.environment))
                self.check_headers(self.run_event_app(event))

    def test_another_build_is_refused(self):
        """The positive control: these apps are vouched for since they were registered."""
        binary = os.path.join(self.folder, "stranger")
        run("cc", "-D_GNU_SOURCE", "-O1", "-o", binary,
            *[os.path.join(EXAMPLES, s) for s in ("event-app.c", "state_file.c")],
            *self.installed.flags("vouchsafe-client-event", True), "-levent_core")
        done = subprocess.run([binary, self.site.attestd.url, self.site.CLIENT, self.folder],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stdout.startswith("error "), done.stdout)

    def test_headers_in_c_and_cpp(self):
        flags = ("-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only")
        for header in self.installed.headers:
            for compiler, language, standard in (("cc", "c", "c11"), ("c++", "c++", "c++11"),
                                                 ("c++", "c++", "c++17")):
                with self.subTest(header=header, standard=standard):
                    source = os.path.join(self.folder, "header." + language)
                    with open(source, "w") as f:
                        f.write('#include "%s"\n#include "%s"\n' % (header, header))
                    run(compiler, "-std=" + standard, *flags, "-x", language, source)


@unittest.skipIf(sanitized(), "instrumented symbols")
class Binary(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="vouchsafe-test-")
        cls.installed = Installed(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_only_vouchsafe_symbols_are_seen(self):
        for name in LIBRARIES:
            with self.subTest(name):
                exported = abi.exported(self.installed.shared(name))
                self.assertTrue(exported)
                self.assertEqual([s for s in exported if not s.startswith("vouchsafe_")], [])
                seen = [line.split()[-1] for line in
                        run("nm", "-g", "--defined-only", self.installed.archive(name)).splitlines()
                        if line.strip() and not line.endswith(":")]
                self.assertEqual(sorted(seen), exported, "the archive shows the same")

    def test_the_two_libraries_share_no_symbol(self):
        first, second = (set(abi.exported(self.installed.shared(name))) for name in LIBRARIES)
        self.assertEqual(first & second, set())

    def test_the_plain_library_needs_no_libevent(self):
        self.assertNotIn("libevent", run("readelf", "-d", self.installed.shared(LIBRARIES[0])))
        self.assertIn("libevent", run("readelf", "-d", self.installed.shared(LIBRARIES[1])))

    def test_what_apps_rely_on_has_not_changed(self):
        with open(ABI) as f:
            committed = f.read()
        now = self.installed.describe()
        self.maxDiff = None
        self.assertEqual(committed, now, "what apps rely on has changed: raise sdk_soversion if a "
                         "line was changed or taken away, and run in tests/: "
                         "python3 -m integration.test_install --update")

    def test_the_check_sees_what_breaks(self):
        old = "library a.so.0\nsymbol f\nstruct s 8\n"
        self.assertEqual(abi.broken(old, old + "symbol g\n"), [])
        self.assertEqual(abi.broken(old, old.replace(" 8", " 16")), ["struct s 8"])
        self.assertEqual(abi.broken(old, old.replace("symbol f\n", "")), ["symbol f"])
        self.assertEqual(abi.broken(old, "library a.so.1\n"), [])

    def test_size(self):
        """At most 200 KiB in a stripped app, besides what it links anyway."""
        source = os.path.join(self.folder.name, "size.c")
        sizes = []
        for calls in ("", "struct vouchsafe_config c = {0}; struct vouchsafe_client *p;"
                      "struct vouchsafe_headers h; if (vouchsafe_client_new(&c, &p)) return 1;"
                      "return (int)vouchsafe_client_headers(p, \"a\", 0, &h);"):
            with open(source, "w") as f:
                f.write("#include <vouchsafe/client.h>\nint main(void) { %s return 0; }\n" % calls)
            run("cc", "-O2", "-s", "-o", source + ".out", source,
                *self.installed.flags("vouchsafe-client", True))
            sizes.append(os.path.getsize(source + ".out"))
        self.assertLessEqual(sizes[1] - sizes[0], 200 * 1024)


def update():
    with tempfile.TemporaryDirectory() as folder:
        now = Installed(folder).describe()
    if os.path.exists(ABI):
        with open(ABI) as f:
            lost = abi.broken(f.read(), now)
        if lost and "--force" not in sys.argv:
            sys.exit("raise sdk_soversion in client-sdk/CMakeLists.txt first, since apps rely on:\n"
                     + "\n".join(lost))
    with open(ABI, "w") as f:
        f.write(now)


if __name__ == "__main__":
    update() if "--update" in sys.argv else unittest.main()
