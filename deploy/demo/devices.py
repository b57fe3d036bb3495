"""Things that trust no network: a door lock that Alice's mother may open this evening, and a medical
device that has never been connected. Part of demo.py."""
import base64
import hashlib
import json
import os
import re
import socket
import subprocess
import threading
import time

from harness import attacks
from harness.devices import Registry
from harness.glewlwyd import Person
from harness.process import Child, free_port, wait_until
from harness.serial import SerialLine
from harness.tap import Tap, play
from harness.vouchsafe import Example, attestctl, mediatorctl, program

MOTHER, NURSE = "mothers-app", "nurses-app"
DOOR, MONITOR = "front-door", "monitor-7"
DOOR_SCOPES, MONITOR_SCOPES = ["door:unlock", "alarm:off"], ["readings:stream"]
QUIET = 1.0  # seconds after which the medical device listens again


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def x25519_pair(folder):
    """A private key made by openssl: (public JWK, private JWK)."""
    pem = os.path.join(folder, "monitor.pem")
    run = lambda *words: subprocess.run(["openssl", *words], check=True, capture_output=True).stdout
    run("genpkey", "-algorithm", "X25519", "-out", pem)
    raw = lambda *words: b64(run("pkey", "-in", pem, "-outform", "DER", *words)[-32:])
    public = {"kty": "OKP", "crv": "X25519", "x": raw("-pubout")}
    return public, {**public, "d": raw()}


class FakeDevice:
    """Somebody who says what the real device said, to an app that takes it for that."""

    def __init__(self, recorded):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, args=(bytes(recorded),), daemon=True)
        self._thread.start()

    def _run(self, recorded):
        app, _ = self._listener.accept()
        with app:
            app.recv(4096)
            app.sendall(recorded)
            app.settimeout(5)
            try:
                app.recv(4096)
            except OSError:
                pass

    def stop(self):
        self._thread.join(10)
        self._listener.close()


