"""The express lane: from a message whose decision is kept to the bytes that leave, in one native call."""

from collections.abc import Callable

from sipcore._parser import Message
from sipcore.edge._keyed import Signer
from sipcore.edge._runs import Plan, Run
from sipcore.edge.actions import Action, Link
from sipcore.edge.flow import Answer
from sipcore.edge.links import Place
from sipcore.edge.tables import OwnSide
from sipcore.imfilter import Verdict
from sipcore.imfilter._gate import Gate
from sipcore.limits import Limits

class Express:
    """Carries messages by plans that it was given.

    It takes part in no decision: a message that it is not sure of in every respect it leaves alone. Sure means that

    * nothing is wrong with it (`sipcore._sound`), and the filter finds nothing in it or, in a request that has an
      answer, blocks it;
    * its fields are written so that the edit is plain: no quotes in its Via, a Max-Forwards, no Route but ours;
    * a response answers what we forwarded: it has our Via, branch and signed way back.

    Plans are found by a keyed hash over all that policy reads of a message, see `sipcore.edge._flowkey`; they are
    bounded, and those that are used stay. A plan is for one generation of the directory.

    A message that says, byte for byte, what one said lately on its link needs no key, and its Routes are not verified
    again (`sipcore.edge._recall`). What was proven stays proven while the lane lives: its keys and tables are those of
    one engine, and all that a signature is over is compared, in constant time.

    Args:
        signers: of branches, ways, routes, flows and tags, each with its own key.
        own: our names and places.
        headers: names of mark, assertion and notice; the last None where there is none.
        peer_of: all that is known of a link's other end, as text.
        link_at: the number of the open connection at a place.
        limits: of all that comes; what is so near to them that it might leave past them is left alone.
        gate: of the filter; None where there is no filter.
        check: the filter itself, for what its gate is not sure of; needed for plans with a refusal.
        told: is told of each request that is refused, before its answer is given back: the message and its link, the
            name to remember it by, whether its To has a tag, the answer, the verdict if it was worked out, and the
            time. Needed as ``check`` is.
        by_user: decisions depend on who the users are.
        retracts: Supported has to be edited.
        refuses_links: the filter blocks each message with a link in plain text, see `ImFilter.refuses_links`.
        capacity: plans and links of a generation of memory, see `sipcore.edge.memory.RecentlyUsed`.

    Raises:
        ValueError: we have more than 64 places or 4 names.
    """

    def __init__(
        self,
        signers: tuple[Signer, Signer, Signer, Signer, Signer],
        own: OwnSide,
        headers: tuple[str, str, str | None],
        peer_of: Callable[[Link], str],
        link_at: Callable[[Place], int | None],
        limits: Limits,
        gate: Gate | None = None,
        check: Callable[[Message], Verdict] | None = None,
        told: Callable[[Message, Link, str, bool, Answer, Verdict | None, float], None] | None = None,
        *,
        by_user: bool = False,
        retracts: bool = False,
        refuses_links: bool = False,
        capacity: int = 8192,
    ) -> None: ...
    def carry(self, message: Message, link: Link, generation: int, now: float = 0.0) -> list[Action] | None:
        """What `Engine.receive` would say of a message; None where the lane is not for it."""

    def carry_all(
        self, take: Callable[[], Message | None], link: Link, generation: int, now: float = 0.0
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
