"""hostile: HTTP that must be refused, HTTP that must not, and sockets to send both in pieces."""
import select
import socket
import ssl

BODY = b"{}"


def post(*lines, body=BODY, target=b"/v1/challenges", version=b"HTTP/1.1", length=True):
    head = [b"POST " + target + b" " + version, *lines]
    if length:
        head.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(head) + b"\r\n\r\n" + body


HOST = b"Host: attestd.example"

# Each must be answered with an error of this class and the connection closed. A good request
# follows each one in the same bytes: it must not be answered.
HOSTILE = {
    "no Host": (400, post()),
    "two Hosts": (400, post(HOST, HOST)),
    "empty Host": (400, post(b"Host:")),
    "Host with a path": (400, post(b"Host: a/b")),
    "Host with user": (400, post(b"Host: u@a")),
    "two lengths": (400, post(HOST, b"Content-Length: 2")),
    "two different lengths": (400, post(HOST, b"Content-Length: 3")),
    "length and chunked": (400, post(HOST, b"Transfer-Encoding: chunked")),
    "length with a sign": (400, post(HOST, b"Content-Length: +2", length=False)),
    "length as a list": (400, post(HOST, b"Content-Length: 2, 2", length=False)),
    "length in hex": (400, post(HOST, b"Content-Length: 0x2", length=False)),
    "length empty": (400, post(HOST, b"Content-Length:", length=False)),
    "length too large for us": (413, post(HOST, b"Content-Length: 99999999", length=False)),
    "length too large for anybody": (
        400, post(HOST, b"Content-Length: 99999999999999999999999", length=False)),
    "chunked twice": (400, post(HOST, b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked",
                                length=False)),
    "chunked, chunked": (None, post(HOST, b"Transfer-Encoding: chunked, chunked", length=False)),
    "gzip, chunked": (None, post(HOST, b"Transfer-Encoding: gzip, chunked", length=False)),
    "chunked after a tab": (None, post(HOST, b"Transfer-Encoding: \x0bchunked", length=False)),
    "chunked quoted": (None, post(HOST, b'Transfer-Encoding: "chunked"', length=False)),
    "chunked on 1.0": (400, post(HOST, b"Transfer-Encoding: chunked", version=b"HTTP/1.0",
                                 length=False, body=b"2\r\n{}\r\n0\r\n\r\n")),
    "chunk size not hex": (400, post(HOST, b"Transfer-Encoding: chunked", length=False,
                                     body=b"g\r\n{}\r\n0\r\n\r\n")),
    "chunk size of nine digits": (400, post(HOST, b"Transfer-Encoding: chunked", length=False,
                                            body=b"000000002\r\n{}\r\n0\r\n\r\n")),
    "chunk size with a sign": (400, post(HOST, b"Transfer-Encoding: chunked", length=False,
                                         body=b"+2\r\n{}\r\n0\r\n\r\n")),
    "chunk without CRLF": (400, post(HOST, b"Transfer-Encoding: chunked", length=False,
                                     body=b"2\r\n{}0\r\n\r\n")),
    "chunk with bare LF": (400, post(HOST, b"Transfer-Encoding: chunked", length=False,
                                     body=b"2\n{}\n0\n\n")),
    "chunk extension too long": (400, post(HOST, b"Transfer-Encoding: chunked", length=False,
                                           body=b"2;" + b"x" * 300 + b"\r\n{}\r\n0\r\n\r\n")),
    "chunks too large": (413, post(HOST, b"Transfer-Encoding: chunked", length=False,
                                   body=b"fffffff\r\n")),
    "bare LF": (400, post(HOST).replace(b"\r\n", b"\n")),
    "one bare LF": (400, post(HOST + b"\nX: y")),
    "bare CR in a value": (400, post(HOST, b"X: a\rb")),
    "NUL in a value": (400, post(HOST, b"X: a\0b")),
    "control in a value": (400, post(HOST, b"X: a\x01b")),
    "folded line": (400, post(HOST, b"X: a", b" b")),
    "folded with a tab": (400, post(HOST, b"X: a", b"\tb")),
    "space before the colon": (400, post(HOST, b"X : a")),
    "space before the name": (400, b"POST /v1/challenges HTTP/1.1\r\n Host: a\r\n\r\n"),
    "name empty": (400, post(HOST, b": a")),
    "no colon": (400, post(HOST, b"X")),
    "name with a slash": (400, post(HOST, b"X/Y: a")),
    "name with a high byte": (400, post(HOST, b"X\xff: a")),
    "two Authorizations": (400, post(HOST, b"Authorization: a", b"Authorization: b")),
    "two Content-Types": (400, post(HOST, b"Content-Type: a/b", b"Content-Type: a/b")),
    "two attestations": (400, post(HOST, b"OAuth-Client-Attestation: a",
                                   b"oauth-client-attestation: b")),
    "two proofs": (400, post(HOST, b"OAuth-Client-Attestation-PoP: a",
                             b"OAuth-Client-Attestation-PoP: b")),
    "absolute target": (400, post(HOST, target=b"http://attestd.example/v1/challenges")),
    "asterisk target": (400, post(HOST, target=b"*")),
    "authority target": (400, b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"),
    "CONNECT to a path": (400, post(HOST).replace(b"POST", b"CONNECT")),
    "target without a slash": (400, post(HOST, target=b"v1/challenges")),
    "target with a control": (400, post(HOST, target=b"/a\x01b")),
    "target with a fragment": (400, post(HOST, target=b"/a#b")),
    "target with a space": (400, post(HOST, target=b"/a b")),
    "two spaces": (400, post(HOST, target=b" /v1/challenges")),
    "tab for a space": (400, post(HOST).replace(b"POST ", b"POST\t")),
    "leading CRLF": (400, b"\r\n" + post(HOST)),
    "method with a bracket": (400, post(HOST).replace(b"POST", b"PO(T")),
    "no method": (400, post(HOST).replace(b"POST ", b" ")),
    "no version": (400, b"POST /v1/challenges\r\nHost: a\r\n\r\n"),
    "version 2.0": (505, post(HOST, version=b"HTTP/2.0")),
    "version 1.2": (None, post(HOST, version=b"HTTP/1.2")),
    "version in lower case": (400, post(HOST, version=b"http/1.1")),
    "version of two digits": (400, post(HOST, version=b"HTTP/1.10")),
    "TLS to a plain port": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64)),
    "expects the unknown": (417, post(HOST, b"Expect: 200-maybe")),
    "65 headers": (431, post(HOST, *[b"X-%d: y" % i for i in range(64)])),
    "head too large": (431, post(HOST, b"X: " + b"y" * 17000)),
}


