"""The express lane: from a message whose decision is kept to the bytes that leave, in one native call."""

from collections.abc import Callable

from sipcore._parser import Message
from sipcore.edge._keyed import Signer
from sipcore.edge.actions import Count, Link, Send
from sipcore.edge.links import Place
from sipcore.edge.tables import Hop, OwnSide, Side
from sipcore.imfilter._gate import Gate

class Plan:
    """What becomes of every message of a flow.

    Args:
        side, hop: where it leaves, and to where.
        added: our mark, assertion and notice as complete lines, behind the last field.
        counts: what is counted, received and forwarded; of responses one such pair for each class of statuses.
        via: of requests, the line of our Via up to the digits of its branch.
        asking: the rest of that line, behind the signature.
        place: of responses, the connection that they leave by, as ``link_at`` knows it; None for none.
    """

    def __init__(
        self,
        side: Side,
        hop: Hop,
        added: bytes,
        counts: tuple[Count, Count] | tuple[tuple[Count, Count], ...],
        via: bytes = b"",
        asking: bytes = b"",
        place: Place | None = None,
    ) -> None: ...

class Run:
    """Messages that came on one link, one behind the other, and leave alike.

    Attributes:
        side, hop, link_id, came_from: as in `sipcore.edge.actions.Send`, of each.
        datas: what leaves.
        received, forwarded: what is to be counted, as often as there are messages.
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
    def received(self) -> Count: ...
    @property
    def forwarded(self) -> Count: ...
    @property
    def datas(self) -> list[bytes]: ...
    def send(self, data: bytes) -> Send:
        """One of them by itself."""

    def sends(self) -> list[Send]:
        """Each by itself, for who cannot send them all."""

class Express:
    """Carries messages by plans that it was given.

    It takes part in no decision: a message that it is not sure of in every respect it leaves alone. Sure means that

    * nothing is wrong with it (`sipcore._sound`), and the filter's gate finds it plainly clean;
    * its fields are written so that the edit is plain: no quotes in its Via, a Max-Forwards, no Route but ours;
    * a response answers what we forwarded: it has our Via, branch and signed way back.

    Plans are found by a keyed hash over all that policy reads of a message, see `sipcore.edge._flowkey`; they are
    bounded, and those that are used stay. A plan is for one generation of the directory.

    Args:
        signers: of branches, ways, routes and flows, each with its own key.
        own: our names and places.
        headers: names of mark, assertion and notice; the last None where there is none.
        peer_of: all that is known of a link's other end, as text.
        link_at: the number of the open connection at a place.
        gate: of the filter; None where there is no filter.
        by_user: decisions depend on who the users are.
        retracts: Supported has to be edited.
        capacity: plans and links of a generation of memory, see `sipcore.edge.memory.RecentlyUsed`.

    Raises:
        ValueError: we have more than 64 places or 4 names.
    """

    def __init__(
        self,
        signers: tuple[Signer, Signer, Signer, Signer],
        own: OwnSide,
        headers: tuple[str, str, str | None],
        peer_of: Callable[[Link], str],
        link_at: Callable[[Place], int | None],
        gate: Gate | None = None,
        *,
        by_user: bool = False,
        retracts: bool = False,
        capacity: int = 8192,
    ) -> None: ...
    def carry(self, message: Message, link: Link, generation: int) -> Run | None:
        """What leaves in the place of a message; None where the lane is not for it."""

    def carry_all(
        self, take: Callable[[], Message | None], link: Link, generation: int
    ) -> tuple[list[Run], Message | None]:
        """What leaves in the place of one message after the other, and the first that the lane is not for.

        Args:
            take: gives the next message, None when there is none. What it raises comes out, unless something has been
                carried before: then it is asked again the next time.
        """

    def key(self, message: Message, link: Link, generation: int) -> bytes | None:
        """By which a plan would be found for it; None where the lane is not for it, or it has one."""

    def keep(self, key: bytes, plan: Plan) -> None:
        """Keep a plan for all messages with that key."""
