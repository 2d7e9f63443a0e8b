"""What is measured: sipcore, Kamailio, and what does nothing with a message but pass it on.

They do not do the same work; `Relay.does` says what each does. Kamailio's configuration is ours: it forwards without
transactions and looks for the same prefixes, but decides nothing, checks no route and follows none.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sipcore.imfilter.rules import DEFAULT_PREFIXES
from sipcore_bench.contestant import Absent, Unavailable
from sipcore_bench.limits.forward import forward_tcp, forward_udp
from sipcore_bench.limits.relay import prefix_table, relay_tcp, relay_udp
from sipcore_bench.relay import passthrough
from sipcore_bench.relay.dialog import recorded_routes
from sipcore_bench.relay.mixes import FAR_DOMAIN, OUR_DOMAIN
from sipcore_bench.relay.places import Places, Transport

__all__ = ["FQDN", "Relay", "relays"]

FQDN = f"edge.{OUR_DOMAIN}"


@dataclass(frozen=True, slots=True)
class Relay:
    """One relay under test.

    Attributes:
        name: as tables show it, with the version where that is another project's.
        does: what it does with a message.
        command: the program for these places; files that it needs go into the folder. None: there is nothing to start.
        parses: it adds a Via; what does not leaves every byte as it came.
        filters: it answers a link with 606.
        records: it is an edge, and BENOTIFY needs the route that it recorded.
    """

    name: str
    does: str
    command: Callable[[Places, Path], list[str]] | None
    parses: bool = False
    filters: bool = False
    records: bool = False

    def target(self, places: Places) -> Places:
        """The places as the generator needs them: without a relay it sends straight to the sink."""
        if self.command is not None:
            return places
        return Places(places.transport, places.partner, places.sink, places.relay_inside, places.sink)

    def routes(self, places: Places) -> tuple[str, ...]:
        """The Route values of a BENOTIFY; as long, for those that do not read them, as those of an edge.

        Raises: BrokenRelay.
        """
        if self.records:
            return recorded_routes(places)
        sides = (places.relay, places.relay_inside)
        return tuple(f"<sip:{host}:{port};transport={places.transport};lr;fd={FAR_DOMAIN}>" for host, port in sides)


def relays(transport: Transport) -> Iterator[Relay | Absent]:
    """Everybody, for that transport, the least work first; those who are missing with the reason."""
    yield Relay("no relay", "the generator straight to its own sink: more cannot be measured", None)
    yield _forwarder(transport)
    yield _limit(transport)
    yield Relay("asyncio pass-through", "passes bytes on, Python", _passthrough("asyncio"))
    if importlib.util.find_spec("uvloop") is None:
        yield Absent("uvloop pass-through", "uvloop is not installed (pip install 'sipcore[relay]')")
    else:
        yield Relay("uvloop pass-through", "passes bytes on, Python", _passthrough("uvloop"))
    yield _kamailio()
    yield _sipcore()


# -- pass-throughs


def _forwarder(transport: Transport) -> Relay | Absent:
    name = "limit: C forwarder"
    try:
        program = forward_udp() if transport == "udp" else forward_tcp()
    except Unavailable as missing:
        return Absent(name, missing.reason)
    return Relay(name, "passes bytes on, C", lambda places, _: [str(program), *_ports(places)])


def _limit(transport: Transport) -> Relay | Absent:
    name = "limit: C relay"
    try:
        program = relay_udp() if transport == "udp" else relay_tcp()
    except Unavailable as missing:
        return Absent(name, missing.reason)
    return Relay(
        name,
        "parses, searches the body, adds Via, joins writes, C",
        lambda places, folder: [str(program), str(_prefix_file(folder)), *_ports(places)],
        parses=True,
        filters=True,
    )


def _prefix_file(folder: Path) -> Path:
    path = folder / "prefixes"
    path.write_bytes(prefix_table())
    return path


def _passthrough(loop: str) -> Callable[[Places, Path], list[str]]:
    # -P: the folder of the program is not where its imports come from.
    program = [sys.executable, "-P", str(passthrough.__file__), loop]
    return lambda places, _: [*program, places.transport, *_ports(places)]


def _ports(places: Places) -> tuple[str, str]:
    return str(places.relay[1]), str(places.sink[1])


# -- Kamailio

_KAMAILIO = """\
debug=0
log_stderror=yes
children=1
tcp_children=1
auto_aliases=no
dns=no
rev_dns=no
maxbuffer=4194304
tcp_conn_wq_max=4194304
tcp_wq_max=16777216
{only}
listen={transport}:{relay[0]}:{relay[1]}
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "sl.so"
request_route {{
    if (method == "MESSAGE" && search_body("{pattern}")) {{
        sl_send_reply("606", "Not Acceptable");
        exit;
    }}
    $du = "sip:{sink[0]}:{sink[1]};transport={transport}";
    forward();
}}
"""


def _kamailio() -> Relay | Absent:
    name, program = "kamailio", shutil.which("kamailio", path="/usr/sbin:/usr/local/sbin") or shutil.which("kamailio")
    if program is None:
        return Absent(name, "kamailio is not installed (apt-get install kamailio)")
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=False, timeout=10).stdout  # noqa: S603
    version = re.search(r"kamailio (\S+)", said)
    # -x fm: with its default memory manager it is five to eight times slower, which would say nothing of its design.
    command = [program, "-DD", "-E", "-x", "fm"]
    return Relay(
        f"{name} {version[1] if version else '?'} -x fm",
        "parses, searches the body, adds Via; 1 worker",
        lambda places, folder: [*command, "-f", str(_kamailio_cfg(places, folder)), "-Y", str(folder)],
        parses=True,
        filters=True,
    )


def _kamailio_cfg(places: Places, folder: Path) -> Path:
    only = "disable_tcp=yes" if places.transport == "udp" else ""
    path = folder / "kamailio.cfg"
    path.write_text(
        _KAMAILIO.format(
            only=only, transport=places.transport, relay=places.relay, sink=places.sink, pattern=_posix_pattern()
        )
    )
    return path


def _posix_pattern() -> str:
    """The prefixes that sipcore looks for, as an extended regular expression; Kamailio ignores case by itself."""
    # "www*." stands for every host label that begins so.
    return "|".join(prefix.replace("*", "[^ /]*").replace(".", "[.]") for prefix in DEFAULT_PREFIXES)


# -- sipcore

_EDGE = """\
[edge]
fqdn = "{fqdn}"
domains = ["{ours}"]

