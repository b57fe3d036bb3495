"""vouchsafe: our own programs as a user runs them: registry, attestd, mediator, example app."""
import http.client
import json
import os
import re
import signal
import subprocess
import urllib.parse

from .process import Child, StartError, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("VOUCHSAFE_BUILD", os.path.join(ROOT, "build", "release"))


def sanitized():
    """Whether the build is instrumented: by a sanitizer, or to count lines."""
    with open(os.path.join(BUILD, "CMakeCache.txt")) as f:
        return re.search(r"^VOUCHSAFE_(SANITIZE:STRING=.|COVERAGE:BOOL=ON)", f.read(),
                         re.M) is not None


def program(name):
    """The path of a built program, wherever its folder in the build is."""
    for folder in ("attestd", "mediator", "client-sdk", "device-sdk", "tests", "tests/load"):
        path = os.path.join(BUILD, folder, name)
        if os.path.exists(path):
            return path
    raise StartError("%s is not built below %s" % (name, BUILD))


def attestctl(registry, *words, check=True, stdin=None):
    """Runs attestctl; returns the finished process."""
    done = subprocess.run([program("attestctl"), "--registry", registry, *words],
                          capture_output=True, text=True, input=stdin)
    if check and done.returncode != 0:
        raise StartError("attestctl %s: %s%s" % (" ".join(words), done.stdout, done.stderr))
    return done


def mediatorctl(*words, check=True):
    """Runs mediatorctl; returns the finished process."""
    done = subprocess.run([program("mediatorctl"), *words], capture_output=True, text=True)
    if check and done.returncode != 0:
        raise StartError("mediatorctl %s: %s%s" % (" ".join(words), done.stdout, done.stderr))
    return done


def request(url, method="GET", body=None, headers=(), timeout=20):
    """(status, headers, body bytes) over one connection. A dict is sent as JSON, a list of pairs
    as a form."""
    where = urllib.parse.urlsplit(url)
    headers = dict(headers)
    if isinstance(body, dict):
        body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
    elif isinstance(body, list):
        body = urllib.parse.urlencode(body)
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=timeout)
    try:
        target = where.path + ("?" + where.query if where.query else "")
        connection.request(method, target or "/", body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


class Daemon:
    """attestd or mediator with a configuration text; listens on a port of the system's choice."""
    PATIENCE_S = 15  # until it listens

    #: what is added to its environment when it starts
    env = None

    def __init__(self, name, folder, config, port=0):
        os.makedirs(folder, exist_ok=True)
        self.name = name
        self.config_path = os.path.join(folder, name + ".conf")
        self.log = os.path.join(folder, name + ".log")
        self.port = port
        self.write_config(config)
        self.start()

    def write_config(self, config):
        with open(self.config_path, "w") as f:
            f.write('listen = { "127.0.0.1:%d" }\n%s' % (self.port, config))
        os.chmod(self.config_path, 0o600)

    def start(self):
        before = len(self.events())
        self.child = Child([program(self.name), "--config", self.config_path], self.log,
                           env=self.env)
        try:
            self.child.wait_ready(lambda: self.events("listening", before), self.PATIENCE_S)
        except BaseException:
            self.child.stop()
            raise
        where = self.events("listening", before)[0]["address"]
        self.port = int(where.rsplit(":", 1)[1])
        self.url = "http://127.0.0.1:%d" % self.port

    def events(self, name=None, skip=0):
        """The log's lines as objects: all, or those of one event; `skip` leaves out the first
        lines of the log."""
        if not os.path.exists(self.log):
            return []
        found = []
        with open(self.log, errors="replace") as f:
            for line in list(f)[skip:]:
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                if name is None or event.get("event") == name:
                    found.append(event)
        return found

    def admin_url(self):
        """Of its admin listener, if the configuration names one."""
        return "http://" + self.events("admin listening")[-1]["address"]

    def metrics(self):
        """Its metrics as {name and labels: value}: ("x_total", (("label", "value"),)): 1.0."""
        from prometheus_client.parser import text_string_to_metric_families
        status, headers, body = request(self.admin_url() + "/metrics")
        if status != 200 or "version=0.0.4" not in headers["Content-Type"]:
            raise StartError("/metrics: %d %s" % (status, headers["Content-Type"]))
        return {(s.name, tuple(sorted(s.labels.items()))): s.value
                for family in text_string_to_metric_families(body.decode())
                for s in family.samples}

    def reload(self):
        """SIGHUP, and waits for the log to say how it went; returns that event."""
        before = len(self.events())
        self.child.signal(signal.SIGHUP)
        done = lambda: [e for e in self.events(skip=before)
                        if e["event"] in ("reloaded", "reload failed")
                        and e["cause"] == "SIGHUP"]
        wait_until(done, 10, "the reload of " + self.name)
        return done()[0]

    def stop(self):
        return self.child.stop(40)


class Example:
    """The example app, driven line by line."""

    def __init__(self, binary, attestd, mediator, client_id, state, redirect_uri=None, scope=None,
                 env=None, options=()):
        argv = [binary, "--attestd", attestd, "--mediator", mediator, "--client-id", client_id,
                "--state", state, *options]
        if redirect_uri:
            argv += ["--redirect-uri", redirect_uri]
        if scope:
            argv += ["--scope", scope]
        # An app that reads its own image reads between its variables, where AddressSanitizer's
        # memcpy sees an error.
        env = {**os.environ, "ASAN_OPTIONS": "replace_intrin=0", **(env or {})}
        self.popen = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, bufsize=1, env=env)

    @property
    def pid(self):
        return self.popen.pid

    def ask(self, command):
        """(True, words) for "ok words", (False, words) for "error words". Lines before the last
        one are kept in self.lines."""
        self.popen.stdin.write(command + "\n")
        self.popen.stdin.flush()
        self.lines = []
        for line in self.popen.stdout:
            line = line.rstrip("\n")
            if line == "ok" or line.startswith("ok "):
                return True, line[3:]
            if line.startswith("error"):
                return False, line[6:]
            self.lines.append(line)
        raise StartError("the example app ended: " + " / ".join(self.lines))

    def headers(self, audience):
        """The two headers for a request, as a dict."""
        good, words = self.ask("headers " + audience)
        if not good:
            raise StartError("headers: " + words)
        return dict(line[len("header "):].split(": ", 1) for line in self.lines)

    def close(self):
        try:
            self.popen.stdin.close()
        except OSError:
            pass
        try:
            self.popen.wait(5)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        self.popen.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# One tester asks more often than one address may. Tests of the limits say what they want instead:
