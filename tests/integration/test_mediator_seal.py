"""mediator: refresh tokens of a real Glewlwyd leave sealed for one instance, and come back from it alone."""
import base64
import os
import unittest

from integration.test_mediator import GlewlwydCase, verifier

from harness.vouchsafe import attestctl, mediatorctl, request

OTHER = "other-app"


class SealCase(GlewlwydCase):
    """Two clients: the example app under two names."""

    @classmethod
    def start(cls):
        attestctl(cls.site.registry, "app", "add", OTHER)
        attestctl(cls.site.registry, "build", "add", OTHER, cls.site.binary, "--label", "1.0.0")
        cls.site.attestd.reload()
        super().start()
        cls.server.add_client(OTHER, cls.site.secret(OTHER), cls.site.REDIRECT, ["notes"],
                              ("code", "refresh_token", "client_credentials"))

    @classmethod
    def mediator_options(cls):
        return {"extra": 'client "%s" { keyring = "%s/%s/secrets"\n grants = { "refresh_token", '
                         '"client_credentials" } }' % (OTHER, cls.site.registry, OTHER)}

    def granted(self, attester):
        v = verifier()
        status, grant = self.exchange(attester, self.code_for(attester, v), v)
        self.assertEqual(status, 200, grant)
        return grant

    def refresh(self, attester, token, client=None):
        return self.post("/token", [
            ("grant_type", "refresh_token"), ("client_id", client or self.site.CLIENT),
            ("refresh_token", token)], attester.headers_for(self.url))

    def at_the_server(self, token):
        """(status, body) where the server is asked itself, with the client secret."""
        basic = base64.b64encode((self.site.CLIENT + ":" + self.site.secret()).encode()).decode()
        status, _, body = request(self.server.issuer + "/token", "POST", [
            ("grant_type", "refresh_token"), ("client_id", self.site.CLIENT),
            ("refresh_token", token)], {"Authorization": "Basic " + basic})
        return status, body


class Sealed(SealCase):
    def other_client(self, key):
        a = self.attester(key=key)
        a.client_id = OTHER
        return a

    def assert_refused(self, answer):
        status, refusal = answer
        self.assertEqual((status, refusal.get("error")), (400, "invalid_grant"))

    def test_it_leaves_sealed_and_works_for_its_instance_only(self):
        owner = self.attester()
        token = self.granted(owner)["refresh_token"]
        self.assertTrue(token.startswith("vs1."), token)
        self.assert_refused(self.refresh(self.attester(), token))
        self.assert_refused(self.refresh(self.other_client(owner.key), token, OTHER))
        self.assert_refused(self.refresh(owner, token[:-8] + "AAAAAAAA"))
        self.assertEqual(self.at_the_server(token)[0], 400, "worth nothing at the server itself")
        status, grant = self.refresh(owner, token)
        self.assertEqual(status, 200, grant)
        _, claims = self.server.introspect(self.site.CLIENT, self.site.secret(),
                                           grant["access_token"])
        self.assertTrue(claims["active"])

    def test_an_unsealed_one_is_refused(self):
        """Also the right one, which only the server and the mediator have ever seen."""
        owner = self.attester()
        self.granted(owner)
        self.assert_refused(self.refresh(owner, "0" * 128))

    def test_keys_rotate(self):
        owner = self.attester()
        old = self.granted(owner)["refresh_token"]
        mediatorctl("seal-key", "rotate", "--folder", self.site.seal_keys)
        self.assertEqual(self.refresh(owner, old)[0], 200, "before the mediator knows")
        self.assertEqual(self.site.mediator.reload()["event"], "reloaded")
        fresh = self.granted(owner)["refresh_token"]
        self.assertNotEqual(old.split(".")[1], fresh.split(".")[1], "sealed under the new key")
        self.assertEqual(self.refresh(owner, old)[0], 200, "and the old one opens")
        mediatorctl("seal-key", "rotate", "--folder", self.site.seal_keys, "--keep", "0")
        self.assertEqual(self.site.mediator.reload()["event"], "reloaded")
        self.assert_refused(self.refresh(owner, fresh))
        self.assertEqual(self.refresh(owner, old)[0], 200, "that one was to be kept for longer")

    def test_the_folder_must_be_ours_alone(self):
        os.chmod(self.site.seal_keys, 0o750)
        try:
            self.assertEqual(self.site.mediator.reload()["event"], "reload failed")
        finally:
            os.chmod(self.site.seal_keys, 0o700)
        self.assertEqual(self.site.mediator.reload()["event"], "reloaded")

    def test_mediatorctl_says_what_is_wrong(self):
        folder = os.path.join(self.folder, "unused")
        for words in ((), ("seal-key",), ("seal-key", "rotate"), ("seal-key", "rotate", "--folder"),
                      ("seal-key", "rotate", "--folder", folder, "--keep", "3651"),
                      ("seal-key", "rotate", "--folder", folder, "--keep", "-1"),
                      ("seal-key", "rotate", "--folder", folder, "--days", "1"),
                      ("seal-key", "retire", "--folder", folder)):
            with self.subTest(words):
                done = mediatorctl(*words, check=False)
                self.assertEqual(done.returncode, 2)
                self.assertIn("Usage", done.stderr)
        self.assertFalse(os.path.exists(folder))
        done = mediatorctl("seal-key", "rotate", "--folder", "/proc/none", check=False)
        self.assertEqual(done.returncode, 1)
        for _ in range(8):
            mediatorctl("seal-key", "rotate", "--folder", folder, "--keep", "3650")
        done = mediatorctl("seal-key", "rotate", "--folder", folder, check=False)
        self.assertEqual(done.returncode, 1, "eight keys at most")
        self.assertIn("wait", done.stderr)


class Migrating(SealCase):
    """A site whose apps still hold refresh tokens from before."""

    @classmethod
    def mediator_options(cls):
        return {**super().mediator_options(), "client": "accept_unsealed_refresh = true"}

    def test_old_ones_are_exchanged_for_sealed_ones(self):
        """Unsealed for the mediator of before is what the server gave out."""
        owner = self.attester()
        config = self.site.mediator_config
        self.site.mediator.write_config(config.replace("accept_unsealed_refresh = true",
                                                       "seal_refresh = false"))
        self.assertEqual(self.site.mediator.reload()["event"], "reloaded")
        plain = self.granted(owner)["refresh_token"]
        self.assertFalse(plain.startswith("vs1."))
        self.site.mediator.write_config(config)
        self.assertEqual(self.site.mediator.reload()["event"], "reloaded")
        self.assertEqual(self.refresh(owner, plain)[0], 200)
        self.site.mediator.write_config(config.replace("accept_unsealed_refresh = true", ""))
        self.assertEqual(self.site.mediator.reload()["event"], "reloaded")
        status, refusal = self.refresh(owner, plain)
        self.assertEqual((status, refusal["error"]), (400, "invalid_grant"), "the right one too")
        self.assertEqual(self.at_the_server(plain)[0], 200, "for it is good where it came from")


if __name__ == "__main__":
    unittest.main()
