"""aarch64: apps of another machine: a cross compiler, and Debian's arm64 libraries in a folder of the
build, which the system does not notice."""
import glob
import os
import subprocess

from .vouchsafe import ROOT

CROSS = "aarch64-linux-gnu-gcc"
CROSS_LIBRARIES = "/usr/aarch64-linux-gnu/lib"
FOLDER = os.path.join(ROOT, "build", "aarch64")
SYSROOT = os.path.join(FOLDER, "sysroot")
PACKAGES = ("android-libboringssl", "libcjson1")


class Unobtainable(Exception):
    """The arm64 packages are not here, and cannot be fetched."""


def _run(argv, **options):
    done = subprocess.run(argv, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise Unobtainable("%s: %s" % (argv[0], (done.stdout + done.stderr)[-800:]))


def _apt(*words):
    """apt-get with a state of its own: the system's architectures and lists stay as they are."""
    state, cache = os.path.join(FOLDER, "apt"), os.path.join(FOLDER, "cache")
    for folder in (os.path.join(state, "lists", "partial"),
                   os.path.join(cache, "archives", "partial")):
        os.makedirs(folder, exist_ok=True)
    open(os.path.join(state, "status"), "a").close()
    options = {"Dir::State": state, "Dir::State::status": os.path.join(state, "status"),
               "Dir::Cache": cache, "APT::Architecture": "arm64", "APT::Architectures::": "arm64",
               "APT::Sandbox::User": "", "Acquire::Retries": "1"}
    _run(["apt-get", "-q", *("-o%s=%s" % option for option in options.items()), *words],
         timeout=240)
    return os.path.join(cache, "archives")


def sysroot():
    """The folder that arm64 libraries are in; fetched once. Unobtainable without a network."""
    done = os.path.join(FOLDER, "complete")
    if not os.path.exists(done):
        _apt("update")
        archives = _apt("install", "--download-only", "--no-install-recommends", "-y", *PACKAGES)
        for package in glob.glob(os.path.join(archives, "*.deb")):
            _run(["dpkg-deb", "-x", package, SYSROOT])
        open(done, "w").close()
    return SYSROOT


def compile_app(target, source, *flags):
    """A freshly compiled program of nobody's libraries but libc."""
    subprocess.run([CROSS, "-O2", "-Wl,--build-id=sha1", "-o", target, source, *flags], check=True)


def compile_victim(folder, name, *flags):
    """The victim with the real SDK in it, and its own library, stripped as they are shipped."""
    source = lambda *names: [os.path.join(ROOT, *n.split("/")) for n in names]
    libraries = os.path.join(sysroot(), "usr", "lib", "aarch64-linux-gnu")
    part = os.path.join(folder, "libvictim-part.so")
    if not os.path.exists(part):
        subprocess.run([CROSS, "-O2", "-s", "-shared", "-fPIC", "-Wl,--build-id=sha1", "-o", part,
                        *source("tests/attacks/victim_part.c")], check=True)
    include = os.path.join(folder, "include")
    if not os.path.exists(include):
        os.makedirs(include)
        os.symlink("/usr/include/cjson", os.path.join(include, "cjson"))
    binary = os.path.join(folder, name)
    subprocess.run(
        [CROSS, "-std=c11", "-D_GNU_SOURCE", "-O2", "-fvisibility=hidden", "-Wl,--build-id=sha1",
         *("-I" + f for f in source("proto", "client-sdk/include", "client-sdk/src")),
         "-isystem", "/usr/include/android", "-isystem", include, *source("tests/attacks/victim.c", "tests/attacks/victim_shop.c"),
         *glob.glob(os.path.join(ROOT, "proto", "*.c")),
         *glob.glob(os.path.join(ROOT, "client-sdk", "src", "*.c")),
         *source("client-sdk/src/aarch64/plain_call.c"), "-o", binary, part,
         *(os.path.join(libraries, n) for n in ("android/libcrypto.so.0", "android/libssl.so.0",
                                                "libcjson.so.1")),
         "-lm", "-Wl,--unresolved-symbols=ignore-in-shared-libs",
         "-Wl,-rpath,$ORIGIN:/usr/lib/aarch64-linux-gnu/android", *flags], check=True)
    return binary, part
