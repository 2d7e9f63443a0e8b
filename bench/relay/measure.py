"""Measures relays: each mix and transport through each relay, in turns over rounds.

A turn lets a relay run as fast as a window of unanswered messages lets it, and then at a fixed rate. One round takes
all relays in turn with one mix after the other, so that a change of the machine's speed meets all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field
from itertools import product
from statistics import median

from sipcore_bench.contestant import Absent, Unavailable
from sipcore_bench.relay.contender import Relay
from sipcore_bench.relay.edges import EDGE_NAME
from sipcore_bench.relay.load import Counts, generator
from sipcore_bench.relay.memory import Weight, weigh
from sipcore_bench.relay.mixes import MIXES, Mix
from sipcore_bench.relay.places import TRANSPORTS, Transport
from sipcore_bench.relay.processes import BrokenRelay, cores
from sipcore_bench.relay.relays import relays
from sipcore_bench.relay.standing import Effort, Standing, Turn, standing, window_for
from sipcore_bench.rows import number
from sipcore_bench.stats import median_interval

__all__ = ["FULL", "QUICK", "Found", "RelayResult", "run"]

FULL = Effort(rounds=7, warm=0.03, closed=0.14, paced=0.1, weighed=1_000_000, weighing=60)
QUICK = Effort(rounds=1, warm=0.02, closed=0.08, paced=0.08)
#: Memory is watched where nothing can be lost on the way.
_WEIGHED_OVER: Transport = "tcp"

Progress = Callable[[str], None]
LeftOut = Callable[[Absent], None]


@dataclass(slots=True)
class RelayResult:
    """One relay with one mix over one transport; figures are medians of its turns.

    A message counts when it reached the sink or came back refused. What is lost is in no other figure.

    Attributes:
        relay, does: what was measured and what it does with a message.
        per_second: the fixed rate of `p50_us` and `p99_us`.
        window: messages on the way at most, as fast as it goes.
    """

    mix: str
    transport: Transport
    relay: str
    does: str
    per_second: int
    window: int
    turns: list[Turn] = field(default_factory=list)

    @property
    def rates(self) -> list[float]:
        """Messages a second, as fast as it goes; one figure a turn."""
        return [turn.fast.done / turn.fast.seconds for turn in self.turns]

    @property
    def cpu_us(self) -> list[float]:
        """Processor time of the relay for one message, user and system, in microseconds; one figure a turn."""
        return [turn.used.ns / turn.fast.done / 1000 for turn in self.turns]

    @property
    def system_share(self) -> float:
        """The share of its processor time that the relay spent in the kernel, over all turns."""
        system = sum(turn.used.system_ticks for turn in self.turns)
        return system / max(sum(turn.used.user_ticks for turn in self.turns) + system, 1)

    @property
    def busy(self) -> float:
        """The share of its core that the relay used; well below 1, something else was the limit."""
        return median(turn.used.ns / turn.fast.seconds for turn in self.turns) / 1e9

    @property
    def p50_us(self) -> list[float]:
        """Half of the messages took no longer, at the fixed rate, in microseconds; one figure a turn."""
        return [turn.paced.p50_ns / 1000 for turn in self.turns]

    @property
    def p50_noise(self) -> tuple[float, float]:
        """Between what the median of `p50_us` is, as far as so few turns can tell."""
        return median_interval(self.p50_us)

    @property
    def p99_us(self) -> float:
        """All but one in a hundred took no longer, at the fixed rate, in microseconds."""
        return median(turn.paced.p99_ns for turn in self.turns) / 1000

    @property
    def lost(self) -> tuple[float, float]:
        """The share of messages that were lost as fast as it goes, and at the fixed rate, over all turns."""
        return _lost(turn.fast for turn in self.turns), _lost(turn.paced for turn in self.turns)

    def to_row(self) -> dict[str, str | float]:
        """One line of a table; every result has the same columns."""
        fast, paced = self.lost
        low, high = self.p50_noise
        return {
            "mix": self.mix,
            "transport": self.transport,
            "relay": self.relay,
            "does": self.does,
            "messages/s": round(median(self.rates)),
            "least to most": f"{number(min(self.rates))} to {number(max(self.rates))}",
            "CPU us/message": round(median(self.cpu_us), 2),
            "in the kernel %": round(100 * self.system_share),
            "core busy %": round(100 * self.busy),
            f"p50 us at {self.per_second}/s": median(self.p50_us),
            "its noise": f"{number(low)} to {number(high)}",
            "p99 us": round(self.p99_us, 1),
            "lost %": round(100 * fast, 3),
            "lost % at rate": round(100 * paced, 3),
            "window": self.window,
            "turns": len(self.turns),
        }


def _lost(counts: Iterator[Counts]) -> float:
    pairs = [(each.lost, sum(each.sent)) for each in counts]
    return sum(lost for lost, _ in pairs) / max(sum(sent for _, sent in pairs), 1)


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that came of a run.

    Attributes:
        results: one for each relay, mix and transport.
        weight: of the edge, None when it was not weighed.
    """

    results: list[RelayResult]
    weight: Weight | None


