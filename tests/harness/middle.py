"""middle: somebody between the app and attestd, or a server and its clients, who sees and may change each message."""
import http.server
import ssl
import threading

from .vouchsafe import request


class QuietServer(http.server.ThreadingHTTPServer):
    """A client that turns away is no error of ours."""

    def handle_error(self, *_):
        pass


class Middle:
    """Forwards HTTP to `target`. `recorded` lists (path, request body, status, answer body), and
    `heads` the request's header fields as [(name, value)];
    `change(path, body)` may return another body, or None to answer 502 and forward nothing, or
    (status, headers) to answer that. `edit(path, answer)` may return another answer.
    `tls` is (certificate file, key file)."""

    def __init__(self, target, change=None, tls=None, edit=None):
        self.recorded, self.heads = [], []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.heads.append(self.headers.items())
                sent = change(self.path, body) if change else body
                if sent is None:
                    outer.recorded.append((self.path, body, 502, b"{}"))
                    return self.reply(502, b"{}")
                if isinstance(sent, tuple):
                    outer.recorded.append((self.path, body, sent[0], b"{}"))
                    return self.reply(sent[0], b"{}", sent[1])
                passed = {name: self.headers[name] for name in ("Content-Type", "Authorization")
                          if name in self.headers}
                status, _, answer = request(target + self.path, "POST", sent, passed)
                answer = edit(self.path, answer) if edit else answer
                outer.recorded.append((self.path, sent, status, answer))
                self.reply(status, answer)

            def reply(self, status, answer, headers=()):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = QuietServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
            self.url = self.url.replace("http:", "https:")
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
