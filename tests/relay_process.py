"""The relay as its own process, started as an operator would, and its counters."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from addresses import Address, free_port
from counters import Counters
from programs import running

INSIDE, EDGE_INSIDE, EDGE_OUTSIDE, PARTNER = "127.0.0.11", "127.0.0.10", "127.0.0.20", "127.0.0.21"

#: As an operator starts it: the `sipcore` command by its entry point, so that it is this tree's wherever tests run.
COMMAND = (sys.executable, "-c", "from sipcore.cli import main; main()", "relay", "--config")

CONFIGURATION = """\
[edge]
fqdn = "edge.contoso.example"
domains = ["contoso.example"]
{key_file}
[inside]
listen = [
    {{ transport = "udp", address = "{edge_inside[0]}", port = {edge_inside[1]}, insecure = true }},
    {{ transport = "tcp", address = "{edge_inside[0]}", port = {edge_inside[1]}, insecure = true }},
]
next_hop = {{ transport = "{inside_transport}", address = "{inside[0]}", port = {inside[1]}, insecure = true }}

{outside}
[metrics]
listen = "{metrics[0]}:{metrics[1]}"
"""


OUTSIDE = """\
[outside]
listen = [
    {{ transport = "udp", address = "{edge_outside[0]}", port = {edge_outside[1]}, insecure = true }},
    {{ transport = "tcp", address = "{edge_outside[0]}", port = {edge_outside[1]}, insecure = true }},
]

[[partner]]
domain = "fabrikam.example"
name = "Fabrikam"
proxy = {{ transport = "{partner_transport}", address = "{partner[0]}", port = {partner[1]}, insecure = true }}
"""
#: Over TLS the partner is known by its certificate, and clear text is not listened for.
OUTSIDE_TLS = """\
[outside]
listen = [{{ transport = "tls", address = "{edge_outside[0]}", port = {edge_outside[1]} }}]

[[partner]]
domain = "fabrikam.example"
name = "Fabrikam"
proxy = {{ transport = "tls", address = "{partner[0]}", port = {partner[1]} }}
subjects = ["edge.fabrikam.example"]

[tls]
outside = "outside.pem"
[tls.roots]
partner = ["public.pem"]
"""
#: What the operator of a process finds in its folder.
KEY_FILE = "edge.key"


@dataclass(frozen=True)
class Places:
    """Where everybody is: addresses for UDP and TCP alike."""

    inside: Address
    edge_inside: Address
    edge_outside: Address
    partner: Address
    metrics: Address

    @classmethod
    def free(cls) -> Places:
        """Ports that nobody uses."""
        hosts = (INSIDE, EDGE_INSIDE, EDGE_OUTSIDE, PARTNER, EDGE_INSIDE)
        return cls(*((host, free_port(host)) for host in hosts))


@dataclass(frozen=True)
class RelayProcess:
    """A running relay between an inside server and a partner."""

    places: Places
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def inside(self) -> Address:
        """Where its next hop inside is."""
        return self.places.inside

    @property
    def edge_inside(self) -> Address:
        """Where it listens inside."""
        return self.places.edge_inside

    @property
    def edge_outside(self) -> Address:
        """Where it listens outside."""
        return self.places.edge_outside

    @property
    def partner(self) -> Address:
        """Where its partner's proxy is."""
        return self.places.partner

    def counted(self, name: str, **labels: str) -> int:
        """The sum of a counter over all label sets that have these labels."""
        return Counters(self.places.metrics).counted(name, **labels)

    def comes_to(self, number: int, name: str, **labels: str) -> bool:
        """Whether a counter comes to that number, see `Counters`."""
        return Counters(self.places.metrics).comes_to(number, name, **labels)

    def resident_bytes(self) -> int:
        """How much memory it has now (Linux's count of resident pages)."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize()


@contextmanager
def relay_process(
    inside_transport: str,
    partner_transport: str,
    folder: Path,
    *,
    places: Places | None = None,
    keys: Sequence[str] = (),
    more: str = "",
) -> Iterator[RelayProcess]:
    """Start `sipcore relay`, wait until it serves, stop it in the end.

    Args:
        inside_transport, partner_transport: "udp" or "tcp", by which it sends there; it listens for both. The partner's
            may be "tls": then the folder has certificates, "outside.pem" and whom it trusts in "public.pem".
        folder: for its configuration, its key file and its log.
        places: of one that ran before, to take its place; by default free ports of loopback.
        keys: lines of its key file; without any it has no key file.
        more: sections of the configuration, after ours.
    """
    places = places or Places.free()
    config, log = folder / "edge.toml", folder / "relay.log"
    (folder / KEY_FILE).write_text("\n".join(keys))
    key_file = f'key_file = "{KEY_FILE}"\n' if keys else ""
    outside = OUTSIDE_TLS if partner_transport == "tls" else OUTSIDE
    filled = {"inside_transport": inside_transport, "key_file": key_file, **vars(places)}
    filled["outside"] = outside.format(partner_transport=partner_transport, **vars(places))
    config.write_text(CONFIGURATION.format(**filled) + more)
    with running((*COMMAND, config), log) as program:
        program.wait_until(Counters(places.metrics).are_served)
        yield RelayProcess(places, program.process, log)
