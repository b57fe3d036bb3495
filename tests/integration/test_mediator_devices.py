"""Grants on devices: an app, a mediator, a real authorization server, and devices that dial in."""
import base64
import json
import os
import subprocess
import time
import unittest

from harness.attester import Attester
from harness.authlib_server import AuthlibServer
from harness.case import SiteCase
from harness.devices import Device, Registry
from harness.process import free_port, wait_until
from harness.vouchsafe import mediatorctl, request


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def req_cnf(key, **more):
    return b64(json.dumps({"jwk": {"kty": "oct", "k": b64(key), **more}}).encode())


SCOPES = "door:unlock alarm:off notes"


class DeviceCase(SiteCase):
    """Authlib grants what is asked, of SCOPES, for an hour."""

    CLIENT_EXTRA = 'devices = { "door-*", "pump-*" }\n'
    DEVICE_EXTRA = "push_ms = 3000\n"
    EXTRA = ""

    @classmethod
    def start(cls):
        cls.registry = Registry(cls.folder)
        cls.device_port = free_port()
        cls.add_devices()
        cls.server = AuthlibServer(os.path.join(cls.folder, "authlib"), [
            {"client_id": cls.site.CLIENT, "client_secret": cls.site.secret(), "scope": SCOPES,
             "redirect_uris": [cls.site.REDIRECT],
             "token_endpoint_auth_method": "client_secret_basic",
             "grant_types": ["client_credentials", "authorization_code", "refresh_token"]}])
        cls.site.start_mediator(
            cls.server.issuer, extra=cls.EXTRA + cls.device_section(), client=cls.CLIENT_EXTRA,
            upstream=cls.server.endpoints + ' revocation_endpoint = "%s/oauth/revocation"'
            % cls.server.base)
        cls.url = cls.site.mediator.url
        cls.attester = Attester(cls.site.attestd.url, cls.site.CLIENT, cls.site.binary)

    @classmethod
    def add_devices(cls):
        cls.registry.add_push("door-1", "--scope", "door:unlock", "--scope", "alarm:off")

    @classmethod
    def device_section(cls):
        return ('admin = { "127.0.0.1:0" }\n'
                'device { registry = "%s"\n listen = { "127.0.0.1:%d" }\n%s }\n'
                % (cls.registry.path, cls.device_port, cls.DEVICE_EXTRA))

    @classmethod
    def tearDownClass(cls):
        if getattr(cls, "server", None):
            cls.server.stop()
        super().tearDownClass()

    def device(self, name="door-1", mood="", port=None):
        d = Device(self.folder, port or self.device_port, name, self.registry.key_file(name), mood)
        self.addCleanup(d.stop)
        return d

    def attested(self):
        """Headers for a request: one attestation serves for many."""
        made, token = type(self).__dict__.get("attestation", (0, None)) # not another site's
        if not token or time.monotonic() > made + 120:
            token = self.attester.token()
            type(self).attestation = (time.monotonic(), token)
        return self.attester.headers_for(self.url, token)

    def token(self, url=None, scope="door:unlock", audience="door-1", form_headers=None, **form):
        """(status, message) of a token request that names a device."""
        form = [("grant_type", "client_credentials"), ("client_id", self.site.CLIENT),
                ("scope", scope), *form.items()]
        if audience:
            form.append(("audience", audience))
        url = url or self.url
        headers = form_headers or self.attested()
        status, self.headers, body = request(url + "/token", "POST", form, headers)
        return status, json.loads(body)

    def active(self, token):
        """What the authorization server itself says about an access token."""
        secret = base64.b64encode(("%s:%s" % (self.site.CLIENT, self.site.secret())).encode())
        _, _, body = request(self.server.introspection_endpoint, "POST", [("token", token)],
                             {"Authorization": "Basic " + secret.decode()})
        return json.loads(body)["active"]

    def audit(self, daemon=None, **members):
        """Lines of the audit log that have all these members."""
        return [e for e in (daemon or self.site.mediator).events()
                if all(e.get(k) == v for k, v in members.items())]

    def issued(self):
        """Access tokens that the server has made, as its log of them says: none, when nobody asks."""
        return self.site.mediator.metrics().get(
            ("vouchsafe_upstream_calls_total",
             (("endpoint", "token_endpoint"), ("outcome", "2xx"))), 0)

    def revocations(self):
        return self.site.mediator.metrics().get(
            ("vouchsafe_upstream_calls_total",
             (("endpoint", "revocation_endpoint"), ("outcome", "2xx"))), 0)

    def delivered(self, way, outcome):
        return self.site.mediator.metrics().get(
            ("vouchsafe_device_deliveries_total", (("outcome", outcome), ("way", way))), 0)


