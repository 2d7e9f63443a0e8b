"""A byte stream to whole messages and keep-alives."""

from collections.abc import Iterator

from typing_extensions import Buffer

from sipcore._parser import Message
from sipcore.limits import Limits

__all__ = ["Framer"]

class Framer:
    """Cuts one direction of a stream (TCP, TLS) into messages.

    Feed it what was read, then take messages until there is none. Any chunking of a stream gives the same messages.
    While a message lives, its bytes stay where they are: the framer goes on in a fresh buffer. A message without
    Content-Length ends the stream, unless ``limits.dangerous_missing_length`` says that it has no body; bare line feeds
    always do, whatever ``limits.dangerous_bare_lf`` says (docs/protocol.md, "Leniencies").
    """

    def __init__(self, limits: Limits = ...) -> None: ...
    def feed(self, data: Buffer) -> None:
        """Append what was read (one copy)."""
    def get_buffer(self, size_hint: int = -1) -> memoryview:
        """Room to read into, for `asyncio.BufferedProtocol`: at least one byte; writable."""
    def buffer_updated(self, size: int) -> None:
        """``size`` bytes of the room given last have been filled."""
    def next_message(self) -> Message | None:
        """The next whole message, or None until more is fed.

        Raises:
            FramingError: the stream cannot be followed any further; raised again by every later call. ``code`` names
                what was recognised instead of SIP: ``"http-request"``, ``"tls-hello"``, ``"stun-message"``.
            ParseError: a message whose end is known cannot be represented. The stream must be closed all the same
                (a peer that sends this is out of step or hostile), so this too is raised by every later call.
        """
    def __iter__(self) -> Iterator[Message]:
        """Messages until there is none."""
    def take_pings(self) -> int:
        """How many keep-alive pings (CRLFCRLF between messages, RFC 5626 section 3.5.1) came since the last call."""
    @property
    def pending(self) -> int:
        """Bytes held of a message that is not complete."""
    @property
    def offset(self) -> int:
        """Bytes of the stream consumed so far by messages and keep-alives."""
