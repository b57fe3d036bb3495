"""middle: somebody between the app and attestd who sees and may change each message."""
import http.server
import threading

from .vouchsafe import request


class Middle:
    """Forwards HTTP to `target`. `recorded` lists (path, request body, status, answer body);
    `change(path, body)` may return another body, or None to answer 502 and forward nothing."""

    def __init__(self, target, change=None):
        self.recorded = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                sent = change(self.path, body) if change else body
                if sent is None:
                    outer.recorded.append((self.path, body, 502, b"{}"))
                    return self.reply(502, b"{}")
                status, _, answer = request(target + self.path, "POST", sent,
                                            {"Content-Type": self.headers["Content-Type"]})
                outer.recorded.append((self.path, sent, status, answer))
                self.reply(status, answer)

            def reply(self, status, answer):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
