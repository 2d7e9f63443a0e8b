"""The questions that are asked in this process: what of, how much at a time, and what a right answer is.

The relay is asked elsewhere, see `sipcore_bench.relay`: it takes whole processes, and gives other figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import eq
from pathlib import Path

from sipcore_bench.fields import Fields, NotAMessage, forwarded, framed, read
from sipcore_bench.messages import MESSAGES, Recipe
from sipcore_bench.pool import Pool
from sipcore_bench.runner import Input
from sipcore_bench.texts import TEXTS, holds_prefix

__all__ = ["QUESTIONS", "Inputs", "Question"]

#: Messages in a chunk of a stream: about what a read from a busy connection brings.
CHUNK = 100

Answer = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that contestants do.

    Attributes:
        id, title: its name, and what is done.
        kinds: of input, in the order of the tables.
        expected: a recipe to the function that knows the right answers; None stands for messages of one's own.
        agrees: whether an answer is the right one.
        unit: what figures are per.
        counted: the kind whose instructions are counted.
        per_item: messages in one input.
        held_against: who of ours is held against whom of the others, by name: the report says the ratio in words.
    """

    id: str
    title: str
    kinds: tuple[str, ...]
    expected: Callable[[Recipe | None], Answer]
    agrees: Callable[[object, object], bool] = eq
    unit: str = "message"
    counted: str = "message"
    per_item: int = 1
    held_against: tuple[tuple[str, str], ...] = ()


def always(answer: Answer) -> Callable[[Recipe | None], Answer]:
    """The same function for every recipe."""
    return lambda _: answer


def starts_alike(answer: object, expected: object) -> bool:
    """For ``index``: whoever has found all there is says all of it, others the method or the status."""
    assert isinstance(expected, Fields)
    return answer == expected if isinstance(answer, Fields) else str(answer) == str(expected.start)


def verdict_of(recipe: Recipe | None) -> Answer:
    """What the filter has to say is known of a kind, not read from a message."""
    blocked = recipe is not None and recipe.blocked
    return lambda _: "block" if blocked else "pass"


def carried(recipe: Recipe | None) -> Answer:
    """That the edge forwards a message is known of a kind too: it is made to come from one of its partners."""
    return lambda _: "forwarded"


_KINDS = tuple(MESSAGES)
_REQUESTS = tuple(kind for kind in _KINDS if kind != "ok")

#: By id, in the order in which they are asked.
QUESTIONS = {
    question.id: question
    for question in (
        Question("index", "parse: start line and header index", _KINDS, always(read), starts_alike),
        Question(
            "fields",
            "parse and read twelve fields",
            _KINDS,
            always(read),
            held_against=(
                # Without objects on either side; and with the same twelve objects made.
                ("sipcore: 12 fields, cimport", "limit: twelve fields in C"),
                ("sipcore: 12 fields, Reader", "limit: Python call, gives twelve str"),
            ),
        ),
        Question("forward", "parse, pop Route, push Via, count down Max-Forwards, write", _REQUESTS, always(forwarded)),
        Question(
            "frame",
            f"cut a stream into messages, {CHUNK} at a time",
            ("message", "notify", "ims-invite"),
            always(framed),
            per_item=CHUNK,
        ),
        Question(
            "match",
            "is any of seventeen link prefixes in a text, in any case",
            tuple(TEXTS),
            always(holds_prefix),
            unit="text",
            counted="text-600-none",
        ),
        Question(
            "filter",
            "may a parsed message pass the filter for instant messages",
            (
                *("message", "long-message", "typing", "html", "multipart", "invite", "first-message"),
                *("link", "multipart-link", "file-invite"),
            ),
            verdict_of,
        ),
        Question(
            "decide",
            "what becomes of a MESSAGE at an edge with 10,000 partners, whole and part by part",
            ("message",),
            carried,
        ),
    )
}


class Inputs:
    """Makes the inputs of questions; messages of a kind are made once.

    Args:
        seed: of the generator.
        size: of each pool.
        folder: messages of one's own, instead of the generated ones.

    Raises: BadFolder.
    """

    def __init__(self, seed: int, size: int, folder: Path | None = None) -> None:
        self._seed, self._size = seed, size
        self._own = Pool.from_folder(folder) if folder else None
        self._made: dict[str, Pool] = {}

    def kinds_of(self, question: Question) -> tuple[str, ...]:
        """The kinds that this question is asked about; none when it cannot be asked about messages of one's own."""
        if self._own is None or question.unit != "message":
            return question.kinds
        return () if question.expected in (verdict_of, carried) else (self._own.kind,)

    def of(self, question: Question, kind: str) -> Input:
        """The inputs of one cell."""
        pool = self._pool(kind, keep=question.unit == "message")
        items = self._fit(question, pool)
        return Input(kind, items, question.expected(pool.recipe), question.per_item, question.agrees)

    def why_none(self, question: Question) -> str:
        """Why a question cannot be asked about messages of one's own."""
        if not self.kinds_of(question):
            return "nothing says what a right answer is for messages of one's own"
        if question.per_item > 1:
            return f"it takes {question.per_item} messages with a Content-Length, or more"
        return "none of the messages fits it"

    def all_of(self, question: Question) -> Iterator[Input]:
        """The inputs of all cells of a question; empty ones, of messages that do not fit it, are left out."""
        for kind in self.kinds_of(question):
            given = self.of(question, kind)
            if given.items:
                yield given

    def _pool(self, kind: str, keep: bool) -> Pool:
        if self._own is not None and kind == self._own.kind:
            return self._own
        pool = self._made.get(kind) or Pool(kind, self._seed, self._size)
        if keep:
            self._made[kind] = pool
        return pool

    def _fit(self, question: Question, pool: Pool) -> list[bytes]:
        """Chunks where a question wants them. Of messages of one's own, those that have an expected answer."""
        if question.per_item > 1:
            chunks = pool.chunks(question.per_item)
            return [
                chunk for chunk in chunks if _is_answered(lambda item: len(framed(item)) == question.per_item, chunk)
            ]
        if pool.recipe is None:
            return [item for item in pool.items if _is_answered(question.expected(None), item)]
        return pool.items


def _is_answered(expected: Answer, item: bytes) -> bool:
    try:
        return bool(expected(item))
    except NotAMessage:
        return False