def run(
    mixes: Sequence[Mix] = MIXES,
    effort: Effort = FULL,
    progress: Progress = lambda _: None,
    left_out: LeftOut = lambda _: None,
    transports: Sequence[Transport] = TRANSPORTS,
    wanted: Sequence[str] = ("",),
) -> Found:
    """Measure every relay that is here.

    Args:
        mixes: what is sent.
        effort: how much is done.
        progress: is told what happens now, and who is left out.
        left_out: is told who is missing or does not work, and why; the others are measured all the same.
        transports: "udp", "tcp", "tls".
        wanted: parts of the names of those that are measured.

    Raises:
        Unavailable: nothing can be measured here: another system than Linux, or no compiler for the generator.
    """
    if sys.platform != "linux":
        raise Unavailable("the relay benchmark needs Linux: it reads /proc and pins processes to cores")
    generator()
    progress(_pinning())
    with _Lineup(progress, left_out) as lineup:
        for transport in transports:
            for entry in relays(transport):
                if any(part in entry.name for part in wanted):
                    lineup.admit(entry, transport)
        results = _rounds(lineup, mixes, effort, progress)
        weight = _weight(lineup, effort, progress) if effort.weighed else None
    return Found(results, weight)


def _pinning() -> str:
    placed = cores()
    if placed is None:
        return "relay: one core for everything: the generator's work slows the relay down"
    return f"relay: generator and sink on core {placed[0]}, relay on core {placed[1]}"


class _Lineup:
    """Who takes part; who breaks is sent off with the reason, and the others go on."""

    def __init__(self, progress: Progress, left_out: LeftOut) -> None:
        self._progress = progress
        self._left_out = left_out
        self._held: dict[Standing, AbstractContextManager[Standing]] = {}

    def __enter__(self) -> _Lineup:
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as held:
            for each in self._held.values():
                held.push(suppress(BrokenRelay))
                held.push(each)

    def __iter__(self) -> Iterator[Standing]:
        return iter(tuple(self._held))

    def admit(self, entry: Relay | Absent, transport: Transport) -> None:
        """Start it, if it is here."""
        if isinstance(entry, Absent):
            self._leave_out(Absent(f"{entry.name}, {transport}", entry.reason))
            return
        self._progress(f"relay: starting {entry.name}, {transport}")
        context = standing(entry, transport)
        try:
            self._held[context.__enter__()] = context
        except BrokenRelay as broken:
            self._leave_out(Absent(f"{entry.name}, {transport}", str(broken)))
        except Unavailable as missing:
            self._leave_out(Absent(f"{entry.name}, {transport}", missing.reason))

    def dismiss(self, standing: Standing, broken: BrokenRelay) -> None:
        """End it; a process that ended by itself says more of the reason than who noticed."""
        try:
            self._held.pop(standing).__exit__(None, None, None)
        except BrokenRelay as ended:
            broken = ended
        self._leave_out(Absent(f"{standing.relay.name}, {standing.transport}", str(broken)))

    def _leave_out(self, absent: Absent) -> None:
        self._progress(f"relay: left out: {absent.name}: {absent.reason}")
        self._left_out(absent)


def _rounds(lineup: _Lineup, mixes: Sequence[Mix], effort: Effort, progress: Progress) -> list[RelayResult]:
    table: dict[tuple[str, Transport, str], RelayResult] = {}
    for turn_number, mix in product(range(effort.rounds), mixes):
        for each in lineup:
            if mix not in each.relay.mixes:
                continue
            turn_of = f"{each.transport}, {each.relay.name}, {mix.name}"
            progress(f"relay: round {turn_number + 1} of {effort.rounds}, {turn_of}")
            try:
                turn = each.turn(mix, effort)
            except BrokenRelay as broken:
                lineup.dismiss(each, broken)
                continue
            key = mix.name, each.transport, each.relay.name
            table.setdefault(key, _result(each, mix, effort)).turns.append(turn)
    names = [mix.name for mix in mixes]
    return sorted(table.values(), key=lambda row: (names.index(row.mix), TRANSPORTS.index(row.transport)))


def _result(of: Standing, mix: Mix, effort: Effort) -> RelayResult:
    relay, window = of.relay, window_for(of.transport)
    return RelayResult(mix.name, of.transport, relay.name, relay.does, effort.per_second, window)


def _weight(lineup: _Lineup, effort: Effort, progress: Progress) -> Weight | None:
    for each in lineup:
        if each.relay.name == EDGE_NAME and each.transport == _WEIGHED_OVER:
            progress(f"relay: weighing {each.relay.name} over {effort.weighed:,} messages")
            try:
                return weigh(each, effort.weighed, effort.weighing)
            except BrokenRelay as broken:
                lineup.dismiss(each, broken)
    return None