class Push(DeviceCase):
    def test_the_app_gets_its_token_when_the_device_has_the_key(self):
        before = time.time()
        with self.device().wait_in() as door:
            status, got = self.token(scope="door:unlock alarm:off notes")
            self.assertEqual(status, 200, got)
            grant = door.grants()[-1]
        self.assertTrue(self.active(got["access_token"]))
        about = got["device_grant"]
        self.assertEqual(about["delivery"], "acknowledged")
        self.assertEqual(about["device"], "door-1")
        self.assertEqual(about["grant_id"], grant.id)
        self.assertEqual(got["cnf"]["jwk"], {"kty": "oct", "k": grant.key})
        self.assertEqual(len(unb64(grant.key)), 32)
        self.assertEqual(grant.scope, "door:unlock alarm:off", "the device's own, and no more")
        self.assertFalse(grant.once)
        self.assertLessEqual(before - 1, grant.nbf)
        self.assertLessEqual(grant.exp - grant.nbf, got["expires_in"])
        self.assertEqual((about["nbf"], about["exp"], about["scope"]),
                         (grant.nbf, grant.exp, grant.scope))
        self.assertTrue(self.audit(event="device grant", grant=grant.id, verdict="acknowledged"))

    def test_no_key_is_given_twice(self):
        with self.device().wait_in() as door:
            for _ in range(3):
                self.assertEqual(self.token()[0], 200)
            grants = door.grants()
        self.assertEqual(len({g.key for g in grants}), 3)
        self.assertEqual(len({g.id for g in grants}), 3)

    def test_the_app_brings_its_own_key(self):
        key = os.urandom(32)
        with self.device().wait_in() as door:
            status, got = self.token(req_cnf=req_cnf(key))
            self.assertEqual(status, 200, got)
            self.assertEqual(unb64(door.grants()[-1].key), key)
        self.assertNotIn("cnf", got, "it has it already")

    def test_bad_keys(self):
        with self.device().wait_in() as door:
            for name, bad in {"no base64url": "!", "no JSON": b64(b"{"), "too short": req_cnf(b"x" * 31),
                              "zero": req_cnf(bytes(32)),
                              "a public key": b64(json.dumps({"jwk": self.attester.key.jwk}).encode()),
                              "another member": b64(b'{"jwk":{"kty":"oct","k":"%s"},"x":1}'
                                                    % b64(os.urandom(32)).encode())}.items():
                with self.subTest(name):
                    status, refusal = self.token(req_cnf=bad)
                    self.assertEqual((status, refusal["error"]), (400, "invalid_request"))
            self.assertEqual(door.grants(), [])
            self.assertEqual(self.token(req_cnf=req_cnf(os.urandom(32), kid="mine"))[0], 200)

    def test_a_device_is_named_in_three_ways(self):
        with self.device().wait_in() as door:
            for form in ({"audience": "door-1"},
                         {"audience": "urn:vouchsafe:device:door-1"},
                         {"audience": None, "resource": "urn:vouchsafe:device:door-1"},
                         {"audience": None, "authorization_details": json.dumps([
                             {"type": "vouchsafe_device", "actions": ["door:unlock"],
                              "locations": ["urn:vouchsafe:device:door-1"]}])}):
                with self.subTest(str(form)):
                    status, got = self.token(**form)
                    self.assertEqual(status, 200, got)
                    self.assertEqual(got["device_grant"]["grant_id"], door.grants()[-1].id)

    def test_targets_that_are_refused_before_anything_is_asked(self):
        with self.device().wait_in() as door:
            before = self.issued()
            for name, form, error in (
                    ("unknown", {"audience": "urn:vouchsafe:device:door-9"}, "invalid_target"),
                    ("not this client's", {"audience": "window-1"}, "invalid_target"),
                    ("two", {"resource": "urn:vouchsafe:device:pump-1"}, "invalid_target"),
                    ("no scopes of its own", {"audience": "door-bare"}, "invalid_target"),
                    ("revoked", {"audience": "urn:vouchsafe:device:door-old"}, "invalid_target"),
                    ("details of two", {"authorization_details": json.dumps(2 * [
                        {"type": "vouchsafe_device", "actions": ["door:unlock"],
                         "locations": ["urn:vouchsafe:device:door-1"]}])},
                     "invalid_authorization_details"),
                    ("details that are over", {"authorization_details": json.dumps([
                        {"type": "vouchsafe_device", "actions": ["door:unlock"], "exp": 1,
                         "locations": ["urn:vouchsafe:device:door-1"]}])},
                     "invalid_authorization_details"),
                    ("an unknown limit", {"authorization_details": json.dumps([
                        {"type": "vouchsafe_device", "actions": ["door:unlock"], "times": 1,
                         "locations": ["urn:vouchsafe:device:door-1"]}])},
                     "invalid_authorization_details")):
                with self.subTest(name):
                    status, refusal = self.token(**form)
                    self.assertEqual((status, refusal["error"]), (400, error), refusal)
            self.assertEqual(self.issued(), before)
            self.assertEqual(door.grants(), [])
            self.assertEqual(self.token()[0], 200, "and this one may")

    @classmethod
    def add_devices(cls):
        super().add_devices()
        cls.registry.add_push("door-bare")
        cls.registry.add_push("window-1", "--scope", "door:unlock")
        cls.registry.add_push("pump-1", "--scope", "door:unlock")
        cls.registry.add_push("door-once", "--scope", "door:unlock", "--once", "--max-lifetime", "60")
        cls.registry.add_push("door-old", "--scope", "door:unlock")
        mediatorctl("device", "revoke", "door-old", "--registry", cls.registry.path)

    def test_this_evening(self):
        """Not before, not after, and no more than what was asked for the device."""
        now = int(time.time())
        with self.device().wait_in() as door:
            status, got = self.token(scope="door:unlock alarm:off", authorization_details=json.dumps([
                {"type": "vouchsafe_device", "locations": ["urn:vouchsafe:device:door-1"],
                 "actions": ["alarm:off"], "nbf": now + 600, "exp": now + 1200, "once": True}]))
            self.assertEqual(status, 200, got)
            grant = door.grants()[-1]
        self.assertEqual((grant.nbf, grant.exp, grant.scope, grant.once),
                         (now + 600, now + 1200, "alarm:off", True))

    def test_a_window_beyond_what_upstream_granted_is_none(self):
        now = int(time.time())
        with self.device().wait_in() as door:
            details = {"type": "vouchsafe_device", "locations": ["urn:vouchsafe:device:door-1"],
                       "actions": ["door:unlock"]}
            status, got = self.token(authorization_details=json.dumps(
                [{**details, "exp": now + 10 * 86400}]))
            self.assertEqual(status, 200, got)
            self.assertLessEqual(door.grants()[-1].exp, now + got["expires_in"] + 30)
            status, refusal = self.token(authorization_details=json.dumps(
                [{**details, "nbf": now + 10 * 86400, "exp": now + 11 * 86400}]))
            self.assertEqual((status, refusal["error"]), (400, "invalid_authorization_details"))
            self.assertEqual(len(door.grants()), 1)

    def test_what_upstream_did_not_grant_is_not_there(self):
        """Upstream leaves out what the client may not have: nothing is left for the door."""
        with self.device().wait_in() as door:
            revoked = self.revocations()
            status, refusal = self.token(scope="notes")
            self.assertEqual((status, refusal["error"]), (400, "invalid_scope"))
            self.assertEqual(door.grants(), [])
            self.assertGreater(self.revocations(), revoked, "and what it granted is taken back")

    def test_the_devices_own_limits(self):
        with self.device("door-once").wait_in() as door:
            status, got = self.token(audience="door-once")
            self.assertEqual(status, 200, got)
            grant = door.grants()[-1]
        self.assertTrue(grant.once)
        self.assertEqual(grant.exp - grant.nbf, 60)

    def test_a_sleeping_device_costs_nothing(self):
        before = self.issued()
        status, refusal = self.token()
        self.assertEqual((status, refusal["error"]), (503, "temporarily_unavailable"))
        self.assertIn("Retry-After", self.headers)
        self.assertEqual(self.issued(), before, "upstream was not asked")

    def test_a_device_that_fails_after_upstream_granted(self):
        """No token comes out of it, and upstream's is revoked."""
        for mood in ("refuse", "full", "mute", "die"):
            with self.subTest(mood), self.device(mood=mood).wait_in() as door:
                revoked = self.revocations()
                status, refusal = self.token()
                self.assertEqual((status, refusal["error"]), (503, "temporarily_unavailable"))
                self.assertNotIn("access_token", refusal)
                self.assertEqual(len(door.grants()), 1, "it had it")
                self.assertEqual(self.revocations(), revoked + 1)
                if mood == "mute":
                    self.assertEqual(door.lines("revoke")[0][1], door.grants()[0].id)
            wait_until(lambda: self.connected() == 0, 20, "it to be gone")
        with self.device().wait_in():
            self.assertEqual(self.token()[0], 200)

    def connected(self):
        return self.site.mediator.metrics()[("vouchsafe_devices_connected", ())]

    def test_who_is_not_let_in(self):
        with open(self.registry.key_file("stranger"), "w") as f:
            f.write(b64(os.urandom(32)) + "\n")
        os.chmod(self.registry.key_file("stranger"), 0o600)
        for name, key in (("door-1", "stranger"), ("door-9", "door-1"), ("door-old", "door-old"),
                          ("pump-1", "door-1")):
            before = len(self.audit(event="device refused"))
            with self.subTest(name), Device(self.folder, self.device_port, name,
                                            self.registry.key_file(key)) as stranger:
                wait_until(lambda: len(self.audit(event="device refused")) > before + 2, 20,
                           "refusals")
                self.assertEqual(stranger.lines("in"), [])
        self.device().wait_in()

    def test_the_newest_connection_counts(self):
        first = self.device().wait_in()
        second = self.device().wait_in()
        wait_until(lambda: first.lines("out"), 20, "the first one to be put out")
        second.kill()
        first.wait_in(2)
        self.assertEqual(self.token()[0], 200)
        self.assertEqual(len(first.grants()), 1)

    def test_rotation_overlaps(self):
        self.registry.add_push("door-r", "--scope", "door:unlock")
        self.assertEqual(self.site.mediator.reload()["event"], "reloaded")
        former = self.registry.key_file("door-r")
        os.rename(former, former + ".former")
        mediatorctl("device", "rotate", "door-r", "--registry", self.registry.path, "--key-out",
                    former)
        self.site.mediator.reload()
        for path in (former + ".former", former):
            with Device(self.folder, self.device_port, "door-r", path) as d:
                d.wait_in()
                self.assertEqual(self.token(audience="door-r")[0], 200)
        mediatorctl("device", "revoke", "door-r", "--registry", self.registry.path)
        with Device(self.folder, self.device_port, "door-r", former) as d:
            d.wait_in()
            self.site.mediator.reload()
            wait_until(lambda: d.lines("out"), 20, "the revoked device to be put out")
            self.assertEqual(self.token(audience="urn:vouchsafe:device:door-r")[1]["error"],
                             "invalid_target")

    def test_upstream_hears_nothing_of_devices(self):
        """The key above all: a request without a device keeps its req_cnf, which is upstream's."""
        with self.device().wait_in():
            self.assertEqual(self.token(req_cnf=req_cnf(os.urandom(32)))[0], 200)
        status, got = self.token(audience=None)
        self.assertEqual(status, 200)
        self.assertNotIn("device_grant", got)

    def test_no_key_in_any_log(self):
        with self.device().wait_in() as door:
            self.assertEqual(self.token()[0], 200)
            key = door.grants()[-1].key
        with open(self.site.mediator.log) as f:
            log = f.read()
        self.assertNotIn(key, log)
        with open(self.registry.key_file("door-1")) as f:
            self.assertNotIn(f.read().strip(), log)
        self.assertIn(door.grants()[-1].id, log)

    def test_hostile_bytes(self):
        import socket
        hello = b"\0\x08\1\1door-1"
        for name, first in {"nothing": b"", "length 0": b"\0\0", "too long": b"\xff\xff",
                            "another version": b"\0\x03\2\1a", "another kind": b"\0\x03\1\3a",
                            "no id": b"\0\x02\1\1", "HTTP": b"GET / HTTP/1.1\r\n\r\n",
                            "hello alone": hello, "hello twice": hello + hello,
                            "noise": hello + b"\0\x30" + os.urandom(48)}.items():
            with self.subTest(name), socket.create_connection(("127.0.0.1", self.device_port)) as s:
                s.settimeout(20)
                s.sendall(first)
                self.assertEqual(s.recv(100), b"")
        with self.device().wait_in():
            self.assertEqual(self.token()[0], 200)


