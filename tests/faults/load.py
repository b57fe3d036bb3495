"""load: clients that attest and ask for grants while harm is done, and tell the ledger. Between what is
right they do what is not: present an answer again, send a proof again, a forged token, somebody else's."""
import http.client
import itertools
import json
import threading
import time
import urllib.parse

from harness.attacks import b64, claims_of, forge
from harness.attester import Attester, Key

FORM = "application/x-www-form-urlencoded"
SPARE_S = 0.03  # before trying again where nobody listens


class Lost(Exception):
    """No whole answer; .connected is when the connection was made, or None."""

    def __init__(self, connected):
        super().__init__("connected at %s" % connected)
        self.connected = connected


def call(url, method, body, headers, timeout=30):
    """(status, body) over a connection of its own."""
    where, connected = urllib.parse.urlsplit(url), None
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=timeout)
    try:
        connection.connect()
        connected = time.monotonic()
        connection.request(method, where.path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Lost(connected) from error
    finally:
        connection.close()


class Client:
    """One installation of the app. whole: what it calls; its numbers are its own thread's."""

    numbers = itertools.count()

    def __init__(self, whole, timeout=30):
        self.whole, self.site, self.ledger, self.timeout = whole, whole.site, whole.ledger, timeout
        self.attester = Attester(self.site.attestd.url, self.site.CLIENT, self.site.binary)
        self.lost, self.statuses, self.accepted_at = [], {}, 0.0
        self.answers, self.spent, self.proofs = [], [], []

    def post(self, url, body, headers):
        """(status, message), or (None, {}) without a whole answer, which is noted."""
        try:
            status, data = call(url, "POST", body, headers, self.timeout)
        except Lost as lost:
            self.lost.append(lost.connected)
            if lost.connected is None:
                time.sleep(SPARE_S)
            return None, {}
        self.ledger.reply(data)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        return status, json.loads(data) if data else {}

    def tell(self, path, message):
        return self.post(self.site.attestd.url + path, json.dumps(message),
                         {"Content-Type": "application/json"})

    # --- attestd ---

    def present_answer(self, answer, previous=None):
        """(status, token or None)"""
        began = time.monotonic()
        status, message = self.tell("/v1/attestations", answer)
        if status != 200:
            return status, None
        self.accepted_at = time.monotonic()
        token = message["integrity_token"]
        self.ledger.token(answer["challenge"], token, began, previous)
        return status, token

    def present(self, answer, previous=None):
        return self.present_answer(answer, previous)[1]

    def challenge(self, previous=None):
        """(status, challenge)"""
        ask = {"client_id": self.site.CLIENT, "build": self.attester.image.build_id,
               "jkt": b64(self.attester.key.jkt)}
        if previous:
            ask["previous"] = previous
        status, challenge = self.tell("/v1/challenges", ask)
        if status == 201:
            self.ledger.issued(challenge["challenge"])
        return status, challenge

    def attest(self, previous=None):
        """A token, or None."""
        status, challenge = self.challenge(previous)
        if status != 201:
            return None
        answer = self.attester.answer(challenge)
        token = self.present(answer, previous)
        self.answers = self.answers[-40:] + [answer]
        return token

    # --- mediator ---

    def ask(self, headers, good, once):
        """The status of a request for a grant."""
        marker = "m%d" % next(self.numbers)
        self.ledger.send(marker, good, once)
        status, _ = self.post(
            self.site.mediator.url + "/token",
            "grant_type=client_credentials&client_id=%s&marker=%s" % (self.site.CLIENT, marker),
            {"Content-Type": FORM, **headers})
        self.ledger.answered(marker, status)
        return status

    def headers(self, token, key=None):
        return {"OAuth-Client-Attestation": token,
                "OAuth-Client-Attestation-PoP":
                    (key or self.attester.key).pop(self.site.mediator.url)}

    def grant(self, token):
        headers = self.headers(token)
        once = headers["OAuth-Client-Attestation-PoP"].rpartition(".")[0]
        status = self.ask(headers, True, once)
        if status == 200:
            self.accepted_at = time.monotonic()
        self.proofs = self.proofs[-40:] + [(headers, once)]
        return status

    def misuse(self, token):
        """None of these may be forwarded."""
        self.ask({}, False, None)
        self.ask(self.headers(forge(token, b"another secret of enough bytes" * 2)), False, None)
        self.ask(self.headers(token, Key()), False, None)
        self.ask({"OAuth-Client-Attestation": token}, False, None)

    def again(self):
        """What was good once, once more: the ledger counts."""
        for answer in self.answers:
            self.present(answer)
        for token in self.spent:
            self.attest(token)
        for headers, once in self.proofs:
            self.ask(headers, True, once)


def attesting(client):
    """A turn: two attestations in a row, an answer presented twice, and a token that buys once."""
    token = client.attest()
    if token is None:
        return
    client.present(client.answers[-1])
    client.attest(token)
    client.spent = client.spent[-10:] + [token]


class Granting:
    """A turn: a grant, its proof again, and misuse now and then."""

    def __init__(self):
        self.tokens = {}

    def __call__(self, client):
        token = self.tokens.get(client)
        if token is None or claims_of(token)["exp"] < time.time() + 30:
            token = self.tokens[client] = client.attest()
        if token is None:
            return
        client.grant(token)
        headers, once = client.proofs[-1]
        client.ask(headers, True, once)
        if len(client.proofs) % 10 == 1:
            client.misuse(token)


class Load:
    """Clients in threads of their own, until stop(); a context manager."""

    def __init__(self, whole, turn, threads=4):
        self.ended, self.errors = threading.Event(), []
        self.clients = [Client(whole) for _ in range(threads)]
        self.threads = [threading.Thread(target=self.run, args=(turn, client))
                        for client in self.clients]

    def run(self, turn, client):
        try:
            while not self.ended.is_set():
                turn(client)
        except Exception as error:  # a bug of the load itself: whoever started it must hear of it
            self.errors.append(error)

    def accepted_since(self, moment):
        """How many clients have been served since."""
        return sum(client.accepted_at > moment for client in self.clients)

    def wait_served(self, moment, seconds=60):
        """Until every client has been served since that moment; returns when one first was."""
        deadline, first = time.monotonic() + seconds, None
        while self.accepted_since(moment) < len(self.clients):
            if first is None and self.accepted_since(moment):
                first = time.monotonic()
            if self.errors or time.monotonic() > deadline:
                raise RuntimeError("nobody is served any more: %s %s" % (
                    self.errors, [c.statuses for c in self.clients]))
            time.sleep(0.005)
        return first or time.monotonic()

    def count(self, status):
        return sum(client.statuses.get(status, 0) for client in self.clients)

    def lost(self):
        """When each call's connection was made that got no whole answer; None: it never was."""
        return [moment for client in self.clients for moment in client.lost]

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()
        if self.errors:
            raise self.errors[0]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()
        if self.errors and kind is None:
            raise self.errors[0]
