"""Our JWE and npm's jose: each opens what the other has sealed, and refuses what was changed."""
import json
import os
import subprocess
import unittest

from harness import node
from harness.case import FolderCase
from harness.vouchsafe import program

PLAIN = '{"k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8","kty":"oct"}'
KINDS = ("P-256", "X25519", "oct")


def tool(*words):
    return subprocess.run([program("jwe-tool"), *words], capture_output=True, text=True,
                          timeout=60).stdout.strip()


def public(jwk):
    return jwk if jwk["kty"] == "oct" else {k: v for k, v in jwk.items() if k != "d"}


def alg(kind):
    return "dir" if kind == "oct" else "ECDH-ES+A256KW"


class Jwe(FolderCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keys = {kind: json.loads(tool("key", kind)) for kind in KINDS}

    def jose(self, tasks):
        path = os.path.join(self.folder, "tasks.json")
        with open(path, "w") as f:
            json.dump(tasks, f)
        done = subprocess.run(node.command("jwe.mjs", path), capture_output=True, text=True,
                              timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_jose_opens_ours(self):
        words = [(kind, *party) for kind in KINDS for party in ((), ("Alice", "Bob"))]
        tokens = [tool("seal", json.dumps(public(self.keys[kind])), PLAIN, *party)
                  for kind, *party in words]
        for (kind, *party), found in zip(words, self.jose(
                [{"op": "open", "jwk": self.keys[kind], "token": token}
                 for (kind, *_), token in zip(words, tokens)])):
            with self.subTest(kind=kind, party=party):
                self.assertEqual(found.get("text"), PLAIN, found)
                self.assertEqual((found["header"]["alg"], found["header"]["enc"]),
                                 (alg(kind), "A256GCM"))

    def seal_tasks(self, kind, **more):
        header = {"alg": alg(kind), "enc": "A256GCM", "cty": "jwk+json", "kid": "k1",
                  **more.pop("header", {})}
        return {"op": "seal", "jwk": public(self.keys[kind]), "plain": PLAIN, "header": header,
                **more}

    def test_we_open_what_jose_sealed(self):
        words = [(kind, party) for kind in KINDS
                 for party in ({}, {"apu": "Alice", "apv": "Bob"}) if kind != "oct" or not party]
        for (kind, party), found in zip(words, self.jose(
                [self.seal_tasks(kind, **party) for kind, party in words])):
            with self.subTest(kind=kind, **party):
                jwk = json.dumps(self.keys[kind])
                self.assertEqual(tool("open", jwk, found.get("text", "")), PLAIN, found)
                changed = found["text"][:-2] + ("AA" if found["text"][-2:] != "AA" else "QQ")
                self.assertTrue(tool("open", jwk, changed).startswith("refused"))

    def test_we_refuse_what_we_do_not_take(self):
        headers = ({"enc": "A128GCM"}, {"enc": "A256CBC-HS512"}, {"alg": "ECDH-ES"},
                   {"alg": "ECDH-ES+A128KW"}, {"cty": "text/plain"}, {"typ": "JWE"})
        found = self.jose([self.seal_tasks("X25519", header=h) for h in headers])
        for header, sealed in zip(headers, found):
            with self.subTest(**header):
                self.assertIn("text", sealed, "jose can do it")
                self.assertTrue(tool("open", json.dumps(self.keys["X25519"]),
                                     sealed["text"]).startswith("refused"))

    def test_jose_refuses_what_was_changed(self):
        token = tool("seal", json.dumps(public(self.keys["P-256"])), PLAIN)
        bad = token[:-2] + ("AA" if token[-2:] != "AA" else "QQ")
        good, changed = self.jose([{"op": "open", "jwk": self.keys["P-256"], "token": t}
                                   for t in (token, bad)])
        self.assertEqual(good.get("text"), PLAIN)
        self.assertIn("error", changed)


if __name__ == "__main__":
    unittest.main()
