"""What a row of timings says, and when two rows differ.

Times of one machine are not drawn from one bell: virtual machines switch between speeds, and interrupts only ever add.
So nothing here assumes a distribution: medians, minima, quartiles, and intervals from order statistics.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import median, quantiles

__all__ = ["Summary", "differs", "median_interval", "paired_ratios", "summarise", "two_speeds"]

#: How sure an interval is to hold the true median, where there are samples enough for that.
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Summary:
    """One row of samples in four numbers.

    Attributes:
        median: the middle.
        minimum: the best; the machine added nothing to it that it could leave out.
        spread: the distance between the quartiles, as a share of the median; 0.1 is ten per cent.
        count: how many samples.
    """

    median: float
    minimum: float
    spread: float
    count: int


def summarise(samples: Sequence[float]) -> Summary:
    """Sum up samples. Raises: ValueError when there are none."""
    if not samples:
        raise ValueError("no samples to sum up")
    middle = median(samples)
    low, _, high = quantiles(samples, n=4, method="inclusive") if len(samples) > 1 else (middle,) * 3
    return Summary(middle, min(samples), (high - low) / middle if middle else 0.0, len(samples))


def median_interval(samples: Sequence[float]) -> tuple[float, float]:
    """The narrowest pair of samples that holds the median with `CONFIDENCE`, by the sign test.

    With fewer than six samples no pair is that sure: then it is all of them.
    """
    ordered = sorted(samples)
    count, outside, cut = len(ordered), 0.0, 0
    while cut < count // 2:
        # How likely it is that the true median lies beyond the next pair, on either side.
        outside += 2 * comb(count, cut) / 2**count
        if outside > 1 - CONFIDENCE:
            break
        cut += 1
    cut = max(cut - 1, 0)
    return ordered[cut], ordered[count - 1 - cut]


def paired_ratios(numerators: Sequence[float], denominators: Sequence[float]) -> list[float]:
    """Round by round, for what ran side by side: a change of the machine's speed touches both and drops out."""
    return [above / below for above, below in zip(numerators, denominators, strict=True)]


def differs(ratios: Sequence[float], floor: float) -> bool:
    """Whether ratios show a difference: their median is farther from 1 than the floor, and 1 is not in its interval.

    Args:
        ratios: one contestant's times over another's.
        floor: what two equal contestants have been seen to differ by, as a share: 0.05 is five per cent.
    """
    low, high = median_interval(ratios)
    middle = median(ratios)
    return not low <= 1 <= high and max(middle, 1 / middle) > 1 + floor


def two_speeds(samples: Sequence[float], apart: float = 1.25, share: float = 0.1) -> tuple[float, float, float] | None:
    """Where the samples fall into two clusters: (fast, slow, share of the slow ones), else None.

    They are cut in two where that leaves the least variance, as Otsu's method cuts an image into dark and light.

    Args:
        samples: times.
        apart: how far apart the two medians have to be to be called two speeds.
        share: how many of all samples the smaller cluster must have, so that a few interrupts are not a speed.
    """
    ordered = sorted(samples)
    cut = _best_cut(ordered)
    fast, slow = ordered[:cut], ordered[cut:]
    if not fast or not slow or min(len(fast), len(slow)) < share * len(ordered):
        return None
    if median(slow) < apart * median(fast):
        return None
    return median(fast), median(slow), len(slow) / len(ordered)


def _best_cut(ordered: list[float]) -> int:
    """How many belong to the lower cluster: the cut with the most variance between the two."""
    # Outliers reach far beyond any second speed and would be cut off as a cluster of their own.
    ordered = ordered[: bisect_right(ordered, 3 * median(ordered))]
    total, count = sum(ordered), len(ordered)
    best, cut, below = 0.0, 0, 0.0
    for size, value in enumerate(ordered[:-1], start=1):
        below += value
        gap = below / size - (total - below) / (count - size)
        between = size * (count - size) * gap * gap
        if between > best:
            best, cut = between, size
    return cut
