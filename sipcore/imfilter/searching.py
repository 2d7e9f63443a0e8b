"""A text to the links in it that count: found by prefix or as bare domains, and judged by what they lead to."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sipcore.imfilter._links import LinkFinder
from sipcore.imfilter.content import PLAIN, Text
from sipcore.imfilter.destinations import LocalHosts, destination
from sipcore.imfilter.domains import BareDomains
from sipcore.imfilter.extensions import Extensions
from sipcore.imfilter.places import Data
from sipcore.imfilter.reading import RTF_BEGINNINGS, readings
from sipcore.imfilter.rules import Rules, Source
from sipcore.imfilter.verdict import Action

__all__ = ["BARE_DOMAIN", "LONGEST_READ", "MOST_LINKS", "Found", "Place", "Search"]

#: The rule that a domain without a prefix is found by.
BARE_DOMAIN = "bare-domain"
#: How many links are looked at in one reading. A conversation has a handful; a list of each link in a body of megabytes
#: would cost more than the body.
MOST_LINKS = 1024
#: Bytes of a text that has to be read before it can be searched: HTML, RTF, and text with its tricks undone. That takes
#: up to two microseconds a byte, and an edge must not stand still for seconds. Plain text as it stands has no bound.
LONGEST_READ = 262_144
#: How many links that pass are looked into in one word for one that does not. People write one.
_NESTED = 16
#: As much of a link as is kept for a person to see: 80 letters of 4 bytes.
_SEEN = 320


#: Links by prefix (index, start, end), and bare domains.
_Candidates = tuple[list[tuple[int, int, int]], list[tuple[int, int]]]
#: Rule, action, start and end in what was searched.
_Counted = tuple[str, Action, int, int]


@dataclass(frozen=True, slots=True)
class Place:
    """One link in a text.

    Attributes:
        start, end: its bytes in the text.
        rule: the prefix, the extension or `BARE_DOMAIN`.
        action: what the rules want done about it.
        editable: whether an underscore may be put before it without breaking the text.
        seen: the link as it is read, undone of what hides it; its beginning, when it is long.
    """

    start: int
    end: int
    rule: str
    action: Action
    editable: bool
    seen: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        places: the links that count, in their order.
        unseen: why there may be more of them; empty where there are not.
    """

    places: list[Place]
    unseen: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """Looks through texts for links. Immutable and picklable."""

    rules: Rules
    finder: LinkFinder = field(init=False, repr=False, compare=False)
    domains: BareDomains | None = field(init=False, repr=False, compare=False)
    _extensions: Extensions | None = field(init=False, repr=False, compare=False)
    _local: LocalHosts | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rules = self.rules
        wanted = bool(rules.looks_for_links or rules.extensions)
        parts = {
            "finder": LinkFinder(rules.prefixes if wanted else ()),
            "domains": BareDomains(addresses=True) if wanted and rules.bare_domains else None,
            "_extensions": Extensions(frozenset(rules.extensions)) if rules.extensions else None,
            "_local": rules.own_hosts,
        }
        for name, part in parts.items():
            object.__setattr__(self, name, part)

    def __reduce__(self) -> tuple[object, ...]:
        return Search, (self.rules,)

    def links(self, text: Text, links: Action) -> Found:
        """The links of a text that count, each place once.

        Args:
            links: what is done about a link that is nothing worse: ``rules.links`` as a rule.
        """
        if links is Action.PASS and self._extensions is None:
            return Found([])
        if self._is_too_long(text):
            return Found([], f"longer than {LONGEST_READ} bytes")
        found: dict[int, Place] = {}  # by where they begin: readings may differ in where a link ends
        unseen = ""
        for reading in readings(text, self.rules.tricks):
            if reading.kind == "hidden" and Source.HIDDEN not in self.rules.sources:
                continue
            codec = text.codec if reading.data is text.data else "utf-8"
            candidates = self._candidates(reading.data)
            for rule, action, start, end in self._counted(reading.data, candidates, links):
                seen = str(reading.data[start : min(end, start + _SEEN)], codec, "replace")
                place = Place(*reading.source(start, end), rule, action, reading.editable, seen)
                found[place.start] = _merged(found.get(place.start, place), place)
            if any(len(each) >= MOST_LINKS for each in candidates):
                unseen = f"{MOST_LINKS} links or more"
        return Found([found[start] for start in sorted(found)], unseen)

    def action_on_unseen(self, links: Action) -> Action:
        """What is done where not every link was seen: what would be done about the worst of them."""
        worst = self.rules.extension_action if self._extensions is not None else links
        return max(links, worst, key=lambda action: action.severity)

    def _is_too_long(self, text: Text) -> bool:
        if len(text.data) <= LONGEST_READ:
            return False
        return self.rules.tricks or text.essence != PLAIN or bytes(text.data[:5]) in RTF_BEGINNINGS

    def _candidates(self, data: Data) -> _Candidates:
        """Everything that could be followed: by its prefix, and bare domains."""
        domains = self.domains.find_all(data, MOST_LINKS) if self.domains else []
        return self.finder.find_all(data, MOST_LINKS), domains

    def _counted(self, data: Data, candidates: _Candidates, links: Action) -> Iterator[_Counted]:
        """Of the candidates those that count. A bare domain inside a link does where the link itself passes."""
        prefixed, domains = candidates
        within = (self._first_that_counts(data, link, links) for link in prefixed)
        counted = [link for link in within if link is not None]
        yield from counted
        for start, end in domains:
            before = bisect_right(counted, start, key=_start)
            if not before or counted[before - 1][3] <= start:
                rule, action = self._judged(BARE_DOMAIN, data[start:end], links)
                if action is not Action.PASS:
                    yield rule, action, start, end

    def _first_that_counts(self, data: Data, link: tuple[int, int, int], links: Action) -> _Counted | None:
        """The link, or where it passes the first one inside that does not: ``http://intranet/,http://evil.example``."""
        index, start, end = link
        for _ in range(_NESTED):
            prefix = self.rules.prefixes[index]
            rule, action = self._judged(prefix, data[start:end], links)
            if action is not Action.PASS:
                return rule, action, start, end
            inside = start + _length(prefix, bytes(data[start:end]))
            inner = self.finder.find_first(data[inside:end])
            if inner is None:
                return None
            index, start, end = inner[0], inside + inner[1], inside + inner[2]
        return self.rules.prefixes[index], self.action_on_unseen(links), start, end

    def _judged(self, rule: str, link: Data, links: Action) -> tuple[str, Action]:
        """By which rule a link counts, and what is done about it."""
        if self._extensions is None and self._local is None:
            return rule, links
        target = destination(link)
        action = Action.PASS if self._local is not None and self._local.covers(target) else links
        extension = self._extensions.of(target.file) if self._extensions is not None else None
        if extension is not None and action.severity <= self.rules.extension_action.severity:
            return f".{extension}", self.rules.extension_action
        return rule, action


def _length(prefix: str, link: bytes) -> int:
    """How many bytes of a link are its prefix; the asterisk stands for the rest of a label."""
    return link.index(b".", len(prefix) - 2) + 1 if prefix.endswith("*.") else len(prefix)


def _start(link: _Counted) -> int:
    return link[2]


def _merged(one: Place, other: Place) -> Place:
    """Two readings of one link: the severer, and editable only where both are."""
    severer = other if other.action.severity > one.action.severity else one
    return replace(severer, editable=one.editable and other.editable)
