"""Parser, framer and edits far beyond the default limits: fields of 64 KiB, and more of them than 16 bits can count.

An input is a message and what is repeated in it, so that short inputs reach long messages; long ones come as well.

Contract: what parses by default parses to the same message under raised limits; what parses only under these can be
read whole, framed from pieces and edited as any other, and the number of its fields is exactly what it needs as limit.

Allowed: `ParseError` from `parse` and `next_message`; `EditError` from an edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from every_value import read_every_value
from fuzz_framer import outcome
from pieces import exact, join, split
from seeds import MESSAGES

from sipcore import EditError, Limits, Message, ParseError, parse
from sipcore.limits import WIDEST

#: Of an input; `fuzz/run.sh` asks for it.
LONGEST = 65536
#: Of what is made of it: more fields than 16 bits can count. Every value is read of so many; two more fit into so many.
MOST_BYTES, MOST_READ, MOST_EDITED = 400_000, 1500, 65_500
SEEDS = [join(each, how, line, 9) for each in MESSAGES for how in range(4) for line in (0, 1, 3)]
SEEDS.append(join(b"ACK sip:a SIP/2.0\r\nv:\r\n\r\n", 3, 1, 255))
VIA, LONG = "SIP/2.0/TCP edge.example;branch=z9hG4bK" + "7" * 9000, "x" * 60_000


def grown(content: bytes, decisions: Iterator[int]) -> bytes:
    """One line of it repeated: its value with commas, its last parameter, its last byte, or whole."""
    how, place, times = (next(decisions, 0) for _ in range(3))
    lines = content.split(b"\r\n")
    line = lines[place % len(lines)]
    parts = [line.partition(b":"), line.rpartition(b";"), (line[:-1], b"", line[-1:]), (b"", b"", line)]
    before, separator, repeated = parts[how % 4]
    between = (b",", separator, b"", b"\r\n")[how % 4]
    count = min(times * 300, MOST_BYTES // max(len(repeated), 1)) or 1
    lines[place % len(lines)] = before + separator + between.join([repeated] * count)
    return b"\r\n".join(lines)[:MOST_BYTES]


def parsed(data: bytes, limits: Limits) -> Message | None:
    """The message, or None for a fault inside the data."""
    try:
        return parse(exact(data), limits)
    except ParseError as error:
        assert 0 <= error.offset <= len(data)
        return None


def one_input(data: bytes) -> None:
    """One run of the target."""
    content, decisions = split(data)
    whole = grown(content, decisions)
    message, usual = parsed(whole, WIDEST), parsed(whole, Limits())
    assert usual is None or usual == message
    stream = whole + b"\r\n\r\n"
    assert outcome(stream, [next(decisions, 0) | 128, 255], WIDEST) == outcome(stream, None, WIDEST)
    if message is None:
        return
    if len(message) <= MOST_READ:
        read_every_value(message)
    exactly = max(len(message), 1)
    assert parsed(whole, replace(WIDEST, headers=exactly)) == message
    assert exactly == 1 or parsed(whole, replace(WIDEST, headers=exactly - 1)) is None
    edit = message.edit()
    assert bytes(edit) == bytes(message)
    with suppress(EditError):
        again = bytes(edit.push_via(VIA).set("X-Long", LONG))
        assert len(message) > MOST_EDITED or parse(exact(again), WIDEST).edit().pop_via().get("X-Long") == LONG
