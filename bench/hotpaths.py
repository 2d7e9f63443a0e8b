# ruff: noqa: PLC0415 - a path imports when it is prepared: the base of a change may not have what the head has
"""The hot paths whose instructions the gate holds: what happens for every message of a busy edge.

Runs as a program under `sipcore_bench.callgrind`, with the sipcore of either side of a change; so each path imports
what it needs when it is prepared, and one that a side does not have fails by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sipcore_bench.callgrind import run_marked

__all__ = ["PATHS", "main"]

MESSAGES = 40
CHUNK = 100
VIA = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK7c1e0f5a9b3d4e6f"
#: What a body of plain talk looks like to the matcher: no pattern in it, the odd colon and full stop.
CLEAN_TEXT = (b"Lunch at noon? The others come at 12:30, so we have time. Bring the notes of Tuesday, please. " * 7)[
    :600
]


def messages(count: int = MESSAGES) -> list[bytes]:
    """MESSAGE requests from a partner to the inside, no two alike, about 600 bytes each.

    They are made here and not by `sipcore_bench.messages`, so that a change of those moves no count.
    """
    body = b"The train is late again. I will be there at ten past, sorry."
    return [
        b"MESSAGE sip:bob%d@contoso.example SIP/2.0\r\n"
        b"Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK%08x;rport\r\n"
        b"Max-Forwards: 70\r\n"
        b'From: "Alice Amsel" <sip:alice%d@fabrikam.example>;tag=%06x;epid=0%d\r\n'
        b"To: <sip:bob%d@contoso.example>\r\n"
        b"Call-ID: %016x@client.fabrikam.example\r\n"
        b"CSeq: %d MESSAGE\r\n"
        b"Contact: <sip:alice%d@192.0.2.20:5060;transport=udp>\r\n"
        b"User-Agent: bench/1.0\r\n"
        b"Content-Type: text/plain; charset=UTF-8\r\n"
        b"Content-Length: %d\r\n\r\n%b"
        % (n, n * 2654435761 % 2**32, n, n + 4096, n, n, n * 11400714819323198485 % 2**64, n, n, len(body), body)
        for n in range(1000, 1000 + count)
    ]


def each(work: Callable[[Any], object], items: Sequence[Any]) -> Callable[[], object]:
    """One pass: the work for every item."""

    def one_pass() -> None:
        for item in items:
            work(item)

    return one_pass


def parsing() -> Callable[[], object]:
    """`sipcore.parse`."""
    from sipcore import parse

    return each(parse, messages())


def reading() -> Callable[[], object]:
    """`sipcore.parse` and twelve fields."""
    from sipcore import parse

    def read(data: bytes) -> object:
        message = parse(data)
        sender, recipient, sequence = message.from_, message.to, message.cseq
        via, media_type = message.via, message.content_type
        assert sender is not None
        assert recipient is not None
        assert sequence is not None
        assert via is not None
        assert media_type is not None
        return (
            *(message.method, str(message.uri), str(sender.uri), sender.tag, str(recipient.uri), recipient.tag),
            *(message.call_id, sequence.number, sequence.method, via.branch),
            *(media_type.essence, message.content_length),
        )

    return each(read, messages())


def selecting() -> Callable[[], object]:
    """`sipcore.parse` and the same fields by one call of a `sipcore.Reader`."""
    from sipcore import Reader, parse

    paths = ("method", "uri", "from.uri", "from.tag", "to.uri", "to.tag", "call-id", "cseq.number", "cseq.method")
    read = Reader(*paths, "via.branch", "content-type.essence", "content-length")
    return each(lambda data: read(parse(data)), messages())


def framing() -> Callable[[], object]:
    """`sipcore.Framer`: a chunk of a hundred messages."""
    from sipcore import Framer

    stream = b"".join(messages(CHUNK))

    def frame() -> None:
        framer = Framer()
        framer.feed(stream)
        assert sum(1 for _ in framer) == CHUNK

    return frame


def forwarding() -> Callable[[], object]:
    """Parse, push a Via, decrement Max-Forwards, write."""
    from sipcore import parse

    return each(lambda data: bytes(parse(data).edit().push_via(VIA).decrement_max_forwards()), messages())


def matching() -> Callable[[], object]:
    """The matcher over 600 bytes of clean text."""
    from sipcore.imfilter import LCS2005
    from sipcore.imfilter._matcher import Matcher

    find = Matcher([prefix.rstrip("*.") for prefix in LCS2005.prefixes]).find
    assert find(CLEAN_TEXT) is None
    return each(find, [CLEAN_TEXT] * MESSAGES)


def filtering() -> Callable[[], object]:
    """`ImFilter.check` of a message that passes."""
    from sipcore import ImFilter, parse

    check, parsed = ImFilter().check, [parse(data) for data in messages()]
    assert all(check(message).passed for message in parsed)
    return each(check, parsed)


def deciding() -> Callable[[], object]:
    """A decision of the edge that is kept from the last message of the flow: its key, branch and way back."""
    from sipcore_bench.edge import arriving, kept

    return each(kept(), [arriving(data) for data in messages()])


#: Configuration keys outlive the classes behind them, so the head's benchmark can run on the base's edge.
_EDGE = """
[edge]
fqdn = "edge.contoso.example"
domains = ["contoso.example"]
[inside]
listen = [{ transport = "udp", address = "127.0.0.1", port = 5060, insecure = true }]
next_hop = { transport = "udp", address = "127.0.0.5", port = 5070, insecure = true }
[outside]
listen = [{ transport = "udp", address = "192.0.2.1", port = 5060, insecure = true }]
[[partner]]
domain = "fabrikam.example"
proxy = { transport = "udp", address = "192.0.2.20", port = 5060, insecure = true }
"""


def edge() -> Callable[[bytes], str]:
    """The engine with all its rooms, to which a partner sends; for a message the side that something leaves on."""
    from sipcore import ImFilter, parse
    from sipcore.edge.actions import Link, Send
    from sipcore.edge.engine import Engine
    from sipcore.edge.hashes import Keys
    from sipcore.edge.tables import Side, Transport
    from sipcore.relay.config import loads

    engine = Engine(loads(_EDGE).tables, ImFilter(), Keys(bytes(32)))
    link = Link(1, Side.OUTSIDE, Transport.UDP, "192.0.2.20", 5060)

    def receive(data: bytes) -> str:
        actions = engine.receive(parse(data), link, 0.0)
        return next(action.side for action in actions if isinstance(action, Send))

    return receive


def relaying() -> Callable[[], object]:
    """The engine: a MESSAGE from a partner is received, filtered and forwarded."""
    receive = edge()
    assert receive(messages(1)[0]) == "inside"
    return each(receive, messages())


def refusing() -> Callable[[], object]:
    """The engine: a MESSAGE with a link is received, filtered and answered."""
    receive, linked = edge(), [data.replace(b"sorry.", b"http:a") for data in messages()]
    assert receive(linked[0]) == "outside"
    return each(receive, linked)


#: Name, messages in a pass, what prepares it. The names are those that the changelog uses.
PATHS: tuple[tuple[str, int, Callable[[], Callable[[], object]]], ...] = (
    ("parse", MESSAGES, parsing),
    ("fields", MESSAGES, reading),
    ("reader", MESSAGES, selecting),
    ("frame", CHUNK, framing),
    ("forward", MESSAGES, forwarding),
    ("match", MESSAGES, matching),
    ("filter", MESSAGES, filtering),
    ("decide", MESSAGES, deciding),
    ("engine", MESSAGES, relaying),
    ("refuse", MESSAGES, refusing),
)


def main() -> None:
    """Run all of them, marked for callgrind."""
    run_marked(PATHS)


if __name__ == "__main__":
    main()
