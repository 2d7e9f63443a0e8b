"""What each profile of the filter finds in texts whose links are known, misses, and takes for a link in what is none.

    .venv/bin/python tests/filter_figures.py            print the table that stands in docs/filter.md
    .venv/bin/python tests/filter_figures.py --write    and bring the lists in tests/imfilter_corpus up to date

The lists name places and rules, never other people's text. What is new in them gets a ``?`` in place of its reason,
which a person has to write: the test takes no list with one.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from link_texts import SOURCES, Vector

from sipcore.imfilter import ImFilter
from sipcore.imfilter.profiles import Profile

FOLDER = Path(__file__).with_name("imfilter_corpus")
FILTERS = {profile.value: ImFilter(profile.rules) for profile in Profile}
PASSES = "-"
UNEXPLAINED = "?"

#: List: what stands at its head.
LISTS = {
    "flagged_ham.txt": "Texts without a link, by those who wrote or collected them, in which a profile finds one.",
    "missed_links.txt": "Links that a profile does not find: those of a listed prefix, and in strict all of the texts.",
}


class Entry(NamedTuple):
    """A line of a list: a place, what each profile says there, and why that is so, in one word."""

    place: str
    said: tuple[str, ...]
    why: str

    def __str__(self) -> str:
        said = (f"{name}={said}" for name, said in zip(FILTERS, self.said, strict=True))
        return " ".join((self.place, *said, self.why))


class Figures(NamedTuple):
    """What came of one source: numbers by (profile, kind), and the entries of the lists by place."""

    numbers: Counter[tuple[str, str]]
    lists: dict[str, dict[str, tuple[str, ...]]]


@cache
def figures(source: str) -> Figures:
    """Check every text of a source in every profile."""
    made = Figures(Counter(), {name: {} for name in LISTS})
    for vector in SOURCES[source]():
        found = {name: content.check_text(_bytes(vector.text)).findings for name, content in FILTERS.items()}
        if not vector.links:
            said = tuple(",".join(dict.fromkeys(finding.rule for finding in each)) or PASSES for each in found.values())
            made.numbers.update([("", "ham"), *((name, "flagged") for name, each in found.items() if each)])
            if set(said) != {PASSES}:
                made.lists["flagged_ham.txt"][vector.place] = said
        for number, link in enumerate(vector.links):
            kind = "listed" if vector.is_listed(link) else "other"
            hits = {name: _is_hit(vector, link, [finding.span for finding in each]) for name, each in found.items()}
            made.numbers.update([("", kind), *((name, kind) for name, hit in hits.items() if hit)])
            wanted = set(FILTERS) if kind == "listed" else {"strict"} if source != "WHATWG" else set()
            if any(not hits[name] for name in wanted):
                said = tuple("missed" if name in wanted and not hit else PASSES for name, hit in hits.items())
                made.lists["missed_links.txt"][f"{vector.place}#{number}"] = said
    return made


def _bytes(text: str) -> bytes:
    """As it would come: a byte that was no UTF-8 as it is, half a surrogate pair in the three bytes that some write."""
    return b"".join(
        bytes((ord(letter) & 0xFF,)) if "\udc80" <= letter <= "\udcff" else letter.encode("utf-8", "surrogatepass")
        for letter in text
    )


def _is_hit(vector: Vector, link: tuple[int, int], spans: list[tuple[int, int]]) -> bool:
    """Whether something is found where the link is: two links that touch are one to some readers."""
    start, end = (len(_bytes(vector.text[:place])) for place in link)
    return any(first < end and start < last for first, last in spans)


def table() -> str:
    """The figures in Markdown."""
    heading = "| texts | links | | " + " | ".join(f"`{name}`" for name in FILTERS) + " |"
    lines = [heading, "|---|---|---:|" + "---:|" * len(FILTERS)]
    kinds = {"listed": "with a listed prefix", "other": "without", "ham": "none, by their authors"}
    for source in SOURCES:
        numbers = figures(source).numbers
        for kind, words in kinds.items():
            if total := numbers["", kind]:
                found = (numbers[name, "flagged" if kind == "ham" else kind] for name in FILTERS)
                lines.append(f"| {source} | {words} | {total:,} | " + " | ".join(f"{each:,}" for each in found) + " |")
    return "\n".join(lines) + "\n"


def computed(name: str) -> dict[str, tuple[str, ...]]:
    """A list as it is today."""
    return {place: said for source in SOURCES for place, said in figures(source).lists[name].items()}


def committed(name: str) -> dict[str, Entry]:
    """A list as it is kept."""
    return {entry.place: entry for entry in _entries((FOLDER / name).read_text("utf-8"))}


def _entries(text: str) -> Iterator[Entry]:
    for line in text.splitlines():
        if line and not line.startswith("#"):
            place, *said, why = re.split(r" +", line)
            yield Entry(place, tuple(each.partition("=")[2] for each in said), why)


def written(name: str) -> str:
    """A list brought up to date, with the reasons that are known."""
    kept = committed(name) if (FOLDER / name).exists() else {}
    entries = [
        Entry(place, said, kept[place].why if place in kept and kept[place].said == said else UNEXPLAINED)
        for place, said in computed(name).items()
    ]
    lines = [f"# {LISTS[name]}", *(f"# {line}" for line in HEADS[name]), *map(str, entries)]
    return "\n".join(lines) + "\n"


HEADS = {
    "flagged_ham.txt": (
        "Written by tests/filter_figures.py --write: place, the rules that each profile finds, why a client links it:",
        "url       a whole URL, meant as one",
        "www       a name that begins with www., which clients link whatever follows",
        "host      a URL whose host nobody can register: clients that go by prefixes do not know that",
        "bare      a scheme with hardly anything behind it: the same",
        "glued     a URL or a domain behind a mark (@, #, $) behind which one client starts none, and others do",
        "domain    a domain without a prefix, meant as one; like all below, in strict only",
        "name      a domain that its surroundings make invalid for one client: an address, a port, an at sign",
        "relative  a domain behind slashes",
        "sentence  a full stop without a space before a word that is a top-level domain, or the name of a file",
        "scheme    a colon without a space behind a word that is a scheme of strict",
    ),
    "missed_links.txt": (
        "Written by tests/filter_figures.py --write: place, link of that text, by whom it is missed, and why:",
        "local     leads to a host without a dot, which lync lets pass",
        "relative  begins with //, which means nothing outside of a page",
        "version   four numbers: as often a version as an address",
        "script    a domain that goes over into a word of its own script without a space",
    ),
}


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        for each in LISTS:
            (FOLDER / each).write_text(written(each), "utf-8")
    print(table(), end="")
