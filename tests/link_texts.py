"""Texts with their links known beforehand: the vectors of other projects, lists of URLs, and what people wrote.

Everything is read from the corpus where it lies (`corpus`), but for a small set of texts written for this project,
which has the same traits and is always there.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from corpus import corpus

#: What begins a link in every profile, written down once more: whoever counts what was missed must not ask the filter.
#: Something visible has to follow.
LISTED = re.compile(
    r"(?:(?:callto|file|ftp|gopher|https?|ldap|mailto|news|nntp|sips?|tel|telnet):|ftp\.|www[0-9a-z-]*\.|href)(?=[^\x00-\x20\x7f])",
    re.IGNORECASE,
)
OWN = Path(__file__).with_name("imfilter_corpus") / "own_texts.toml"


class Vector(NamedTuple):
    """A text and the links in it, as somebody else sees them; without any it is ham.

    Attributes:
        place: where it stands: a file of the corpus and the number of a line, from 1, or of an entry, from 0.
        links: spans of characters.
    """

    place: str
    text: str
    links: tuple[tuple[int, int], ...] = ()

    def is_listed(self, link: tuple[int, int]) -> bool:
        """Whether a link begins with a prefix of the default list."""
        return LISTED.match(self.text, *link) is not None


def _vector(place: str, text: str, links: list[str]) -> Vector:
    """A vector whose links stand in the text one behind the other."""
    spans, at = [], 0
    for link in links:
        start = text.index(link, at)
        at = start + len(link)
        spans.append((start, at))
    return Vector(place, text, tuple(spans))


def linkify_it() -> Iterator[Vector]:
    """A line that is a link, or one with a link that stands on the next line; then lines without."""
    name = "linkify-it/links.txt"
    lines = _lines(name)
    taken = 0
    for number, line in enumerate(lines, start=1):
        if number > taken and line and not line.startswith("%"):
            expected = lines[number] if number < len(lines) else ""
            whole = not expected or expected.startswith("%")
            taken = number if whole else number + 1
            yield _vector(f"{name}:{number}", line, [line if whole else expected])
    name = "linkify-it/not_links.txt"
    for number, line in enumerate(_lines(name), start=1):
        if line and not line.startswith("%"):
            yield Vector(f"{name}:{number}", line.partition("  % ")[0].rstrip())


def _lines(name: str) -> list[str]:
    return corpus("urls", name).read_text("utf-8").split("\n")


def twitter_text() -> Iterator[Vector]:
    """The suites that extract URLs, with those of texts that hold none."""
    import yaml

    name = "twitter-text/extract.yml"
    suites: dict[str, list[dict[str, Any]]] = yaml.safe_load(corpus("urls", name).read_bytes())["tests"]
    for suite in ("urls", "urls_with_indices", "urls_with_directional_markers", "tco_urls_with_params"):
        for number, test in enumerate(suites[suite]):
            links = [link["url"] if isinstance(link, dict) else link for link in test["expected"]]
            yield _vector(f"{name}:{suite}[{number}]", test["text"], links)


def whatwg() -> Iterator[Vector]:
    """URLs that browsers take without a base, their white space in front and at the end left out."""
    name = "whatwg/urltestdata.json"
    for number, test in enumerate(json.loads(corpus("urls", name).read_bytes())):
        if isinstance(test, dict) and not test.get("failure") and test.get("base") in (None, "about:blank"):
            yield Vector(f"{name}[{number}]", text := test["input"].strip(_AROUND_URL), ((0, len(text)),))


#: The URL Standard, "URL parsing": controls and spaces.
_AROUND_URL = "".join(map(chr, range(0x21)))


def listed_urls() -> Iterator[Vector]:
    """Of phishers and of everybody: a URL a line."""
    for name in ("openphish-a.txt", "ada-kasztp-5000.txt"):
        for number, line in enumerate(_lines(name), start=1):
            if line.strip():
                yield _vector(f"{name}:{number}", f"see {line.strip()} or call", [line.strip()])


def people() -> Iterator[Vector]:
    """What people wrote to each other. Spam is left out, links of theirs are not: nobody has marked them."""
    for name in ("nus-sms-en-a-8000.txt", "nus-sms-zh-a-2000.txt", "sms-spam-collection-a.tsv", _IRC):
        lines = corpus("im-text", name).read_bytes().decode("utf-8", "surrogateescape").split("\n")
        for number, line in enumerate(lines, start=1):
            kind, _, text = line.partition("\t") if name.endswith(".tsv") else ("ham", "", line)
            if kind == "ham" and text.strip():
                yield Vector(f"{name}:{number}", text.removesuffix("\r"))


_IRC = "ubuntu-irc/channel-two.all.raw.txt"

#: By name of whose they are.
SOURCES: dict[str, Callable[[], Iterator[Vector]]] = {
    "linkify-it": linkify_it,
    "twitter-text": twitter_text,
    "WHATWG": whatwg,
    "lists of URLs": listed_urls,
    "people": people,
}


class Own(NamedTuple):
    """A text of this project, and what each profile finds in it: the rules, in order."""

    text: str
    found: dict[str, list[str]]
    why: str


def own_texts() -> list[Own]:
    """The small set that has the traits of all those above."""
    texts = tomllib.loads(OWN.read_text("utf-8"))["text"]
    profiles = ("lcs2005", "lync", "strict")
    return [Own(each["says"], {name: each[name] for name in profiles}, each["why"]) for each in texts]
