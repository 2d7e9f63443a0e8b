"""What becomes of the messages of a flow, and those that fared so, on their way out of the express lane."""

from sipcore.edge._refusing import Refusal
from sipcore.edge.actions import Count, Send
from sipcore.edge.links import Place
from sipcore.edge.tables import Hop, Side

class Plan:
    """What becomes of every message of a flow.

    Args:
        side, hop: where it leaves, and to where.
        added: our mark, assertion and notice as complete lines, behind the last field.
        counts: what is counted, received and forwarded; of responses one such pair for each class of statuses.
        via: of requests, the line of our Via up to the digits of its branch.
        signing: what of that line stands between them and the signature; nothing where there is none.
        asking: the rest of that line.
        place: of responses, the connection that they leave by, as ``link_at`` knows it; None for none.
        refusal: of requests, what becomes of those that the filter blocks; None where it is not asked, and where
            there is no answer.
    """

    def __init__(
        self,
        side: Side,
        hop: Hop,
        added: bytes,
        counts: tuple[Count, Count] | tuple[tuple[Count, Count], ...],
        via: bytes = b"",
        signing: bytes = b"",
        asking: bytes = b"",
        place: Place | None = None,
        refusal: Refusal | None = None,
    ) -> None: ...

class Tally:
    """What is to be counted of some messages of a run: first that they were received.

    Attributes:
        counts: of each.
        times: how many there are.
    """

    @property
    def counts(self) -> tuple[Count, ...]: ...
    @property
    def times(self) -> int: ...

class Run:
    """Messages that came on one link and leave for one place, in the order in which they came.

    Attributes:
        side, hop, link_id, came_from: as in `sipcore.edge.actions.Send`, of each.
        datas: what leaves.
        tallies: what is to be counted of them.
    """

    @property
    def side(self) -> Side: ...
    @property
    def hop(self) -> Hop: ...
    @property
    def link_id(self) -> int | None: ...
    @property
    def came_from(self) -> Side | None: ...
    @property
    def datas(self) -> list[bytes]: ...
    @property
    def tallies(self) -> list[Tally]: ...
    def send(self, data: bytes) -> Send:
        """One of them by itself."""

    def sends(self) -> list[Send]:
        """Each by itself, for who cannot send them all."""
