"""attester: an independent attester and holder of keys, written from the protocol's text alone.

It answers challenges from a binary's file instead of from a running process, which is what an
emulator around a pristine copy can do, and what makes it a judge of our own SDK."""
import hashlib
import hmac
import json
import os
import struct
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .attacks import b64, unb64
from .elf import Elf
from .vouchsafe import request

BLOCK = 4096


class Image:
    """A 64-bit little-endian ELF file: its build-id and its read-only segments."""

    def __init__(self, path):
        self.path = os.path.realpath(path)
        with open(path, "rb") as f:
            self.file = f.read()
        self.segments, self.build_id = [], None
        offset, = struct.unpack_from("<Q", self.file, 32)
        size, count = struct.unpack_from("<HH", self.file, 54)
        for i in range(count):
            kind, flags, at, _, _, length = struct.unpack_from("<IIQQQQ", self.file,
                                                               offset + i * size)
            if kind == 1 and not flags & 2:
                self.segments.append(self.file[at:at + length])
            if kind == 4:
                self._find_build_id(self.file[at:at + length])

    def _find_build_id(self, notes):
        at = 0
        while at + 12 <= len(notes):
            name, desc, kind = struct.unpack_from("<III", notes, at)
            start = at + 12 + (name + 3) // 4 * 4
            if kind == 3 and notes[at + 12:at + 12 + name] == b"GNU\0":
                self.build_id = notes[start:start + desc].hex()
            at = start + (desc + 3) // 4 * 4

    def blocks(self, kind):
        parts = self.segments if kind == "memory" else [self.file]
        return [part[i:i + BLOCK] for part in parts for i in range(0, len(part), BLOCK)]


class Reports:
    """What a process would report that runs the image with nobody in it: the system's libraries
    beside it, every import where it belongs, no debugger."""
    LIBC = "/usr/lib/x86_64-linux-gnu/libc.so.6"

    def __init__(self, image):
        self.image, self.elf = image, Elf(image.path)

    def maps(self, _):
        return ("r-xp clean 4096 %s %s\n" % (self.image.build_id, self.image.path) +
                "r-xp clean 1409024 - %s\nr-xp clean 8192 - [vdso]\n" % self.LIBC)

    def imports(self, probe):
        names = {slot: name for name, slots in self.elf.imports.items() for slot in slots}
        lines = ["module %s %s" % (self.image.build_id, self.image.path), "module - " + self.LIBC]
        for slot in probe["slots"]:
            own = self.elf.symbols.get(names.get(slot))
            lines.append("slot %d 0 %x" % (slot, own) if own else "slot %d 1 0" % slot)
        return "\n".join(lines) + "\n"

    def debugger(self, _):
        return "tracer 0\nseccomp 0\ndumpable 1\n"

    def preload(self, _):
        return "".join("%s \n" % name for name in ("LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH",
                                                   "ld.so.preload"))


def thumbprint(jwk):
    """RFC 7638 §3: the required members, sorted, without white space."""
    return hashlib.sha256(json.dumps(jwk, separators=(",", ":"), sort_keys=True)
                          .encode()).digest()


class Key:
    """An instance key: "P-256" or "Ed25519"."""

    def __init__(self, curve="P-256"):
        self.curve = curve
        if curve == "P-256":
            self.private = ec.generate_private_key(ec.SECP256R1())
            numbers = self.private.public_key().public_numbers()
            self.jwk = {"crv": "P-256", "kty": "EC", "x": b64(numbers.x.to_bytes(32, "big")),
                        "y": b64(numbers.y.to_bytes(32, "big"))}
        else:
            self.private = ed25519.Ed25519PrivateKey.generate()
            raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
            self.jwk = {"crv": "Ed25519", "kty": "OKP", "x": b64(raw)}
        self.jkt = thumbprint(self.jwk)

    def sign(self, data):
        if self.curve != "P-256":
            return self.private.sign(data)
        r, s = utils.decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def jwt(self, header, claims):
        signed = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
        return signed + "." + b64(self.sign(signed.encode()))

    def pop(self, audience, header=None, **claims):
        """A proof of possession; keyword None leaves a claim out."""
        header = {"alg": "ES256" if self.curve == "P-256" else "EdDSA",
                  "typ": "oauth-client-attestation-pop+jwt", **(header or {})}
        claims = {"aud": audience, "iat": int(time.time()), "jti": b64(os.urandom(16)), **claims}
        return self.jwt(header, {k: v for k, v in claims.items() if v is not None})


    def dpop(self, method, url, header=None, **claims):
        """A DPoP proof (RFC 9449 §4.2); keyword None leaves a claim out."""
        header = {"alg": "ES256" if self.curve == "P-256" else "EdDSA", "typ": "dpop+jwt",
                  "jwk": self.jwk, **(header or {})}
        claims = {"htm": method, "htu": url, "iat": int(time.time()),
                  "jti": b64(os.urandom(16)), **claims}
        return self.jwt(header, {k: v for k, v in claims.items() if v is not None})


def digest(challenge, probe, jkt, data):
    message = (b"vouchsafe probe v1\0" + struct.pack(">I", probe["id"]) + probe["kind"].encode()
               + b"\0" + jkt + data)
    return hmac.new(challenge, message, hashlib.sha256).digest()


class Attester:
    """Answers for one binary under one key. Methods return (status, message)."""

    def __init__(self, attestd, client_id, binary, key=None):
        self.attestd, self.client_id = attestd, client_id
        self.image, self.key = Image(binary), key or Key()
        self.reports = Reports(self.image)

    def _post(self, path, message):
        status, headers, body = request(self.attestd + path, "POST", message)
        self.headers = headers
        return status, json.loads(body) if body else {}

    def challenge(self, **members):
        """Asks for a challenge; keyword None leaves a member out."""
        message = {"client_id": self.client_id, "build": self.image.build_id,
                   "jkt": b64(self.key.jkt), **members}
        return self._post("/v1/challenges", {k: v for k, v in message.items() if v is not None})

    def answer(self, challenge, **members):
        """The attestation request that answers a challenge message."""
        nonce = unb64(challenge["challenge"])
        evidence = [self.evidence(nonce, probe) for probe in challenge["probes"]]
        message = {"challenge": challenge["challenge"], "jwk": self.key.jwk, "evidence": evidence,
                   **members}
        return {k: v for k, v in message.items() if v is not None}

    def evidence(self, nonce, probe):
        entry, data = {"id": probe["id"]}, b""
        if probe["kind"] in ("memory", "file"):
            blocks = self.image.blocks(probe["kind"])
            data = b"".join(blocks[n] if n < len(blocks) else b"" for n in probe["blocks"])
        else:
            entry["report"] = getattr(self.reports, probe["kind"])(probe)
            data = entry["report"].encode()
        return {**entry, "digest": b64(digest(nonce, probe, self.key.jkt, data))}

    def present(self, answer):
        return self._post("/v1/attestations", answer)

    def attest(self, **members):
        status, challenge = self.challenge(**members)
        if status != 201:
            return status, challenge
        return self.present(self.answer(challenge))

    def token(self, **members):
        """An integrity token, or an assertion that says what came instead."""
        status, message = self.attest(**members)
        assert status == 200, (status, message)
        return message["integrity_token"]

    def headers_for(self, audience, token=None, **claims):
        """The two headers of a request to `audience`."""
        return {"OAuth-Client-Attestation": token or self.token(),
                "OAuth-Client-Attestation-PoP": self.key.pop(audience, **claims)}
