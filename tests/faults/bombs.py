"""bombs: requests that are to cost a daemon more than they weigh, each with a harmless one like it.

A bomb is (name, what is sent, codes that it may be answered with, what is sent within the limits). The
limits are the defaults of deploy/attestd.conf.
"""
import json
import socket

HEAD_BYTES, BODY_BYTES, HEADERS = 16384, 65536, 64
DEEP, REFUSED = 30000, (400,)
HOST = b"Host: a"


def post(body, *lines, target=b"/v1/challenges", length=None):
    return b"\r\n".join([b"POST " + target + b" HTTP/1.1", HOST, b"Content-Type: application/json",
                         b"Content-Length: %d" % (len(body) if length is None else length),
                         *lines]) + b"\r\n\r\n" + body


def get(*lines, target=b"/healthz"):
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", HOST, *lines]) + b"\r\n\r\n"


def chunked(*chunks):
    return (b"POST /v1/challenges HTTP/1.1\r\n" + HOST + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks) + b"0\r\n\r\n")


def member(value):
    """A request for a challenge, but for one member."""
    return post(b'{"client_id":"a","build":"%s","jkt":%s}' % (b"ab" * 20, value))


JKT = b'"' + b"A" * 43 + b'"'
GOOD = member(JKT)
SPACES = post(b" " * (BODY_BYTES - 200) + b'{"client_id":"a","build":"%s","jkt":%s}'
              % (b"ab" * 20, JKT))


def keys(count, name):
    return b"{" + b",".join(b'"%s":0' % (name % n) for n in range(count)) + b"}"


BOMBS = {
    "headers": [
        ("many", get(*[b"X-%d: y" % n for n in range(HEADERS + 1)]), (431,),
         get(*[b"X-%d: y" % n for n in range(HEADERS - 1)])),
        ("very many", get(*[b"a:"] * 4000), (431,), get(*[b"a:"] * 60)),
        ("the same", get(*[b"X: y"] * 3000), (431,), get(*[b"X: y"] * 60)),
        ("a long value", get(b"X: " + b"y" * HEAD_BYTES), (431,), get(b"X: " + b"y" * 16000)),
        ("a long name", get(b"x" * HEAD_BYTES + b": y"), (431,), get(b"x" * 1000 + b": y")),
        ("folded lines", get(b"X: y" + b"\r\n y" * 4000), REFUSED, get(b"X: y y y")),
        ("spaces", get(b"X:" + b" " * 20000 + b"y"), (431,), get(b"X:" + b" " * 1000 + b"y")),
        ("commas in Connection", get(b"Connection: " + b"a," * 9000), (431, 400),
         get(b"Connection: a, b")),
        ("trailers", chunked(b"{}").replace(b"0\r\n\r\n", b"0\r\n" + b"a: b\r\n" * 5000 + b"\r\n"),
         (400, 431, 413), GOOD),
    ],
    "json": [
        ("deep arrays", member(b"[" * DEEP + b"]" * DEEP), REFUSED, GOOD),
        ("deep objects", member(b'{"a":' * (DEEP // 3) + b"0" + b"}" * (DEEP // 3)), REFUSED, GOOD),
        ("open arrays", post(b"[" * 60000), REFUSED, GOOD),
        ("many keys", post(keys(5000, b"k%d")), REFUSED, GOOD),
        ("one key many times", post(b"{" + b",".join([b'"jkt":0'] * 7000) + b"}"), REFUSED, GOOD),
        ("many elements", member(b"[" + b",".join([b"0"] * 30000) + b"]"), REFUSED, GOOD),
        ("a long text", member(b'"' + b"A" * 60000 + b'"'), REFUSED, SPACES),
        ("many escapes", member(b'"' + b"\\u0041" * 10000 + b'"'), REFUSED, GOOD),
        ("lone surrogates", member(b'"' + b"\\ud800" * 10000 + b'"'), REFUSED, GOOD),
        ("a long number", member(b"1" * 60000), REFUSED, GOOD),
        ("a large exponent", member(b"1e999999999"), REFUSED, GOOD),
        ("a small fraction", member(b"0." + b"0" * 60000 + b"1"), REFUSED, GOOD),
        ("white space alone", post(b" " * 65000), REFUSED, SPACES),
        ("zeros", post(bytes(65000)), REFUSED, GOOD),
    ],
    "oversized": [
        ("a body", post(b"x" * (BODY_BYTES + 1)), (413,), SPACES),
        ("a body that is only said", post(b"", length=10 ** 15), (413,), GOOD),
        ("a length that wraps", post(b"", length=2 ** 64 + 2), (413, 400), GOOD),
        ("chunks", chunked(*[b" " * 4096] * 17), (413,), GOOD),
        ("tiny chunks", chunked(*[b" "] * 60000), (413, 400), GOOD),
        ("a chunk that is only said", chunked(b"{}").replace(b"2\r\n{}", b"fffffffffff\r\n{}"),
         (413, 400), GOOD),
        ("a chunk's extension", chunked(b"{}").replace(b"2\r\n", b"2;" + b"x" * 50000 + b"\r\n", 1),
         (400, 413, 431), GOOD),
        ("a target", get(target=b"/" + b"a" * HEAD_BYTES), (431, 414), get()),
        ("a query", get(target=b"/healthz?" + b"a=b&" * 5000), (431, 414), get(target=b"/healthz?a=b")),
        ("a client id", post(json.dumps({"client_id": "a" * 60000, "build": "ab" * 20,
                                         "jkt": "A" * 43}).encode()), REFUSED, GOOD),
        ("a build", post(json.dumps({"client_id": "a", "build": "ab" * 30000,
                                     "jkt": "A" * 43}).encode()), REFUSED, GOOD),
        ("evidence", post(json.dumps({"challenge": "A" * 43, "jwk": {}, "evidence": [
            {"id": 1, "digest": "A" * 43}] * 900}).encode(), target=b"/v1/attestations"), REFUSED,
         GOOD),
        ("a method", b"X" * HEAD_BYTES + b" / HTTP/1.1\r\n\r\n", (431, 400, 501), get()),
    ],
}


def answer(port, data):
    """The code of the first answer; None if there was none."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as s:
        try:
            s.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before the end: the answer is there to be read
        try:
            text = s.recv(65536)
        except ConnectionResetError:
            return None
    return int(text.split(b" ", 2)[1]) if text.startswith(b"HTTP/1.1 ") else None


def refuse_all(target, bombs, times):
    """(what was not refused, how many were sent, how many of the harmless ones were not refused)"""
    wrong, tried, harmless = [], 0, 0
    for name, bomb, codes, like_it in bombs:
        for _ in range(times):
            code = answer(target.attestd.port, bomb)
            tried += 1
            if code not in codes:
                wrong.append("%s: %s" % (name, code))
        code = answer(target.attestd.port, like_it)
        harmless += code not in codes and code is not None
    return wrong, tried, harmless
