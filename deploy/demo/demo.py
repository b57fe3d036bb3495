"""The main job on real parts: an app without a secret gets its grant, a tampered one gets nothing;
then the same for things, which are opened or read with what such an app was granted (devices.py).

Started by ./run demo, which installs and builds first."""
import argparse
import base64
import json
import os
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests"))
from harness import attacks  # noqa: E402
from harness.glewlwyd import Glewlwyd, Person  # noqa: E402
from harness.middle import Middle  # noqa: E402
from harness.redis import Redis  # noqa: E402
from harness.vouchsafe import Site, attestctl, program, request  # noqa: E402

from devices import DOOR_SCOPES, MONITOR_SCOPES, Devices  # noqa: E402

GREEN, RED, DIM, BOLD, PLAIN = (("\033[32m", "\033[31m", "\033[2m", "\033[1m", "\033[0m")
                                if sys.stdout.isatty() else ("",) * 5)
BRIEF = "brief-example"  # the same app under a second name, whose tokens live for a second


class Show:
    """Prints a line for each step and remembers whether all of them went as they must."""

    def __init__(self):
        self.bad = 0
        self.since = time.monotonic()

    def title(self, text):
        print("\n%s%s%s" % (BOLD, text, PLAIN))
        self.since = time.monotonic()

    def step(self, good, text, detail=""):
        ms = (time.monotonic() - self.since) * 1000
        self.since = time.monotonic()
        tick = GREEN + "✓" if good else RED + "✗"
        print(" %s%s %s  %s%.0f ms%s" % (tick, PLAIN, text, DIM, ms, PLAIN))
        for line in detail.splitlines():
            print("     %s%s%s" % (DIM, line, PLAIN))
        self.bad += not good

    def refused(self, refused, text, client_sees, operator_sees):
        self.step(refused, text, "the client sees:   %s\nthe operator sees: %s"
                  % (client_sees, operator_sees))


def reason_of(daemon, skip):
    """What the audit log says about the last refusal since line `skip`."""
    refusals = [e for e in daemon.events(skip=skip) if e.get("verdict") == "refused"]
    if not refusals:
        return "nothing!"
    last = refusals[-1]
    return last.get("reasons") or last.get("reason") or json.dumps(last)


