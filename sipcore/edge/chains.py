"""The chain of a decision: the rules that led to it, one readable line each, put into words when somebody reads them.

Hardly any chain is read: explaining, observing and logging do it, forwarding does not. Writing the five lines of an
ordinary request took two thirds of the time in which it is decided, so a step hands in how its line is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import overload

__all__ = ["Chain", "Line", "told"]

#: A line, or how to write it: a function of values that do not change, so it says the same whenever it is asked.
Line = str | Callable[[], str]


def told(line: Line) -> str:
    """The words of a line."""
    return line if isinstance(line, str) else line()


class Chain(Sequence[str]):
    """A tuple of texts to whoever looks at it. It compares and hashes as the lines that it would tell.

    Args:
        lines: in the order of the steps; whoever hands them in changes them no more.
    """

    __slots__ = ("_lines",)

    def __init__(self, lines: Sequence[Line] = ()) -> None:
        self._lines = lines

    @classmethod
    def of(cls, chain: Iterable[Line], *further: Line) -> Chain:
        """A chain and what followed it, with nothing put into words that is not yet."""
        return cls((*(chain._lines if isinstance(chain, Chain) else chain), *further))

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(map(told, self._lines[index]))
        return told(self._lines[index])

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[str]:
        return map(told, self._lines)

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, Chain | tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))
