"""serial: a serial line that is two pty pairs with a listener between them."""
import os
import select
import threading
import tty


class SerialLine:
    """self.device and self.app are the paths of both ends. Everything that passes is recorded:
    self.from_app, self.from_device."""

    def __init__(self):
        self._masters, slaves = zip(*(os.openpty() for _ in range(2)))
        for fd in slaves:
            tty.setraw(fd)
        self._slaves = slaves  # kept open: an end that is closed and opened again is no hang-up
        self.device, self.app = (os.ttyname(fd) for fd in slaves)
        self.from_device, self.from_app = bytearray(), bytearray()
        self._stop, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        device, app = self._masters
        while True:
            ready = select.select([device, app, self._stop], [], [])[0]
            if self._stop in ready:
                return
            for fd in ready:
                data = os.read(fd, 4096)
                (self.from_device if fd == device else self.from_app).extend(data)
                os.write(app if fd == device else device, data)

    def play_to_device(self, data):
        """What an attacker on the line sends."""
        os.write(self._masters[0], bytes(data))

    def close(self):
        os.write(self._wake, b"x")
        self._thread.join()
        for fd in (*self._masters, *self._slaves, self._stop, self._wake):
            os.close(fd)
