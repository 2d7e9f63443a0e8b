"""A stream, whole and cut into pieces.

Contract: any chunking gives the same messages, keep-alives and end: the same fault at the same byte, or none. So does
reading into the framer's own room. A framed message equals the parsed one, however long it is kept.

Allowed: `ParseError` (`FramingError` among them) from `next_message`. It may come late, so that slow senders cost
linear work, but with the end of the head at the latest; every stream here is closed with an empty line, which is one.
"""

from __future__ import annotations

from itertools import cycle

from pieces import exact, join, split
from seeds import MALFORMED, MESSAGES

from sipcore import Framer, Limits, ParseError, parse

STREAM = b"\r\n\r\n".join(MESSAGES)
SEEDS = [join(STREAM, 0, 0), join(STREAM, 0, 80, 255, 3), *(join(each, 1, 9) for each in MESSAGES + MALFORMED)]
#: Small ones, so that short inputs reach them.
TIGHT = Limits(head=600, body=64, headers=12, header=128, start_line=80, via=3)


def one_input(data: bytes) -> None:
    """One run of the target."""
    content, decisions = split(data)
    stream = content + b"\r\n\r\n"
    limits = TIGHT if next(decisions, 0) % 2 else Limits()
    assert outcome(stream, list(decisions) or [0], limits) == outcome(stream, None, limits)


def outcome(stream: bytes, decisions: list[int] | None, limits: Limits) -> tuple[object, ...]:
    """What a framer makes of the stream: in one piece, or in those that the decisions say."""
    framer, found, pings, at = Framer(limits), [], 0, 0
    try:
        for decision in cycle(decisions or [0]):
            size = decision // 2 + 1 if decisions else len(stream)
            chunk, at = exact(stream[at : at + size]), at + size
            if decision % 2:
                framer.get_buffer(-1)[: len(chunk)] = chunk
                framer.buffer_updated(len(chunk))
            else:
                framer.feed(chunk)
            for message in framer:
                found.append(message)
            pings += framer.take_pings()
            if at >= len(stream):
                assert all(parse(bytes(each), limits) == each for each in found)
                return [bytes(each) for each in found], pings, framer.offset, framer.pending
    except ParseError as error:
        return [bytes(each) for each in found], pings + framer.take_pings(), framer.offset, str(error)
    raise AssertionError("a cycle has no end")
