"""npm's oidc-provider behind the mediator."""
import unittest

from harness.oidc_provider import OidcProvider

from .base import InteropCase
from .flows import Flows, OwnPar, ServersPar


class OidcProviderCase(InteropCase):
    PAR = True
    AUDIENCE = "issuer"

    @classmethod
    def start_server(cls, folder):
        return OidcProvider(folder, cls.registered(), par=cls.PAR)

    def approve(self, started):
        self.person.approve(started["verification_uri"], started["user_code"], "Sign-in Success")


class Behind(Flows, ServersPar, OidcProviderCase):
    COLUMN = "oidc-provider 9"


class BehindWithoutPar(OwnPar, OidcProviderCase):
    COLUMN, PAR = "oidc-provider 9", False


if __name__ == "__main__":
    unittest.main()
