"""What no honest peer sends: by a seed, so that each run sees the same."""

from __future__ import annotations

import random
from collections.abc import Iterator

WHOLE = (
    b"MESSAGE sip:bob@contoso.example SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.23:5060;branch=z9hG4bK-garbage;rport\r\n"
    b"Max-Forwards: 70\r\nFrom: <sip:alice@tailspin.example>;tag=g\r\nTo: <sip:bob@contoso.example>\r\n"
    b"Call-ID: garbage@tailspin.example\r\nCSeq: 1 MESSAGE\r\n"
    b"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
)
#: The largest payload of a UDP datagram over IPv4.
LARGEST = 65_507


def datagrams(seed: int, number: int) -> Iterator[bytes]:
    """So many datagrams: noise, messages with faults, messages cut short, and sizes at their ends."""
    dice = random.Random(seed)
    for _ in range(number):
        yield dice.choice(_KINDS)(dice)


def _noise(dice: random.Random) -> bytes:
    return dice.randbytes(dice.randrange(1_500))


def _faulty(dice: random.Random) -> bytes:
    """A message with some bytes exchanged."""
    faulty = bytearray(WHOLE)
    for _ in range(dice.randint(1, 8)):
        faulty[dice.randrange(len(faulty))] = dice.randrange(256)
    return bytes(faulty)


def _cut(dice: random.Random) -> bytes:
    return WHOLE[: dice.randrange(len(WHOLE))]


def _doubled(dice: random.Random) -> bytes:
    """A message with some lines in disorder, twice, or many times."""
    head, _, body = WHOLE.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    lines = [line for line in dice.sample(lines, len(lines)) for _ in range(dice.choice((0, 1, 1, 1, 2, 50)))]
    return b"\r\n".join([first, *lines, b"", body])


def _long(dice: random.Random) -> bytes:
    """A header, a Request-URI or a body of all the room that there is."""
    part = dice.choice((b"alice", b"bob", b"70", b"z9hG4bK-garbage", b"hello"))
    return WHOLE.replace(part, part * (LARGEST // len(part)), 1)[:LARGEST]


def _empty(dice: random.Random) -> bytes:
    """Nearly nothing: keep-alives, and what looks like them."""
    return dice.choice((b"", b"\r\n", b"\r\n\r\n", b"\0\0\0\0", b"\0", b"SIP", b"SIP/2.0\r\n\r\n", b"\r\n" * 100))


_KINDS = (_noise, _faulty, _faulty, _cut, _doubled, _long, _empty)


def streams(seed: int, number: int) -> Iterator[bytes]:
    """What to write on so many connections, none of which ends as it should."""
    dice = random.Random(seed)
    endless_head = WHOLE.partition(b"\r\n\r\n")[0] + b"\r\nSubject: " + b"x" * 200_000
    endless_body = WHOLE.replace(b"Content-Length: 5", b"Content-Length: 4000000000") + bytes(2_000_000)
    for _ in range(number):
        yield dice.choice(
            (
                dice.randbytes(20_000),
                _faulty(dice) * 20,
                WHOLE * 5 + _cut(dice),
                b"\r\n" * dice.randrange(20_000),
                endless_head,
                endless_body,
                b"",
            )
        )
