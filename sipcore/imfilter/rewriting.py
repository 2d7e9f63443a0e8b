"""Changed texts back into their message: encoded as they were, every other byte as it came.

Texts are put back from the inside out: the changed bytes of each place go through its encodings again and become a
splice in the place around it, up to the body or the value of a header. What comes out is read once more, and must read
as it was meant to: so a change that would make a boundary, close a container or leave its character set is refused,
however it comes about. A rewrite is rare, and half of it would be worse than none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from sipcore._parser import parse
from sipcore.errors import EditError, ParseError, SipError
from sipcore.imfilter.content import DEFAULT_BOUNDS, Bounds, Text, texts, whole_body
from sipcore.imfilter.places import Place
from sipcore.limits import DEFAULT, WIDEST

if TYPE_CHECKING:
    from sipcore._edit import Edit
    from sipcore._parser import Message

__all__ = ["CannotRewriteError", "Changes", "rewritten"]

#: A rewritten message is read again within these: what other limits let in is not refused here, but a header that has
#: outgrown the ordinary limit is, for the next hop would refuse it.
_AGAIN = replace(WIDEST, header=DEFAULT.header)


class CannotRewriteError(SipError):
    """A text that cannot be changed without breaking something.

    Attributes:
        path: the text, as in `Text.path`.
        why: what is in the way.
    """

    def __init__(self, path: str, why: str) -> None:
        super().__init__(path, why)
        self.path = path
        self.why = why

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


@dataclass(frozen=True, slots=True)
class Changes:
    """What makes a message carry the changed texts.

    Attributes:
        body: the new body; None where it stays.
        headers: for each header that changes its name, its number among the fields of that name, and its new value.
    """

    body: bytes | None = None
    headers: tuple[tuple[str, int, bytes], ...] = ()

    def apply(self, edit: Edit) -> None:
        """Put them into an edit of the message that was checked; Content-Length follows the body.

        Raises:
            EditError: the edit has removed such a header in between.
        """
        if self.body is not None:
            edit.set_body(self.body)
        for name, number, value in self.headers:
            if len(edit.get_all(name)) == 1:
                edit.set(name, value)
            else:  # counts values, not fields; where a comma makes these differ, `rewritten` has refused
                edit.replace_value(name, number, value)


def rewritten(
    message: Message, changes: Mapping[str, bytes], also: Collection[str] = (), bounds: Bounds = DEFAULT_BOUNDS
) -> Changes:
    """What has to change in a message for its texts to become others (F111).

    Compressed texts are compressed again, transfer encodings keep their line length and their padding, a part's own
    Content-Length follows. Texts that do not differ change nothing.

    Args:
        changes: new data by the path of a text, in the codec of that text.
        also, bounds: as they were given to `texts`.

    Raises:
        CannotRewriteError: a signature or digest covers the text, its character set has no such character, it is read
            in more than one way, or the message would read differently in another place.

    Source: docs/protocol.md "Putting a changed text back".
    """
    known = {text.path: text for text in texts(message, also, bounds) if isinstance(text, Text)}
    for path in changes:
        if path not in known:
            raise CannotRewriteError(path, "there is no such text")
    different = {path: data for path, data in changes.items() if data != known[path].data}
    work = _Work()
    for path, data in different.items():
        if "@" in path:  # what would then be shown in the first way is anybody's guess
            raise CannotRewriteError(path, "read in more than one way")
        work.write(known[path].place or whole_body(message, known[path].codec), data, path)
    found = work.outcome()
    if found.body is not None and (seal := _seal(message)):
        raise CannotRewriteError(next(iter(different)), seal)
    if different:
        _check(message, found, different, also, bounds)
    return found


class _Splice(NamedTuple):
    """Bytes that replace those from ``start`` to ``end``, for the sake of the text at ``path``."""

    start: int
    end: int
    data: bytes
    path: str


class _Work:
    """Splices by the place they go into, and what has come out of the outermost places."""

    def __init__(self) -> None:
        self._splices: dict[Place, list[_Splice]] = {}
        self._body: bytes | None = None
        self._headers: dict[tuple[str, int], bytes] = {}

    def write(self, place: Place, data: bytes, path: str) -> None:
        """Encode what is to stand in a place, and hand it to the place around. Raises: CannotRewriteError."""
        if place.sealed:
            raise CannotRewriteError(path, f"covered by {place.sealed}")
        try:
            for redo in reversed(place.redos):
                data = redo(data)
        except ValueError as error:
            raise CannotRewriteError(path, str(error)) from None
        if place.outer is not None:
            self._splices.setdefault(place.outer, []).extend(_splices(place, place.outer, data, path))
        elif place.header is not None:
            self._headers[place.header] = data
        else:
            self._body = data

    def outcome(self) -> Changes:
        """Everything written, put together from the inside out. Raises: CannotRewriteError."""
        while self._splices:
            place = max(self._splices, key=lambda each: each.depth)
            splices = sorted(self._splices.pop(place))
            self.write(place, _spliced(bytes(place.data), splices), splices[0].path)
        return Changes(self._body, tuple((*header, value) for header, value in self._headers.items()))


def _splices(place: Place, outer: Place, data: bytes, path: str) -> Iterator[_Splice]:
    """What has to be replaced around a place: its bytes, and the length that it declares."""
    start, end = place.span
    yield _Splice(start, end, data, path)
    if place.length is not None:
        digits = slice(*place.length)
        length = max(0, int(bytes(outer.data[digits])) + len(data) - (end - start))
        yield _Splice(*place.length, b"%d" % length, path)


def _spliced(data: bytes, splices: list[_Splice]) -> bytes:
    """The data with every splice in its place; no two of them want the same bytes."""
    pieces, at = [], 0
    for splice in splices:
        pieces += [data[at : splice.start], splice.data]
        at = splice.end
    return b"".join([*pieces, data[at:]])


def _seal(message: Message) -> str:
    """What vouches for the body as it is; empty where nothing does.

    Identity covered the body when it came with Identity-Info (RFC 4474 section 9); today's covers it with the extension
    "msgi" only (RFC 9475). NTLM and Kerberos signatures cover headers alone.
    """
    for name in ("Identity-Info", "Content-MD5", "Content-Digest", "Repr-Digest"):
        if name in message:
            return f"covered by {name}"
    return "covered by Identity" if any("msgi" in value.lower() for value in message.get_all("Identity")) else ""


def _check(
    message: Message, found: Changes, different: Mapping[str, bytes], also: Collection[str], bounds: Bounds
) -> None:
    """Read the changed message: every text must be what it was or what it was to become. Raises: CannotRewriteError."""
    edit = message.edit()
    try:
        found.apply(edit)
        again = parse(bytes(edit), _AGAIN)
    except (EditError, ParseError) as error:
        raise CannotRewriteError(next(iter(different)), f"no message any more: {error}") from None
    meant = _reading(message, also, bounds) | {path: bytes(data) for path, data in different.items()}
    if _reading(again, also, bounds) != meant:
        raise CannotRewriteError(next(iter(different)), "the message would read differently in another place")


def _reading(message: Message, also: Collection[str], bounds: Bounds) -> dict[str, bytes | None]:
    """The data of every text in the first way to read it, None where it cannot be read."""
    return {
        found.path: bytes(found.data) if isinstance(found, Text) else None
        for found in texts(message, also, bounds)
        if "@" not in found.path
    }
