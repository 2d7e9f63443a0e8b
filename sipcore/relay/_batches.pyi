"""Datagrams of a UDP socket, as many as are there in one call of the system: `recvmmsg` and `sendmmsg` of Linux.

Where there are no such calls each datagram takes one of its own, and nothing else differs.
"""

from collections.abc import Callable

from sipcore._parser import Message
from sipcore.edge.actions import Link
from sipcore.limits import Limits

#: Whether this system has those calls.
HAS_BATCHES: bool

class Arrivals:
    """What a socket has received: read all at once, taken message by message, each on the link of its sender.

    What is no message is passed over when its turn comes, and told as garbage: by the code of the `ParseError`;
    ``keep-alive`` for up to four bytes, the CRLF CRLF of RFC 5626 and what resembles it; ``datagram-too-long`` for what
    the system had to cut.

    Args:
        descriptor: of the socket. It must stay open; it need not be non-blocking.
        limits: of messages.
        link_to: makes a link to a host, an IP literal, and a port.
        garbage: is told of what is no message.
        peers: places that keep their link at once, see `sipcore.edge.memory.RecentlyUsed`: those that are not heard
            while so many others come get a new one. A place is a port and an address; of an IPv6 address neither flow
            nor scope count.
        longest: bytes that a datagram may have; the default is no less than any has.
        singly: one call for each datagram, though the system can take many.

    Raises:
        ValueError: ``longest`` is none.
    """

    def __init__(
        self,
        descriptor: int,
        limits: Limits,
        link_to: Callable[[str, int], Link],
        garbage: Callable[[str], None],
        *,
        peers: int = 8192,
        longest: int = 65_535,
        singly: bool = ...,
    ) -> None: ...
    def receive(self) -> None:
        """Read what is there, up to 64 datagrams, without waiting; nothing while something is left of the last time.

        Raises:
            OSError: the socket cannot be read. That a datagram sent from it was refused is none of this.
        """
    @property
    def left(self) -> bool:
        """Whether something was read and not taken yet; it may turn out to be no message."""
    def next_link(self) -> Link | None:
        """What the next message came on; None when there is none. The same one as before while its messages last."""
    def next_message(self) -> Message | None:
        """The next message of the link that `next_link` gave last; None when it is another's, or there is none."""
    def hears(self, host: str, port: int) -> bool:
        """Whether that address keeps a link."""

def send_all(descriptor: int, host: str, port: int, datas: list[bytes], *, singly: bool = ...) -> list[bytes]:
    """Send datagrams to one place, in order, without waiting.

    Args:
        descriptor: of a socket of the address's family.
        host: an IP literal without brackets or scope.
        singly: as in `Arrivals`.

    Returns:
        Those that the system does not take: its buffer is full, they are too long, there is no way. All, if ``host`` is
        no address.
    """
