"""What a relay has counted, as Prometheus would read it."""

from __future__ import annotations

import time
import urllib.request
from dataclasses import dataclass

from addresses import Address, written
from patience import PATIENCE_S
from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True)
class Counters:
    """The counters of one relay.

    Attributes:
        place: where it serves them.
    """

    place: Address

    def counted(self, name: str, **labels: str) -> int:
        """The sum of a counter over all label sets that have these labels."""
        with urllib.request.urlopen(f"http://{written(self.place)}/metrics", timeout=10) as reply:
            text = reply.read().decode()
        return sum(
            int(sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == f"sipcore_{name}_total" and labels.items() <= sample.labels.items()
        )

    def are_served(self) -> bool:
        """Whether anybody can ask, which begins once the relay listens."""
        try:
            self.counted("received")
        except OSError:
            return False
        return True

    def comes_to(self, number: int, name: str, **labels: str) -> bool:
        """Whether a counter comes to that number. A message is counted when it has been sent: a moment late for us."""
        deadline = time.monotonic() + PATIENCE_S
        while (counted := self.counted(name, **labels)) < number and time.monotonic() < deadline:
            time.sleep(0.02)
        return counted == number