[inside]
listen = [{{ transport = "{transport}", address = "{inside[0]}", port = {inside[1]}, insecure = true }}]
next_hop = {{ transport = "{transport}", address = "{sink[0]}", port = {sink[1]}, insecure = true }}

[outside]
listen = [{{ transport = "{transport}", address = "{relay[0]}", port = {relay[1]}, insecure = true }}]

[[partner]]
domain = "{far}"
name = "Fabrikam"
proxy = {{ transport = "{transport}", address = "{partner[0]}", port = {partner[1]}, insecure = true }}
"""


def _sipcore() -> Relay | Absent:
    try:
        import sipcore.relay.server  # noqa: F401, PLC0415 - whether its libraries are there
    except ImportError as missing:
        return Absent("sipcore relay", f"{missing.name} is not installed (pip install 'sipcore[relay,cli]')")
    # As the `sipcore` command does it, but by this interpreter, so that it is this sipcore.
    command = [sys.executable, "-c", "from sipcore.cli import main; main()", "relay", "--config"]
    return Relay(
        "sipcore relay",
        "parses, validates, decides, filters, edits, marks",
        lambda places, folder: [*command, str(_edge_toml(places, folder))],
        parses=True,
        filters=True,
        records=True,
    )


def _edge_toml(places: Places, folder: Path) -> Path:
    path = folder / "edge.toml"
    path.write_text(
        _EDGE.format(
            fqdn=FQDN,
            ours=OUR_DOMAIN,
            far=FAR_DOMAIN,
            transport=places.transport,
            inside=places.relay_inside,
            relay=places.relay,
            partner=places.partner,
            sink=places.sink,
        )
    )
    return path