class Devices:
    def __init__(self, demo, evening, reason_of):
        self.show, self.folder, self.evening = demo.show, demo.folder, evening
        self.reason_of = reason_of
        self.site, self.server = demo.site, demo.server
        self.parts, self.instances = [], 0

    # --- the parts ---

    def prepare(self):
        """The devices and their apps, for all who have to know them; the mediator's sections."""
        self.registry = Registry(self.folder)
        self.token_keys = os.path.join(self.folder, "token-keys")
        self.device_port = free_port()
        self.registry.add_push(DOOR, *[w for s in DOOR_SCOPES for w in ("--scope", s)])
        mediatorctl("token-key", "rotate", "--folder", self.token_keys, "--alg", "ES256")
        public, self.monitor_key = x25519_pair(self.folder)
        self.registry.add_sealed(MONITOR, json.dumps(public), "--scope", *MONITOR_SCOPES)
        self.binary = os.path.join(self.folder, "open-door")
        subprocess.run(["strip", "-o", self.binary, program("open-door")], check=True)
        for scope in DOOR_SCOPES + MONITOR_SCOPES:
            self.server.add_scope(scope)
        return ('device { registry = "%s"\n listen = { "127.0.0.1:%d" }\n token_keyring = "%s" }\n'
                % (self.registry.path, self.device_port, self.token_keys)
                + self.add_app(MOTHER, DOOR, DOOR_SCOPES)
                + self.add_app(NURSE, MONITOR, MONITOR_SCOPES))

    def add_app(self, client, device, scopes):
        """Neither gets anything without Alice: the authorization code grant is its only one."""
        attestctl(self.site.registry, "app", "add", client)
        attestctl(self.site.registry, "build", "add", client, self.binary, "--label", "1.0.0")
        self.server.add_client(client, self.site.secret(client), self.site.REDIRECT, scopes)
        return ('client "%s" {\n upstream = "as"\n keyring = "%s/%s/secrets"\n'
                ' grants = { "authorization_code" }\n devices = { "%s" }\n}\n'
                % (client, self.site.registry, client, device))

    def child(self, name, *words):
        part = Child([program(name), *words], os.path.join(self.folder, name + ".log"))
        self.parts.append(part)
        return part

    def app(self, client, device, scopes, binary=None, *more):
        self.instances += 1
        app = Example(binary or self.binary, self.site.attestd.url, self.site.mediator.url, client,
                      os.path.join(self.folder, "device-app-%d" % self.instances),
                      self.site.REDIRECT, " ".join(scopes),
                      options=("--device", "urn:vouchsafe:device:" + device, *more))
        self.parts.append(app)
        return app

    def stop(self):
        for part in reversed(self.parts):
            getattr(part, "stop", getattr(part, "close", None))()

    # --- what both have in common ---

    def log_in(self, app, client, scopes):
        """Alice says yes to exactly this; the app's words about its grant."""
        good, words = app.ask("login")
        if not good:
            return False, words
        alice = Person(self.server, "alice", "alice-password")
        back = alice.authorize(words.split(" ", 1)[1], client, scopes, self.site.REDIRECT)
        good, words = app.ask("finish " + back)
        return (True, app.ask("grant")[1].split(" shown=")[0]) if good else (good, words)

    def tampered(self, client, device, scopes, what):
        """Copies of the app that are not what was registered ask for the same grant."""
        patched = os.path.join(self.folder, "patched-" + client)
        attacks.patch_file(self.binary, patched, b"genuine", b"cracked")
        in_memory = self.app(client, device, scopes)
        in_memory.ask("greeting")
        attacks.patch_memory(in_memory.pid, self.binary, b"genuine", b"cracked")
        for text, app in (("with patched bytes", self.app(client, device, scopes, patched)),
                          ("patched in memory", in_memory)):
            says, skip = app.ask("greeting")[1], len(self.site.attestd.events())
            good, words = self.log_in(app, client, scopes)
            self.show.refused("cracked" in says and not good and not app.ask("grant")[0],
                              "the same app %s (it says: %s) gets no grant%s" % (text, says, what),
                              words, self.reason_of(self.site.attestd, skip))

    # --- the door lock ---

    def door(self):
        show = self.show
        show.title("A door lock: Alice lets her mother in, this evening")
        lock = self.lock = self.child("door-lock", "--id", DOOR, "--key",
                                      self.registry.key_file(DOOR), "--mediator",
                                      "127.0.0.1:%d" % self.device_port, "--listen", "0")
        lock.wait_ready(lambda: "link up" in lock.output(), 30)
        self.port = int(re.search(r"listening (\d+)", lock.output()).group(1))
        self.tap = Tap(self.port)
        self.parts.append(self.tap)
        show.step(True, "door-lock has dialled in to the mediator, and listens for apps",
                  "an eavesdropper sits between it and every app, and keeps each byte")
        self.mother = self.app(MOTHER, DOOR, DOOR_SCOPES, None, "--for", str(self.evening))
        good, words = self.log_in(self.mother, MOTHER, DOOR_SCOPES)
        show.step(good, "her mother's app gets a grant on it for %d seconds" % self.evening, words)
        self.expires = int(re.search(r"exp=(\d+)", words).group(1)) if good else 0
        show.step("grant: taken" in lock.output(), "which the lock had before the app did")
        self.mother_opens("her mother's app opens the door and turns the alarm off")
        good, _ = self.mother.ask("open tcp:%d door:lock" % self.port)
        show.step(not good and self.mother.lines == ["answer denied "],
                  "it may not lock the door, which Alice did not say")

    def opened(self):
        return self.lock.output().count("bolt open")

    def mother_opens(self, text):
        before = self.opened()
        good, words = self.mother.ask("open tcp:%d door:unlock alarm:off" % self.tap.port)
        self.show.step(good and self.opened() == before + 1
                       and self.mother.lines == ["answer done bolt open", "answer done alarm off"],
                       text, "\n".join(self.mother.lines) or words)

    def stays_shut(self, text, attempt, why="does not hold"):
        """attempt() says whether it got in, and what it saw; the lock says why not."""
        before, said = self.opened(), len(self.lock.output())
        inside, seen = attempt()
        hung_up = [line for line in self.lock.output()[said:].splitlines() if "app gone" in line]
        self.show.step(not inside and self.opened() == before
                       and any(why in line for line in hung_up), text,
                       "%s\nthe lock says: %s" % (seen, "; ".join(hung_up)))

    def door_thieves(self):
        self.show.title("Who else would like to open it")
        self.tampered(MOTHER, DOOR, DOOR_SCOPES, ", and so does not open the door")
        sent, received = bytes(self.tap.sent[0]), bytes(self.tap.received[0])
        self.show.step(sent and received and not any(
            word in sent + received for word in (b"door:unlock", b"alarm:off", b"bolt open")),
            "the eavesdropper has %d bytes, and reads no word of them" % len(sent + received))
        self.stays_shut("he plays them to the lock again",
                        lambda: self.replay(sent))
        cut = 2 + int.from_bytes(sent[:2], "big")
        self.stays_shut("and again, twice over, and without the beginning",
                        lambda: self.replay(sent + sent, sent[cut:], sent[cut:] + sent))
        self.fake_lock(received)
        self.stolen_answer(sent)
        self.mother_opens("and all the while her mother's app opens it")

    def replay(self, *all_of_it):
        answers = [play(self.port, data) for data in all_of_it]
        return None in answers, "it hangs up on him"

    def fake_lock(self, received):
        fake = FakeDevice(received)
        good, words = self.mother.ask("open tcp:%d door:unlock" % fake.port)
        fake.stop()
        self.show.step(not good and "not the device" in words,
                       "a false lock that says what the real one said fools no app", words)

    def stolen_answer(self, sent):
        """A thief with a program like ours, the access token, and all of the token response but the
        key."""
        info = self.mother.ask("grant")[1]
        token = self.mother.ask("token")[1]
        response = {"access_token": token, "token_type": "Bearer", "device_grant": {
            "device": DOOR, "scope": " ".join(DOOR_SCOPES), "once": False,
            "nbf": int(re.search(r"nbf=(\d+)", info).group(1)), "exp": self.expires,
            "delivery": "acknowledged", "grant_id": re.search(r"shown=(\S+)", info).group(1)}}
        thief = self.app(MOTHER, DOOR, DOOR_SCOPES)
        good, words = thief.ask("take " + json.dumps(response))
        self.show.step(len(token) > 20 and not good,
                       "a thief with the access token and the public parts of the answer has no key",
                       words)
        guesses = {"the hash of the access token": hashlib.sha256(token.encode()).digest(),
                   "random bytes": os.urandom(32), "what the eavesdropper has": sent[-32:]}
        for name, key in guesses.items():
            thief.ask("take " + json.dumps(
                {**response, "cnf": {"jwk": {"kty": "oct", "k": b64(key)}}}))
            self.stays_shut("nor does it help to put %s in its place" % name,
                            lambda: thief.ask("open tcp:%d door:unlock" % self.port))

    def after_the_evening(self):
        self.show.title("After the evening")
        time.sleep(max(0, self.expires + 1 - time.time()))
        self.show.since = time.monotonic()
        self.stays_shut("her mother's app does not open the door any more",
                        lambda: self.mother.ask("open tcp:%d door:unlock" % self.port),
                        "too late or too early")
        good, words = self.mother.ask("refresh")
        self.show.step(not good, "and gets no other grant without Alice", words)

    # --- the medical device ---

    def monitor(self):
        show = self.show
        show.title("A medical device that is never connected")
        self.line = SerialLine()
        self.parts.append(self.line)
        files = {"monitor.jwk": json.dumps(self.monitor_key), "keys.json": mediatorctl(
            "token-key", "public", "--folder", self.token_keys).stdout}
        for name, text in files.items():
            with open(os.path.join(self.folder, name), "w") as f:
                f.write(text)
        self.device = self.child(
            "medical-device", "--id", MONITOR, "--issuer", self.site.mediator.url, "--trust",
            os.path.join(self.folder, "keys.json"), "--key",
            os.path.join(self.folder, "monitor.jwk"), "--line", self.line.device, "--state",
            os.path.join(self.folder, "floor"))
        self.device.wait_ready(lambda: "listening" in self.device.output(), 30)
        show.step(True, "medical-device has a serial line and nothing else, and no clock",
                  "somebody listens on the line, too")
        nurse = self.nurse = self.app(NURSE, MONITOR, MONITOR_SCOPES)
        good, words = self.log_in(nurse, NURSE, MONITOR_SCOPES)
        show.step(good and " carried " in words, "the nurse's app gets a token to carry to it", words)
        good, words = nurse.ask("open line:%s readings:stream=5" % self.line.app)
        show.step(good and [line.split()[1] for line in nurse.lines] == ["more"] * 4 + ["done"]
                  and all('"pulse":' in line for line in nurse.lines),
                  "and the device streams its readings to it", "\n".join(nurse.lines) or words)

    def streams(self):
        return self.device.output().count("streaming")

    def quiet_line(self):
        """Whatever was said before is over: what is no record ends the session that stands."""
        before = self.device.output().count("session over")
        self.line.play_to_device(b"\0\0")
        wait_until(lambda: self.device.output().count("session over") > before, 20, "its end")
        time.sleep(QUIET)

    def monitor_thieves(self):
        show = self.show
        self.tampered(NURSE, MONITOR, MONITOR_SCOPES, ", and reads nothing")
        sent, heard = bytes(self.line.from_app), bytes(self.line.from_device)
        show.step(heard and b"pulse" not in heard,
                  "whoever listens on the line has %d bytes of readings, and reads none"
                  % len(heard))
        self.quiet_line()
        before = self.streams()
        self.line.play_to_device(sent)
        wait_until(lambda: "opened a session before" in self.device.output(), 20, "the refusal")
        show.step(self.streams() == before, "he plays it all again: it is refused",
                  "the device says: a token that has opened a session before")
        time.sleep(QUIET)
        self.stolen_token()
        good, words = self.nurse.ask("open line:%s readings:stream=2" % self.line.app)
        show.step(good and self.streams() == before + 1,
                  "the nurse's app, whose token it is, reads on", "\n".join(self.nurse.lines) or words)

    def stolen_token(self):
        """A thief who has got a token that nobody has used yet, but not its key."""
        good, words = self.log_in(self.nurse, NURSE, MONITOR_SCOPES)
        info = self.nurse.ask("grant")[1]
        before, seen = self.streams(), len(self.line.from_app)
        thief = self.app(NURSE, MONITOR, MONITOR_SCOPES)
        response = {"access_token": "x", "token_type": "Bearer", "device_grant": {
            "device": MONITOR, "scope": MONITOR_SCOPES[0], "once": False,
            "nbf": int(re.search(r"nbf=(\d+)", info).group(1)),
            "exp": int(re.search(r"exp=(\d+)", info).group(1)),
            "delivery": "token", "token": re.search(r"shown=(\S+)", info).group(1)},
            "cnf": {"jwk": {"kty": "oct", "k": b64(os.urandom(32))}}}
        taken, _ = thief.ask("take " + json.dumps(response))
        inside, words = thief.ask("open line:%s readings:stream" % self.line.app)
        self.show.step(good and taken and not inside and self.streams() == before
                       and len(self.line.from_app) > seen,
                       "a thief with the token and without its key reads nothing", words)
        time.sleep(QUIET)

    # --- all of it ---

    def run(self):
        """The evening passes while the medical device is shown."""
        self.door()
        self.door_thieves()
        self.monitor()
        self.monitor_thieves()
        self.after_the_evening()
