"""nginx: a real nginx on a port of its own, with server blocks as a test writes them."""
import os

from .process import Child, answers, free_port

CONFIG = """
daemon off;
worker_processes 1;
pid %(folder)s/nginx.pid;
error_log stderr warn;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path %(folder)s/body;
  proxy_temp_path %(folder)s/proxy;
  fastcgi_temp_path %(folder)s/fastcgi;
  uwsgi_temp_path %(folder)s/uwsgi;
  scgi_temp_path %(folder)s/scgi;
  %(servers)s
}
"""


class Nginx:
    """`servers` is text with "%(port)d" where the port goes, and "%(back)d" for a second one."""

    def __init__(self, folder, servers):
        os.makedirs(folder, exist_ok=True)
        self.port, self.back = free_port(), free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        config = os.path.join(folder, "nginx.conf")
        with open(config, "w") as f:
            f.write(CONFIG % {"folder": folder,
                              "servers": servers % {"port": self.port, "back": self.back}})
        self.child = Child(["nginx", "-e", "stderr", "-p", folder, "-c", config],
                           os.path.join(folder, "nginx.log"))
        try:
            self.child.wait_ready(lambda: answers(self.port) and answers(self.back))
        except BaseException:
            self.child.stop()
            raise

    def stop(self):
        self.child.stop()
