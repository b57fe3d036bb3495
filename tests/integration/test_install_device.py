"""The installed device SDK: the examples built with it as any project does, and what it shows."""
import glob
import os
import re
import subprocess
import tempfile
import unittest

from harness import abi
from harness.vouchsafe import BUILD, ROOT, sanitized

EXAMPLES = os.path.join(ROOT, "device-sdk", "examples")


def run(*argv, **options):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=120,
                          **options)
    if done.returncode != 0:
        raise AssertionError("%s\n%s%s" % (" ".join(map(str, argv)), done.stdout, done.stderr))
    return done.stdout


@unittest.skipIf(sanitized(), "a device would need the sanitizer too")
class InstalledDevice(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="vouchsafe-test-")
        cls.prefix = os.path.join(cls.folder.name, "prefix")
        run("cmake", "--install", BUILD, "--prefix", cls.prefix, "--component", "device-sdk")
        cls.lib = os.path.dirname(glob.glob(cls.prefix + "/**/libvouchsafe-device.a",
                                            recursive=True)[0])
        cls.headers = os.path.join(cls.prefix, "include")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def build(self, static, *sources, more=()):
        flags = run("pkg-config", "--cflags", "--libs", *(["--static"] if static else []),
                    "vouchsafe-device",
                    env={**os.environ, "PKG_CONFIG_PATH": self.lib + "/pkgconfig"}).split()
        flags = (["-l:libvouchsafe-device.a" if w == "-lvouchsafe-device" else w for w in flags]
                 if static else flags + ["-Wl,-rpath," + self.lib])
        binary = os.path.join(self.folder.name, sources[0] + str(static))
        run("cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-o", binary,
            *[os.path.join(EXAMPLES, s) for s in sources], *flags, *more)
        return binary

    def test_the_examples_by_pkg_config(self):
        for static in (False, True):
            for sources, more in ((("door-lock.c", "board.c"), ()),
                                  (("medical-device.c", "board.c"),
                                   ("-I/usr/include", "-lcjson", "-lvouchsafe-device-arena"))):
                with self.subTest(static=static, program=sources[0]):
                    done = subprocess.run([self.build(static, *sources, more=more)], text=True,
                                          capture_output=True, timeout=60)
                    self.assertEqual(done.returncode, 1)
                    self.assertIn("--id is missing", done.stderr)

    def test_an_example_by_find_package(self):
        source = os.path.join(self.folder.name, "project")
        os.mkdir(source)
        with open(os.path.join(source, "CMakeLists.txt"), "w") as f:
            f.write("cmake_minimum_required(VERSION 3.25)\nproject(door LANGUAGES C)\n"
                    "find_package(VouchsafeDevice 0.1 REQUIRED)\nforeach(kind \"\" _static)\n"
                    "add_executable(door${kind} %s/door-lock.c %s/board.c)\n"
                    "target_compile_definitions(door${kind} PRIVATE _GNU_SOURCE)\n"
                    "target_link_libraries(door${kind} PRIVATE Vouchsafe::device${kind})\n"
                    "endforeach()\n" % (EXAMPLES, EXAMPLES))
        build = os.path.join(source, "build")
        run("cmake", "-S", source, "-B", build, "-DCMAKE_PREFIX_PATH=" + self.prefix)
        run("cmake", "--build", build)

    def test_headers_in_c_and_cpp(self):
        for name in ("device.h", "device_arena.h"):
            for compiler, standard in (("cc", "c11"), ("c++", "c++11"), ("c++", "c++17")):
                with self.subTest(header=name, standard=standard):
                    source = os.path.join(self.folder.name, "h.c" if compiler == "cc" else "h.cpp")
                    with open(source, "w") as f:
                        f.write("#include <vouchsafe/%s>\n" % name * 2)
                    run(compiler, "-std=" + standard, "-Wall", "-Wextra", "-pedantic", "-Werror",
                        "-fsyntax-only", "-I" + self.headers, source)

    def test_only_its_own_symbols_are_seen(self):
        shared = os.path.join(self.lib, "libvouchsafe-device.so")
        exported = abi.exported(shared)
        self.assertIn("vouchsafe_device_session_take", exported)
        self.assertEqual([s for s in exported if not s.startswith("vouchsafe_device_")], [])

    def test_it_needs_no_socket_no_malloc_no_json_library(self):
        archive = os.path.join(self.lib, "libvouchsafe-device.a")
        needed = set(re.findall(r" U (\w+)", run("nm", "-u", archive)))
        self.assertIn("X25519", needed, "the list is read")
        for name in ("malloc", "calloc", "realloc", "strdup", "socket", "connect", "cJSON_Parse"):
            self.assertNotIn(name, needed)


if __name__ == "__main__":
    unittest.main()
