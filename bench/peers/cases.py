"""What is measured, on whom, and the figures to reach."""
import dataclasses

from .exedra import Exedra
from .server import Setup

ALL = ("floor", "exedra", "ejabberd", "prosody", "jabberd2")
SERVERS = ALL[1:]
MANAGED = ("exedra", "ejabberd", "prosody")  # jabberd2 has neither stream management nor an archive
ENCRYPTED_LOGINS = ALL[:4]  # jabberd2 breaks streams that are set up while others with TLS end
ROOMED = (*(("exedra",) if Exedra.has_rooms else ()), "ejabberd", "prosody")  # jabberd2's rooms are not packaged
ARCHIVED, TWO_SHARDS, UNPINNED = Setup(archive=True), Setup(shards=2, pinned=False), Setup(pinned=False)
ROOMS = Setup(rooms=True)


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    title: str
    kind: str  # of the generator
    options: dict = dataclasses.field(default_factory=dict, hash=False)
    tls: bool = False
    servers: tuple = ALL
    setup: Setup = Setup()
    measure: str = "cpu_us"  # what the table shows; the round with the least of it counts
    unit: str = "CPU µs/message"
    also: tuple = ()  # further (title, measure, unit) of the same run
    first: dict = dataclasses.field(default_factory=dict, hash=False)  # a run before, with these options besides
    alone: bool = False  # on servers started for it, whose accounts are as they were registered
    full_only: bool = False
    typical: tuple = ()  # measures of which the median turn counts, not the best
    more_turns: int = 0  # of every server, beside those of all cases: it is short, or what it measures is easily disturbed
    times: int = 1  # a turn consists of, one after the other
    often: tuple = ()  # servers that are measured each time; the others once a turn
    slow: tuple = ()  # servers it takes minutes on, left out when quick unless the case is asked for

    def measures(self):
        return (self.measure, *(measure for _, measure, _ in self.also))


