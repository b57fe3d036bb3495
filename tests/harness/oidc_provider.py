"""oidc_provider: a real oidc-provider (npm) as authorization server, its store in memory."""
import json
import os

from . import node
from .pages import FormPerson
from .process import Child, answers, free_port


class OidcProvider:
    """Starts in a folder. `clients` are its own metadata; `issuer` is its own URL unless it is told
    another one, because it believes a proxy before it; `routes` are paths of its endpoints; it judges attestations itself if it is given
    the keys of a verifier."""

    def __init__(self, folder, clients, issuer=None, proxy=False, par=True,
                 attestation_keys=None, routes=None):
        port = free_port()
        self.base = "http://127.0.0.1:%d" % port
        self.issuer = issuer or self.base
        self.token_endpoint = self.base + "/token"
        self.introspection_endpoint = self.base + "/token/introspection"
        os.makedirs(folder, exist_ok=True)
        settings = os.path.join(folder, "oidc-provider.json")
        with open(settings, "w") as f:
            json.dump({"issuer": self.issuer, "port": port, "clients": clients, "proxy": proxy,
                       "par": par, "attestation_keys": attestation_keys, "routes": routes}, f)
        self.child = Child(node.command("oidc_provider.mjs", settings),
                           os.path.join(folder, "oidc-provider.log"))
        try:
            self.child.wait_ready(lambda: answers(port), 30)
        except BaseException:
            self.child.stop()
            raise

    def person(self):
        return FormPerson("alice", "any password")

    def stop(self):
        self.child.stop()
