"""real_client: npm's openid-client or oauth4webapi inside an attested app, on Node.js."""
import json
import os
import subprocess

from . import node
from .process import StartError


class ClientError(Exception):
    """What the client says went wrong: an OAuth error's code, or one of its own."""

    def __init__(self, answer):
        super().__init__("%s: %s" % (answer["error"], answer["message"]))
        self.error, self.status = answer["error"], answer.get("status")


class RealClient:
    """`module` names the library, `app` are the words that run the example app, `attest` is whether
    its headers are sent."""

    def __init__(self, folder, module, issuer, client_id, redirect_uri, app, attest=True):
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "client.json")
        with open(path, "w") as f:
            json.dump({"module": module, "issuer": issuer, "clientId": client_id, "app": app,
                       "redirectUri": redirect_uri, "attest": attest}, f)
        self.popen = subprocess.Popen(node.command("real_client.mjs", path), text=True, bufsize=1,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, method, **words):
        """What the library returns, or a ClientError."""
        self.popen.stdin.write(json.dumps({"do": method, **words}) + "\n")
        self.popen.stdin.flush()
        line = self.popen.stdout.readline()
        if not line:
            raise StartError("the client ended")
        answer = json.loads(line)
        if "ok" not in answer:
            raise ClientError(answer)
        return answer["ok"]

    def close(self):
        self.popen.stdin.close()
        try:
            self.popen.wait(10)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        self.popen.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
