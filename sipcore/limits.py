"""What a peer may make us hold or walk through, and which faults of framing are overlooked, in one frozen object.

SIP sets no limits of its own, and nearly every SIP stack that had none was crashed through the gap; each default below
says what it is for. A limit is tested while a message is still incomplete, not after it has been collected.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["DEFAULT", "WIDEST", "Limits"]

#: Offsets are 32-bit inside the parser; a message must stay clear of the edge whatever an operator configures.
MAX_MESSAGE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds for one message, and two faults of framing that may be overlooked.

    All sizes are in bytes, all must be at least 1. What is overlooked is named so, and off: docs/protocol.md,
    "Leniencies", says what may come of it. Faults that can be answered are the business of `sipcore.validate`.

    Raises:
        ValueError: a limit is below 1, or head and body together could pass 2**30 bytes.
    """

    #: Start line and headers. A UDP datagram cannot hold more, and no real head comes near it.
    head: int = 65_536
    #: Content-Length. One MiB carries the largest batched presence document seen in the field with room to spare.
    body: int = 1_048_576
    #: Header fields. Long IMS signalling has 40; batches of Via or Route from a loop come to some hundred.
    headers: int = 256
    #: One header field with its folds. Holds the longest signed token or presence ETag, not a smuggled body.
    header: int = 8_192
    #: The start line. RFC 3261 has no bound; a Request-URI with a long list of embedded headers fits.
    start_line: int = 8_192
    #: Via values: Max-Forwards starts at 70 (RFC 3261 section 8.1.1.6), so a longer path has looped.
    via: int = 70
    #: Parameters of one value: bounds the work that typed access does for one header.
    params: int = 64
    #: Line ends without CR in the head of a datagram. Never on a stream: there two readers would part ways.
    dangerous_bare_lf: bool = False
    #: On a stream a message without Content-Length has no body. A body that was meant is read as the next message.
    dangerous_missing_length: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.type != "bool" and getattr(self, field.name) < 1:
                raise ValueError(f"limits.{field.name} must be at least 1")
        if self.head + self.body > MAX_MESSAGE_BYTES:
            raise ValueError(f"limits.head and limits.body together must not pass {MAX_MESSAGE_BYTES} bytes")


#: The limits used wherever none are given.
DEFAULT = Limits()

#: For a message that was within its limits once, and for bytes that were made here of one and may be a little beyond.
WIDEST = Limits(
    head=1 << 29, body=1 << 29, headers=1 << 16, header=1 << 29, start_line=1 << 29, via=1 << 16, params=1 << 16
)
