"""What Exedra and a real server of another make owe each other's people, whoever that is: one scenario for every peer."""
import asyncio

from dnssec import Zone
from lab import CLIENT, TLSA, Exedra, Lab, Person, Prosody, certificate_key, until
from server import PATIENCE

MUC = "http://jabber.org/protocol/muc"
JINGLE, FILES = "urn:xmpp:jingle:1", "urn:xmpp:jingle:apps:file-transfer:5"


async def chat(speaker, listener, name):
    speaker.send(f"<message type='chat' to='{listener.bare}' id='{name}'><body>It is {name}</body></message>")
    heard = await listener.hear("message", id=name)
    assert heard.findtext(f"{CLIENT}body") == f"It is {name}" and heard.get("from").startswith(speaker.bare), heard.attrib


async def subscribe(one, other):
    one.send(f"<presence type='subscribe' to='{other.bare}'/>")
    await other.hear("presence", type="subscribe")
    other.send(f"<presence type='subscribed' to='{one.bare}'/>")
    await one.hear("presence", type="subscribed")
    while not (await one.hear("presence")).get("from").startswith(f"{other.bare}/"):
        pass


async def meet_in(host, guest):
    """In a room at the host's server."""
    room = f"balcony@conference.{host.peer.domain}"
    for person in (host, guest):
        person.send(f"<presence to='{room}/{person.local}'><x xmlns='{MUC}'/></presence>")
        await person.hear("presence", **{"from": f"{room}/{person.local}"})
        if person is host:
            host.send(f"<iq type='set' id='form' to='{room}'><query xmlns='{MUC}#owner'>"
                      "<x xmlns='jabber:x:data' type='submit'/></query></iq>")
            assert (await host.hear("iq", id="form")).get("type") == "result"
    for speaker, listener in ((host, guest), (guest, host)):
        speaker.send(f"<message type='groupchat' to='{room}' id='g-{speaker.local}'><body>Hear me</body></message>")
        heard = await listener.hear("message", type="groupchat", **{"from": f"{room}/{speaker.local}"})
        while heard.findtext(f"{CLIENT}body") != "Hear me":
            heard = await listener.hear("message", type="groupchat", **{"from": f"{room}/{speaker.local}"})
    guest.send(f"<presence type='unavailable' to='{room}/{guest.local}'/>")
    await host.hear("presence", type="unavailable", **{"from": f"{room}/{guest.local}"})


async def offer_file(sender, receiver):
    """XEP-0234 over XEP-0166: the offer arrives as it was made, and what the receiver says to it comes back."""
    to = f"{receiver.bare}/{receiver.resource}"
    sender.send(f"<iq type='set' id='offer' to='{to}'><jingle xmlns='{JINGLE}' action='session-initiate' sid='s1' "
                f"initiator='{sender.bare}/{sender.resource}'><content creator='initiator' name='a'>"
                f"<description xmlns='{FILES}'><file><name>moon.png</name><size>1024</size></file></description>"
                "<transport xmlns='urn:xmpp:jingle:transports:s5b:1' mode='tcp' sid='t1'/></content></jingle></iq>")
    heard = await receiver.hear("iq", type="set", id="offer")
    assert heard.findtext(f".//{{{FILES}}}name") == "moon.png", "what was offered"
    receiver.send(f"<iq type='result' id='offer' to='{heard.get('from')}'/>"
                  f"<iq type='set' id='no' to='{heard.get('from')}'><jingle xmlns='{JINGLE}' action='session-terminate' sid='s1'>"
                  "<reason><decline/></reason></jingle></iq>")
    assert (await sender.hear("iq", id="offer")).get("type") == "result"
    declined = await sender.hear("iq", type="set", id="no")
    assert declined.find(f".//{{{JINGLE}}}decline") is not None
    sender.send(f"<iq type='result' id='no' to='{to}'/>")


