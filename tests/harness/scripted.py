"""scripted: a server of raw sockets that does to each request what a test says, and counts."""
import socket
import ssl
import struct
import threading
import time


def ok(body=b"{}", *lines):
    return b"\r\n".join([b"HTTP/1.1 200 OK", b"Content-Type: application/json",
                         b"Content-Length: %d" % len(body), *lines]) + b"\r\n\r\n" + body


class Talk:
    """One connection, as the script sees it."""

    def __init__(self, server, sock):
        self.server, self.sock, self.data, self.served = server, sock, b"", 0

    def read(self):
        """The next whole request, head and body, or None at the end."""
        while True:
            head, found, rest = self.data.partition(b"\r\n\r\n")
            if found:
                length = 0
                for line in head.split(b"\r\n")[1:]:
                    name, _, value = line.partition(b":")
                    if name.strip().lower() == b"content-length":
                        length = int(value)
                if len(rest) >= length:
                    self.data = rest[length:]
                    return head, rest[:length]
            more = self.sock.recv(65536)
            if not more:
                return None
            self.data += more

    def send(self, data):
        self.sock.sendall(data)

    def drip(self, data, seconds):
        for i in range(len(data)):
            self.send(data[i:i + 1])
            time.sleep(seconds)

    def close(self):
        self.sock.close()

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def hold(self):
        """Until the peer ends it or the server stops."""
        self.sock.settimeout(0.05)
        while not self.server.ended.is_set():
            try:
                if not self.sock.recv(65536):
                    return
            except TimeoutError:
                pass


class Scripted:
    """`answer(talk, head, body)` says what becomes of a request; `greet(talk)`, if set, of a
    connection before anything is read: True ends it. `requests` lists (head, body) of all that came
    whole, `bytes_seen` counts whatever was said, within TLS if `tls` is (certificate, key)."""

    def __init__(self, answer=None, tls=None):
        self.answer, self.greet = answer or (lambda talk, *_: talk.send(ok())), None
        self.requests, self.connections, self.bytes_seen = [], 0, 0
        self.open = set()
        self.ended, self.lock = threading.Event(), threading.Lock()
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*tls)
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listening.getsockname()[1]
        self.url = "%s://127.0.0.1:%d" % ("https" if tls else "http", self.port)
        threading.Thread(target=self._accept, daemon=True).start()

    def drop(self):
        """Ends every connection; what uses one next finds it closed."""
        with self.lock:
            for sock in self.open:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def clear(self):
        with self.lock:
            self.requests, self.connections, self.bytes_seen = [], 0, 0

    def _accept(self):
        while True:
            try:
                sock, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with self.lock:
            self.connections += 1
            self.open.add(sock)
        plain = sock
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context:
                sock = self.context.wrap_socket(sock, server_side=True,
                                                suppress_ragged_eofs=True)
            self._talk(Talk(self, sock))
        except (OSError, ssl.SSLError):
            pass
        finally:
            with self.lock:
                self.open.discard(plain)
            sock.close()

    def _talk(self, talk):
        if self.greet and self.greet(talk):
            return
        while talk.sock.fileno() >= 0:
            request = talk.read()
            if request is None:
                return
            with self.lock:
                self.requests.append(request)
                self.bytes_seen += len(request[0]) + len(request[1])
            self.answer(talk, *request)
            talk.served += 1

    def stop(self):
        self.ended.set()
        self.listening.close()
