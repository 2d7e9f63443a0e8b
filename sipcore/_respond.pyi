"""The response to a request: what is copied of it, natively (RFC 3261 section 8.2.6.2).

Policy is `sipcore.build`'s: this room writes what it is given, and looks for nothing that would break a line.
"""

from sipcore._parser import Message

def takes_tag(request: Message) -> bool:
    """Whether its To is one to which the answer adds a tag: it can be read, and has none."""

def copied(
    request: Message, before: bytes, behind: bytes, tag: bytes = b"", via: bytes | None = None, trying: bool = False
) -> bytes:
    """A response in one allocation: every Via and the first From, To, Call-ID and CSeq between two pieces.

    Args:
        request: what the fields are copied from, byte for byte; those that it lacks are left out.
        before: the status line with its CRLF.
        behind: all that follows: header lines, the empty line, the body.
        tag: written behind the value of To.
        via: written in the place of the first Via field's value.
        trying: whether Timestamp is copied too (RFC 3261 section 8.2.6.1).
    """
