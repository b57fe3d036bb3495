"""Ten thousand devices that are connected to one mediator at once."""
import json
import os
import resource
import unittest

from harness.process import Child, wait_until
from harness.vouchsafe import program, sanitized

from .test_mediator_devices import DeviceCase, b64


def count_wanted():
    """The whole number where a process may have so many descriptors and is not slowed down."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 1000 if sanitized() else 10000
    return min(wanted, hard - 500)


class Many(DeviceCase):
    DEVICE_EXTRA = "heartbeat_s = 10\n"

    @classmethod
    def add_devices(cls):
        super().add_devices()
        with open(os.path.join(cls.registry.path, "door-1.json")) as f:
            about = json.load(f)
        cls.count = count_wanted()
        key = b64(os.urandom(32))
        about["keys"][0]["k"] = key
        about["scopes"] = ["door:unlock"]
        for i in range(cls.count):
            cls.write(os.path.join(cls.registry.path, "door-m%d.json" % i), json.dumps(about))
        cls.write(cls.registry.key_file("many"), key + "\n")

    @staticmethod
    def write(path, text):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write(text)

    def resident(self):
        with open("/proc/%d/smaps_rollup" % self.site.mediator.child.pid) as f:
            return next(int(line.split()[1]) for line in f if line.startswith("Rss:"))

    def test_ten_thousand(self):
        before = self.resident()
        log = os.path.join(self.folder, "many.log")
        crowd = Child([program("load-devices"), self.device_port, "door-m",
                       self.registry.key_file("many"), self.count], log)
        self.addCleanup(crowd.stop)
        crowd.wait_ready(lambda: "connected %d" % self.count in crowd.output(), 240)
        connected = lambda: self.site.mediator.metrics()[("vouchsafe_devices_connected", ())]
        wait_until(lambda: connected() == self.count, 60, "all to be in")
        after = self.resident()
        for i in (0, self.count // 2, self.count - 1):
            status, got = self.token(audience="door-m%d" % i)
            self.assertEqual(status, 200, got)
        self.assertIn("grants 3", crowd.output())
        wait_until(lambda: "beats %d" % self.count in crowd.output(), 120, "a heartbeat of each")
        self.assertEqual(connected(), self.count)
        self.assertTrue(crowd.alive(), crowd.output()[-200:])
        print("%d devices: %.0f bytes resident each" % (self.count,
                                                        (after - before) * 1024 / self.count))
        crowd.stop()
        wait_until(lambda: connected() == 0, 60, "all to be gone")


if __name__ == "__main__":
    unittest.main()