CHUNKED = b"Transfer-Encoding: chunked"


def chunks(body, *lines):
    return post(HOST, CHUNKED, *lines, length=False, body=body)


def get(target=b"/healthz", *lines, version=b"HTTP/1.1"):
    return b"\r\n".join([b"GET " + target + b" " + version, HOST, *lines]) + b"\r\n\r\n"


# What smuggling is made of: two readers that disagree about where a message ends. None: one of 400,
# 501 and 505.
HOSTILE.update({
    # --- lengths ---
    "length with a minus": (400, post(HOST, b"Content-Length: -2", length=False)),
    "length minus zero": (400, post(HOST, b"Content-Length: -0", length=False, body=b"")),
    "length with a fraction": (400, post(HOST, b"Content-Length: 2.0", length=False)),
    "length with an exponent": (400, post(HOST, b"Content-Length: 2e0", length=False)),
    "length with an underscore": (400, post(HOST, b"Content-Length: 0_2", length=False)),
    "length quoted": (400, post(HOST, b'Content-Length: "2"', length=False)),
    "length and a comma": (400, post(HOST, b"Content-Length: 2,", length=False)),
    "a comma and length": (400, post(HOST, b"Content-Length: ,2", length=False)),
    "length and a semicolon": (400, post(HOST, b"Content-Length: 2;", length=False)),
    "length and a space within": (400, post(HOST, b"Content-Length: 0 2", length=False)),
    "length and a tab within": (400, post(HOST, b"Content-Length: 0\t2", length=False)),
    "length and a vertical tab": (400, post(HOST, b"Content-Length: 2\x0b", length=False)),
    "length and a form feed": (400, post(HOST, b"Content-Length:\x0c2", length=False)),
    "length and NUL": (400, post(HOST, b"Content-Length: 2\0", length=False)),
    "length and a no-break space": (400, post(HOST, b"Content-Length: 2\xa0", length=False)),
    "length in letters": (400, post(HOST, b"Content-Length: two", length=False)),
    "length in other digits": (400, post(HOST, b"Content-Length: \xd9\xa2", length=False)),
    "length as two lists": (400, post(HOST, b"Content-Length: 2, 2", b"Content-Length: 2",
                                      length=False)),
    "length that wraps at 64 bits": (
        400, post(HOST, b"Content-Length: 18446744073709551618", length=False)),
    "length that wraps at 32 bits": (413, post(HOST, b"Content-Length: 4294967298", length=False)),
    "length in lower case twice": (400, post(HOST, b"content-length: 2")),
    "length before a space and colon": (400, post(HOST, b"Content-Length : 2", length=False)),
    "length after a line fold": (400, post(HOST, b"Content-Length:\r\n 2", length=False)),
    "length of a GET twice": (400, get(b"/healthz", b"Content-Length: 0", b"Content-Length: 0")),
    # --- transfer codings ---
    "chunked before the length": (400, post(HOST, CHUNKED, b"Content-Length: 2", length=False)),
    "chunked and a length of zero": (400, chunks(b"0\r\n\r\n", b"Content-Length: 0")),
    "identity": (None, post(HOST, b"Transfer-Encoding: identity")),
    "identity without length": (None, post(HOST, b"Transfer-Encoding: identity", length=False)),
    "chunked, identity": (None, post(HOST, b"Transfer-Encoding: chunked, identity", length=False)),
    "identity, chunked": (None, post(HOST, b"Transfer-Encoding: identity, chunked", length=False)),
    "identity and chunked lines": (None, post(HOST, b"Transfer-Encoding: identity", CHUNKED,
                                              length=False)),
    "chunked and identity lines": (None, post(HOST, CHUNKED, b"Transfer-Encoding: identity",
                                              length=False)),
    "a coding that is none": (None, post(HOST, b"Transfer-Encoding: xchunked", length=False)),
    "chunked with an x": (None, post(HOST, b"Transfer-Encoding: chunkedx", length=False)),
    "chunked and a comma": (None, post(HOST, b"Transfer-Encoding: chunked,", length=False)),
    "a comma and chunked": (None, post(HOST, b"Transfer-Encoding: ,chunked", length=False)),
    "chunked with a parameter": (None, post(HOST, b"Transfer-Encoding: chunked;q=1", length=False)),
    "chunked and NUL": (400, post(HOST, b"Transfer-Encoding: chunked\0", length=False)),
    "chunked in two words": (None, post(HOST, b"Transfer-Encoding: chun ked", length=False)),
    "chunked behind a no-break space": (None, post(HOST, b"Transfer-Encoding: \xa0chunked",
                                                   length=False)),
    "no coding": (400, post(HOST, b"Transfer-Encoding:", length=False)),
    "coding before a space and colon": (400, post(HOST, b"Transfer-Encoding : chunked",
                                                  length=False)),
    "coding before a tab and colon": (400, post(HOST, b"Transfer-Encoding\t: chunked",
                                                length=False)),
    "coding after a line fold": (400, post(HOST, b"Transfer-Encoding:\r\n chunked",
                                           length=False)),
    "coding behind a bare LF": (400, post(HOST, b"X: y\nTransfer-Encoding: chunked")),
    "coding behind a bare CR": (400, post(HOST, b"X: y\rTransfer-Encoding: chunked")),
    "coding behind a NUL": (400, post(HOST, b"X: y\0Transfer-Encoding: chunked")),
    "coding with a space before": (400, b"POST /v1/challenges HTTP/1.1\r\n" + HOST
                                   + b"\r\n Transfer-Encoding: chunked\r\n\r\n"),
    "coding with a high byte": (400, post(HOST, b"Transfer-Encoding\xff: chunked", length=False)),
    "coding of a GET and a length": (400, get(b"/healthz", CHUNKED, b"Content-Length: 0")),
    "coding on 1.0 with a length": (400, post(HOST, CHUNKED, version=b"HTTP/1.0")),
    # --- chunks ---
    "chunk size empty": (400, chunks(b"\r\n{}\r\n0\r\n\r\n")),
    "chunk size with 0x": (400, chunks(b"0x2\r\n{}\r\n0\r\n\r\n")),
    "chunk size with a minus": (400, chunks(b"-2\r\n{}\r\n0\r\n\r\n")),
    "chunk size after a space": (400, chunks(b" 2\r\n{}\r\n0\r\n\r\n")),
    "chunk size before a space": (400, chunks(b"2 \r\n{}\r\n0\r\n\r\n")),
    "chunk size before a tab": (400, chunks(b"2\t\r\n{}\r\n0\r\n\r\n")),
    "chunk size with an underscore": (400, chunks(b"0_2\r\n{}\r\n0\r\n\r\n")),
    "chunk size before NUL": (400, chunks(b"2\0\r\n{}\r\n0\r\n\r\n")),
    "chunk size that wraps": (400, chunks(b"10000000000000002\r\n{}\r\n0\r\n\r\n")),
    "chunk size and a bare CR": (400, chunks(b"2\r{}\r\n0\r\n\r\n")),
    "chunk size and two CRs": (400, chunks(b"2\r\r\n{}\r\n0\r\n\r\n")),
    "chunk size and LF alone": (400, chunks(b"2\n{}\r\n0\r\n\r\n")),
    "chunk data and LF alone": (400, chunks(b"2\r\n{}\n0\r\n\r\n")),
    "chunk data longer than said": (400, chunks(b"1\r\n{}\r\n0\r\n\r\n")),
    "last chunk and LF alone": (400, chunks(b"2\r\n{}\r\n0\n\n")),
    "end of the trailers by LF": (400, chunks(b"2\r\n{}\r\n0\r\n\n")),
    "extension with a bare LF": (400, chunks(b"2;a\n{}\r\n0\r\n\r\n")),
    "extension with a bare CR": (400, chunks(b"2;a\rb\r\n{}\r\n0\r\n\r\n")),
    "extension without a name": (400, chunks(b"2;\r\n{}\r\n0\r\n\r\n")),
    "extension with a quote that stays open": (400, chunks(b'2;a="\r\n{}\r\n0\r\n\r\n')),
    "extension with a quoted line break": (400, chunks(b'2;a="\r\n"\r\n{}\r\n0\r\n\r\n')),
    "extension after a space": (400, chunks(b"2; a\r\n{}\r\n0\r\n\r\n")),
    "extension with NUL": (400, chunks(b"2;a\0\r\n{}\r\n0\r\n\r\n")),
    "a trailer that is none": (400, chunks(b"2\r\n{}\r\n0\r\nGET / HTTP/1.1\r\n\r\n")),
    "a trailer with NUL": (400, chunks(b"2\r\n{}\r\n0\r\nA: \0\r\n\r\n")),
    "a trailer with a bare LF": (400, chunks(b"2\r\n{}\r\n0\r\nA: b\n\r\n")),
    "a trailer with a space before the colon": (400, chunks(b"2\r\n{}\r\n0\r\nA : b\r\n\r\n")),
    "chunks where none were said": (400, post(HOST, b"Content-Length: x", length=False,
                                              body=b"2\r\n{}\r\n0\r\n\r\n")),
    # --- lines and names ---
    "CR at the end of a value": (400, post(HOST, b"X: a\r")),
    "LF before CRLF": (400, post(HOST, b"X: a\n")),
    "an escape in a value": (400, post(HOST, b"X: a\x1b[0m")),
    "DEL in a value": (400, post(HOST, b"X: a\x7f")),
    "DEL in a name": (400, post(HOST, b"X\x7f: a")),
    "name in brackets": (400, post(HOST, b"(X): a")),
    "name quoted": (400, post(HOST, b'"X": a')),
    "name with a space within": (400, post(HOST, b"X Y: a")),
    "name with a tab within": (400, post(HOST, b"X\tY: a")),
    "name with NUL": (400, post(HOST, b"X\0: a")),
    "name with a comma": (400, post(HOST, b"X,Y: a")),
    "name with an at": (400, post(HOST, b"X@Y: a")),
    "a line of a colon": (400, post(HOST, b":")),
    "a line of spaces": (400, post(HOST, b"   ")),
    "a first line that is folded": (400, b"POST /v1/challenges HTTP/1.1\r\n\tHost: a\r\n\r\n"),
    # --- Host ---
    "Host twice in two cases": (400, post(HOST, b"hOST: attestd.example")),
    "Host as a list": (400, post(b"Host: a, b")),
    "Host with a space": (400, post(b"Host: a b")),
    "Host with a query": (400, post(b"Host: a?b")),
    "Host with a fragment": (400, post(b"Host: a#b")),
    "Host with a backslash": (400, post(b"Host: a\\b")),
    "Host with NUL": (400, post(b"Host: a\0b")),
    "Host with a port of letters": (400, post(b"Host: a:b")),
    "Host with two ports": (400, post(b"Host: a:1:2")),
    "Host before a space and colon": (400, post(b"Host : a")),
    # --- the request line ---
    "a space at its end": (400, post(HOST).replace(b"HTTP/1.1\r", b"HTTP/1.1 \r")),
    "two spaces before the version": (400, post(HOST).replace(b" HTTP/", b"  HTTP/")),
    "a tab before the version": (400, post(HOST).replace(b" HTTP/", b"\tHTTP/")),
    "NUL in the target": (400, post(HOST, target=b"/a\0b")),
    "DEL in the target": (400, post(HOST, target=b"/a\x7fb")),
    "a high byte in the target": (400, post(HOST, target=b"/a\xff")),
    "an https target": (400, post(HOST, target=b"https://attestd.example/")),
    "version 1.01": (400, post(HOST, version=b"HTTP/1.01")),
    "version with a sign": (400, post(HOST, version=b"HTTP/+1.1")),
    "version of letters": (400, post(HOST, version=b"HTTP/x.y")),
    "version 3.0": (505, post(HOST, version=b"HTTP/3.0")),
    "another protocol": (400, post(HOST, version=b"ICAP/1.1")),
    "the preface of HTTP/2": (None, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "method with NUL": (400, post(HOST).replace(b"POST", b"PO\0T")),
    "method with a high byte": (400, post(HOST).replace(b"POST", b"POS\xd4")),
    "a PROXY header, version 1": (400, b"PROXY TCP4 6.6.6.6 127.0.0.1 1 2\r\n" + post(HOST)),
    "a PROXY header, version 2": (400, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12)
                                  + post(HOST)),
    "an answer": (None, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    "LF before all": (400, b"\n" + post(HOST)),
    "two CRLFs before all": (400, b"\r\n\r\n" + post(HOST)),
    "a byte order mark": (400, b"\xef\xbb\xbf" + post(HOST)),
    "two DPoP proofs": (400, post(HOST, b"DPoP: a", b"DPoP: b")),
    "two Expects": (400, post(HOST, b"Expect: 100-continue", b"Expect: 100-continue")),
    "Connection with a control": (400, post(HOST, b"Connection: close\x01")),
    "Connection with a bracket": (400, post(HOST, b"Connection: (close)")),
})


GOOD = {
    "plain": post(HOST, b"Content-Type: application/json"),
    "chunked": post(HOST, b"Transfer-Encoding: chunked", length=False,
                    body=b"1\r\n{\r\n1;a=b\r\n}\r\n0\r\nX: trailer\r\n\r\n"),
    "chunked in capitals": post(HOST, b"Transfer-Encoding: CHUNKED", length=False,
                                body=b"00000002\r\n{}\r\n0\r\n\r\n"),
    "obs-text in a value": post(HOST, b"X: caf\xe9"),
    "empty value": post(HOST, b"X:"),
    "spaces round a value": post(HOST, b"X: \t y \t"),
    "IPv6 Host": post(b"Host: [::1]:8101"),
    "64 headers": post(HOST, *[b"X-%d: y" % i for i in range(62)]),
    "close": post(HOST, b"Connection: close"),
}


def segmentations(data, rng):
    yield "whole", [data]
    yield "byte by byte", [data[i:i + 1] for i in range(len(data))]
    cuts = sorted(rng.sample(range(1, len(data)), min(5, len(data) - 1)))
    yield "random", [data[a:b] for a, b in zip([0] + cuts, cuts + [len(data)])]


class Talk:
    """One connection; answers() reads until it closes or is quiet."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, parts):
        try:
            for part in parts:
                self.socket.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before the end: the answer is there to be read

    def answers(self, quiet=None):
        """(list of status codes, whether it closed)"""
        self.socket.settimeout(quiet or 60)
        data = b""
        try:
            while True:
                more = self.socket.recv(65536)
                if not more:
                    return self._codes(data), True
                data += more
        except socket.timeout:
            return self._codes(data), False
        except (ConnectionResetError, ssl.SSLError):  # closed without TLS's own word for it
            return self._codes(data), True

    def has_answer(self):
        return bool(select.select([self.socket], [], [], 0)[0])

    @staticmethod
    def _codes(data):
        return [int(part.split(b" ", 1)[0]) for part in data.split(b"HTTP/1.1 ")[1:]]

    def close(self):
        self.socket.close()
