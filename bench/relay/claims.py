"""What is asked of the relay, held against what was measured in the same rounds: a line of its own for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from sipcore_bench.relay.edges import EDGE_NAME, UNFILTERED_NAME
from sipcore_bench.relay.measure import Found, RelayResult
from sipcore_bench.relay.memory import ALLOWED_GROWTH, Weight
from sipcore_bench.relay.mixes import BENOTIFIES, MESSAGES
from sipcore_bench.relay.places import Transport
from sipcore_bench.relay.relays import LIMIT_NAME, PASS_THROUGH_NAME
from sipcore_bench.results import Claim
from sipcore_bench.stats import paired_ratios

__all__ = ["claims", "weight_claim"]

_KAMAILIO = "kamailio"


@dataclass(frozen=True, slots=True)
class _Ratio:
    """One figure of the edge over the same figure of another, round by round.

    Attributes:
        says: what is divided.
        transport: over which.
        other: the beginning of the other's name.
        figure: "rates" or "cpu_us".
        bound, at_most: what the ratio has to keep to; no bound where it is only told.
    """

    says: str
    transport: Transport
    other: str
    figure: str
    bound: float | None = None
    at_most: bool = True


_RATIOS = (
    _Ratio("UDP, processor time by Kamailio's", "udp", _KAMAILIO, "cpu_us", 0.9),
    _Ratio("TCP, rate by Kamailio's", "tcp", _KAMAILIO, "rates", 3, at_most=False),
    _Ratio("TLS, rate by the pass-through's", "tls", PASS_THROUGH_NAME, "rates", 0.4, at_most=False),
    _Ratio("UDP, processor time by the C relay's", "udp", LIMIT_NAME, "cpu_us"),
    _Ratio("TCP, processor time by the C relay's", "tcp", LIMIT_NAME, "cpu_us"),
)


def claims(found: Found) -> Iterator[Claim]:
    """All that the relays that were here allow to say."""
    results = found.results
    for ratio in _RATIOS:
        yield from _ratio_claims(ratio, results)
    for transport in ("udp", "tcp", "tls"):
        yield from _benotify(results, transport)
    for each in results:
        if each.relay == EDGE_NAME:
            yield from _latency(each, results)
    yield from _losses([each for each in results if each.relay == EDGE_NAME])
    if found.weight is not None:
        yield weight_claim(found.weight)


def _named(results: Sequence[RelayResult], relay: str, transport: str, mix: str) -> RelayResult | None:
    """A relay with a mix, if it stayed to the end."""
    for each in results:
        if each.relay.startswith(relay) and (each.transport, each.mix) == (transport, mix):
            return each
    return None


def _median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Of the rounds that both took part in: who breaks is not in the last ones."""
    both = min(len(above), len(below))
    return median(paired_ratios(above[:both], below[:both]))


def _ratio_claims(ratio: _Ratio, results: Sequence[RelayResult]) -> Iterator[Claim]:
    for ours in results:
        if ours.relay != EDGE_NAME or ours.transport != ratio.transport:
            continue
        other = _named(results, ratio.other, ours.transport, ours.mix)
        if other is not None:
            times = _median_ratio(getattr(ours, ratio.figure), getattr(other, ratio.figure))
            yield _bounded(f"{ratio.says}, {ours.mix}", times, ratio.bound, ratio.at_most)


def _bounded(says: str, times: float, bound: float | None, at_most: bool = True) -> Claim:
    if bound is None:
        return Claim(f"{says}: x{times:.2f}", None)
    asked = "at most" if at_most else "at least"
    return Claim(f"{says}: x{times:.2f}, {asked} x{bound:g}", times <= bound if at_most else times >= bound)


def _benotify(results: Sequence[RelayResult], transport: Transport) -> Iterator[Claim]:
    """It is not searched, so it is held against a MESSAGE that is not searched either."""
    ours = _named(results, EDGE_NAME, transport, BENOTIFIES.name)
    other = _named(results, UNFILTERED_NAME, transport, MESSAGES.name)
    if ours is not None and other is not None:
        times = _median_ratio(ours.cpu_us, other.cpu_us)
        yield _bounded(f"{transport.upper()}, processor time of BENOTIFY by an unsearched MESSAGE's", times, 1)


def _latency(ours: RelayResult, results: Sequence[RelayResult]) -> Iterator[Claim]:
    other = _named(results, _KAMAILIO, ours.transport, ours.mix)
    if other is None:
        return
    middle, (low, high) = median(ours.p50_us), other.p50_noise
    yield Claim(
        f"{ours.transport.upper()}, half of the messages at {ours.per_second}/s, {ours.mix}: within {middle:.0f} us; "
        f"Kamailio's {median(other.p50_us):.0f} us, by its noise {low:.0f} to {high:.0f}",
        middle <= high,
    )


def _losses(ours: Sequence[RelayResult]) -> Iterator[Claim]:
    if ours:
        sent = sum(sum(turn.paced.sent) for each in ours for turn in each.turns)
        lost = sum(turn.paced.lost for each in ours for turn in each.turns)
        yield Claim(f"Lost below saturation, at {ours[0].per_second}/s: {lost} of {sent:,}", lost == 0)


def weight_claim(weight: Weight) -> Claim:
    """Whether memory stayed flat."""
    megabytes = [f"{size / 2**20:.1f}" for size in (weight.before, weight.after, weight.most)]
    cut = "" if weight.messages >= weight.wanted else f" ({weight.wanted:,} were wanted, time was up)"
    return Claim(
        f"Memory over {weight.messages:,} messages in {weight.seconds:.0f} s{cut}: {megabytes[0]} MiB before, "
        f"{megabytes[1]} after, {megabytes[2]} at most; {weight.lost} lost; it may grow by {ALLOWED_GROWTH >> 20} MiB",
        weight.is_flat and not weight.lost,
    )
