"""Keyed hashes over what a message says: what `sipcore.edge.hashes` is made of.

Each signer has a key of its own for its one purpose, so that nothing made for one is ever good for another. A value
that a message lacks, or that is malformed, counts as absent: a faulty request is answered too, and must be recognised.
All methods return or compare 32 lower-case hexadecimal digits, and compare in constant time.
"""

from sipcore._parser import Message
from sipcore._values import Uri, Via

def siphash128(key: bytes, data: bytes) -> bytes:
    """SipHash-2-4 with 16 bytes of output, as published: what the signers rest on.

    Args:
        key: 16 bytes.
        data: any number of bytes.

    Raises:
        ValueError: the key has another length.
    """

class Signer:
    """One purpose's keys.

    Args:
        current: makes and recognises; 16 bytes.
        previous: only recognises.

    Raises:
        ValueError: a key has another length.
    """

    def __init__(self, current: bytes, previous: bytes | None = None) -> None: ...

class TransactionSigner(Signer):
    """Signs a transaction: the Via's branch, Call-ID, From tag and CSeq number, and nothing else."""

    def of(self, message: Message, via: Via) -> str:
        """The hash, by the current key. The Via is the topmost of the request where we receive it."""

    def made(self, text: str, message: Message, via: Via) -> bool:
        """Whether the text is that hash, by either key."""

class WaySigner(Signer):
    """Signs where the response of a transaction goes: the branch, which says the transaction, and a place."""

    def of(
        self, branch: str, transport: str, host: str, port: int, source_port: int | None, absorbed: bool = False
    ) -> str:
        """The hash, by the current key. What is absorbed has another hash than what goes on to the same place.

        Raises:
            TypeError: a text is none.
            OverflowError: a port is negative.
        """

    def made(
        self,
        text: str,
        branch: str,
        transport: str,
        host: str,
        port: int,
        source_port: int | None,
        absorbed: bool = False,
    ) -> bool:
        """Whether the text is that hash, by either key. Raises as `of`."""

class RouteSigner(Signer):
    """Signs a recorded route: Call-ID, the tag and host of the end that began the dialog, the host of the other end,
    the domain that the route names, the sides, and whether the dialog's SUBSCRIBE asked for BENOTIFY.

    Either end of the dialog comes to the same hash, though one's From is the other's To.
    """

    def of(
        self,
        message: Message,
        domain: str,
        near_inside: bool,
        across_inside: bool,
        here: bool,
        initiates: bool,
        asked: bool = False,
    ) -> str:
        """The hash for the parameter ``sig``, by the current key.

        Args:
            message: a request of the dialog.
            domain: what ``fd`` is to name.
            near_inside, across_inside: whether the side that the route is for, and that it leads to, is the inside.
            here: whether the message comes from the side that the route is for.
            initiates: whether its sender began the dialog.
            asked: whether the route is to have ``be``.
        """

    def initiates(self, message: Message, uri: Uri, near_inside: bool, across_inside: bool, here: bool) -> bool | None:
        """Whether the sender of a request began the dialog; None where the route in its Route is not its own.

        Args:
            uri: with the parameters ``fd`` and ``sig``, of which the first that has a value counts where one is given
                twice; and ``be`` or not.
            message, near_inside, across_inside, here: as for `of`.
        """
