"""http_streams: streams of HTTP requests from a seed: mostly good ones, and here and there what parsers
have disagreed about."""

METHODS = [b"GET", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"HEAD"]
ODD_METHODS = [b"get", b"BREW", b"POST\x00", b"PO ST", b"", b"M-SEARCH", b"PRI", b"CONNECT", b"TRACE",
               b"G!E#T$"]
TARGETS = [b"/", b"/token", b"/a/b?c=d&e=%20", b"/?", b"/a?b?c", b"/%00", b"/~a;b=c", b"/a//b",
           b"/a?x=/../y", b"/!$&'()*+,;=:@"]
ODD_TARGETS = [b"*", b"a", b"http://a/", b"/a b", b"/a#b", b"/a\tb", b"/\xff", b"/a\\b", b"/<>\"{}|^`",
               b"/[]", b"//a", b"", b"/\x7f", b"/a\x00"]
VERSIONS = [b"HTTP/1.1"] * 12 + [b"HTTP/1.0"]
ODD_VERSIONS = [b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9", b"http/1.1", b"HTTP/1.10", b"HTTP/01.1", b"",
                b"ICE/1.0", b"RTSP/1.0", b"HTTP/1,1", b"HTTP/1.1 "]
HEADERS = [(b"Accept", b"*/*"), (b"X-Empty", b""), (b"User-Agent", b"a (b; c) d/1.0"),
           (b"Content-Type", b"application/json"), (b"Cookie", b"a=b; c=\"d\""), (b"X", b"caf\xe9"),
           (b"X-Tab", b"a\tb"), (b"Connection", b"keep-alive"), (b"Connection", b"close"),
           (b"Connection", b"Keep-Alive, X"), (b"Connection", b"x, CLOSE"), (b"Expect", b"100-continue"),
           (b"TE", b"trailers"), (b"X!#$%&'*+-.^_`|~9", b"1"), (b"Authorization", b"Basic YTpi"),
           (b"Range", b"bytes=0-1"), (b"Keep-Alive", b"timeout=5"), (b"Content-Lengt", b"7"),
           (b"Content-Length-", b"7"), (b"XContent-Length", b"7"), (b"Transfer-Encodin", b"chunked"),
           (b"X-Transfer-Encoding", b"chunked")]
ODD_HEADERS = [(b"X ", b"a"), (b"X\t", b"a"), (b" X", b"a"), (b"", b"a"), (b"X\x00", b"a"), (b"X", b"a\x00b"),
               (b"X", b"a\rb"), (b"X", b"a\nb"), (b"X", b"a\r\n b"), (b"X", b"a\r\n\tb"), (b"X\xff", b"a"),
               (b"X(", b"a"), (b"X", b"\x01"), (b"X", b"\x7f"), (b"Host", b"b"), (b"Upgrade", b"x"),
               (b"Proxy-Connection", b"close"), (b"Expect", b"x"), (b"Connection", b"upgrade"),
               (b"Connection", b"close, keep-alive"), (b"Connection", b"Transfer-Encoding"),
               (b"Connection", b"close\x0b"), (b"Connection", b""), (b"Connection", b",close"),
               (b"Sec-WebSocket-Key", b"a"), (b"HTTP2-Settings", b"a")]
ODD_LENGTHS = [b"+%d", b"-%d", b"0x%d", b"%d, %d", b"%d,", b" %d ", b"\t%d", b"0%d", b"000000000000000000%d",
               b"%d\x0b", b"\x0c%d", b"%d a", b"%d.0", b"%de0", b"1844674407370955161%d", b"429496729%d",
               b"%d;a", b"\"%d\"", b"%d\x00", b""]
ODD_CODINGS = [b"chunked, chunked", b"gzip, chunked", b"chunked, gzip", b"identity", b"identity, chunked",
               b"xchunked", b"chunkedx", b"chunked;q=1", b"\"chunked\"", b"chunked,", b",chunked", b"chun ked",
               b"\x0bchunked", b"chunked\x0b", b"chunked\x00", b"\xa0chunked", b"", b"CHUNKED", b" chunked ",
               b"\tchunked", b"Chunked\t"]
ODD_ENDS = [b"\n", b"\r", b"\r\r\n", b"\n\r", b" \r\n", b"\x0b\r\n", b"\x85\r\n"]
BODIES = [b"", b"{}", b"a=b", b"GET / HTTP/1.1\r\nHost: s\r\n\r\n", b"0\r\n\r\n", b"\r\n", b"\x00\xff" * 9,
          b"x" * 300]


