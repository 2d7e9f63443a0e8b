"""Which content rules hold for a message, by who is at its ends outside (docs/protocol.md "Switches and limits").

The decision says which hold; the engine has the content and applies them. Where a message passes between two neighbours
of a clearing house it has two ends outside: it is filtered where either of them asks for that, and limited likewise. An
end that nobody knows is filtered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sipcore.edge.chains import Line
from sipcore.edge.flow import EVERYTHING, Content
from sipcore.edge.identity import called
from sipcore.edge.steps import place
from sipcore.edge.tables import (
    DefaultRoute,
    Discovered,
    FarEnd,
    FederatedDomain,
    Media,
    Partner,
    Provider,
    RowContent,
    StaticRoute,
    Tables,
)

__all__ = ["Neighbour", "content_between", "media_of"]

#: Who an end outside is known as: by a row, by the section of discovered peers, as a user of ours; None: not at all.
Neighbour = Partner | Provider | StaticRoute | DefaultRoute | FederatedDomain | Discovered | FarEnd | None

_NOTHING_SAID = RowContent()
_KINDS: dict[type, FarEnd] = {
    Partner: FarEnd.PARTNER,
    StaticRoute: FarEnd.STATIC_ROUTE,
    DefaultRoute: FarEnd.DEFAULT_ROUTE,
    FederatedDomain: FarEnd.FEDERATED_DOMAIN,
    Discovered: FarEnd.DISCOVERED,
}


class _End(NamedTuple):
    """One end outside, in one direction: the key that exempts kinds of ends in it, and what it has."""

    neighbour: Neighbour
    key: str
    exempt: frozenset[FarEnd]


def content_between(
    tables: Tables, chain: list[Line], *, coming: Sequence[Neighbour] = (), going: Sequence[Neighbour] = ()
) -> Content:
    """The rules for a message; what they leave out or add to the usual is noted in the chain.

    Args:
        coming: the ends that it comes from, where that is outside.
        going: the ends that it goes to, likewise.
    """
    if tables.content_is_uniform:
        return EVERYTHING
    switches = tables.content
    ends = [_End(neighbour, "exempt_inbound", switches.exempt_inbound) for neighbour in coming]
    ends += [_End(neighbour, "exempt_outbound", switches.exempt_outbound) for neighbour in going]
    filtered = not ends or not all(map(_is_exempt, ends))
    if not filtered:
        chain.append(lambda: f"content is not filtered: {', '.join(map(_exemption, ends))}")
    plain = [end.neighbour for end in ends if media_of(end.neighbour) is Media.PLAIN_TEXT]
    if plain:
        chain.append(lambda: f"plain text only: {', '.join(_limits(plain))}")
    return Content(filtered, bool(plain))


def _kind_of(neighbour: Neighbour) -> FarEnd | None:
    if isinstance(neighbour, Provider):
        return FarEnd.PUBLIC_PROVIDER if neighbour.public else FarEnd.PROVIDER
    return neighbour if isinstance(neighbour, FarEnd) else _KINDS.get(type(neighbour))


def _said(neighbour: Neighbour) -> RowContent:
    return getattr(neighbour, "content", _NOTHING_SAID)


def _is_exempt(end: _End) -> bool:
    switch = _said(end.neighbour).filter
    return _kind_of(end.neighbour) in end.exempt if switch is None else not switch


def media_of(neighbour: Neighbour) -> Media:
    """What may be exchanged with a neighbour: what its row says, or its kind."""
    said = _said(neighbour).media
    if said is not None:
        return said
    return Media.PLAIN_TEXT if _kind_of(neighbour) is FarEnd.PUBLIC_PROVIDER else Media.ANY


def _exemption(end: _End) -> str:
    if _said(end.neighbour).filter is None:
        return f"{_kind_of(end.neighbour)} is in [filter] {end.key}"
    return f"{_named(end.neighbour)} has filter = false"


def _limits(neighbours: Sequence[Neighbour]) -> Iterator[str]:
    for neighbour in neighbours:
        said = 'has media = "plain-text"' if _said(neighbour).media is not None else "is a public provider"
        yield f"{_named(neighbour)} {said}"


def _named(neighbour: Neighbour) -> str:
    if isinstance(neighbour, Partner | Provider | DefaultRoute):
        return called(neighbour)
    if isinstance(neighbour, FederatedDomain):
        return f"{neighbour.domain} {place('[[federated_domain]]', neighbour.line)}"
    return "[discovered]"
