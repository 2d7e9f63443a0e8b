"""Messages made to cost as much as they can, in any size, and the reading that is meant to suffer from each.

Run as a program it reads each at two sizes under `sipcore_bench.callgrind`, once with every limit raised so that it is
read to its end, and once with the default limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sipcore import Framer, Limits, Message, ParseError, parse
from sipcore_bench import callgrind

#: Bytes of the one header that is made long; a field of 64 KiB with its name is the longest that can be indexed.
SIZE = 64 * 1024 - 256
FIELDS = 10_000
#: Bytes that a stream sends a few at a time; each call of the framer costs much more than they do.
TRICKLED = 16_384
#: Passes of the smaller run: one reading is long enough to be counted alone.
PASSES = 1
#: The default limit.
LONGEST_HEAD = 65_536
RAISED = Limits(head=1 << 21, headers=60_000, header=65_535, start_line=1 << 20, via=60_000, params=1 << 20)

START = b"OPTIONS sip:a SIP/2.0\r\n"


@dataclass(frozen=True)
class Adversary:
    """One kind of attack.

    Attributes:
        make: the message of about so many bytes (or fields, when ``most`` says so).
        read: the work, and a number that shows that it came to its end.
        expected: that number, for a size.
        most: the larger of the two sizes that are compared.
    """

    make: Callable[[int], bytes]
    read: Callable[[Message], int]
    expected: Callable[[int], int]
    most: int = SIZE


def one_field(name: bytes, piece: bytes, first: bytes = b"", last: bytes = b"") -> Callable[[int], bytes]:
    """A message with one long value of many equal pieces."""
    return lambda size: START + name + b": " + first + piece * (size // len(piece)) + last + b"\r\n\r\n"


def refused(read: Callable[[Message], object]) -> Callable[[Message], int]:
    """The reading of a value that is malformed at its very end: the place of the fault shows how far it came."""

    def place(message: Message) -> int:
        try:
            read(message)
        except ParseError as error:
            return error.offset
        return -1

    return place


ADVERSARIES = {
    "commas": Adversary(
        one_field(b"X", b","), lambda message: len(message.values("X")), lambda size: size + 1
    ),
    "commas behind a value": Adversary(
        one_field(b"Route", b",<a>", b"<a>"), lambda message: len(message.routes), lambda size: size // 4 + 1
    ),
    "addresses without brackets": Adversary(
        one_field(b"Contact", b",a", b"a"), lambda message: len(message.contacts), lambda size: size // 2 + 1
    ),
    "Via values": Adversary(
        one_field(b"Via", b",a/b/c d", b"a/b/c d"), lambda message: len(message.vias), lambda size: size // 8 + 1
    ),
    "parameters": Adversary(
        one_field(b"To", b";a", b"<sip:a>"), lambda message: len(list(message.to.params)), lambda size: 1
    ),
    "parameters of many names": Adversary(
        lambda size: START + b"To: <sip:a>" + b"".join(b";%07d" % n for n in range(size // 8)) + b"\r\n\r\n",
        lambda message: len(list(message.to.params)), lambda size: size // 8, SIZE // 4,
    ),
    "parameters of a URI": Adversary(
        lambda size: b"OPTIONS sip:a" + b";b" * (size // 2) + b" SIP/2.0\r\n\r\n",
        lambda message: len(list(message.uri.params)), lambda size: 1, SIZE // 4,
    ),
    "folds": Adversary(
        one_field(b"X", b"\r\n a", b"a"), lambda message: len(message["X"]), lambda size: size // 4 * 2 + 1
    ),
    "folds of nothing": Adversary(
        one_field(b"X", b"\r\n ", b"a", b"b"), lambda message: len(message["X"]), lambda size: 3
    ),
    "folds before a semicolon": Adversary(
        one_field(b"To", b"\r\n ", b"<sip:a>", b";tag=x"), lambda message: len(message.to.tag), lambda size: 1
    ),
    "quotes": Adversary(
        one_field(b"X", b'""'), lambda message: len(message.values("X")[0]), lambda size: size
    ),
    "escaped quotes": Adversary(
        one_field(b"From", b'\\"', b'"', b'" <sip:a>'),
        lambda message: len(message.from_.display_name), lambda size: size // 2,
    ),
    "escaped control bytes": Adversary(
        one_field(b"X", b"\\\x07", b'"', b'"'), lambda message: len(message["X"]), lambda size: size + 2
    ),
    "quotes that open brackets": Adversary(
        one_field(b"X", b'"<"<">'), lambda message: len(message.values("X")), lambda size: 1
    ),
    "an open quote": Adversary(
        one_field(b"From", b'\\"', b'"'), refused(lambda message: message.from_), lambda size: len(START) + 7 + size
    ),
    "brackets": Adversary(
        one_field(b"X", b"<,>"), lambda message: len(message.values("X")), lambda size: 1
    ),
    "colons": Adversary(one_field(b"X", b":"), lambda message: len(message["X"]), lambda size: size),
    "colons in an address": Adversary(
        lambda size: START + b"To: <sip:[" + b":" * size + b"]>\r\n\r\n",
        refused(lambda message: message.to.uri), lambda size: len(START) + 9,
    ),
    "colons in a password": Adversary(
        lambda size: b"OPTIONS sip:u:" + b":" * size + b"@h SIP/2.0\r\n\r\n",
        lambda message: len(message.uri.password), lambda size: size,
    ),
    "zeros in front of a length": Adversary(
        one_field(b"Content-Length", b"0"), lambda message: message.content_length + 1, lambda size: 1
    ),
    "white space": Adversary(
        one_field(b"To", b" \t", b"", b"<sip:a>"), lambda message: len(str(message.to)), lambda size: 7
    ),
    "white space behind": Adversary(
        one_field(b"To", b" \t", b"<sip:a>", b""), lambda message: len(str(message.to)), lambda size: 7
    ),
    "header fields": Adversary(
        lambda size: START + b"X: 1\r\n" * size + b"\r\n",
        lambda message: len(list(message)) + len(message.get_all("x")), lambda size: 2 * size, FIELDS,
    ),
    "header fields of known names": Adversary(
        lambda size: START + b"v: a/b/c d\r\nRoute: <sip:a>\r\n" * (size // 2) + b"\r\n",
        lambda message: len(message.vias) + len(message.routes) + len(message.values("Via")),
        lambda size: size // 2 * 3, FIELDS,
    ),
    "header fields around an edit": Adversary(
        lambda size: START + b"X: 1\r\n" * size + b"\r\n",
        lambda message: len(bytes(message.edit().add("x", "2").insert("y", "3").remove("y"))),
        lambda size: len(START) + 6 * size + 8, FIELDS,
    ),
    "header fields to be removed": Adversary(
        lambda size: START + b"X: 1\r\nY: 2\r\n" * (size // 2) + b"\r\n",
        lambda message: len(bytes(message.edit().remove("x").set("y", "3"))),
        lambda size: len(START) + 8, FIELDS // 10,
    ),
    "line ends before the start line": Adversary(
        lambda size: b"\r\n" * (size // 2) + START + b"\r\n", lambda message: message.size, lambda size: len(START) + 2
    ),
}  # fmt: skip


def trickled(data: bytes) -> int:
    """A stream that sends eight bytes at a time: how many messages came of it."""
    framer, found = Framer(RAISED), 0
    for at in range(0, len(data), 8):
        framer.feed(data[at : at + 8])
        found += framer.next_message() is not None
    return found


#: What is read from a stream, by name.
STREAMS = {
    "a trickled field": lambda size: START + b"X: " + b"a" * size + b"\r\nl: 0\r\n\r\n",
    "a trickle of fields": lambda size: START + b"X: 1\r\n" * (size // 6) + b"l: 0\r\n\r\n",
    "a trickle of line ends": lambda size: b"\r\n" * (size // 2) + START + b"l: 0\r\n\r\n",
    "a trickled body": lambda size: START + b"l: %d\r\n\r\n" % size + b"a" * size,
}


def read_with_defaults(adversary: Adversary, data: bytes) -> str | None:
    """The code of the error that the default limits or the grammar raise; None when it was read all the same."""
    try:
        adversary.read(parse(data))
    except ParseError as error:
        return error.code
    return None


def works() -> Iterator[tuple[str, int, Callable[[], Callable[[], object]]]]:
    """Every reading at two sizes, the second twice the first, as `run_marked` takes them.

    With the default limits both sizes are past a head's 64 KiB, so the work must not grow at all.
    """
    for name, adversary in ADVERSARIES.items():
        for part, size in (("half", adversary.most // 2), ("whole", adversary.most)):
            data = adversary.make(size)
            yield (
                f"{name}/raised/{part}", 1,
                lambda data=data, read=adversary.read: lambda: read(parse(data, RAISED)),
            )  # fmt: skip
        for part, size in (("whole", LONGEST_HEAD), ("double", 2 * LONGEST_HEAD)):
            data = adversary.make(size)
            yield (
                f"{name}/default/{part}", 1,
                lambda data=data, adversary=adversary: lambda: read_with_defaults(adversary, data),
            )  # fmt: skip
    for name, make in STREAMS.items():
        for part, size in (("half", TRICKLED // 2), ("whole", TRICKLED)):
            data = make(size)
            yield f"{name}/raised/{part}", 1, lambda data=data: lambda: trickled(data)


if __name__ == "__main__":
    callgrind.PASSES = PASSES
    # Python rewrites the bytecode of what it has run some times: not while the first attack is counted.
    for _ in range(20):
        read_with_defaults(ADVERSARIES["commas"], ADVERSARIES["commas"].make(LONGEST_HEAD))
    callgrind.run_marked(works())
