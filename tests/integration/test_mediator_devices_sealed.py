"""Tokens for devices that are never connected: what the app gets, read as the device would, with
other libraries than ours."""
import json
import os
import time
import unittest

from authlib.jose import JsonWebEncryption
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

from harness.devices import draw_key
from harness.vouchsafe import mediatorctl

from .test_mediator_devices import DeviceCase, b64, req_cnf, unb64

JWE_RULES = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "cty": "jwk+json"}


def verify(public, token):
    """Header and claims of a JWT that this public JWK has signed; InvalidSignature otherwise."""
    head, claims, signature = token.split(".")
    signed, signature = (head + "." + claims).encode(), unb64(signature)
    if public["kty"] == "OKP":
        ed25519.Ed25519PublicKey.from_public_bytes(unb64(public["x"])).verify(signature, signed)
    else:
        numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(unb64(public["x"]), "big"),
                                                int.from_bytes(unb64(public["y"]), "big"),
                                                ec.SECP256R1())
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        numbers.public_key().verify(utils.encode_dss_signature(r, s), signed,
                                    ec.ECDSA(hashes.SHA256()))
    return json.loads(unb64(head)), json.loads(unb64(claims))


class Sealed(DeviceCase):
    ALG = "ES256"

    @classmethod
    def add_devices(cls):
        cls.keys = {"pump-p256": draw_key("EC", "P-256"),
                    "pump-x25519": draw_key("OKP", "X25519")}
        for name, key in cls.keys.items():
            cls.registry.add_sealed(name, key.as_json(is_private=False), "--scope", "door:unlock",
                                    "--max-lifetime", "600")
        cls.token_keys = os.path.join(cls.folder, "token-keys")
        cls.publish = staticmethod(lambda: json.loads(mediatorctl(
            "token-key", "public", "--folder", cls.token_keys).stdout)["keys"])
        mediatorctl("token-key", "rotate", "--folder", cls.token_keys, "--alg", cls.ALG)
        cls.DEVICE_EXTRA = 'token_keyring = "%s"\n' % cls.token_keys

    def possession_key(self, name, jwe, key=None):
        opened = JsonWebEncryption().deserialize_compact(jwe, key or self.keys[name])
        for member, value in JWE_RULES.items():
            self.assertEqual(opened["header"][member], value)
        with open(os.path.join(self.registry.path, name + ".json")) as f:
            self.assertEqual(opened["header"]["kid"], json.load(f)["keys"][0]["kid"])
        jwk = json.loads(opened["payload"])
        self.assertEqual(jwk["kty"], "oct")
        return jwk["k"]

    def test_what_the_device_reads(self):
        for name in self.keys:
            with self.subTest(name):
                status, got = self.token(audience=name, scope="door:unlock notes")
                self.assertEqual(status, 200, got)
                self.assertTrue(self.active(got["access_token"]), "upstream's is the app's as well")
                about = got["device_grant"]
                self.assertEqual(about["delivery"], "token")
                header, claims = verify(self.publish()[0], about["token"])
                self.assertEqual((header["typ"], header["alg"], header["kid"]),
                                 ("at+jwt", self.ALG, self.publish()[0]["kid"]))
                self.assertEqual((claims["iss"], claims["aud"], claims["scope"], claims["client_id"]),
                                 (self.url, name, "door:unlock", self.site.CLIENT))
                self.assertEqual(claims["exp"] - claims["iat"], 600)
                self.assertEqual(claims["nbf"], claims["iat"])
                self.assertEqual(list(claims["cnf"]), ["jwe"])
                self.assertEqual(self.possession_key(name, claims["cnf"]["jwe"]),
                                 got["cnf"]["jwk"]["k"])
                self.assertLessEqual(len(about["token"]), 1536)

    def test_the_apps_own_key(self):
        key = os.urandom(32)
        status, got = self.token(audience="pump-p256", req_cnf=req_cnf(key))
        self.assertEqual(status, 200, got)
        self.assertNotIn("cnf", got)
        _, claims = verify(self.publish()[0], got["device_grant"]["token"])
        self.assertEqual(unb64(self.possession_key("pump-p256", claims["cnf"]["jwe"])), key)

    def test_no_two_alike(self):
        tokens = [self.token(audience="pump-p256")[1] for _ in range(3)]
        claims = [verify(self.publish()[0], t["device_grant"]["token"])[1] for t in tokens]
        self.assertEqual(len({c["jti"] for c in claims}), 3)
        self.assertEqual(len({t["cnf"]["jwk"]["k"] for t in tokens}), 3)

    def test_this_evening(self):
        status, got = self.token(audience="pump-x25519", authorization_details=json.dumps([
            {"type": "vouchsafe_device", "locations": ["urn:vouchsafe:device:pump-x25519"],
             "actions": ["door:unlock"], "nbf": 4000000000, "exp": 4000000100}]))
        self.assertEqual((status, got["error"]), (400, "invalid_authorization_details"),
                         "beyond what the device may be granted for")
        status, got = self.token(audience="pump-x25519", authorization_details=json.dumps([
            {"type": "vouchsafe_device", "locations": ["urn:vouchsafe:device:pump-x25519"],
             "actions": ["door:unlock"], "once": True}]))
        _, claims = verify(self.publish()[0], got["device_grant"]["token"])
        self.assertIs(claims["once"], True)

    def test_rotation(self):
        """Devices get the new public key first; the mediator signs with it from SIGHUP on."""
        former = self.publish()[0]
        mediatorctl("token-key", "rotate", "--folder", self.token_keys, "--alg", self.ALG)
        current = self.publish()
        self.assertEqual(len(current), 2)
        self.assertGreater(current[1].pop("exp"), time.time(), "until when it verifies")
        self.assertEqual(current[1], former)
        _, got = self.token(audience="pump-p256")
        verify(former, got["device_grant"]["token"])
        self.assertEqual(self.site.mediator.reload()["event"], "reloaded")
        _, got = self.token(audience="pump-p256")
        verify(current[0], got["device_grant"]["token"])
        with self.assertRaises(InvalidSignature):
            verify(former, got["device_grant"]["token"])

    def test_a_devices_new_key(self):
        name = "pump-r"
        former = draw_key("EC", "P-256")
        key = draw_key("OKP", "X25519")
        self.registry.add_sealed(name, former.as_json(is_private=False), "--scope", "door:unlock")
        path = os.path.join(self.folder, "new.jwk")
        with open(path, "w") as f:
            f.write(key.as_json(is_private=False))
        mediatorctl("device", "rotate", name, "--registry", self.registry.path, "--jwk", path)
        self.site.mediator.reload()
        _, got = self.token(audience=name)
        _, claims = verify(self.publish()[0], got["device_grant"]["token"])
        self.possession_key(name, claims["cnf"]["jwe"], key)
        with self.assertRaises(Exception):
            JsonWebEncryption().deserialize_compact(claims["cnf"]["jwe"], former)

    def test_a_private_key_is_refused(self):
        path = os.path.join(self.folder, "private.jwk")
        with open(path, "w") as f:
            f.write(self.keys["pump-p256"].as_json(is_private=True))
        done = mediatorctl("device", "add", "pump-q", "--registry", self.registry.path, "--mode",
                           "sealed", "--jwk", path, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("public JWK", done.stderr)


class SealedByEdDSA(Sealed):
    ALG = "EdDSA"


if __name__ == "__main__":
    unittest.main()