def rarely(rng, often):
    """The odd thing happens in one of so many places; most streams have none."""
    return rng.random() < 1 / often


class Writer:
    def __init__(self, rng):
        self.rng = rng
        # Half of the streams are good from end to end.
        self.odds = 10 ** 9 if rng.random() < 0.5 else rng.choice([8, 30, 60])

    def odd(self):
        return rarely(self.rng, self.odds)

    def pick(self, usual, odd):
        return self.rng.choice(odd if self.odd() else usual)

    def end(self):
        return self.pick([b"\r\n"], ODD_ENDS)

    def header(self, name, value):
        name = self.rng.choice([name, name, name, name.lower(), name.upper()])
        before = self.rng.choice([b"", b" ", b" ", b" ", b"\t", b"  "])
        return name + (b" " if self.odd() else b"") + b":" + before + value + self.end()

    def size(self, n):
        text = b"%x" % n
        if self.rng.random() < 0.3:
            text = b"0" * self.rng.randint(0, 7 - len(text)) + text
        if self.odd():
            text = self.rng.choice([b"+", b"-", b"0x", b" ", b"", b"\t", b"_"]) + text + self.rng.choice(
                [b"", b" ", b"\t", b"\x00", b"_", b"g", b"\x0b"])
        extension = b""
        if self.rng.random() < 0.15:
            extension = self.rng.choice([b";a", b";a=b", b";a=\"b c\"", b";a=b;c"])
        elif self.odd():
            extension = self.rng.choice([b";", b";\n", b"; a", b";a=\"", b" ;a", b";a\rb", b";a\x00", b"a", b";=b",
                                         b";a=\"\n\"", b";\xff"])
        return self.rng.choice([text, text.upper()]) + extension + self.end()

    def chunked(self, body):
        out, at = [], 0
        while at < len(body):
            n = self.rng.randint(1, len(body) - at)
            said = max(1, n + self.rng.choice([-1, 1])) if self.odd() else n
            out.append(self.size(said) + body[at:at + n] + self.end())
            at += n
        out.append(self.size(0))
        if self.rng.random() < 0.1:
            out.append(self.header(*self.pick([(b"X", b"trailer"), (b"Y", b"")],
                                              [(b"Content-Length", b"9"), (b"Transfer-Encoding", b"chunked"),
                                               (b"X ", b"a"), (b" X", b"a"), (b"X", b"\x00")])))
        return b"".join(out) + self.end()

    def length(self, n):
        if not self.odd():
            return b"%d" % n
        text = self.rng.choice(ODD_LENGTHS)
        return text.replace(b"%d", b"%d" % n)

    def framing(self, body):
        """(the headers that say where the body ends, the body as it is sent)"""
        way = self.rng.choice(["length", "length", "chunked", "chunked", "none"])
        if way == "length":
            return [(b"Content-Length", self.length(len(body)))], body
        if way == "none":
            return [], body if self.odd() else b""
        return [(b"Transfer-Encoding", self.pick([b"chunked", b"Chunked"], ODD_CODINGS))], self.chunked(body)

    def request(self):
        lines, sent = self.framing(self.rng.choice(BODIES))
        if self.odd():
            extra, _ = self.framing(self.rng.choice(BODIES))
            lines += extra
        lines += [self.rng.choice(HEADERS) for _ in range(self.rng.randint(0, 3))]
        if self.odd():
            lines.append(self.rng.choice(ODD_HEADERS))
        self.rng.shuffle(lines)
        if not self.odd():
            lines.insert(0, (b"Host", self.pick([b"a", b"a.example:80", b"[::1]:8"], [b"", b"a/b", b"a b", b"u@a"])))
        line = b" ".join([self.pick(METHODS, ODD_METHODS), self.pick(TARGETS, ODD_TARGETS),
                          self.pick(VERSIONS, ODD_VERSIONS)])
        before = self.rng.choice([b"\r\n", b"\n", b" ", b"\x00"]) if self.odd() else b""
        return (before + line + self.end() + b"".join(self.header(*h) for h in lines) + self.end() + sent)

    def stream(self):
        data = b"".join(self.request() for _ in range(self.rng.randint(1, 4)))
        if self.odd():
            data = data[:self.rng.randint(1, len(data))]
        while self.odd():
            at = self.rng.randrange(len(data))
            byte = bytes([self.rng.choice([0, 9, 10, 11, 13, 32, 44, 48, 58, 59, 127, 128, 255])])
            data = data[:at] + byte + data[at + self.rng.randint(0, 1):]
        return data


def stream(rng):
    return Writer(rng).stream()
