"""peers: what the bench measures against, each a real program with one worker, and how a sample of
CPU, rate and latency is taken of whoever answers."""
import json
import os

from harness.attester import Image
from harness.node import BENCH
from harness.process import Child, answers, free_port

from .measure import children, sample

# Its default of 1,000 requests a connection would be measured otherwise.
NGINX = """
worker_processes 1; daemon off; pid %(folder)s/nginx.pid; error_log %(folder)s/error.log;
events { worker_connections 16384; }
http {
  access_log off; client_body_temp_path %(folder)s/b; proxy_temp_path %(folder)s/p;
  fastcgi_temp_path %(folder)s/f; uwsgi_temp_path %(folder)s/u; scgi_temp_path %(folder)s/s;
  keepalive_requests 100000000; default_type application/json;
  %(servers)s
}
"""

BACKEND = """
server { listen 127.0.0.1:%(port)d;
  location = /token { add_header Cache-Control no-store;
    return 200 '{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","expires_in":300}'; }
}
"""

FRONT = """
upstream backend { server 127.0.0.1:%(backend)d; keepalive 64; keepalive_requests 100000000; }
server { listen 127.0.0.1:%(port)d;
  location = /200 { return 200 "ok"; }
  location = /401 { return 401 "no"; }
  location = /token { proxy_pass http://backend; proxy_http_version 1.1;
    proxy_set_header Connection ""; }
}
"""

# What the mediator does for a client without proofs of possession, as far as HAProxy can: signature,
# expiry, the server's credentials in, the client's token out. It writes no log.
HAPROXY = """
global
  nbthread 1
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  http-reuse always
frontend front
  bind 127.0.0.1:%(port)d
  http-request set-var(txn.token) req.hdr(OAuth-Client-Attestation)
  http-request set-var(txn.alg) var(txn.token),jwt_header_query('$.alg')
  http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless { var(txn.alg) -m str HS256 }
  http-request deny deny_status 401 unless { var(txn.token),jwt_verify(txn.alg,"%(secret)s") -m int 1 }
  http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int le 0 }
  http-request set-header Authorization "Basic %(basic)s"
  http-request del-header OAuth-Client-Attestation
  default_backend as
backend as
  server as 127.0.0.1:%(backend)d
"""


class Peer:
    """A child, its port, and what its CPU time is read from."""

    def __init__(self, folder, name, config, argv):
        self.port = free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        folder = os.path.join(folder, name)
        os.makedirs(folder)
        path = os.path.join(folder, "config")
        with open(path, "w") as f:
            f.write(config(folder, self.port))
        self.child = Child([*argv, path], os.path.join(folder, "log"))
        self.child.wait_ready(lambda: answers(self.port))
        self.pids = [self.child.pid] + children(self.child.pid)

    def stop(self):
        self.child.stop()


def nginx(folder, name, servers, **words):
    def config(folder, port):
        return NGINX % {"folder": folder, "servers": servers % {"port": port, **words}}
    return Peer(folder, name, config, ["nginx", "-e", "stderr", "-c"])


def haproxy(folder, secret, basic, backend):
    def config(_, port):
        return HAPROXY % {"port": port, "secret": secret, "basic": basic, "backend": backend}
    return Peer(folder, "haproxy", config, ["/usr/sbin/haproxy", "-db", "-f"])


def node(folder, name, site, binary, **words):
    """What a user of Node.js would write in our place, for the site's client and one binary."""
    def config(_, port):
        return json.dumps({"port": port, "client_id": site.CLIENT, "secret": site.secret(),
                           "kid": "1", "build": Image(binary).build_id, "binary": binary,
                           "issuer": "http://node.example", **words})
    return Peer(folder, name, config, BENCH.command("peer.mjs"))


# --- wrk ---

LUA = """
local ready = {}
local at = 0
init = function()
  for line in io.lines("%(headers)s") do
    local token, pop = line:match("^(%%S+)%%s*(%%S*)$")
    wrk.headers["OAuth-Client-Attestation"] = token
    wrk.headers["OAuth-Client-Attestation-PoP"] = pop ~= "" and pop or nil
    ready[#ready + 1] = wrk.format("%(method)s", nil, nil, %(body)s)
  end
end
request = function()
  at = at + 1
  if at > #ready then
    %(over)s
  end
  return ready[at]
end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('{"count": %%d, "per_second": %%f, "p50": %%f, "p99": %%f, "refused": %%d, "broken": %%d}\\n',
    summary.requests, summary.requests / summary.duration * 1e6, latency:percentile(50),
    latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
"""


def script(folder, name, tokens, form=None, once=False):
    """A script for wrk: requests with the tokens in turn (each a text, or a pair of a token and a
    proof), formatted before the first is sent. `once`: it ends with them instead of beginning
    anew."""
    path = os.path.join(folder, name)
    with open(path + ".headers", "w") as f:
        for token in tokens:
            f.write((token if isinstance(token, str) else " ".join(token)) + "\n")
    head = ('wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"\n' if form else "")
    with open(path + ".lua", "w") as f:
        f.write(head + LUA % {"headers": path + ".headers", "method": "POST" if form else "GET",
                              "body": '"%s"' % form if form else "nil",
                              "over": "wrk.thread:stop(); at = #ready" if once else "at = 1"})
    return path + ".lua"


def wrk(pids, url, lua, seconds, refused=False, connections=32):
    """A sample of connections that all keep asking. Every answer must be a refusal, or none."""
    said = sample(pids, ["wrk", "-t1", "-c%d" % connections, "-d%ds" % seconds, "-s", lua, url])
    if said["broken"] or said["refused"] != (said["count"] if refused else 0):
        raise RuntimeError("%s: not the answers that were to be measured: %r" % (url, said))
    return said


def wrk_once(pids, url, lua, seconds, connections=32):
    """The same with a script that ends: wrk goes on with the last request until it has stopped, which
    is then refused, and its times are of no worth."""
    said = sample(pids, ["wrk", "-t1", "-c%d" % connections, "-d%ds" % seconds, "-s", lua, url])
    if said["broken"] or said["refused"] > 2 * connections or said["count"] < 10 * said["refused"]:
        raise RuntimeError("%s: not the answers that were to be measured: %r" % (url, said))
    return {"cpu": said["cpu"], "count": said["count"]}
