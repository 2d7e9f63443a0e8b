"""The key by which a decision is found again."""

from sipcore._parser import Message
from sipcore.edge._keyed import Signer

class FlowKeys(Signer):
    """Makes 128-bit keys of requests: a keyed hash of all that `sipcore.edge.reading.read_flow` reads of one.

    Peers choose the domains in a message, and one that finds two messages with one key gets the decision of the first
    for the second. Without the hash's key there is no better way to that than trying 2**64 messages.

    Args:
        key: 16 bytes.
        assertion_header: the header whose text is part of the flow.

    Raises:
        ValueError: the key has another length.
    """

    def __init__(self, key: bytes, assertion_header: str) -> None: ...
    def of(
        self,
        message: Message,
        inside: bool,
        peer: str,
        route_domain: str | None,
        routed_on: bool,
        broken: bool,
        generation: int,
    ) -> bytes | None:
        """The key of a request; None where a header that the decision needs is malformed.

        Args:
            message: a request.
            inside: whether it came from the inside.
            peer: what is known of the other end of its link.
            route_domain, routed_on, broken: of its `sipcore.edge.reading.OwnRoutes`.
            generation: of everything else that decides, 0 to 2**64 - 1; another one, another key.
        """