def sized(accounts, seconds, quick):
    """The cases; `accounts` for those that want many."""
    chat = {"--clients": 200, "--seconds": seconds, "--warm-up": 0.5 if quick else 1}
    idle = {"--clients": accounts, "--seconds": 1 if quick else 2}
    count = 500 if quick else 5000
    rooms = {"--clients": 500, "--group": 50, "--window": 4, "--seconds": seconds}
    big_room = {"--clients": 1000, "--group": 1000, "--speakers": 10, "--window": 1, "--quiet": None,
                "--seconds": seconds}
    per_copy = {"servers": ROOMED, "setup": ROOMS, "unit": "CPU µs/copy", "alone": True}
    until_joined = {"servers": ROOMED, "setup": ROOMS, "measure": "seconds", "unit": "s", "alone": True,
                    "also": (("the same: CPU", "cpu_us", "CPU µs/presence"),)}
    classic = {"--clients": 200, "--concurrent": 20, "--count": count, "--roster": None}
    return [
        Case("chat-plain-4", "1:1 chat, plain, window 4", "chat", {**chat, "--window": 4}),
        Case("chat-tls-4", "1:1 chat, TLS, window 4", "chat", {**chat, "--window": 4}, tls=True),
        Case("chat-plain-1", "1:1 chat, plain, window 1", "chat", {**chat, "--window": 1}),
        Case("chat-tls-1", "1:1 chat, TLS, window 1", "chat", {**chat, "--window": 1}, tls=True),
        Case("open", "1:1 chat, 1,000 messages/s: p99", "chat", {**chat, "--rate": 1000, "--seconds": 1},
             measure="p99_ms", unit="ms",
             also=(("the same: p50", "p50_ms", "ms"), ("the same: CPU", "cpu_us", "CPU µs/message")),
             typical=("p99_ms", "p50_ms"), times=4 if quick else 12, often=("floor", "exedra", "ejabberd")),
        Case("logins", "logins, TLS, classic", "logins", classic, tls=True,
             servers=ENCRYPTED_LOGINS, unit="CPU µs/login"),
        Case("logins-sasl2", "logins, TLS, SASL2 + Bind 2", "logins",
             {"--clients": 200, "--concurrent": 20, "--count": 5000, "--sasl2": None}, tls=True,
             servers=("floor", "exedra"), unit="CPU µs/login", more_turns=2),
        Case("archive", "1:1 chat, stream management, archive on", "chat", {**chat, "--window": 4, "--sm": None},
             servers=MANAGED, setup=ARCHIVED),
        Case("one-shard", "1:1 chat, window 4, one shard, not pinned", "chat", {**chat, "--window": 4},
             servers=("exedra",), setup=UNPINNED, more_turns=2),
        Case("two-shards", "1:1 chat, window 4, two shards, not pinned", "chat", {**chat, "--window": 4},
             servers=("exedra",), setup=TWO_SHARDS, more_turns=2),
        Case("presence", "presence to 19 contacts", "presence",
             {**chat, "--group": 20, "--roster": None}, servers=SERVERS, unit="CPU µs/delivery", alone=True),
        Case("offline", "offline messages drained at login", "offline", {"--clients": 100, "--count": count},
             servers=SERVERS, alone=True),
        Case("rooms-plain", "10 rooms of 50, plain", "room", rooms, **per_copy),
        Case("rooms-tls", "10 rooms of 50, TLS", "room", rooms, tls=True, **per_copy),
        Case("big-room-plain", "room of 1,000, 1 % speak, plain", "room", big_room, slow=("prosody",), **per_copy),
        Case("big-room-tls", "room of 1,000, 1 % speak, TLS", "room", big_room, tls=True, slow=("prosody",),
             **per_copy),
        Case("joins-500", "500 join one room at once", "joins", {"--group": 500}, slow=("prosody",), **until_joined),
        Case("joins-1000", "1,000 join one room at once", "joins", {"--group": 1000},
             slow=("ejabberd", "prosody"), **until_joined),
        Case("federation", "1:1 chat, window 4, through two servers over TLS", "federation",
             {**chat, "--window": 4, "--turns": 2 if quick else 4}, servers=MANAGED, alone=True),
        Case("idle-plain", "idle sessions, plain: memory", "idle", idle, measure="bytes_per_session",
             unit="bytes/session", alone=True),
        Case("idle-tls", "idle sessions, TLS: memory", "idle", idle, tls=True, measure="bytes_per_session",
             unit="bytes/session", alone=True),
        Case("start", "start to first connection, no store yet", "start", measure="ms", unit="ms", alone=True),
        Case("start-full", "the same, 100,000 accounts", "start", {"accounts": 100_000}, measure="ms", unit="ms",
             servers=("exedra",), alone=True),
        Case("start-rooms", "the same, 100,000 persistent rooms", "start", {"rooms": 100_000}, measure="ms", unit="ms",
             servers=("exedra",), setup=ROOMS, alone=True, also=(("the same store without them", "without_ms", "ms"),
                                                                  ("memory with them", "pss", "bytes"),
                                                                  ("memory without them", "without_pss", "bytes"))),
        *(Case(f"rows-{name}", f"archive rows, each commit survives a {what}", "micro",
               {"filter": f"archive_rows/survives_a_{what.replace(' ', '_')}/"}, servers=("exedra",), measure="us",
               unit="µs/row", alone=True) for name, what in (("crash", "crash"), ("power", "power cut"))),
        Case("cycles", "memory grown by 100,000 logins and logouts", "logins",
             {"--clients": 1000, "--concurrent": 50, "--count": 100_000}, tls=True, servers=("exedra",),
             measure="pss_growth", unit="bytes", first={"--count": 20_000}, alone=True, full_only=True),
    ]


@dataclasses.dataclass(frozen=True)
class Figure:
    """`value` of the results (by case, then server), at least or at most `bound`."""
    text: str
    bound: float
    value: object
    least: bool = True

    def judge(self, results):
        """(value, met), or (None, None) when what it needs was not measured."""
        try:
            value = self.value(results)
        except (KeyError, IndexError, ZeroDivisionError):
            return None, None
        return value, value >= self.bound if self.least else value <= self.bound


def share(case):
    return lambda results: results[case]["floor"]["cpu_us"] / results[case]["exedra"]["cpu_us"]


def times(case, peer, measure="cpu_us"):
    return lambda results: results[case][peer][measure] / results[case]["exedra"][measure]


def own(case, measure, scale=1.0):
    return lambda results: results[case]["exedra"][measure] * scale


