"""What a daemon can still do for somebody who has taken it over: gdb makes it call what an intruder's
code would. Beside each call that fails stands the same one in a daemon that is not confined."""
import os
import re
import signal
import subprocess
import unittest

from harness.case import SiteCase
from harness.process import free_port, wait_until
from harness.vouchsafe import Daemon, attestctl, program

from .test_secrets import sanitized

EPERM, EACCES = 1, 13


@unittest.skipIf(sanitized(program("attestd")), "a sanitizer is not confined")
class Confined(SiteCase):
    @classmethod
    def start(cls):
        cls.site.start_mediator("http://127.0.0.1:%d" % free_port())
        cls.free = Daemon("attestd", os.path.join(cls.folder, "free"),
                          cls.site.attestd_config('confine { mode = "off" }\n'))
        cls.kernel_lacks = [e["part"] for e in cls.site.attestd.events("not confined")]

    @classmethod
    def tearDownClass(cls):
        cls.free.stop()
        super().tearDownClass()

    def call(self, daemon, *expressions):
        """What each call gave in that process, and errno after it."""
        options = [x for e in expressions
                   for x in ("-ex", "print (int)" + e, "-ex", "print *(int*)__errno_location()")]
        done = subprocess.run(
            ["gdb", "-nx", "-q", "-batch", "-iex", "set debuginfod enabled off", "-p",
             str(daemon.child.pid), *options], capture_output=True, text=True, timeout=120)
        values = [int(v) for v in re.findall(r"^\$\d+ = (-?\d+)$", done.stdout, re.M)]
        self.assertEqual(len(values), 2 * len(expressions), done.stdout + done.stderr)
        return list(zip(values[::2], values[1::2]))

    def each(self):
        return (self.site.attestd, self.site.mediator)

    def test_no_shell(self):
        made = os.path.join(self.folder, "made-by-a-shell")
        for daemon in self.each():
            (code, _), = self.call(daemon, 'system("touch %s")' % made)
            self.assertNotEqual(code, 0)
            self.assertFalse(os.path.exists(made))
        self.assertEqual(self.call(self.free, 'system("touch %s")' % made)[0][0], 0)
        self.assertTrue(os.path.exists(made), "the control does it")

    def test_no_other_file(self):
        if "files" in self.kernel_lacks:
            self.skipTest("this kernel has no Landlock")
        stranger = os.path.join(os.path.dirname(self.folder), "stranger-%d" % os.getpid())
        with open(stranger, "w") as f:
            f.write("nobody's business")
        self.addCleanup(os.remove, stranger)
        calls = ['open("/etc/passwd", 0)', 'open("%s", 0)' % stranger,
                 'open("%s.new", 0101, 0600)' % stranger, 'open("/proc/1/status", 0)',
                 'unlink("%s")' % stranger]
        for daemon in self.each():
            for call, (value, errno) in zip(calls, self.call(daemon, *calls)):
                self.assertEqual((value, errno), (-1, EACCES), call)
            own, = self.call(daemon, 'open("%s", 0)' % daemon.config_path)
            self.assertGreaterEqual(own[0], 0, "its own configuration it may read")
        for call, (value, _) in zip(calls[:-1], self.call(self.free, *calls[:-1])):
            self.assertGreaterEqual(value, 0, call + " in the control")
        os.remove(stranger + ".new")

    def test_no_code_no_process_no_odd_socket(self):
        # PROT_READ|WRITE|EXEC, MAP_PRIVATE|ANONYMOUS; AF_PACKET; a signal to init.
        calls = ["(long)mmap(0, 4096, 7, 0x22, -1, 0)", "socket(17, 3, 0)", "kill(1, 0)",
                 "fork()"]
        for daemon in self.each():
            for call, (value, errno) in zip(calls, self.call(daemon, *calls)):
                self.assertEqual((value, errno), (-1, EPERM), call)
            self.assertGreaterEqual(self.call(daemon, "socket(2, 1, 0)")[0][0], 0)
        value, _ = self.call(self.free, calls[0])[0]
        self.assertNotEqual(value, -1, "the control maps it")
        self.assertEqual(self.call(self.free, calls[2])[0][0], 0)

    def test_exec_is_the_end(self):
        daemon = Daemon("attestd", os.path.join(self.folder, "victim"), self.site.attestd_config())
        try:
            subprocess.run(  # gdb does not survive it either, and is to leave no core behind
                ["prlimit", "--core=0", "gdb", "-nx", "-q", "-batch", "-iex", "set debuginfod enabled off", "-p",
                 str(daemon.child.pid), "-ex", 'print (int)execl("/bin/true", "true", 0)'],
                capture_output=True, timeout=120)
            wait_until(lambda: daemon.child.popen.poll() is not None, 20, "the end")
            self.assertEqual(daemon.child.popen.returncode, -signal.SIGSYS)
        finally:
            daemon.child.stop()

    def test_all_that_a_reload_needs_stays_open(self):
        attestctl(self.site.registry, "app", "add", "later")
        attestctl(self.site.registry, "secret", "rotate", self.site.CLIENT)
        for daemon in self.each():
            self.assertEqual(daemon.reload()["event"], "reloaded")
        folder = os.path.join(self.folder, "logs")
        daemon = Daemon("attestd", folder, self.site.attestd_config(
            'log { file = "%s/attestd.log" }\n' % folder))
        try:
            os.rename(daemon.log, daemon.log + ".1")
            self.assertEqual(daemon.reload()["event"], "reloaded", "into a new file")
        finally:
            daemon.stop()

    def test_a_file_that_the_start_did_not_name(self):
        """It fails closed, the old settings stay in force, and `read` opens it."""
        if "files" in self.kernel_lacks:
            self.skipTest("this kernel has no Landlock")
        outside = os.path.join(os.path.dirname(self.folder), "registry-%d" % os.getpid())
        attestctl(outside, "app", "add", "elsewhere")
        self.addCleanup(subprocess.run, ["rm", "-r", outside], check=True)
        config = self.site.attestd_config()
        elsewhere = config.replace(self.site.registry, outside)
        for extra, event in (("", "reload failed"),
                             ('confine { read = { "%s" } }\n' % outside, "reloaded")):
            daemon = Daemon("attestd", os.path.join(self.folder, "moves"), config + extra)
            try:
                daemon.write_config(elsewhere + extra)
                self.assertEqual(daemon.reload()["event"], event)
            finally:
                daemon.stop()

    def test_mode(self):
        required = 'confine { mode = "required" }\n'
        if self.kernel_lacks:
            self.skipTest("this kernel lacks %s" % self.kernel_lacks)
        Daemon("attestd", os.path.join(self.folder, "required"),
               self.site.attestd_config(required)).stop()
        path = os.path.join(self.folder, "wrong.conf")
        with open(path, "w") as f:
            f.write(self.site.attestd_config('confine { mode = "perhaps" }\n'))
        done = subprocess.run([program("attestd"), "--check-config", "--config", path],
                              capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("confine mode must be off, on or required", done.stderr)


if __name__ == "__main__":
    unittest.main()
