"""link: a TCP proxy that is late, cuts and drops like a network, and not like a socket buffer.

What is on its way when a machine dies is gone with it; what is on its way into a partition
arrives after it. Who is late and who is cut off goes by the address that a connection comes from.
"""
import asyncio
import socket
import threading


class Network:
    """The loop, in a thread of its own, that all links of one run live on."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def link(self, port, delay):
        """A link to 127.0.0.1:port; delay(source) says by how many seconds it is late."""
        link = Link(self, port, delay)
        self.run(link.open())
        return link

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


class Half(asyncio.Protocol):
    """One end of a connection; what it reads comes out at the other end, later."""

    def __init__(self, pair):
        self.pair, self.other, self.transport = pair, None, None
        self.early = []  # what came before the other end was there

    def connection_made(self, transport):
        self.transport = transport
        self.pair.made(self)

    def data_received(self, data):
        self.pair.carry(self, data)

    def eof_received(self):
        self.pair.carry(self, None)
        return True

    def connection_lost(self, _):
        self.pair.carry(self, None)


class Pair:
    """A connection through the link."""

    def __init__(self, link):
        self.link, self.source, self.near, self.far = link, None, None, None
        self.held, self.dead = [], False

    def made(self, half):
        if self.near is not None:
            return
        self.near = half
        self.source = half.transport.get_extra_info("peername")[0]
        self.link.pairs.add(self)
        self.link.network.loop.create_task(self.connect())

    async def connect(self):
        try:
            while self.link.is_cut(self.source) and not self.dead:
                await asyncio.sleep(0.01)
            _, far = await self.link.network.loop.create_connection(
                lambda: Half(self), "127.0.0.1", self.link.target)
        except OSError:
            self.die()
            return
        if self.dead:
            far.transport.abort()
            return
        self.far = far
        early, self.near.early = self.near.early, []
        for data in early:
            self.carry(self.near, data)

    def carry(self, half, data):
        if self.dead:
            return
        if self.far is None:
            self.near.early.append(data)
            return
        other = self.far if half is self.near else self.near
        delay = self.link.delay(self.source)
        if delay:
            self.link.network.loop.call_later(delay, self.arrive, other, data)
        else:
            self.arrive(other, data)

    def arrive(self, half, data):
        if self.dead:
            return
        if self.link.is_cut(self.source) or self.held:
            self.held.append((half, data))
        elif data is None or half.transport.is_closing():
            self.die()
        else:
            half.transport.write(data)

    def heal(self):
        held, self.held = self.held, []
        for half, data in held:
            self.arrive(half, data)

    def die(self):
        """At once, and with all that is on its way."""
        self.dead = True
        self.link.pairs.discard(self)
        for half in (self.near, self.far):
            if half is not None and half.transport is not None:
                half.transport.abort()


class Link:
    def __init__(self, network, target, delay):
        self.network, self.target, self.delay = network, target, delay
        self.pairs, self.cut = set(), lambda source: False
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]

    async def open(self):
        self.server = await self.network.loop.create_server(lambda: Half(Pair(self)), "127.0.0.1",
                                                            self.port, reuse_address=True)

    def is_cut(self, source):
        return self.cut(source)

    def partition(self, cut):
        """From now on nothing passes for whom cut(source) is true."""
        async def set_cut():
            self.cut = cut
        self.network.run(set_cut())

    def heal(self):
        async def uncut():
            self.cut = lambda source: False
            for pair in list(self.pairs):
                pair.heal()
        self.network.run(uncut())

    def sever(self):
        """All connections end, and what was on its way never arrives."""
        async def kill():
            for pair in list(self.pairs):
                pair.die()
        self.network.run(kill())
