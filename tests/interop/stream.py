"""A bare XMPP client on asyncio: no library stands between the test and the stream."""
import asyncio
import base64
import socket
import time
import xml.etree.ElementTree as ElementTree

from server import DOMAIN, PASSWORD, PATIENCE

CLIENT = "{jabber:client}"
STREAM = "{http://etherx.jabber.org/streams}"
SASL = "{urn:ietf:params:xml:ns:xmpp-sasl}"
SM = "{urn:xmpp:sm:3}"
MAM = "{urn:xmpp:mam:2}"
RSM = "{http://jabber.org/protocol/rsm}"
HEADER = (f"<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
          f"xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='{DOMAIN}'>")


class Lost(Exception):
    """The connection ended."""


class Stream:
    """One connection. Elements come in order from next()."""

    def __init__(self, local, resource):
        self.local, self.resource = local, resource
        self.bare = f"{local}@{DOMAIN}"
        self.reader = self.writer = None
        self.elements = []

    async def connect(self, port):
        """To the port, or on a socket that is connected already."""
        where = {"sock": port} if isinstance(port, socket.socket) else {"host": "127.0.0.1", "port": port}
        self.reader, self.writer = await asyncio.open_connection(**where)
        await self.open()
        token = base64.b64encode(f"\0{self.local}\0{PASSWORD}".encode()).decode()
        self.send(f"<auth xmlns='{SASL[1:-1]}' mechanism='PLAIN'>{token}</auth>")
        await self.expect(f"{SASL}success")
        await self.open()

    async def open(self):
        self.parser = ElementTree.XMLPullParser(("start", "end"))
        self.depth = 0
        self.send(HEADER)
        await self.expect(f"{STREAM}features")

    async def bind(self):
        self.send(f"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
                  f"<resource>{self.resource}</resource></bind></iq>")
        await self.expect(f"{CLIENT}iq")

    def send(self, text):
        self.writer.write(text.encode())

    async def next(self):
        while not self.elements:
            try:
                data = await asyncio.wait_for(self.reader.read(65536), PATIENCE)
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                raise Lost from error
            if not data:
                raise Lost
            self.parser.feed(data)
            self.collect()
        return self.elements.pop(0)

    def collect(self):
        for event, element in self.parser.read_events():
            self.depth += 1 if event == "start" else -1
            if event == "start" and self.depth == 1:
                self.root = element
            if event == "end" and self.depth == 1:
                self.root.remove(element)
                self.elements.append(element)

    async def expect(self, tag):
        element = await self.next()
        if element.tag != tag:
            raise AssertionError(f"{self.local} waited for {tag} and got {ElementTree.tostring(element).decode()}")
        return element

    def cut(self):
        if self.writer is not None:
            self.writer.transport.abort()


async def archive(stream):
    """Every body in the account's archive, oldest first, with the archive's ids."""
    bodies, ids, after = [], [], ""
    while True:
        page = f"<set xmlns='{RSM[1:-1]}'><max>250</max>{after}</set>"
        stream.send(f"<iq type='set' id='page'><query xmlns='{MAM[1:-1]}'>{page}</query></iq>")
        while (element := await stream.next()).tag != f"{CLIENT}iq":
            result = element.find(f"{MAM}result")
            if result is None:
                continue
            ids.append(result.get("id"))
            bodies.append(result.find(f".//{CLIENT}body").text)
        fin = element.find(f"{MAM}fin")
        if fin is None:
            raise AssertionError(f"no <fin/>: {ElementTree.tostring(element).decode()}")
        if fin.get("complete") == "true":
            return bodies, ids
        after = f"<after>{fin.find(f'{RSM}set/{RSM}last').text}</after>"


async def drain(stream):
    """Every body in the offline store: up to our own note, which queues behind it."""
    stream.send("<presence/>")
    stream.send(f"<message type='chat' to='{stream.bare}'><body>end</body></message>")
    bodies = []
    while (body := (await stream.next()).findtext(f"{CLIENT}body")) != "end":
        if body is not None:
            bodies.append(body)
    return bodies


async def until(condition, what):
    """Waits for something that no stream tells."""
    for _ in range(int(PATIENCE / 0.05)):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"still not: {what}")


class Dialogue:
    """Two who answer each other over the whole of an overload: every line arrives, once and in order."""

    def __init__(self):
        self.streams = Stream("romeo", "orchard"), Stream("juliet", "balcony")
        self.times = []

    async def begin(self, port):
        for stream in self.streams:
            await stream.connect(port)
            await stream.bind()

    async def go_on(self, rounds):
        for _ in range(rounds):
            number, began = str(len(self.times) + 1), time.monotonic()
            for speaker, listener in (self.streams, self.streams[::-1]):
                speaker.send(f"<message type='chat' to='{listener.bare}/{listener.resource}'><body>{number}</body></message>")
                heard = (await listener.expect(f"{CLIENT}message")).findtext(f"{CLIENT}body")
                if heard != number:
                    raise AssertionError(f"{listener.local} heard {heard} and not {number}")
            self.times.append(time.monotonic() - began)

    def summary(self):
        """Of both ways."""
        times = sorted(self.times)
        return (f"{len(times)} round trips of others meanwhile, p99 {times[len(times) * 99 // 100] * 1000:.0f} ms, "
                f"longest {times[-1] * 1000:.0f} ms")

    def end(self):
        for stream in self.streams:
            stream.cut()
