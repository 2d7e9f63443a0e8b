"""sipcore's own relay, as a relay under test: the whole edge, and one that looks at no content."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sipcore_bench.contestant import Absent
from sipcore_bench.relay.certificates import AUTHORITY, EDGE, INSIDE, NAMES, PARTNER
from sipcore_bench.relay.contender import PATIENCE, Relay
from sipcore_bench.relay.mixes import FAR_DOMAIN, FQDN, MESSAGES, OUR_DOMAIN
from sipcore_bench.relay.places import Places

__all__ = ["EDGE_NAME", "SIPCORE", "UNFILTERED_NAME", "edge", "edges"]

EDGE_NAME, UNFILTERED_NAME = "sipcore relay", "sipcore relay, filter off"

#: No pings: who stands by and waits for a turn does not listen, and would not answer.
_EDGE = """\
[edge]
fqdn = "{fqdn}"
domains = ["{ours}"]

[inside]
listen = [{{ transport = "{transport}", address = "{inside[0]}", port = {inside[1]}{insecure} }}]
next_hop = {{ transport = "{transport}", address = "{sink[0]}", port = {sink[1]}{insecure} }}
{server}

[outside]
listen = [{{ transport = "{transport}", address = "{relay[0]}", port = {relay[1]}{insecure} }}]

[[partner]]
domain = "{far}"
name = "Fabrikam"
proxy = {{ transport = "{transport}", address = "{partner[0]}", port = {partner[1]}{insecure} }}
{proxy}

[filter]
enabled = {filters}

[limits]
keep_alive_seconds = 0
"""
_TLS = f"""
[tls]
inside = "{EDGE}"
outside = "{EDGE}"
[tls.roots]
inside = ["{AUTHORITY}"]
partner = ["{AUTHORITY}"]
"""
#: As the `sipcore` command does it, but by this interpreter, so that it is this sipcore.
SIPCORE = (sys.executable, "-c", "from sipcore.cli import main; main()")


def edges() -> Iterator[Relay | Absent]:
    """Both, or why they are not here."""
    try:
        import sipcore.relay.server  # noqa: F401, PLC0415 - whether its libraries are there
    except ImportError as missing:
        yield Absent(EDGE_NAME, f"{missing.name} is not installed (pip install 'sipcore[relay,cli]')")
        return
    yield edge()
    yield Relay(
        UNFILTERED_NAME,
        "the same without the filter",
        lambda places, folder: _command(SIPCORE, places, folder, filters=False),
        parses=True,
        records=True,
        mixes=(MESSAGES,),
    )


def edge(program: Sequence[str] = SIPCORE, patience: float = PATIENCE) -> Relay:
    """The whole edge.

    Args:
        program: what is started in place of the `sipcore` command, with the same arguments.
        patience: as in `Relay`.
    """
    return Relay(
        EDGE_NAME,
        "parses, validates, decides, filters, edits, marks",
        lambda places, folder: _command(program, places, folder, filters=True),
        parses=True,
        filters=True,
        records=True,
        patience=patience,
    )


def _command(program: Sequence[str], places: Places, folder: Path, filters: bool) -> list[str]:
    path = folder / "edge.toml"
    path.write_text(_edge_toml(places, filters))
    return [*program, "relay", "--config", str(path)]


def _edge_toml(places: Places, filters: bool) -> str:
    """The configuration of an edge at these places."""
    secure = places.transport == "tls"
    text = _EDGE.format(
        fqdn=FQDN,
        ours=OUR_DOMAIN,
        far=FAR_DOMAIN,
        transport=places.transport,
        inside=places.relay_inside,
        relay=places.relay,
        partner=places.partner,
        sink=places.sink,
        insecure="" if secure else ", insecure = true",
        server=f'subjects = ["{NAMES[INSIDE]}"]' if secure else "",
        proxy=f'subjects = ["{NAMES[PARTNER]}"]' if secure else "",
        filters=str(filters).lower(),
    )
    return text + _TLS if secure else text