class Queue(DeviceCase):
    """A sleeper that may wake up later."""

    CLIENT_EXTRA = 'devices = { "door-*" }\n queue_grants = true\n'
    DEVICE_EXTRA = "push_ms = 3000\n queue = 2\n"

    @classmethod
    def add_devices(cls):
        cls.registry.add_push("door-1", "--scope", "door:unlock", "--queue")
        cls.registry.add_push("door-2", "--scope", "door:unlock", "--queue")
        cls.registry.add_push("door-3", "--scope", "door:unlock")

    def test_it_gets_its_grants_when_it_dials_in(self):
        wanted = []
        for _ in range(2):
            status, got = self.token()
            self.assertEqual(status, 200, got)
            self.assertEqual(got["device_grant"]["delivery"], "queued")
            wanted.append((got["device_grant"]["grant_id"], got["cnf"]["jwk"]["k"]))
        status, refusal = self.token()
        self.assertEqual((status, refusal["error"]), (503, "temporarily_unavailable"), "two at most")
        with self.device() as door:
            self.assertEqual([(g.id, g.key) for g in door.wait_grants(2)], wanted)
            status, got = self.token()
            self.assertEqual(got["device_grant"]["delivery"], "acknowledged")
        with self.device().wait_in() as again:
            self.assertEqual(self.token()[0], 200)
            self.assertEqual(len(again.grants()), 1, "what was acknowledged does not come twice")

    def test_a_grant_waits_until_it_is_acknowledged(self):
        self.assertEqual(self.token(audience="door-2")[0], 200)
        with self.device("door-2", "die") as door:
            door.wait_grants(1)
        with self.device("door-2") as again:
            self.assertEqual(again.wait_grants(1)[0].id, door.grants()[0].id)

    def test_both_client_and_device_must_want_it(self):
        status, refusal = self.token(audience="door-3")
        self.assertEqual((status, refusal["error"]), (503, "temporarily_unavailable"))


