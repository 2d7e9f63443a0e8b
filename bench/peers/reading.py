"""Peers that are Python packages: one function reads, another makes the answer that is checked."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from sipcore_bench.contestant import Kind, Rejected, Unavailable

__all__ = ["Reader", "package", "same"]


def same(value: Any) -> Any:
    """For a reader whose own value is the answer."""
    return value


@dataclass(frozen=True, slots=True)
class Reader:
    """A contestant whose work is one call of a Python function.

    Attributes:
        name, version, question: as for every contestant.
        work: what is timed: one input to whatever the library hands over.
        answer_of: makes the answer of that, outside the clock. May raise Unreadable.
        prepare: makes an input of an item, outside the clock.
        refusals: the exceptions by which the library says that an input is not valid.
    """

    name: str
    version: str
    question: str
    work: Callable[[Any], Any]
    answer_of: Callable[[Any], object] = same
    prepare: Callable[[bytes], Any] = same
    refusals: tuple[type[Exception], ...] = ()
    kind: Kind = "peer"

    def answer(self, item: bytes) -> object:
        """The answer for one input. A library that prints complains, and has not simply taken the input.

        Raises: Rejected, Unreadable.
        """
        prepared = self.prepare(item)
        try:
            with contextlib.redirect_stdout(io.StringIO()) as complaint:
                read = self.work(prepared)
        except self.refusals as fault:
            raise Rejected(f"{type(fault).__name__}: {fault}") from fault
        if complaint.getvalue():
            raise Rejected(complaint.getvalue().strip())
        return self.answer_of(read)

    def timed(self, items: list[bytes]) -> Callable[[], int]:
        """One pass over all items, the clock around the loop."""
        work, prepared = self.work, [self.prepare(item) for item in items]

        def one_pass() -> int:
            start = time.perf_counter_ns()
            for item in prepared:
                work(item)
            return time.perf_counter_ns() - start

        return one_pass


def package(distribution: str, module: str) -> tuple[ModuleType, str]:
    """The module and the version of the distribution that it comes with. Raises: Unavailable."""
    try:
        return importlib.import_module(module), importlib.metadata.version(distribution)
    except ImportError as missing:
        raise Unavailable(f"{distribution} is not there: {missing} (make bench-peers)") from missing
