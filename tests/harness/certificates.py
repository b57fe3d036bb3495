"""certificates: a certification authority of the tests' own, by the openssl program, which sets no
beginning of validity: those that need one are made by python3-cryptography."""
import base64
import datetime
import hashlib
import ipaddress
import os
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def openssl(*words, stdin=None):
    return subprocess.run(["openssl", *words], check=True, capture_output=True, input=stdin).stdout


class Authority:
    def __init__(self, folder, name):
        self.folder = os.path.join(folder, name)
        os.makedirs(self.folder)
        self.certificate, self.key = self._path("ca.crt"), self._path("ca.key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.key, "-out", self.certificate, "-subj", "/CN=" + name, "-days", "2",
                "-addext", "keyUsage=critical,keyCertSign")

    def _path(self, name):
        return os.path.join(self.folder, name)

    def issue(self, name, alternative="IP:127.0.0.1", days=2):
        """(certificate file, key file) for a server; negative days make an expired one."""
        key, request, crt, ext = (self._path(name + "." + e) for e in ("key", "csr", "crt", "ext"))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                key, "-out", request, "-subj", "/CN=" + name)
        with open(ext, "w") as f:
            f.write("subjectAltName=" + alternative + "\n")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                "-CAcreateserial", "-out", crt, "-days", str(days), "-extfile", ext)
        return crt, key

    def issue_between(self, name, first_day, last_day):
        """The same for 127.0.0.1, valid between two days as counted from now."""
        with open(self.certificate, "rb") as f:
            issuer = x509.load_pem_x509_certificate(f.read()).subject
        with open(self.key, "rb") as f:
            signer = serialization.load_pem_private_key(f.read(), None)
        now, key = datetime.datetime.utcnow(), ec.generate_private_key(ec.SECP256R1())
        made = (x509.CertificateBuilder().issuer_name(issuer).public_key(key.public_key())
                .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
                .serial_number(x509.random_serial_number())
                .not_valid_before(now + datetime.timedelta(first_day))
                .not_valid_after(now + datetime.timedelta(last_day))
                .add_extension(x509.SubjectAlternativeName(
                    [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
                .sign(signer, hashes.SHA256()))
        with open(self._path(name + ".crt"), "wb") as f:
            f.write(made.public_bytes(serialization.Encoding.PEM))
        with open(self._path(name + ".key"), "wb") as f:
            f.write(key.private_bytes(serialization.Encoding.PEM,
                                      serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()))
        return self._path(name + ".crt"), self._path(name + ".key")


def self_signed(folder, name):
    """(certificate file, key file) of a server that vouches for itself."""
    key, crt = os.path.join(folder, name + ".key"), os.path.join(folder, name + ".crt")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", key, "-out", crt, "-subj", "/CN=" + name, "-days", "2",
            "-addext", "subjectAltName=IP:127.0.0.1")
    return crt, key


def pin_of(certificate):
    """SHA-256 of the SubjectPublicKeyInfo, in hexadecimal."""
    public = openssl("x509", "-in", certificate, "-noout", "-pubkey")
    return hashlib.sha256(openssl("pkey", "-pubin", "-outform", "DER", stdin=public)).hexdigest()


def pin_text(certificate):
    """The same in base64url, as attestd's configuration has it."""
    return base64.urlsafe_b64encode(bytes.fromhex(pin_of(certificate))).decode().rstrip("=")
