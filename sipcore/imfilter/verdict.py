"""What the filter says of a message: an action, and the findings that led to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sipcore._edit import Edit
    from sipcore.imfilter.rewriting import Changes
    from sipcore.imfilter.transfer import Offer

__all__ = ["FINDINGS", "PREFIX", "Action", "Finding", "Verdict"]


class Action(StrEnum):
    """What is to be done with a message, or with what a rule finds."""

    #: Nothing was found, or nothing that counts.
    PASS = "pass"  # noqa: S105 - the verdict, no password
    #: It goes on as it is; that something was found is told. How an operator tries a rule.
    OBSERVE = "observe"
    #: It goes on with an underscore before each link.
    DEFANG = "defang"
    #: It goes on with a notice put first.
    WARN = "warn"
    #: It does not go on.
    BLOCK = "block"

    @property
    def severity(self) -> int:
        """The place in the order from `PASS` (0) to `BLOCK`: of several findings the severest decides."""
        return _SEVERITY[self]


#: The kind of what is found by how it begins.
PREFIX = "prefix"
#: The kinds of findings, see `Finding.kind`.
FINDINGS = (PREFIX, "bare-domain", "extension", "offer", "undecodable", "unseen")

_SEVERITY = {action: severity for severity, action in enumerate(Action)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason for a verdict.

    Attributes:
        rule: what matched: a prefix (``"http:"``), an extension (``".exe"``), ``"bare-domain"``, ``"file-transfer"``,
            ``"undecodable"``: it could not be read, or ``"unseen"``: more links, or bytes, than are looked at.
        text: where it was found: ``"body"``, ``"body/multipart[1]/html"``, ``"ms-text-format"`` ...
        span: (start, end) in bytes of that text after decoding; of the undecoded text where it cannot be decoded.
        matched: the piece as a person would see it: the link, the offered file's name and size, or what was in the way
            of reading. 80 letters at most; what cannot be printed shows as U+FFFD.
        action: what the rules want done about it.
        where: (start, end) in bytes of the message (or of the text that was checked without one), when the piece stands
            there as it is; else None.
        offer: what is offered, with every file's name and size, when it is a file offer.
        note: why the action is `BLOCK` where the rules say `DEFANG` or `WARN`: the text cannot be rewritten safely.
    """

    rule: str
    text: str
    span: tuple[int, int]
    matched: str
    action: Action = Action.BLOCK
    where: tuple[int, int] | None = None
    offer: Offer | None = None
    note: str = ""

    @property
    def kind(self) -> str:
        """What kind of rule matched, one of `FINDINGS`; of rules there are as many as prefixes and extensions."""
        if self.offer is not None:
            return "offer"
        if self.rule in FINDINGS:
            return self.rule
        return "extension" if self.rule.startswith(".") else PREFIX


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the filter says of a message.

    Attributes:
        action: the severest action of its findings; `Action.PASS` where there are none.
        findings: every reason, in the order of the texts; of one text 32 at most.
        changes: what `apply` does; None where the message goes on as it is, or not at all.
        rewritten: of `ImFilter.check_text` only: the text as it may go on, of the type that was given; None where it is
            not to be changed.
    """

    action: Action
    findings: tuple[Finding, ...] = ()
    changes: Changes | None = field(default=None, repr=False, compare=False)
    rewritten: str | bytes | None = None

    @property
    def worst(self) -> Finding | None:
        """The first of the severest findings, by which the action is what it is; None where there are none."""
        return max(self.findings, key=lambda finding: finding.action.severity, default=None)

    @property
    def passed(self) -> bool:
        """Whether the message may go on as it is."""
        return self.action in (Action.PASS, Action.OBSERVE)

    @property
    def blocked(self) -> bool:
        """Whether the message may not go on, changed or not."""
        return self.action is Action.BLOCK

    def apply(self, edit: Edit) -> None:
        """Write the changes that let the message go on into an edit of it; nothing where there are none.

        Raises: ValueError for a verdict that blocks: no edit makes that message fit to go on.
        """
        if self.blocked:
            raise ValueError("a blocked message does not go on")
        if self.changes is not None:
            self.changes.apply(edit)