class Tool(unittest.TestCase):
    def setUp(self):
        import tempfile
        self.folder = tempfile.mkdtemp(prefix="vouchsafe-test-")
        self.registry = Registry(self.folder)
        self.addCleanup(subprocess.run, ["rm", "-rf", self.folder], check=True)

    def run_tool(self, *words):
        return mediatorctl("device", *words, check=False)

    def test_add_list_rotate_revoke(self):
        self.registry.add_push("door-1", "--label", "Front door", "--scope", "a", "--scope", "b")
        self.assertEqual(self.registry.mode("door-1"), 0o600)
        with open(self.registry.key_file("door-1")) as f:
            key = f.read().strip()
        self.assertEqual(len(unb64(key)), 32)
        listed = self.run_tool("list", "--registry", self.registry.path).stdout
        self.assertIn("door-1\tpush\tactive", listed)
        self.assertIn("scopes a b\tFront door", listed)
        self.assertNotIn(key, listed)
        self.assertEqual(self.run_tool("rotate", "door-1", "--registry", self.registry.path).returncode, 0)
        with open(os.path.join(self.registry.path, "door-1.json")) as f:
            keys = json.load(f)["keys"]
        self.assertEqual(len(keys), 2)
        self.assertEqual(keys[1]["k"], key)
        self.assertEqual(self.run_tool("revoke", "door-1", "--registry", self.registry.path).returncode, 0)
        self.assertIn("revoked", self.run_tool("list", "--registry", self.registry.path).stdout)

    def test_refusals(self):
        registry = ("--registry", self.registry.path)
        weak = os.path.join(self.folder, "weak")
        with open(weak, "w") as f:
            f.write(b64(os.urandom(24)) + "\n")
        os.chmod(weak, 0o600)
        shared = os.path.join(self.folder, "shared")
        with open(shared, "w") as f:
            f.write(b64(os.urandom(32)) + "\n")
        os.chmod(shared, 0o644)
        for words, code in (((), 2), (("add", "d"), 2), (("add", "d", *registry), 2),
                            (("add", "d", *registry, "--mode", "pull"), 2),
                            (("add", "../d", *registry, "--mode", "push"), 1),
                            (("add", "d", *registry, "--mode", "sealed"), 1),
                            (("add", "d", *registry, "--mode", "push", "--jwk", weak), 1),
                            (("add", "d", *registry, "--mode", "push", "--key-file", weak), 1),
                            (("add", "d", *registry, "--mode", "push", "--key-file", shared), 1),
                            (("add", "d", *registry, "--mode", "push", "--scope", "a b"), 1),
                            (("add", "d", *registry, "--mode", "push", "--max-lifetime", "2592001"), 2),
                            (("rotate", "d", *registry), 1), (("revoke", "d", *registry), 1)):
            with self.subTest(" ".join(words)):
                done = self.run_tool(*words)
                self.assertEqual(done.returncode, code, done.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.registry.path, "d.json")))
        os.chmod(shared, 0o600)
        self.assertEqual(self.run_tool("add", "d", *registry, "--mode", "push", "--key-file",
                                       shared, "--max-lifetime", "2592000").returncode, 0)
        self.assertEqual(self.run_tool("add", "d", *registry, "--mode", "push").returncode, 1)


if __name__ == "__main__":
    unittest.main()
