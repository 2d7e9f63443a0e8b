"""A relay that stands ready: on one core, with certificates and configuration, and its generator on another.

All of them stand at once and wait while it is another's turn: what waits costs nothing, and nobody is measured cold.
"""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sipcore_bench.relay.certificates import write_certificates
from sipcore_bench.relay.checking import check, check_counts
from sipcore_bench.relay.contender import Relay
from sipcore_bench.relay.load import Counts, Load, loading
from sipcore_bench.relay.mixes import MESSAGES, Mix, templates
from sipcore_bench.relay.places import Places, Transport, find_places, is_listening
from sipcore_bench.relay.processes import Used, cores, running, used

__all__ = ["Effort", "Standing", "Turn", "standing", "window_for"]

#: Messages on the way: enough that the relay always finds more than one, and joins what it can.
_WINDOW = {"udp": 256, "tcp": 1024, "tls": 256}
_STREAMS = 4
#: What may pass until each of them has carried a message.
_FIRST_SECONDS = 5.0
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
        weighed, weighing: messages through the relay whose memory is watched, and the most seconds that this may take.
        per_second: the fixed rate of a paced phase.
    """

    rounds: int
    warm: float
    closed: float
    paced: float
    weighed: int = 0
    weighing: float = 0
    per_second: int = 10_000


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn found.

    Attributes:
        fast, paced: what the generator counted as fast as it went, and at the fixed rate.
        used: processor time of the relay for all that was done as fast as it went.
    """

    fast: Counts
    paced: Counts
    used: Used


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """A relay that runs.

    Attributes:
        transport: of everything it is sent.
        load: its generator.
        session: its processes; None without a relay.
    """

    relay: Relay
    transport: Transport
    load: Load
    session: int | None

    def used(self) -> Used:
        """Processor time so far."""
        return Used(0, 0, 0) if self.session is None else used(self.session)

    def turn(self, mix: Mix, effort: Effort) -> Turn:
        """Warm up, as fast as it goes, at the fixed rate.

        Raises: BrokenRelay, from whatever it did not do right.
        """
        window = window_for(self.transport)
        self.load.closed(mix.order, window, effort.warm)
        before = self.used()
        fast = self.load.closed(mix.order, window, effort.closed)
        spent = self.used().since(before)
        paced = self.load.paced(mix.order, effort.per_second, effort.paced)
        for counts in (fast, paced):
            check_counts(self.relay, counts)
        return Turn(fast, paced, spent)


@contextmanager
def standing(relay: Relay, transport: Transport) -> Iterator[Standing]:
    """Start a relay and its generator, and look whether it does what is claimed of it.

    Raises: BrokenRelay; Unavailable for a generator that cannot be built.
    """
    load_core, relay_core = cores() or (None, None)
    places = relay.target(find_places(transport))
    with tempfile.TemporaryDirectory(prefix="sipcore-bench-") as name:
        folder = Path(name)
        if transport == "tls":
            write_certificates(folder)
        with _started(relay, places, relay_core, folder) as session:
            made = templates(places, relay.routes(places, folder))
            with loading(places, made, _STREAMS, load_core, folder) as load:
                check(relay, made, load)
                # One for each connection: what comes to an edge and says nothing is closed after a while.
                load.closed(MESSAGES.order, _STREAMS, _FIRST_SECONDS, _STREAMS)
                yield Standing(relay, transport, load, session)


@contextmanager
def _started(relay: Relay, places: Places, core: int | None, folder: Path) -> Iterator[int | None]:
    """A running relay; gives its session."""
    if relay.command is None:
        yield None
        return
    command = relay.command(places, folder)
    ready = partial(is_listening, places.transport, places.relay)
    with running(command, core, ready, folder, relay.patience) as process:
        yield process.pid


def window_for(transport: Transport) -> int:
    """How many messages may be on the way. Over UDP no more than a socket's buffer here holds, or the window itself
    would be what loses them; the system grants what ``net.core.rmem_max`` allows.
    """
    if transport != "udp":
        return _WINDOW[transport]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        granted = probe.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    return max(min(_WINDOW["udp"], granted // _CHARGED), 1)
