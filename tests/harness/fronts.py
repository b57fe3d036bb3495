"""fronts: nginx and HAProxy in front of a site, as deploy/ configures them, with TLS."""
import os
import ssl

from .haproxy import HAProxy
from .hostile import Talk
from .nginx import Nginx
from .shipped import shipped

ATTEST, AUTH, API = NAMES = ("attest.example.com", "auth.example.com", "api.example.com")
NOBODY = "127.0.0.1:9"


def nginx(folder, authority, attestd=None, mediator=None, swaps=()):
    """Daemons by their ports. A running Nginx; .port takes TLS."""
    swaps = {"127.0.0.1:8101": "127.0.0.1:%d" % (attestd or 9), "127.0.0.1:8102": "127.0.0.1:%d" % (mediator or 9),
             "127.0.0.1:8080": NOBODY, "listen 443 ": "listen 127.0.0.1:%(port)d ",
             "127.0.0.1:8443": "127.0.0.1:%(back)d", **dict(swaps)}
    for name in NAMES:
        swaps["/etc/ssl/vouchsafe/%s.crt" % name], swaps["/etc/ssl/vouchsafe/%s.key" % name] = \
            authority.issue(name, "DNS:" + name)
    return Nginx(os.path.join(folder, "nginx"), shipped("nginx/vouchsafe.conf", swaps))


def haproxy(folder, authority, port, attestd=NOBODY, mediator=NOBODY, swaps=()):
    """Daemons by the addresses of their proxy_v2 ports. A running HAProxy that takes TLS at `port`."""
    folder = os.path.join(folder, "haproxy")
    pems = os.path.join(folder, "pems")
    os.makedirs(pems)
    script = os.path.join(folder, "vouchsafe.lua")
    for name in NAMES:
        with open(os.path.join(pems, name), "w") as out:
            for part in authority.issue(name, "DNS:" + name):
                with open(part) as f:
                    out.write(f.read())
    with open(script, "w") as f:
        f.write(shipped("haproxy/vouchsafe.lua", {}))
    config = shipped("haproxy/haproxy.cfg", {
        "127.0.0.1:8111": attestd, "127.0.0.1:8112": mediator, "127.0.0.1:8080": NOBODY,
        "bind :443 ": "bind 127.0.0.1:%d " % port, "crt /etc/ssl/vouchsafe/": "crt " + pems,
        "/etc/haproxy/vouchsafe.lua": script, **dict(swaps)})
    return HAProxy(folder, config, [port])


def proxy_port(daemon):
    """The address of a daemon where it takes the PROXY protocol."""
    return [e for e in daemon.events("listening") if e.get("proxy")][0]["address"]


class TlsTalk(Talk):
    """A connection to a proxy, under the name of one of those behind it."""

    def __init__(self, port, ca, name):
        super().__init__(port)
        self.socket = ssl.create_default_context(cafile=ca).wrap_socket(self.socket, server_hostname=name)

    def send(self, parts):
        try:
            super().send(parts)
        except ssl.SSLError:
            pass  # closed before the end, with or without TLS's own word for it
