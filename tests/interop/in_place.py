"""in_place: the mediator has taken the server's place: a reverse proxy has the server's name, sends the
mediator's paths to the mediator and everything else to the server. So the issuer stays what it was,
which clients compare with the ID token and with the `iss` of a redirect (RFC 9207), and the server
takes DPoP proofs for its own that clients have made for the mediator."""
import os

from harness.nginx import Nginx
from harness.oidc_provider import OidcProvider
from harness.process import ReservedPort

from .test_glewlwyd import GlewlwydCase, GlewlwydServer
from .test_oidc_provider import OidcProviderCase

PATHS = ("/token", "/par", "/authorize", "/device_authorization", "/revoke", "/introspect",
         "/challenge", "/.well-known/openid-configuration")
WELL_KNOWN = "/.well-known/oauth-authorization-server"
HEADERS = """proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;"""


class InPlace:
    """self.url is the issuer for everybody, PREFIX its path."""

    PREFIX = ""

    @classmethod
    def start(cls):
        port = ReservedPort()
        cls.addClassCleanup(port.close)
        cls.public = "http://127.0.0.1:%d" % port.number
        super().start()
        to_mediator = "".join(
            "location = %s { proxy_pass %s; %s }\n" % (path, cls.site.mediator.url, HEADERS)
            for path in [cls.PREFIX + path for path in PATHS] + [WELL_KNOWN + cls.PREFIX])
        cls.nginx = Nginx(os.path.join(cls.folder, "nginx"), """
  server {
    listen 127.0.0.1:%%(port)d; listen 127.0.0.1:%%(back)d; listen %s;
    %s
    location / { proxy_pass %s; %s }
  }""" % (cls.public.split("//")[1], to_mediator, cls.server.base, HEADERS))
        cls.addClassCleanup(cls.nginx.stop)
        cls.url = cls.public + cls.PREFIX

    @classmethod
    def more_clients(cls):
        return 'issuer = "%s"\n' % cls.public + super().more_clients()


class OidcProviderInPlace(InPlace, OidcProviderCase):
    """It makes its URLs of what a trusted proxy says that it was asked for; so does the mediator."""

    @classmethod
    def start_server(cls, folder):
        return OidcProvider(folder, cls.registered(), issuer=cls.public, proxy=True,
                            routes={"pushed_authorization_request": "/par"})

    @classmethod
    def mediator_options(cls):
        return {"upstream": 'metadata_url = "%s/.well-known/openid-configuration"\n'
                            ' authorization_endpoint = "%s/auth"\n forwarded = true\n'
                            ' forward_dpop = true' % (cls.server.base, cls.public)}


class GlewlwydInPlace(InPlace, GlewlwydCase):
    """Its URL is configured, and so is what the metadata says: the mediator is told the inner ones."""

    PREFIX = "/api/glwd"

    @classmethod
    def start_server(cls, folder):
        return GlewlwydServer(folder, cls.registered(), external=cls.public)

    @classmethod
    def mediator_options(cls):
        inner = {"token": "token", "pushed_authorization_request": "par", "revocation": "revoke",
                 "device_authorization": "device_authorization", "introspection": "introspect"}
        return {"upstream": 'prefix = "%s"\n metadata_url = "%s/.well-known/openid-configuration"\n'
                            ' forward_dpop = true\n%s' % (
                                cls.PREFIX, cls.server.inner, "".join(
                                    ' %s_endpoint = "%s/%s"\n' % (name, cls.server.inner, path)
                                    for name, path in inner.items()))}
