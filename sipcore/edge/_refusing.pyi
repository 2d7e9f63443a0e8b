"""What is said to those whose content the filter refuses, as the express lane says it."""

from sipcore.edge.actions import Count
from sipcore.edge.flow import Answer

class Refusal:
    """The answer to every request of a flow that has what the filter blocks.

    Args:
        decision: the answer, with its chain.
        counts: what is counted of each such request, in this order, by the kind of the worst that was found in it.
        before, behind: what the answer has before and behind what it copies, as `sipcore.build.around` writes it.
    """

    def __init__(
        self, decision: Answer, counts: dict[str, tuple[Count, ...]], before: bytes, behind: bytes
    ) -> None: ...
    @property
    def decision(self) -> Answer: ...
    @property
    def counts(self) -> dict[str, tuple[Count, ...]]: ...
