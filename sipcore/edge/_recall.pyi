"""What became of the last message that said the same: the short memory of the express lane.

A fixed number of places; what is kept takes the place of what was there. So memory is bounded, and nothing has to be
tidied up when something is found, which is nearly always. Whoever loses a place is only looked up the long way again.
Full of dialogs it has some 5 MB, of the longest that are kept 9.
Natively what is said is laid out by `_recall.pxd`; from Python, for tests, it is given as values.
"""

from collections.abc import Iterable
from typing import Generic, TypeVar

_Value = TypeVar("_Value")

class Recall(Generic[_Value]):
    """Values by all that a message says.

    Args:
        salt: of the hash that chooses places; 0 to 2**64 - 1.
    """

    def __init__(self, salt: int) -> None: ...
    def __len__(self) -> int:
        """How many are kept; at most 8192."""

    def get(self, values: Iterable[bytes | None]) -> _Value | None:
        """What was kept last under exactly those values; None where there is nothing, or no more."""

    def put(self, values: Iterable[bytes | None], value: _Value) -> None:
        """Keep something; not where the values have more than some 1000 bytes."""