async def leave(person):
    person.send("<presence type='unavailable'/></stream:stream>")
    while await asyncio.wait_for(person.reader.read(65536), PATIENCE):
        pass


async def write_to_who_is_away(speaker, peer):
    """Stored at the far side, and there when he comes."""
    away = await peer.person("away")
    await leave(away)
    speaker.send(f"<message type='chat' to='{away.bare}' id='stored'><body>Read me</body></message>")
    await ask(speaker, peer.domain)  # in order behind it
    back = Person(peer, "away")
    await back.arrive()
    assert (await back.hear("message", id="stored")).findtext(f"{CLIENT}body") == "Read me"


async def ask(person, domain):
    person.send(f"<iq type='get' id='far' to='{domain}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>")
    assert (await person.hear("iq", id="far")).get("type") == "result"


async def talk(romeo, juliet):
    """All that two people do. Romeo's server is ours."""
    await chat(romeo, juliet, "out")
    await chat(juliet, romeo, "in")
    await subscribe(romeo, juliet)
    await subscribe(juliet, romeo)
    await ask(romeo, juliet.peer.domain)
    await ask(juliet, romeo.peer.domain)
    await meet_in(romeo, juliet)
    await meet_in(juliet, romeo)
    await offer_file(romeo, juliet)
    await offer_file(juliet, romeo)
    await write_to_who_is_away(romeo, juliet.peer)
    await write_to_who_is_away(juliet, romeo.peer)
    romeo.send("<message type='chat' to='x@nowhere.example' id='n'><body>?</body></message>")
    assert (await romeo.hear("message", id="n")).get("type") == "error"


async def come_back(peer, romeo):
    """What is said while the peer is away arrives when it is back."""
    links = lambda: romeo.peer.log().count(f"federation_out local={romeo.peer.domain} remote={peer.domain} ")
    before = links()
    peer.stop()
    romeo.send(f"<message type='chat' to='juliet@{peer.domain}' id='late'><body>It is late</body></message>")
    peer.start()
    await until(lambda: links() > before, "the peer is reached again")
    await ask(romeo, peer.domain)  # behind it: the peer has it stored, and isn't about to while she comes
    juliet = Person(peer, "juliet")
    await juliet.arrive()
    assert (await juliet.hear("message", id="late")).findtext(f"{CLIENT}body") == "It is late"
    nurse = await peer.person("nurse")
    await chat(nurse, romeo, "returned")


class Meeting:
    """Our server at verona.example and another's at mantua.example; on failure both logs are shown."""

    def __init__(self, kind, valid=False, direct=False, ours=None, theirs=None, encrypted=True, asks=None,
                 before=lambda meeting: None):
        self.kind, self.direct, self.before = kind, direct, before
        self.options = ({"valid": valid, "certificate": ours}, {"valid": asks if asks is not None else valid,
                                                               "certificate": theirs, "encrypted": encrypted})

    def __enter__(self):
        self.lab = Lab().__enter__()
        for name, (domains, signer, days) in CERTIFICATES.items():
            self.lab.authority.issue(name, domains, signer, days)
        ours, theirs = self.options
        self.verona = Exedra(self.lab, "verona.example", "127.0.0.2", **ours)
        self.mantua = self.kind(self.lab, "mantua.example", "127.0.0.3", **theirs)
        for peer in (self.verona, self.mantua):
            self.lab.dns.add_server(peer.domain, peer.address, self.direct)
        self.before(self)
        for peer in (self.verona, self.mantua):
            peer.start()
        return self

    def __exit__(self, kind, *rest):
        if kind is not None:
            for peer in (self.verona, self.mantua):
                print(f"---- {peer.domain}\n{peer.log()[-6000:]}")
        self.lab.__exit__(kind, *rest)

    def publish_key(self, right):
        """Mantua's zone is signed, and says which key its server has. We believe the zone, and where the peer's own dialling
        does not depend on it, no certificate that nobody vouches for."""
        zone = Zone("mantua.example")
        key = certificate_key((self.mantua if right else self.verona).pem)
        self.lab.dns.zones.append(zone)
        self.lab.dns.add("_5269._tcp.xmpp.mantua.example", TLSA, bytes([3, 1, 1]) + key)
        self.verona.policy = "dialback" if self.kind is Prosody else "valid"  # it proves itself before it verifies us
        self.verona.anchors = self.lab.folder / "anchors"
        self.verona.anchors.write_text(zone.anchor())

    async def people(self):
        return await self.verona.person("romeo"), await self.mantua.person("juliet")


