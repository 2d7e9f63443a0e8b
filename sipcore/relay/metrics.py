"""Counters for Prometheus, in a registry of their own for each relay, so that two relays in one process do not mix.

Names begin with ``sipcore_``. Labels take few values: nothing that a peer writes becomes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import CounterMetricFamily

from sipcore.edge.actions import COUNTERS as ENGINE_COUNTERS
from sipcore.edge.actions import Count
from sipcore.relay.catalogue import HELP
from sipcore.relay.latency import Latency
from sipcore.relay.queues import Queues

__all__ = ["COUNTERS", "Metrics"]

#: Every counter of the relay with its labels; the engine's own come with the engine.
COUNTERS: dict[str, tuple[str, ...]] = ENGINE_COUNTERS | {
    # what came but was no message: a parser's code, or why it was not looked at
    "garbage": ("side", "transport", "code"),
    # what was to leave but could not; "queue-full", "connect-failed", ... (see `links`)
    "undelivered": ("side", "transport", "why"),
    # handshakes that came to nothing; "expired", "name", "version", ... (see `handshakes` and `tls`)
    "tls_failed": ("side", "why"),
    "links_opened": ("side",),
    "links_reused": ("side",),
    "links_closed": ("side", "why"),
    # by the type of the record, and how it ended; of a name whose address was known nothing is looked up
    "dns_lookups": ("side", "type", "outcome"),
    "dns_remembered": ("side",),
    "log_lines_lost": (),
}


class Metrics:
    """Counts by name. A name that `COUNTERS` has not, or a wrong number of labels, is an error of the caller.

    Attributes:
        registry: what a scrape reads.
        latency: how long messages stay.
        queues: what waits.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(self)
        self._counted: dict[Count, int] = {}
        self.latency, self.queues = Latency(), Queues()
        self.registry.register(self.latency)
        self.registry.register(self.queues)
        self._links = Gauge("sipcore_links", HELP["links"], ("side",), registry=self.registry)
        self._waiting_for_dns = Gauge("sipcore_dns_waiting", HELP["dns_waiting"], registry=self.registry)
        self._expiries = Gauge(
            "sipcore_certificate_expires_seconds",
            HELP["certificate_expires_seconds"],
            ("side",),
            registry=self.registry,
        )

    def count(self, name: str, *labels: str) -> None:
        """One more of ``name``."""
        self.tally(Count(name, labels))

    def tally(self, count: Count, number: int = 1) -> None:
        """So many more of what is counted for every message: 0.1 us; a counter of prometheus_client takes 0.7.

        Raises:
            KeyError: there is no such counter.
            ValueError: it has another number of labels.
        """
        try:
            self._counted[count] += number
        except KeyError:
            if len(count.labels) != len(COUNTERS[count.name]):
                raise ValueError(f"{count.name} has the labels {COUNTERS[count.name]}, not {count.labels}") from None
            self._counted[count] = number

    def tally_all(self, counts: Iterable[Count], number: int) -> None:
        """The same for all that is counted of some messages."""
        counted = self._counted
        for count in counts:
            if count in counted:
                counted[count] += number
            else:
                self.tally(count, number)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """What a scrape gets: the registry asks for it, from a thread of its own."""
        counted = self._counted.copy()
        for name, labels in COUNTERS.items():
            family = CounterMetricFamily(f"sipcore_{name}", HELP[name], labels=labels)
            for count, number in counted.items():
                if count.name == name:
                    family.add_metric(count.labels, number)
            yield family

    def links(self, side: str, change: int) -> None:
        """So many links more, or fewer."""
        self._links.labels(side).inc(change)

    def waiting_for_dns(self, change: int) -> None:
        """So many look-ups more under way, or fewer."""
        self._waiting_for_dns.inc(change)

    def certificate_expires(self, side: str, seconds: float) -> None:
        """When a side's certificate ends, in seconds since 1970."""
        self._expiries.labels(side).set(seconds)

    def value(self, name: str, *labels: str) -> int:
        """What a counter stands at; 0 when nothing was counted."""
        return self._counted.get(Count(name, labels), 0)
