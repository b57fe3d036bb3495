"""in_place: the mediator has taken the server's place: a reverse proxy has the server's name, sends the
mediator's paths to the mediator and everything else to the server. So the issuer stays what it was,
which clients compare with the ID token and with the `iss` of a redirect (RFC 9207)."""
import os

from harness.nginx import Nginx
from harness.oidc_provider import OidcProvider
from harness.process import free_port

from .test_oidc_provider import OidcProviderCase

PATHS = ("/token", "/par", "/authorize", "/device_authorization", "/revoke", "/introspect",
         "/challenge", "/.well-known/openid-configuration",
         "/.well-known/oauth-authorization-server")
HEADERS = """proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;"""


class InPlaceCase(OidcProviderCase):
    """self.url is what everybody knows the server by."""

    @classmethod
    def start_server(cls, folder):
        cls.public = "http://127.0.0.1:%d" % free_port()
        return OidcProvider(folder, cls.registered(), issuer=cls.public, proxy=True)

    @classmethod
    def mediator_options(cls):
        return {"upstream": 'metadata_url = "%s/.well-known/openid-configuration"\n'
                            ' authorization_endpoint = "%s/auth"\n forwarded = true\n'
                            ' forward_dpop = true' % (cls.server.base, cls.public)}

    @classmethod
    def more_clients(cls):
        return 'issuer = "%s"\n' % cls.public + super().more_clients()

    @classmethod
    def start(cls):
        super().start()
        mediator = "".join("location = %s { proxy_pass %s; %s }\n"
                           % (path, cls.site.mediator.url, HEADERS) for path in PATHS)
        cls.nginx = Nginx(os.path.join(cls.folder, "nginx"), """
  server {
    listen 127.0.0.1:%%(port)d; listen 127.0.0.1:%%(back)d; listen %s;
    %s
    location / { proxy_pass %s; %s }
  }""" % (cls.public.split("//")[1], mediator, cls.server.base, HEADERS))
        cls.url = cls.public

    @classmethod
    def tearDownClass(cls):
        if getattr(cls, "nginx", None):
            cls.nginx.stop()
        super().tearDownClass()