# where a section stands twice, the later key counts.
UNLIMITED = "rate_limit { per_address = 0 }\n"


class Site:
    """A whole installation in a folder: registry with one app and one build, attestd, and a
    mediator once an authorization server is named."""

    CLIENT = "vouchsafe-example"
    REDIRECT = "http://127.0.0.1:8199/callback"

    def __init__(self, folder, store="memory:", attestd_config="", app_options=(),
                 store_options=""):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self.folder, self.store, self.store_options = folder, store, store_options
        self.registry = os.path.join(folder, "registry")
        self.binary = os.path.join(folder, "vouchsafe-example")
        # As an app is shipped: without symbols. So it is small enough to be covered whole.
        subprocess.run(["strip", "-o", self.binary, program("vouchsafe-example")], check=True)
        attestctl(self.registry, "app", "add", self.CLIENT, "--name", "Example app", *app_options)
        attestctl(self.registry, "build", "add", self.CLIENT, self.binary, "--label", "1.0.0")
        self.attestd = Daemon("attestd", folder, self.attestd_config(attestd_config))
        self.mediator = None
        self._state = 0

    def attestd_config(self, extra=""):
        return ('workers = 2\nissuer = "http://attestd.example"\nregistry = "%s"\n'
                'store { url = "%s" %s }\n%s%s'
                % (self.registry, self.store, self.store_options, UNLIMITED, extra))

    def secret(self, client_id=None):
        """The current client secret, as the authorization server must know it."""
        folder = os.path.join(self.registry, client_id or self.CLIENT, "secrets")
        with open(os.path.join(folder, "keyring.conf")) as f:
            kid = next(line.split('"')[1] for line in f if line.strip().startswith("current"))
        with open(os.path.join(folder, kid)) as f:
            return f.read().rstrip("\n")

    def start_mediator(self, issuer, extra="", client="", upstream="", port=0):
        """In front of the authorization server `issuer`; its issuer is its own URL."""
        from .process import free_port
        port = port or free_port()
        self.mediator_port = port
        self.seal_keys = os.path.join(self.folder, "seal-keys")
        mediatorctl("seal-key", "rotate", "--folder", self.seal_keys)
        self.mediator_config = (
            'workers = 2\nissuer = "http://127.0.0.1:%d"\nstore { url = "%s" }\n'
            'seal_keyring = "%s"\n%s%s\n'
            'upstream "as" { issuer = "%s"\n %s }\n'
            'client "%s" {\n upstream = "as"\n keyring = "%s/%s/secrets"\n'
            ' auth_method = "client_secret_basic"\n'
            ' grants = { "authorization_code", "refresh_token", "client_credentials" }\n %s }\n'
            % (port, self.store, self.seal_keys, UNLIMITED, extra, issuer, upstream, self.CLIENT,
               self.registry, self.CLIENT, client))
        self.mediator = Daemon("mediator", self.folder, self.mediator_config, port=port)
        return self.mediator

    def app(self, binary=None, attestd=None, state=None, env=None, client_id=None, options=()):
        """Starts the example app (or another binary in its place), each with its own instance key
        unless a state folder is named."""
        if state is None:
            self._state += 1
            state = os.path.join(self.folder, "instance-%d" % self._state)
        mediator = self.mediator.url if self.mediator else "http://127.0.0.1:9"
        return Example(binary or self.binary, attestd or self.attestd.url, mediator,
                       client_id or self.CLIENT, state, self.REDIRECT, "notes", env, options)

    def stop(self):
        for daemon in (self.mediator, self.attestd):
            if daemon:
                daemon.stop()
