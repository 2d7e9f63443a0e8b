"""`ImFilter`: a message to a verdict, with the evidence. It knows nothing of peers, addresses or answers.

    Message -> texts -> readings -> links ┐
                     -> offers            ├-> findings -> the severest action -> changes, where it is defang or warn
                     -> what is unreadable┘

Nearly every message holds nothing of this, and the `Gate` knows it by its bytes; only for the others is the road taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sipcore._parser import parse
from sipcore.errors import EditError, ParseError
from sipcore.imfilter._gate import Gate
from sipcore.imfilter.content import READ_TYPES, SHOWN_TYPES, Text, Undecodable, texts
from sipcore.imfilter.defanging import Notice, defanged, is_subject
from sipcore.imfilter.extensions import Extensions
from sipcore.imfilter.hiding import spellings
from sipcore.imfilter.profiles import LCS2005
from sipcore.imfilter.rewriting import CannotRewriteError, Changes, rewritten
from sipcore.imfilter.rules import FileOffers, Rules, Source
from sipcore.imfilter.searching import Found, Place, Search
from sipcore.imfilter.transfer import OFFER_TYPES, Offer, UnreadableOfferError
from sipcore.imfilter.verdict import Action, Finding, Verdict
from sipcore.limits import WIDEST

if TYPE_CHECKING:
    from sipcore._parser import Message

__all__ = ["ImFilter"]

#: How much evidence is kept of one text. One finding decides; a body full of links must not become a list to match.
_FINDINGS_OF_A_TEXT = 32
_MATCHED_LETTERS = 80

_PASSED = Verdict(Action.PASS)

#: Which sources are asked for by the type of a text.
_SOURCE_OF_TYPE = {
    "text/html": Source.HTML,
    "application/xhtml+xml": Source.HTML,
    "text/rtf": Source.RTF,
    "application/rtf": Source.RTF,
}


@dataclass(frozen=True, slots=True)
class ImFilter:
    """The filter for instant messages: finds links, file offers, and what it cannot read (F110 to F113).

    Immutable, picklable, and free to be shared between threads. Reading the rules costs some milliseconds, checking a
    message a fraction of a microsecond where its bytes tell that nothing is in it, some ten microseconds where a link
    is, and a hundred where HTML has to be read: make one filter and keep it.
    """

    rules: Rules = LCS2005
    _gate: Gate = field(init=False, repr=False, compare=False)
    _search: Search = field(init=False, repr=False, compare=False)
    _notice: Notice | None = field(init=False, repr=False, compare=False)
    _extensions: Extensions = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        search = Search(self.rules)
        undone = tuple(spellings()) if self.rules.tricks else ()
        read = (*READ_TYPES, *self.rules.types)
        object.__setattr__(self, "_gate", Gate(search.finder, search.domains is not None, undone, read, SHOWN_TYPES))
        object.__setattr__(self, "_search", search)
        object.__setattr__(self, "_notice", Notice(self.rules.notice) if self.rules.notice else None)
        object.__setattr__(self, "_extensions", Extensions(frozenset(self.rules.extensions)))

    def __reduce__(self) -> tuple[object, ...]:
        return ImFilter, (self.rules,)

    @property
    def gate(self) -> Gate:
        """What tells the plainly clean message, for those who pass it on natively."""
        return self._gate

    @property
    def refuses_links(self) -> bool:
        """Whether a link in plain text, found by its prefix, is all that there is to know of a message.

        Such a message is blocked, and the first of the worst findings in it is a prefix (`Gate.has_link`): no rule
        lets some links pass, calls them by another name, or finds more in text that stands before them.
        """
        rules = self.rules
        plain = not (rules.bare_domains or rules.tricks or rules.ignore_local or rules.extensions or rules.notice)
        return plain and rules.links is Action.BLOCK

    def check(self, message: Message) -> Verdict:
        """The verdict on a message, request or response. Never raises for what the message contains.

        A message that is changed by `Verdict.apply`, checked again, passes: that is tried before the verdict is given.

        Source: docs/protocol.md "IM filter", "File-transfer offers".
        """
        if self._gate.is_clean(message):
            return _PASSED
        read = tuple(texts(message, self.rules.types))
        verdict = self._judged(read)
        if verdict.passed or verdict.blocked:
            return verdict
        return self._with_changes(verdict, message, read)

    def check_text(self, text: str | bytes) -> Verdict:
        """The verdict on plain text that comes without a message; of bytes, UTF-8.

        Where it is to be defanged or warned of, the text that may go on is `Verdict.rewritten`.
        """
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
        read = Text("text", "text/plain", data, "utf-8", start=0)
        verdict = self._judged((read,))
        if verdict.passed or verdict.blocked:
            return verdict
        try:
            changed = bytes(self._changed(read).data)
        except CannotRewriteError as error:
            return _refused(verdict, error)
        fit = changed if isinstance(text, bytes) else changed.decode("utf-8", "surrogatepass")
        return replace(verdict, rewritten=fit)

    # -- what is found

    def _judged(self, read: Iterable[Text | Undecodable]) -> Verdict:
        """The severest of what is found in each text, and the evidence."""
        findings = tuple(finding for text in read for finding in self._findings(text))
        return Verdict(_severest(findings), findings) if findings else _PASSED

    def _findings(self, text: Text | Undecodable) -> Iterator[Finding]:
        if isinstance(text, Undecodable):
            yield from self._unreadable(text.path, text.why, text.size)
            return
        if text.essence in OFFER_TYPES and self.rules.files is not FileOffers.NONE:
            yield from self._offered(text)
        if self._is_searched(text):
            yield from self._clickable(text)

    def _unreadable(self, path: str, why: str, size: int) -> Iterator[Finding]:
        if self.rules.undecodable is not Action.PASS:
            yield Finding("undecodable", path, (0, size), _shown(why), self.rules.undecodable)

    def _offered(self, text: Text) -> Iterator[Finding]:
        span = (0, len(text.data))
        try:
            offer = OFFER_TYPES[text.essence](text.data)
        except UnreadableOfferError as error:
            yield from self._unreadable(text.path, str(error), len(text.data))
            return
        if offer is not None and (rule := self._rule_against(offer)):
            yield Finding(
                rule, text.path, span, _shown(str(offer)), self.rules.file_action, _where(text, span), offer=offer
            )

    def _rule_against(self, offer: Offer) -> str | None:
        """By which rule an offer counts; None where it does not."""
        if self.rules.files is FileOffers.ALL:
            return "file-transfer"
        if None in offer.names:
            return "file-transfer"  # of a file whose name is not said nobody knows the extension
        found = next(filter(None, map(self._extensions.of, offer.names)), None)
        return f".{found}" if found else None

    def _is_searched(self, text: Text) -> bool:
        """Whether links are looked for: in what is shown, which an offer is not, unless it is a text too."""
        if text.essence in OFFER_TYPES and not text.essence.startswith("text/"):
            return False
        source = Source.SUBJECT if is_subject(text) else _SOURCE_OF_TYPE.get(text.essence)
        return source is None or source in self.rules.sources

    def _clickable(self, text: Text) -> Iterator[Finding]:
        found = self._links(text)
        for place in _evidence(found.places):
            span = (place.start, place.end)
            yield Finding(place.rule, text.path, span, _shown(place.seen), place.action, _where(text, span))
        action = self._search.action_on_unseen(self._action_on_links(text))
        if found.unseen and action is not Action.PASS:
            yield Finding("unseen", text.path, (0, len(text.data)), found.unseen, action)

    def _links(self, text: Text) -> Found:
        """The links that count; those in a notice of ours do not."""
        found = self._search.links(text, self._action_on_links(text))
        end = self._notice.end(text) if self._notice else 0
        return replace(found, places=[place for place in found.places if place.start >= end]) if end else found

    def _action_on_links(self, text: Text) -> Action:
        """What is done about links; where they have been warned of nothing more is."""
        warned = self.rules.links is Action.WARN and (self._notice is None or self._notice.end(text) > 0)
        return Action.PASS if warned else self.rules.links

    def _to_defang(self, text: Text) -> Found:
        found = self._links(text)
        return replace(found, places=[place for place in found.places if place.action is Action.DEFANG])

    # -- what is changed

    def _with_changes(self, verdict: Verdict, message: Message, read: Iterable[Text | Undecodable]) -> Verdict:
        """The verdict with the changes that it asks for; one that blocks where they cannot be made."""
        # What is another way to read a text (behind an "@") changes with it, or does not and is found again.
        marked = {finding.text for finding in verdict.findings if finding.action in (Action.DEFANG, Action.WARN)}
        try:
            changed = {
                text.path: bytes(self._changed(text).data)
                for text in read
                if isinstance(text, Text) and text.path in marked and "@" not in text.path
            }
            changes = rewritten(message, changed, self.rules.types)
            self._try_out(changes, message)
        except CannotRewriteError as error:
            return _refused(verdict, error)
        return replace(verdict, changes=changes)

    def _changed(self, text: Text) -> Text:
        """A text as it may go on. Raises: CannotRewriteError."""
        if self.rules.links is Action.DEFANG:
            text = defanged(text, self._to_defang)
        return self._notice.before(text) if self._notice else text

    def _try_out(self, changes: Changes, message: Message) -> None:
        """Make the promise true that a changed message passes. Raises: CannotRewriteError when it would not."""
        try:
            edit = message.edit()
            changes.apply(edit)
            left = self._judged(texts(parse(bytes(edit), WIDEST), self.rules.types))
        except (EditError, ParseError) as error:
            raise CannotRewriteError("", f"the message cannot be edited: {error}") from None
        if not left.passed:
            finding = max(left.findings, key=lambda finding: finding.action.severity)
            raise CannotRewriteError(finding.text, f"{finding.rule} would still be found")


def _severest(findings: Iterable[Finding]) -> Action:
    return max((finding.action for finding in findings), key=lambda action: action.severity)


def _refused(verdict: Verdict, error: CannotRewriteError) -> Verdict:
    """A verdict whose changes cannot be made: it blocks, and what it found in that text, or in any, says why."""
    changing = [finding for finding in verdict.findings if finding.action in (Action.DEFANG, Action.WARN)]
    there = [finding for finding in changing if finding.text == error.path] or changing
    note = f"cannot be rewritten: {error.why}"
    findings = tuple(
        replace(finding, action=Action.BLOCK, note=note) if finding in there else finding
        for finding in verdict.findings
    )
    return Verdict(Action.BLOCK, findings)


def _evidence(places: list[Place]) -> list[Place]:
    """The severest few, in their order."""
    if len(places) <= _FINDINGS_OF_A_TEXT:
        return places
    severest = sorted(places, key=lambda place: -place.action.severity)[:_FINDINGS_OF_A_TEXT]
    return sorted(severest, key=lambda place: place.start)


def _where(text: Text, span: tuple[int, int]) -> tuple[int, int] | None:
    """The span in the message; None where the text does not stand there as it is."""
    return None if text.start is None else (text.start + span[0], text.start + span[1])


def _shown(text: str) -> str:
    """The first letters of a text, without what would disturb a terminal or a log."""
    text = text[:_MATCHED_LETTERS]
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
