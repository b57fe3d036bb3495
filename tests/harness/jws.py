"""jws: an independent reader of signed tokens and JWK Sets, on python3-cryptography."""
import hashlib
import hmac
import json
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

from .attacks import unb64


def header_of(token):
    return json.loads(unb64(token.split(".")[0]))


def _es256(jwk, signed, signature):
    point = (int.from_bytes(unb64(jwk[name]), "big") for name in "xy")
    key = ec.EllipticCurvePublicNumbers(*point, ec.SECP256R1()).public_key()
    halves = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    key.verify(utils.encode_dss_signature(*halves), signed, ec.ECDSA(hashes.SHA256()))


def _eddsa(jwk, signed, signature):
    ed25519.Ed25519PublicKey.from_public_bytes(unb64(jwk["x"])).verify(signature, signed)


CHECKS = {"ES256": _es256, "EdDSA": _eddsa}


def holds(token, jwks):
    """Whether a key of the set, found by its kid, signed this token."""
    header = header_of(token)
    signed, _, signature = token.rpartition(".")
    found = [key for key in jwks["keys"]
             if key["kid"] == header["kid"] and key["alg"] == header["alg"]
             and key.get("exp", time.time() + 1) > time.time()]
    if len(found) != 1:
        return False
    try:
        CHECKS[header["alg"]](found[0], signed.encode(), unb64(signature))
        return True
    except InvalidSignature:
        return False


def holds_mac(token, secret):
    signed, _, mac = token.rpartition(".")
    if header_of(token)["alg"] != "HS256":
        return False
    return hmac.compare_digest(
        hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest(), unb64(mac))
