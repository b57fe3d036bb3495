"""authlib_server: Authlib's authorization server on Flask, started in a folder."""
import json
import os

from .pages import FormPerson
from .process import Child, answers, free_port

APP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "authlib_app.py")


class AuthlibServer:
    """It has no metadata: `endpoints` is what the mediator has to be told instead."""

    def __init__(self, folder, clients):
        port = free_port()
        self.base = self.issuer = "http://127.0.0.1:%d" % port
        self.token_endpoint = self.base + "/oauth/token"
        self.introspection_endpoint = self.base + "/oauth/introspection"
        self.endpoints = "discovery = false\n" + "".join(
            ' %s_endpoint = "%s/oauth/%s"\n' % (member, self.base, path) for member, path in (
                ("token", "token"), ("authorization", "authorize"), ("revocation", "revocation"),
                ("introspection", "introspection"),
                ("device_authorization", "device_authorization")))
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "clients.json")
        with open(path, "w") as f:
            json.dump(clients, f)
        # Plain http, which AUTHLIB_INSECURE_TRANSPORT allows, does not leave this machine.
        self.child = Child(["/usr/bin/python3", "-P", APP, port, path],
                           os.path.join(folder, "authlib.log"),
                           {"AUTHLIB_INSECURE_TRANSPORT": "1"})
        try:
            self.child.wait_ready(lambda: answers(port), 30)
        except BaseException:
            self.child.stop()
            raise

    def person(self):
        return FormPerson("alice", "alice-password")

    def stop(self):
        self.child.stop()
