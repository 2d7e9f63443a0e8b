"""The relay as its own process, started as an operator would, and its counters."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ports import free_port
from prometheus_client.parser import text_string_to_metric_families

Address = tuple[str, int]

INSIDE, EDGE_INSIDE, EDGE_OUTSIDE, PARTNER = "127.0.0.11", "127.0.0.10", "127.0.0.20", "127.0.0.21"

#: As an operator starts it: the `sipcore` command by its entry point, so that it is this tree's wherever tests run.
COMMAND = (sys.executable, "-c", "from sipcore.cli import main; main()", "relay", "--config")

CONFIGURATION = """\
[edge]
fqdn = "edge.contoso.example"
domains = ["contoso.example"]

[inside]
listen = [
    {{ transport = "udp", address = "{edge_inside[0]}", port = {edge_inside[1]}, insecure = true }},
    {{ transport = "tcp", address = "{edge_inside[0]}", port = {edge_inside[1]}, insecure = true }},
]
next_hop = {{ transport = "{inside_transport}", address = "{inside[0]}", port = {inside[1]}, insecure = true }}

[outside]
listen = [
    {{ transport = "udp", address = "{edge_outside[0]}", port = {edge_outside[1]}, insecure = true }},
    {{ transport = "tcp", address = "{edge_outside[0]}", port = {edge_outside[1]}, insecure = true }},
]

[[partner]]
domain = "fabrikam.example"
name = "Fabrikam"
proxy = {{ transport = "{partner_transport}", address = "{partner[0]}", port = {partner[1]}, insecure = true }}

[metrics]
listen = "{edge_inside[0]}:{metrics}"
"""


@dataclass(frozen=True)
class RelayProcess:
    """A running relay between an inside server and a partner."""

    inside: Address
    edge_inside: Address
    edge_outside: Address
    partner: Address
    metrics_url: str

    def counted(self, name: str, **labels: str) -> int:
        """The sum of a counter over all label sets that have these labels."""
        return counted(self.metrics_url, name, **labels)


def counted(metrics_url: str, name: str, **labels: str) -> int:
    """The sum of a relay's counter over all label sets that have these labels."""
    with urllib.request.urlopen(metrics_url, timeout=10) as reply:
        text = reply.read().decode()
    return sum(
        int(sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == f"sipcore_{name}_total" and labels.items() <= sample.labels.items()
    )


@contextmanager
def relay_process(inside_transport: str, partner_transport: str, folder: Path) -> Iterator[RelayProcess]:
    """Start `sipcore relay` on free ports of loopback, wait until it serves, stop it in the end.

    Args:
        inside_transport, partner_transport: "udp" or "tcp", by which it sends there; it listens for both.
        folder: for its configuration and its log.
    """
    places = {
        name: (host, free_port(host))
        for name, host in (
            ("inside", INSIDE),
            ("edge_inside", EDGE_INSIDE),
            ("edge_outside", EDGE_OUTSIDE),
            ("partner", PARTNER),
        )
    }
    metrics = free_port(EDGE_INSIDE)
    config, log = folder / "edge.toml", folder / "relay.log"
    transports = {"inside_transport": inside_transport, "partner_transport": partner_transport}
    config.write_text(CONFIGURATION.format(metrics=metrics, **transports, **places))
    relay = RelayProcess(**places, metrics_url=f"http://{EDGE_INSIDE}:{metrics}/metrics")
    with log.open("wb") as output, subprocess.Popen([*COMMAND, str(config)], stdout=output, stderr=output) as process:
        try:
            _await_service(process, relay, log)
            yield relay
        finally:
            process.terminate()
            process.wait(10)


def _await_service(process: subprocess.Popen[bytes], relay: RelayProcess, log: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        assert process.poll() is None, f"the relay ended at once\n{log.read_text()}"
        assert time.monotonic() < deadline, f"the relay does not serve\n{log.read_text()}"
        try:
            relay.counted("received")
        except urllib.error.URLError:
            time.sleep(0.05)
        else:
            return
