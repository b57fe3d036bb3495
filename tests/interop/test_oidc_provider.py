"""npm's oidc-provider behind the mediator."""
import unittest

from harness.oidc_provider import OidcProvider

from .base import InteropCase
from .flows import Flows, OwnPar, ServersPar


class OidcProviderCase(InteropCase):
    PAR = True

    @classmethod
    def start_server(cls, folder):
        return OidcProvider(folder, cls.registered(), par=cls.PAR)


class Behind(Flows, ServersPar, OidcProviderCase):
    COLUMN = "oidc-provider 9"


class BehindWithoutPar(OwnPar, OidcProviderCase):
    COLUMN, PAR = "oidc-provider 9", False


if __name__ == "__main__":
    unittest.main()
