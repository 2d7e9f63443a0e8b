"""Who is measured: sipcore, Kamailio, the limit in C, and what does nothing with a message but pass it on.

They do not do the same work; `Relay.does` says what each does.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

from sipcore_bench.contestant import Absent, Unavailable
from sipcore_bench.limits.forward import forward_tcp, forward_udp
from sipcore_bench.limits.relay import prefix_table, relay_tcp, relay_udp
from sipcore_bench.relay.contender import Relay
from sipcore_bench.relay.edges import edges
from sipcore_bench.relay.kamailio import kamailio
from sipcore_bench.relay.places import Places, Transport

__all__ = ["LIMIT_NAME", "PASS_THROUGH_NAME", "relays"]

LIMIT_NAME, PASS_THROUGH_NAME = "limit: C relay", "uvloop pass-through"
_PASS_THROUGH = Path(__file__).with_name("passthrough.py")


def relays(transport: Transport) -> Iterator[Relay | Absent]:
    """Everybody, for that transport, the least work first; those who are missing with the reason."""
    yield Relay("no relay", "the generator straight to its own sink: more cannot be measured", None)
    if transport != "tls":
        yield _forwarder(transport)
        yield _limit(transport)
    if importlib.util.find_spec("uvloop") is None:
        yield Absent(PASS_THROUGH_NAME, "uvloop is not installed (pip install 'sipcore[relay]')")
    else:
        yield Relay(PASS_THROUGH_NAME, "passes bytes on, Python", _passthrough)
    yield kamailio(transport)
    yield from edges()


def _forwarder(transport: Transport) -> Relay | Absent:
    name = "limit: C forwarder"
    try:
        program = forward_udp() if transport == "udp" else forward_tcp()
    except Unavailable as missing:
        return Absent(name, missing.reason)
    return Relay(name, "passes bytes on, C", lambda places, _: [str(program), *_ports(places)])


def _limit(transport: Transport) -> Relay | Absent:
    try:
        program = relay_udp() if transport == "udp" else relay_tcp()
    except Unavailable as missing:
        return Absent(LIMIT_NAME, missing.reason)
    return Relay(
        LIMIT_NAME,
        "parses, searches the body, adds Via, joins writes, C",
        lambda places, folder: [str(program), str(_prefix_file(folder)), *_ports(places)],
        parses=True,
        filters=True,
    )


def _prefix_file(folder: Path) -> Path:
    path = folder / "prefixes"
    path.write_bytes(prefix_table())
    return path


def _passthrough(places: Places, folder: Path) -> list[str]:
    # -P: the folder of the program is not where its imports come from.
    return [sys.executable, "-P", str(_PASS_THROUGH), places.transport, *_ports(places), str(folder)]


def _ports(places: Places) -> tuple[str, str]:
    return str(places.relay[1]), str(places.sink[1])
