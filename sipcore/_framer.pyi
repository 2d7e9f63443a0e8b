"""A byte stream to whole messages and keep-alives."""

from collections.abc import Iterator

from typing_extensions import Buffer

from sipcore._parser import Message
from sipcore.limits import Limits

__all__ = ["Framer"]

class Framer:
    """Cuts one direction of a stream (TCP, TLS) into messages.

    Feed it what was read, then take messages until there is none. Any chunking of a stream gives the same messages.
    While a message lives, its bytes stay where they are: the framer goes on behind them or in a fresh buffer. It holds
    memory only while bytes are pending in it; a room is good for the next `buffer_updated` alone. A message without
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
    def take_pongs(self) -> int:
        """How many single CRLFs came between messages since the last call.

        For somebody who has sent a ping: one that stands at the very end is taken as its answer (RFC 5626 section
        4.4.1), though it might still become half of a ping of theirs; without the call it waits for what comes next.
        """
    @property
    def pending(self) -> int:
        """Bytes held of a message that is not complete, or of CRLFs before it."""
    @property
    def in_message(self) -> bool:
        """Whether bytes of a message that is not complete are held; CRLFs between messages are none."""
    @property
    def offset(self) -> int:
        """Bytes of the stream consumed so far by messages and keep-alives."""
