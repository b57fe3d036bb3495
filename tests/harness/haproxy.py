"""haproxy: a real HAProxy with a configuration text."""
import os

from .process import Child, answers


class HAProxy:
    """Runs in the foreground; up once it answers on each of `ports`."""

    def __init__(self, folder, config, ports):
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "haproxy.cfg")
        with open(path, "w") as f:
            f.write(config)
        self.child = Child(["/usr/sbin/haproxy", "-db", "-f", path],
                           os.path.join(folder, "haproxy.log"))
        try:
            self.child.wait_ready(lambda: all(answers(port) for port in ports))
        except BaseException:
            self.child.stop()
            raise

    def stop(self):
        self.child.stop()
