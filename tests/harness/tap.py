"""tap: somebody on the network between an app and a device, who keeps every byte of both directions."""
import socket
import threading


class Tap:
    """Listens on self.port and passes all on to 127.0.0.1:`target`. self.sent and self.received are
    what apps said and what they were told, one entry a connection."""

    def __init__(self, target):
        self.target, self.sent, self.received = target, [], []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self):
        while True:
            try:
                app, _ = self._listener.accept()
                device = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self._sockets += [app, device]
            for record, source, to in ((self.sent, app, device), (self.received, device, app)):
                record.append(bytearray())
                thread = threading.Thread(target=self._pass, args=(record[-1], source, to),
                                          daemon=True)
                self._threads.append(thread)
                thread.start()

    @staticmethod
    def _pass(record, source, to):
        try:
            while data := source.recv(4096):
                record.extend(data)
                to.sendall(data)
        except OSError:
            pass
        try:
            to.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)
        for s in self._sockets:
            s.close()


def play(port, data, patience=5):
    """What an attacker says to a device at once; returns all that it answers until it hangs up, and
    None in place of the end if it does not."""
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.settimeout(patience)
        heard = bytearray()
        try:
            s.sendall(bytes(data))
            while more := s.recv(4096):
                heard.extend(more)
        except TimeoutError:
            return None
        except OSError:
            pass
        return bytes(heard)
