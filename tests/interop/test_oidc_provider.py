"""npm's oidc-provider behind the mediator."""
import unittest

from harness.oidc_provider import OidcProvider

from .base import TOKEN_EXCHANGE, InteropCase
from .flows import BEARER, Flows, OwnPar, ServersPar


class OidcProviderCase(InteropCase):
    GRANTS = InteropCase.GRANTS + (TOKEN_EXCHANGE,)
    PAR = True
    AUDIENCE = "issuer"

    @classmethod
    def start_server(cls, folder):
        return OidcProvider(folder, cls.registered(), par=cls.PAR)

    def approve(self, started):
        self.person.approve(started["verification_uri"], started["user_code"], "Sign-in Success")


class Behind(Flows, ServersPar, OidcProviderCase):
    COLUMN, RESOURCE = "oidc-provider 9", {"resource": "https://api.example"}
    LACKS = {BEARER: "oidc-provider 9 has no grant of RFC 7523"}


class BehindWithoutPar(OwnPar, OidcProviderCase):
    COLUMN, PAR = "oidc-provider 9", False


if __name__ == "__main__":
    unittest.main()