def per_core(case):
    return lambda results: 1e6 / results[case]["exedra"]["cpu_us"]


def chat_figures(case, limit, of_floor, factor):
    """`limit`: what the floor's work cost on the 2-core development machine when nothing else ran; 20 % are allowed."""
    yield Figure(f"{case}: CPU µs/message of the floor", round(1.2 * limit, 2),
                 lambda results: results[case]["floor"]["cpu_us"], least=False)
    yield Figure(f"{case}: share of the floor", of_floor, share(case))
    for peer in ("ejabberd", "prosody", "jabberd2"):
        yield Figure(f"{case}: times fewer CPU than {peer}", factor, times(case, peer))


FIGURES = [
    *chat_figures("chat-plain-4", 2.79, 0.50, 12),
    *chat_figures("chat-tls-4", 3.78, 0.55, 11),
    *chat_figures("chat-plain-1", 5.14, 0.50, 8),
    *chat_figures("chat-tls-1", 7.12, 0.50, 8),
    Figure("archive: CPU µs/message", 50, own("archive", "cpu_us"), least=False),
    Figure("archive: times fewer CPU than ejabberd", 8, times("archive", "ejabberd")),
    Figure("archive: times fewer CPU than prosody", 8, times("archive", "prosody")),
    Figure("open: p50 ms", 0.12, own("open", "p50_ms"), least=False),
    Figure("open: p99 as a share of ejabberd's", 0.5, lambda results: 1 / times("open", "ejabberd", "p99_ms")(results),
           least=False),
    Figure("open: CPU µs/message", 40, own("open", "cpu_us"), least=False),
    Figure("logins: share of the floor", 0.65, share("logins")),
    Figure("logins: per second and core", 900, per_core("logins")),
    Figure("logins-sasl2: share of the floor", 0.65, share("logins-sasl2")),
    Figure("logins-sasl2: per second and core", 1150, per_core("logins-sasl2")),
    Figure("idle-plain: KB/session", 3, own("idle-plain", "bytes_per_session", 1 / 1024), least=False),
    Figure("idle-tls: KB/session", 17.5, own("idle-tls", "bytes_per_session", 1 / 1024), least=False),
    Figure("presence: times fewer CPU than ejabberd", 10, times("presence", "ejabberd")),
    *(Figure(f"{case}: times fewer CPU than {peer}", factor, times(case, peer))
      for case in ("rooms-plain", "rooms-tls", "big-room-plain", "big-room-tls")
      for peer, factor in (("ejabberd", 9), ("prosody", 30))),
    Figure("federation: times fewer CPU than ejabberd", 8, times("federation", "ejabberd")),
    Figure("federation: times fewer CPU than prosody", 8, times("federation", "prosody")),
    Figure("joins-500: seconds", 0.5, own("joins-500", "seconds"), least=False),
    Figure("joins-1000: seconds", 2, own("joins-1000", "seconds"), least=False),
    Figure("two-shards: CPU/message, times that of one shard", 1.2,
           lambda results: own("two-shards", "cpu_us")(results) / own("one-shard", "cpu_us")(results), least=False),
    Figure("two-shards: share of the busier shard", 0.55,
           lambda results: results["two-shards"]["exedra"]["thread_shares"][0], least=False),
    Figure("two-shards: share of the other", 0.45,
           lambda results: results["two-shards"]["exedra"]["thread_shares"][1]),
    Figure("start: ms, no store yet", 50, own("start", "ms"), least=False),
    Figure("start-full: ms, 100,000 accounts", 100, own("start-full", "ms"), least=False),
    Figure("start-rooms: ms, times those without rooms", 1.1,
           lambda results: own("start-rooms", "ms")(results) / own("start-rooms", "without_ms")(results), least=False),
    Figure("start-rooms: memory, times that without rooms", 1.1,
           lambda results: own("start-rooms", "pss")(results) / own("start-rooms", "without_pss")(results), least=False),
    Figure("rows-crash: rows per second", 35_000, lambda results: 1e6 / own("rows-crash", "us")(results)),
    Figure("rows-power: rows per second", 25_000, lambda results: 1e6 / own("rows-power", "us")(results)),
    Figure("cycles: bytes grown per login", 10, own("cycles", "pss_growth", 1e-5), least=False),
]
