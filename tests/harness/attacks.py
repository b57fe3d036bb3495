"""attacks: what a real attacker does to an app, its answers and its tokens."""
import base64
import hashlib
import hmac
import json
import os


def patch_file(source, target, old, new):
    """A runnable copy of `source` in which every `old` is `new`, of equal length."""
    assert len(old) == len(new)
    with open(source, "rb") as f:
        image = f.read()
    assert old in image
    with open(target, "wb") as f:
        f.write(image.replace(old, new))
    os.chmod(target, 0o755)


def patch_at(path, offset, data):
    """Writes bytes over those of a file, in place."""
    with open(path, "r+b") as f:
        f.seek(offset)
        f.write(data)


def patch_memory(pid, binary, old, new):
    """Overwrites `old` wherever the running process has mapped `binary` read-only; its file stays
    as it is."""
    assert len(old) == len(new)
    binary = os.path.realpath(binary)
    done = 0
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "r+b", 0) as memory:
        for line in maps:
            fields = line.split(maxsplit=5)
            if len(fields) < 6 or fields[5].strip() != binary or "w" in fields[1]:
                continue
            start, end = (int(x, 16) for x in fields[0].split("-"))
            memory.seek(start)
            image = memory.read(end - start)
            at = image.find(old)
            while at >= 0:
                memory.seek(start + at)
                memory.write(new)
                done += 1
                at = image.find(old, at + 1)
    assert done


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(token):
    """The claims of a JWT, unverified."""
    return json.loads(unb64(token.split(".")[1]))


def with_jwk(attestation, jwk):
    """An attestation request with another instance key in it."""
    message = json.loads(attestation)
    message["jwk"] = jwk
    return json.dumps(message).encode()


def forge(token, secret, header=None, claims=None):
    """The token with some header and claims changed, signed with `secret`."""
    old_header, old_claims, _ = token.split(".")
    header = {**json.loads(unb64(old_header)), **(header or {})}
    claims = {**json.loads(unb64(old_claims)), **(claims or {})}
    signed = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
    return signed + "." + b64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())


def forge_unsigned(token):
    """alg "none" with an empty signature (RFC 7519 §6)."""
    header = {**json.loads(unb64(token.split(".")[0])), "alg": "none"}
    return b64(json.dumps(header).encode()) + "." + token.split(".")[1] + "."
