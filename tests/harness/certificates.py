"""certificates: a certification authority of the tests' own, by the openssl program."""
import base64
import hashlib
import os
import subprocess


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


def pin_of(certificate):
    """SHA-256 of the SubjectPublicKeyInfo, in hexadecimal."""
    public = openssl("x509", "-in", certificate, "-noout", "-pubkey")
    return hashlib.sha256(openssl("pkey", "-pubin", "-outform", "DER", stdin=public)).hexdigest()


def pin_text(certificate):
    """The same in base64url, as attestd's configuration has it."""
    return base64.urlsafe_b64encode(bytes.fromhex(pin_of(certificate))).decode().rstrip("=")
