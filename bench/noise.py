"""The machine's own noise, measured before anything else: how much does the same work vary here?

A fixed spin is timed many times. Virtual machines often run at two speeds, for seconds at a time; the histogram shows
them. The *floor* is an A/A test: two equal contestants, interleaved as the real ones are, compared by the median of
their paired rounds as the real ones are. What these two seem to differ by is what no other two can claim.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter_ns

from sipcore_bench.stats import Summary, paired_ratios, summarise, two_speeds

__all__ = ["Noise", "Spin", "histogram", "measure", "pinned"]

#: About a millisecond each: long against the clock, short against a change of speed.
SPIN_STEPS = 12_000
SAMPLES, QUICK_SAMPLES = 2_000, 400
#: Bars of the histogram.
BINS = 16


@dataclass(frozen=True, slots=True)
class Noise:
    """What the same work took, again and again.

    Attributes:
        samples_ns: every sample, in order.
        summary: of the samples.
        speeds: (fast ns, slow ns, share of slow ones) where there are two, else None.
        floor: how far apart two equal contestants came out, as a share; the 95th percentile over all windows.
        core: the core that this ran on, None where it could not be pinned.
    """

    samples_ns: list[int]
    summary: Summary
    speeds: tuple[float, float, float] | None
    floor: float
    core: int | None


class Spin:
    """A fixed piece of work in plain Python: it touches no memory to speak of, so only the machine can vary it."""

    def __call__(self) -> int:
        """Do it once. Returns: nanoseconds."""
        before = perf_counter_ns()
        value = 1
        for step in range(SPIN_STEPS):
            value = (value * 31 + step) & 0xFFFF
        return perf_counter_ns() - before


def measure(rounds: int, core: int | None, quick: bool = False, work: Callable[[], int] | None = None) -> Noise:
    """Measure the noise.

    Args:
        rounds: how many rounds the contestants will run, which is how many pairs a window of the A/A test has.
        core: where this runs, for the record.
        quick: take fewer samples.
        work: what is timed instead of `Spin`; gives nanoseconds.
    """
    work = work or Spin()
    work()  # the first one pays for caches and for the interpreter's specialised bytecode
    samples = [work() for _ in range(QUICK_SAMPLES if quick else SAMPLES)]
    return Noise(samples, summarise(samples), two_speeds(samples), aa_floor(samples, rounds), core)


def aa_floor(samples: list[int], rounds: int) -> float:
    """How far the median of paired ratios strays from 1 when both sides are the same work.

    A sample of the real runs is tens of these long. Sums of eight come near to it and leave windows enough.
    """
    blocks = [sum(samples[start : start + 8]) for start in range(0, len(samples) - 7, 8)]
    ratios = paired_ratios(blocks[: len(blocks) // 2 * 2 : 2], blocks[1::2])
    window = min(rounds, len(ratios))
    strays = [abs(median(ratios[start : start + window]) - 1) for start in range(len(ratios) - window + 1)]
    return quantiles(strays, n=20, method="inclusive")[-1] if len(strays) > 1 else strays[0]


def histogram(samples: list[int], bins: int = BINS) -> list[tuple[float, float, int]]:
    """(from, to, how many): the range from the minimum to the 99th percentile in equal parts; the last has the rest."""
    low = min(samples)
    high = quantiles(samples, n=100, method="inclusive")[-1] if len(samples) > 1 else low
    width = max((high - low) / bins, 1)
    counts = [0] * bins
    for sample in samples:
        counts[min(int((sample - low) / width), bins - 1)] += 1
    return [(low + width * number, low + width * (number + 1), count) for number, count in enumerate(counts)]


@contextmanager
def pinned() -> Iterator[int | None]:
    """Stay on one core until the block ends: the last of those allowed, the first serves the interrupts most often."""
    if not hasattr(os, "sched_setaffinity"):
        yield None
        return
    allowed = os.sched_getaffinity(0)
    core = max(allowed)
    os.sched_setaffinity(0, {core})
    try:
        yield core
    finally:
        os.sched_setaffinity(0, allowed)
