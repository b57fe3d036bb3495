"""Debian's Authlib behind the mediator: no PAR, no metadata."""
import unittest

from harness.authlib_server import AuthlibServer

from .base import JWT_BEARER, InteropCase
from .flows import DETAILS, DPOP, DPOP_FOR_US, EXCHANGE, SERVERS_PAR, Flows, OwnPar, ServersPar


class AuthlibCase(InteropCase):
    GRANTS = InteropCase.GRANTS + (JWT_BEARER,)

    @classmethod
    def start_server(cls, folder):
        return AuthlibServer(folder, cls.registered())

    @classmethod
    def mediator_options(cls):
        return {"upstream": cls.server.endpoints}

    def approve(self, started):
        self.person.approve(started["verification_uri"], started["user_code"],
                            "The device is yours.")


class Behind(Flows, OwnPar, ServersPar, AuthlibCase):
    COLUMN = "Authlib 1.2"
    LACKS = {SERVERS_PAR: "Authlib 1.2 has no PAR", DPOP: "nor DPoP",
             DPOP_FOR_US: "nor DPoP", EXCHANGE: "nor RFC 8693", DETAILS: "nor RFC 9396"}


if __name__ == "__main__":
    unittest.main()
