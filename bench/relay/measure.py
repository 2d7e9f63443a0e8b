"""Measures relays: each mix and transport through each relay, in turns over rounds.

A turn starts a relay on one core and the generator with its sink on another, looks whether the relay does what it
should, warms it up, lets it run as fast as a window of unanswered messages lets it, and then at a fixed rate. One round
takes all relays in turn, so that a change of the machine's speed meets all of them.
"""

from __future__ import annotations

import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

from sipcore_bench.contestant import Absent, Unavailable
from sipcore_bench.relay.checking import check, check_counts
from sipcore_bench.relay.load import Counts, Load, generator, loading
from sipcore_bench.relay.mixes import MIXES, Mix, templates
from sipcore_bench.relay.places import TRANSPORTS, Places, Transport, find_places, is_listening
from sipcore_bench.relay.processes import BrokenRelay, cores, cpu_ns, running
from sipcore_bench.relay.relays import Relay, relays

__all__ = ["FULL", "QUICK", "Effort", "RelayResult", "Turn", "run", "take_turns", "window_for"]

#: Messages on the way: enough that the relay always finds more than one, and joins what it can.
_UDP_WINDOW, _TCP_WINDOW = 256, 1024
_STREAMS = 4
#: As all relays here ask for.
_BUFFER = 4 << 20
#: What a datagram of up to 2 KiB is charged in a socket's buffer, bookkeeping of the kernel included.
_CHARGED = 4_608


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done.

    Attributes:
        rounds: turns of each relay with each mix.
        warm, closed, paced: seconds of each phase of a turn.
        per_second: the fixed rate; one that the slowest relay can hold, so that latencies are of serving and not of
            queueing.
    """

    rounds: int
    warm: float
    closed: float
    paced: float
    per_second: int = 2_000


FULL = Effort(rounds=3, warm=0.2, closed=0.6, paced=0.5)
QUICK = Effort(rounds=1, warm=0.1, closed=0.2, paced=0.2)


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn found.

    Attributes:
        fast, paced: what the generator counted as fast as it went, and at the fixed rate.
        cpu_ns: processor time of the relay for all that was done as fast as it went.
    """

    fast: Counts
    paced: Counts
    cpu_ns: int


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
    def cpu_us(self) -> float:
        """Processor time of the relay for one message, user and system, in microseconds."""
        return median(turn.cpu_ns / turn.fast.done for turn in self.turns) / 1000

    @property
    def busy(self) -> float:
        """The share of its core that the relay used; well below 1, something else was the limit."""
        return median(turn.cpu_ns / turn.fast.seconds for turn in self.turns) / 1e9

    @property
    def p50_us(self) -> float:
        """Half of the messages took no longer, at the fixed rate, in microseconds."""
        return median(turn.paced.p50_ns for turn in self.turns) / 1000

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
        return {
            "mix": self.mix,
            "transport": self.transport,
            "relay": self.relay,
            "does": self.does,
            "messages/s": round(median(self.rates)),
            "least": round(min(self.rates)),
            "most": round(max(self.rates)),
            "CPU us/message": round(self.cpu_us, 2),
            "core busy %": round(100 * self.busy),
            f"p50 us at {self.per_second}/s": round(self.p50_us, 1),
            f"p99 us at {self.per_second}/s": round(self.p99_us, 1),
            "lost %": round(100 * fast, 3),
            "lost % at rate": round(100 * paced, 3),
            "window": self.window,
            "turns": len(self.turns),
        }


def _lost(counts: Iterator[Counts]) -> float:
    pairs = [(each.lost, sum(each.sent)) for each in counts]
    return sum(lost for lost, _ in pairs) / max(sum(sent for _, sent in pairs), 1)