# Of mantua.example, and what is wrong with it.
OWN = ["mantua.example", "conference.mantua.example"]
CERTIFICATES = {"expired": (OWN, "authority", (-20, -10)), "untrusted": (OWN, None, (-1, 30)),
                "misnamed": (["padua.example"], "authority", (-1, 30))}


async def refused(speaker, listener):
    """Whoever writes is told, and nothing arrives."""
    speaker.send(f"<iq type='get' id='asked' to='{listener.peer.domain}'><ping xmlns='urn:xmpp:ping'/></iq>"
                 f"<message type='chat' to='{listener.bare}' id='lost'><body>?</body></message>")
    assert (await speaker.hear("iq", id="asked")).get("type") == "error"
    assert not any(element.get("id") == "lost" for element in listener.elements)


async def with_dialback(kind):
    with Meeting(kind) as meeting:
        romeo, juliet = await meeting.people()
        await talk(romeo, juliet)
        await come_back(meeting.mantua, romeo)
        log = meeting.verona.log()
        assert "auth=dialback" in log and "auth=external" not in log, "how we proved ourselves"


async def with_certificates(kind):
    with Meeting(kind, valid=True) as meeting:
        await talk(*await meeting.people())
        assert "auth=external" in meeting.verona.log(), "how we proved ourselves"


async def over_direct_tls(kind):
    with Meeting(kind, valid=True, direct=True) as meeting:
        romeo, juliet = await meeting.people()
        await chat(romeo, juliet, "out")
        await chat(juliet, romeo, "in")
        assert ":5270" in meeting.verona.log(), "where we dialled"


async def with_bad_certificate(kind, name):
    """Theirs is bad: neither way is open. They would take ours, and any."""
    with Meeting(kind, valid=True, theirs=name, asks=False) as meeting:
        romeo, juliet = await meeting.people()
        await refused(romeo, juliet)
        await refused(juliet, romeo)


async def by_dane(kind):
    """No authority knows theirs, but the DNS does (RFC 7673); where it names another key nothing is said to them."""
    for right in (True, False):
        with Meeting(kind, before=lambda meeting: meeting.publish_key(right)) as meeting:
            romeo, juliet = await meeting.people()
            if right:
                await chat(romeo, juliet, "out")
            else:
                await refused(romeo, juliet)
                assert "peer_refuted_by_dns remote=mantua.example" in meeting.verona.log()


async def in_plain(kind):
    """They know no TLS, and we require it: the log says so."""
    with Meeting(kind, encrypted=False) as meeting:
        romeo, juliet = await meeting.people()
        await refused(romeo, juliet)
        await refused(juliet, romeo)
        assert "encryption" in meeting.verona.log(), "nothing an administrator understands"


def run(kind):
    for name, scenario in (("with dialback over self-signed certificates", with_dialback),
                           ("with certificates of one authority", with_certificates), ("over direct TLS", over_direct_tls),
                           ("where DNSSEC vouches", by_dane)):
        asyncio.run(scenario(kind))
        print("talked", name, flush=True)
    for name in CERTIFICATES:
        asyncio.run(with_bad_certificate(kind, name))
        print(f"a certificate that is {name} was refused", flush=True)
    asyncio.run(in_plain(kind))
    print("a peer without encryption was refused", flush=True)
