"""keys: public JWKs, in the hands of python3-cryptography."""
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .attacks import unb64


def public_key(jwk):
    x = unb64(jwk["x"])
    if jwk["kty"] == "OKP":
        return ed25519.Ed25519PublicKey.from_public_bytes(x)
    return ec.EllipticCurvePublicNumbers(
        int.from_bytes(x, "big"), int.from_bytes(unb64(jwk["y"]), "big"),
        ec.SECP256R1()).public_key()


def pem(jwk):
    return public_key(jwk).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def verify(jwk, message, signature):
    """The judge; raises InvalidSignature."""
    if jwk["kty"] == "OKP":
        public_key(jwk).verify(signature, message)
        return
    pair = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"),
                                      int.from_bytes(signature[32:], "big"))
    public_key(jwk).verify(pair, message, ec.ECDSA(hashes.SHA256()))
