"""What is asked of the relay is held against the right figures, round by round, and said with its bound."""

from __future__ import annotations

import sys

import pytest

from sipcore_bench.relay import claims
from sipcore_bench.relay.load import Counts
from sipcore_bench.relay.measure import Found, RelayResult
from sipcore_bench.relay.memory import Weight
from sipcore_bench.relay.mixes import BENOTIFIES, MESSAGES, Mix
from sipcore_bench.relay.places import Transport
from sipcore_bench.relay.processes import Used
from sipcore_bench.relay.standing import Turn

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the relay benchmark needs Linux")


def counts(messages: int, p50_us: float, lost: int = 0) -> Counts:
    """A second in which so many messages came."""
    return Counts((messages + lost,), (messages,), (0,), 0, 0, 0, 1.0, p50_us * 1000, p50_us * 2000)


def result(
    relay: str, transport: Transport, mix: Mix, rates: list[int], cpu_us: float, p50_us: list[float], lost: int = 0
) -> RelayResult:
    turns = [
        Turn(counts(rate, 1), counts(10_000, p50, lost), Used(int(rate * cpu_us * 1000), 0, 0))
        for rate, p50 in zip(rates, p50_us, strict=True)
    ]
    return RelayResult(mix.name, transport, relay, "", 10_000, 256, turns)


def said(*results: RelayResult, weight: Weight | None = None) -> list[str]:
    return [str(claim) for claim in claims(Found(list(results), weight))]


def test_udp_is_held_against_the_processor_time_of_kamailio_and_tells_that_of_the_limit():
    lines = said(
        result("sipcore relay", "udp", MESSAGES, [100, 100], 4.5, [40, 41]),
        result("kamailio 5.6.3 -x fm", "udp", MESSAGES, [100, 100], 5, [39, 42]),
        result("limit: C relay", "udp", MESSAGES, [100, 100], 3, [30, 30]),
    )
    assert "UDP, processor time by Kamailio's, MESSAGE, marked unverified: x0.90, at most x0.9: kept" in lines
    assert "UDP, processor time by the C relay's, MESSAGE, marked unverified: x1.50" in lines


def test_rates_are_divided_round_by_round():
    lines = said(
        result("sipcore relay", "tcp", MESSAGES, [300, 30, 290], 1, [40, 40, 40]),
        result("kamailio", "tcp", MESSAGES, [100, 10, 100], 1, [40, 40, 40]),
    )
    assert "TCP, rate by Kamailio's, MESSAGE, marked unverified: x3.00, at least x3: kept" in lines


def test_tls_is_held_against_the_pass_through():
    lines = said(
        result("sipcore relay", "tls", MESSAGES, [39], 1, [40]),
        result("uvloop pass-through", "tls", MESSAGES, [100], 1, [40]),
    )
    assert "TLS, rate by the pass-through's, MESSAGE, marked unverified: x0.39, at least x0.4: NOT KEPT" in lines


def test_benotify_is_held_against_a_message_that_is_not_searched():
    lines = said(
        result("sipcore relay", "udp", BENOTIFIES, [100], 6, [40]),
        result("sipcore relay, filter off", "udp", MESSAGES, [100], 5, [40]),
    )
    assert "UDP, processor time of BENOTIFY by an unsearched MESSAGE's: x1.20, at most x1: NOT KEPT" in lines


@pytest.mark.parametrize(("ours", "verdict"), [([50, 50], "kept"), ([70, 80], "NOT KEPT")])
def test_latency_may_be_anywhere_within_the_noise_of_kamailio(ours, verdict):
    lines = said(
        result("sipcore relay", "udp", MESSAGES, [100, 100], 1, ours),
        result("kamailio", "udp", MESSAGES, [100, 100], 1, [40, 60]),
    )
    assert any("Kamailio's 50 us, by its noise 40 to 60" in line and line.endswith(f": {verdict}") for line in lines)


def test_a_message_lost_below_saturation_is_one_too_many():
    quiet = result("sipcore relay", "udp", MESSAGES, [100], 1, [40])
    assert "Lost below saturation, at 10000/s: 0 of 10,000: kept" in said(quiet)
    lossy = result("sipcore relay", "tcp", MESSAGES, [100], 1, [40], lost=1)
    assert "Lost below saturation, at 10000/s: 1 of 20,001: NOT KEPT" in said(quiet, lossy)


def test_memory_may_grow_by_what_an_allocator_moves_within():
    flat = Weight(1_000_000, 1_000_000, 12.0, 40 << 20, 40 << 20, 41 << 20, 0)
    assert said(weight=flat)[0].startswith(
        "Memory over 1,000,000 messages in 12 s: 40.0 MiB before, 40.0 after, 41.0 at most; 0 lost; "
    )
    assert said(weight=flat)[0].endswith(": kept")
    grown = Weight(500_000, 1_000_000, 45.0, 40 << 20, 45 << 20, 45 << 20, 0)
    assert "Memory over 500,000 messages in 45 s (1,000,000 were wanted, time was up)" in said(weight=grown)[0]
    assert said(weight=grown)[0].endswith("NOT KEPT")