class Demo:
    def __init__(self, folder, show, redis, evening):
        self.folder, self.show = folder, show
        self.redis = Redis(os.path.join(folder, "redis")) if redis else None
        self.store = self.redis.url if redis else "memory:"
        self.site = self.server = self.devices = None
        self.evening = evening

    # --- the parts ---

    def start(self):
        show = self.show
        show.title("Starting the parts")
        self.server = Glewlwyd(os.path.join(self.folder, "glewlwyd"))
        show.step(True, "Glewlwyd, an ordinary OAuth2 server, at " + self.server.issuer)
        self.site = site = Site(self.folder, self.store)
        show.step(True, "attestd at %s, challenges kept in %s"
                  % (site.attestd.url, "Redis" if self.redis else "memory"),
                  "attestctl registered the app and made its client secret, which stays on the\n"
                  "servers; attestctl build add keeps a copy of the app to appraise it against")
        attestctl(site.registry, "app", "add", BRIEF, "--token-lifetime", "1")
        attestctl(site.registry, "build", "add", BRIEF, site.binary, "--label", "1.0.0")
        brief = ('clock_skew = 1\nclient "%s" {\n upstream = "as"\n keyring = "%s/%s/secrets"\n'
                 ' grants = { "client_credentials" }\n}\n' % (BRIEF, site.registry, BRIEF))
        self.server.add_scope("notes")
        self.server.add_user("alice", "alice-password",
                             ["notes", *DOOR_SCOPES, *MONITOR_SCOPES])
        grants = ("code", "refresh_token", "client_credentials")
        self.server.add_client(site.CLIENT, site.secret(), site.REDIRECT, ["notes"], grants)
        self.server.add_client(BRIEF, site.secret(BRIEF), site.REDIRECT, ["notes"], grants)
        self.devices = Devices(self, self.evening, reason_of)
        site.start_mediator(self.server.issuer, extra=brief + self.devices.prepare())
        site.attestd.reload()
        show.step(True, "mediator at %s, in front of Glewlwyd" % site.mediator.url)

    def stop(self):
        for part in (self.devices, self.site, self.server, self.redis):
            if part:
                part.stop()

    # --- what works ---

    def no_secret_in_app(self):
        secret = self.site.secret()
        with open(self.site.binary, "rb") as f:
            image = f.read()
        forms = [secret.encode(), secret[::-1].encode(), secret.encode("utf-16-le"),
                 secret.encode().hex().encode(), base64.b64encode(secret.encode())]
        self.show.step(not any(form in image for form in forms)
                       and b"OAuth-Client-Attestation" in image,
                       "the app's %d bytes hold no client secret" % len(image),
                       "searched for it as it is, reversed, as UTF-16, in hex and in base64;\n"
                       "the same search does find the text OAuth-Client-Attestation")

    def genuine(self):
        show, site = self.show, self.site
        show.title("The genuine app")
        self.no_secret_in_app()
        self.app = app = site.app()
        good, words = app.ask("attest")
        show.step(good, "answers attestd's random challenge: " + words)
        good, words = app.ask("login")
        show.step(good, "pushes its authorization request through the mediator")
        alice = Person(self.server, "alice", "alice-password")
        back = alice.authorize(words.split(" ", 1)[1], site.CLIENT, ["notes"], site.REDIRECT)
        show.step("code=" in back, "Alice logs in at Glewlwyd, consents, and is sent back to the app")
        good, words = app.ask("finish " + back)
        show.step(good, "gets its grant through the mediator, which adds the secret: " + words)
        token = app.ask("show access_token")[1]
        status, claims = self.server.introspect(site.CLIENT, site.secret(), token)
        show.step(status == 200 and claims.get("active") is True,
                  "Glewlwyd confirms the token: active, for %s, scope %s"
                  % (claims.get("username"), claims.get("scope")))

    # --- what does not ---

    def attempt(self, text, app):
        """An app that must not be vouched for."""
        skip = len(self.site.attestd.events())
        _, greeting = app.ask("greeting")
        good, words = app.ask("attest")
        self.show.refused(not good, "%s (it runs, and says: %s)" % (text, greeting), words,
                          reason_of(self.site.attestd, skip))

    def tampered(self):
        self.show.title("Tampered copies")
        patched = os.path.join(self.folder, "patched-example")
        attacks.patch_file(self.site.binary, patched, b"genuine", b"cracked")
        with self.site.app(patched) as app:
            self.attempt("a copy with patched bytes", app)
        with self.site.app() as app:
            app.ask("greeting")  # by now it runs
            attacks.patch_memory(app.pid, self.site.binary, b"genuine", b"cracked")
            self.attempt("the genuine file, patched in memory only", app)
        with self.site.app() as app:
            good, words = app.ask("attest")
            self.show.step(good, "and the same app left alone is vouched for again")

    def replayed(self):
        self.show.title("Answers in the wrong hands")
        site, show = self.site, self.show
        middle = Middle(site.attestd.url)
        with site.app(attestd=middle.url) as app:
            app.ask("attest")
        middle.stop()
        answer = next(r for r in middle.recorded if r[0] == "/v1/attestations")
        skip = len(site.attestd.events())
        status, _, body = request(site.attestd.url + answer[0], "POST", answer[1],
                                  {"Content-Type": "application/json"})
        show.refused(answer[2] == 200 and status == 403, "an answer replayed, word for word",
                     "%d %s" % (status, body.decode()), reason_of(site.attestd, skip))

        with site.app() as thief:
            thief.ask("attest")
            own = attacks.claims_of(thief.ask("show integrity_token")[1])["cnf"]["jwk"]
        middle = Middle(site.attestd.url, lambda path, body: attacks.with_jwk(body, own)
                        if path == "/v1/attestations" else body)
        skip = len(site.attestd.events())
        with site.app(attestd=middle.url) as app:
            good, words = app.ask("attest")
        middle.stop()
        show.refused(not good, "an answer that a thief sends in under a key of his own", words,
                     reason_of(site.attestd, skip))

    def tokens(self):
        self.show.title("Tokens that are not right, at the mediator")
        site, show = self.site, self.show
        url = site.mediator.url

        def grant(text, client, headers, expect_refusal=True):
            skip = len(site.mediator.events())
            status, _, body = request(url + "/token", "POST", [
                ("grant_type", "client_credentials"), ("client_id", client), ("scope", "notes")],
                headers)
            if not expect_refusal:
                return show.step(status == 200, text)
            show.refused(status in (400, 401, 403), text, "%d %s" % (status, body.decode()),
                         reason_of(site.mediator, skip))

        headers = self.app.headers(url)
        grant("a fresh token: a grant without a user passes", site.CLIENT, headers, False)
        token = headers["OAuth-Client-Attestation"]
        headers = self.app.headers(url)
        forged = attacks.forge(token, b"a guess at the client secret 12345678")
        grant("a forged token, signed with a guess", site.CLIENT,
              {**headers, "OAuth-Client-Attestation": forged})
        headers = self.app.headers(url)
        grant("a forged token that says it needs no signature", site.CLIENT,
              {**headers, "OAuth-Client-Attestation": attacks.forge_unsigned(token)})
        with site.app() as thief:
            proof = thief.headers(url)["OAuth-Client-Attestation-PoP"]
        grant("a stolen token, with a proof under the thief's key", site.CLIENT,
              {"OAuth-Client-Attestation": token, "OAuth-Client-Attestation-PoP": proof})
        grant("a stolen token, without any proof", site.CLIENT, {"OAuth-Client-Attestation": token})

        with site.app(client_id=BRIEF) as brief:
            first = brief.headers(url)
            grant("a token that lives for one second passes at once", BRIEF, first, False)
            time.sleep(3.2)
            self.show.since = time.monotonic()
            late = brief.headers(url)
            late["OAuth-Client-Attestation"] = first["OAuth-Client-Attestation"]
            grant("the same token three seconds later: expired", BRIEF, late)

        status, _, body = request(self.server.issuer + "/token", "POST", [
            ("grant_type", "client_credentials"), ("client_id", site.CLIENT), ("scope", "notes")])
        show.refused(status in (400, 401, 403), "straight to Glewlwyd, without the secret",
                     "%d %s" % (status, body.decode()), "(Glewlwyd asks for the client secret)")

    def leave_running(self):
        site = self.site
        print("""
Left running in %s (stop with Ctrl-C). To try:
  %s --attestd %s --mediator %s --client-id %s --state /tmp/my-instance \\
      --redirect-uri %s --scope notes        then: attest, greeting, login, headers %s, quit
  %s --registry %s build list %s
  tail -f %s/attestd.log
Alice is "alice" with the password "alice-password".""" % (
            self.folder, site.binary, site.attestd.url, site.mediator.url, site.CLIENT,
            site.REDIRECT, site.mediator.url, program("attestctl"), site.registry, site.CLIENT,
            self.folder))
        stop = {signal.SIGINT, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, stop)
        signal.sigwait(stop)


def main():
    parser = argparse.ArgumentParser(prog="./run demo", description="The main job on real parts.")
    parser.add_argument("--keep", action="store_true", help="leave it running and say what to try")
    parser.add_argument("--redis", action="store_true", help="keep challenges in a real Redis")
    parser.add_argument("--evening", type=int, default=20, metavar="SECONDS",
                        help="how long Alice lets her mother in (20)")
    options = parser.parse_args()

    folder = tempfile.mkdtemp(prefix="vouchsafe-demo-")
    show = Show()
    demo = Demo(folder, show, options.redis, options.evening)
    started = time.monotonic()
    try:
        demo.start()
        demo.genuine()
        demo.tampered()
        demo.replayed()
        demo.tokens()
        demo.app.close()
        demo.devices.run()
        print("\n%s in %.1f s." % ("All as it must be" if not show.bad
                                   else "%d steps went wrong" % show.bad,
                                   time.monotonic() - started))
        if options.keep and not show.bad:
            demo.leave_running()
    finally:
        demo.stop()
        if show.bad:
            print("The logs are in " + folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if show.bad else 0


if __name__ == "__main__":
    sys.exit(main())
