"""`ImFilter`: a message to a verdict, with the evidence. It knows nothing of peers, addresses or answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from sipcore.imfilter._matcher import PrefixMatcher
from sipcore.imfilter.content import FILE_OFFER, Text, Undecodable, texts
from sipcore.imfilter.rules import LCS2005, Rules
from sipcore.imfilter.transfer import read_offer

if TYPE_CHECKING:
    from sipcore._parser import Message

__all__ = ["Action", "Finding", "ImFilter", "Verdict"]

#: How much evidence is kept of one text. One finding decides; a body full of links must not become a list to match.
_FINDINGS_OF_A_TEXT = 32
_MATCHED_LETTERS = 80
_BYTES_OF_A_LETTER = 4


class Action(StrEnum):
    """What is to be done with a message."""

    PASS = "pass"  # noqa: S105 - the verdict, no password
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason for a verdict.

    Attributes:
        rule: the prefix that matched (``"http:"``), ``"file-transfer"``, or ``"undecodable"``: it could not be read.
        text: where it was found: ``"body"`` or ``"ms-text-format"``.
        span: (start, end) in bytes of that text after decoding; of the undecoded text where it cannot be decoded.
        matched: the piece as a person would see it: the link, the offered file's name and size, or what was in the way
            of reading. 80 letters at most; what cannot be printed shows as U+FFFD.
    """

    rule: str
    text: str
    span: tuple[int, int]
    matched: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the filter says of a message: an action, and the findings that led to it (none where it passes)."""

    action: Action
    findings: tuple[Finding, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the message may go on."""
        return self.action is Action.PASS


_PASSED = Verdict(Action.PASS)


@dataclass(frozen=True, slots=True)
class ImFilter:
    """The filter for instant messages: refuses links, file offers, and what it cannot read (F110 to F113).

    Immutable, picklable, and free to be shared between threads. Reading the rules costs some milliseconds, checking a
    message some microseconds: make one filter and keep it.
    """

    rules: Rules = LCS2005
    _links: PrefixMatcher = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_links", PrefixMatcher(self.rules.prefixes))

    def check(self, message: Message) -> Verdict:
        """The verdict on a message, request or response. Never raises for what the message contains.

        Source: docs/protocol.md "IM filter", "File-transfer offers".
        """
        findings = tuple(finding for text in texts(message) for finding in self._findings(text))
        return Verdict(Action.BLOCK, findings) if findings else _PASSED

    def _findings(self, text: Text | Undecodable) -> Iterator[Finding]:
        if isinstance(text, Undecodable):
            yield Finding("undecodable", text.path, (0, text.size), _shown(text.why))
        elif text.essence == FILE_OFFER:
            yield from self._offers(text)
        else:
            yield from self._clickable(text)

    def _offers(self, text: Text) -> Iterator[Finding]:
        if self.rules.file_transfer and (offer := read_offer(text.data)) is not None:
            yield Finding("file-transfer", text.path, (0, len(text.data)), _shown(str(offer)))

    def _clickable(self, text: Text) -> Iterator[Finding]:
        for prefix, start, end in self._links.find_all(text.data, _FINDINGS_OF_A_TEXT):
            piece = text.data[start : min(end, start + _MATCHED_LETTERS * _BYTES_OF_A_LETTER)]
            matched = _shown(str(piece, text.codec, "replace"))
            yield Finding(self.rules.prefixes[prefix], text.path, (start, end), matched)


def _shown(text: str) -> str:
    """The first letters of a text, without what would disturb a terminal or a log."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:_MATCHED_LETTERS])