def run(
    mixes: Sequence[Mix] = MIXES,
    effort: Effort = FULL,
    progress: Callable[[str], None] = lambda _: None,
    left_out: Callable[[Absent], None] = lambda _: None,
    transports: Sequence[Transport] = TRANSPORTS,
    wanted: Sequence[str] = ("",),
) -> list[RelayResult]:
    """Measure every relay that is here.

    Args:
        mixes: what is sent.
        effort: how much is done.
        progress: is told what happens now, and who is left out.
        left_out: is told who is missing or does not work, and why; the others are measured all the same.
        transports: "udp", "tcp".
        wanted: parts of the names of those that are measured.

    Raises:
        Unavailable: nothing can be measured here: another system than Linux, or no compiler for the generator.
    """
    if sys.platform != "linux":
        raise Unavailable("the relay benchmark needs Linux: it reads /proc and pins processes to cores")
    generator()
    progress(_pinning())
    results: dict[tuple[str, Transport], list[RelayResult]] = {
        (mix.name, transport): [] for mix in mixes for transport in transports
    }
    lineups = {transport: _present(transport, wanted, progress, left_out) for transport in transports}
    for number in range(effort.rounds):
        for transport, lineup in lineups.items():
            for relay in tuple(lineup):
                progress(f"relay: round {number + 1} of {effort.rounds}, {transport}, {relay.name}")
                try:
                    for mix, turn in take_turns(relay, mixes, transport, effort):
                        _result_of(relay, mix, transport, effort, results[mix.name, transport]).turns.append(turn)
                except BrokenRelay as broken:
                    lineup.remove(relay)
                    _leave_out(Absent(f"{relay.name}, {transport}", str(broken)), progress, left_out)
    return [result for table in results.values() for result in table]


def _pinning() -> str:
    placed = cores()
    if placed is None:
        return "relay: one core for everything: the generator's work slows the relay down"
    return f"relay: generator and sink on core {placed[0]}, relay on core {placed[1]}"


def _present(
    transport: Transport,
    wanted: Sequence[str],
    progress: Callable[[str], None],
    left_out: Callable[[Absent], None],
) -> list[Relay]:
    present = []
    for entry in relays(transport):
        if not any(part in entry.name for part in wanted):
            continue
        if isinstance(entry, Absent):
            _leave_out(entry, progress, left_out)
        else:
            present.append(entry)
    return present


def _leave_out(absent: Absent, progress: Callable[[str], None], left_out: Callable[[Absent], None]) -> None:
    progress(f"relay: left out: {absent.name}: {absent.reason}")
    left_out(absent)


def _result_of(relay: Relay, mix: Mix, transport: Transport, effort: Effort, table: list[RelayResult]) -> RelayResult:
    """The relay's row in the table of that mix and transport, made at its first turn."""
    for row in table:
        if row.relay == relay.name:
            return row
    table.append(RelayResult(mix.name, transport, relay.name, relay.does, effort.per_second, window_for(transport)))
    return table[-1]


# -- one turn


def take_turns(relay: Relay, mixes: Sequence[Mix], transport: Transport, effort: Effort) -> Iterator[tuple[Mix, Turn]]:
    """Start a relay, then for each mix: check, warm up, measure; end everything, whatever happens.

    Raises:
        BrokenRelay: the relay or the generator did not do what it should.
    """
    load_core, relay_core = cores() or (None, None)
    places = relay.target(find_places(transport))
    with tempfile.TemporaryDirectory(prefix="sipcore-bench-") as name:
        folder = Path(name)
        with _started(relay, places, relay_core, folder) as used_ns:
            for mix in mixes:
                in_dialog = any(kind.in_dialog for kind in mix.kinds)
                made = templates(mix, places, relay.routes(places) if in_dialog else ())
                with loading(places, mix.order, made, _STREAMS, load_core, folder) as load:
                    check(relay, mix, made, load)
                    yield mix, _turn(relay, mix, load, effort, window_for(transport), used_ns)


@contextmanager
def _started(relay: Relay, places: Places, core: int | None, folder: Path) -> Iterator[Callable[[], int]]:
    """A running relay; gives the function that reads its processor time."""
    if relay.command is None:
        yield lambda: 0
        return
    command = relay.command(places, folder)
    with running(command, core, partial(is_listening, places.transport, places.relay), folder) as process:
        yield partial(cpu_ns, process.pid)


def _turn(relay: Relay, mix: Mix, load: Load, effort: Effort, window: int, used_ns: Callable[[], int]) -> Turn:
    load.closed(window, effort.warm)
    before = used_ns()
    fast = load.closed(window, effort.closed)
    used = used_ns() - before
    paced = load.paced(effort.per_second, effort.paced)
    for counts in (fast, paced):
        check_counts(relay, mix, counts)
    return Turn(fast, paced, used)


def window_for(transport: Transport) -> int:
    """How many messages may be on the way. Over UDP no more than a socket's buffer here holds, or the window itself
    would be what loses them; the system grants what ``net.core.rmem_max`` allows.
    """
    if transport == "tcp":
        return _TCP_WINDOW
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        granted = probe.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    return max(min(_UDP_WINDOW, granted // _CHARGED), 1)
