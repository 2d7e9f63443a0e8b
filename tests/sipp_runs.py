"""Runs of SIPp as a subprocess, and what its statistics say afterwards."""

from __future__ import annotations

import csv
import ipaddress
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from addresses import Address, written
from peer_programs import require_program
from programs import PATIENCE_S

SCENARIOS = Path(__file__).parent / "sipp"
#: SIPp itself gives up after this long, many times what a run takes on a busy machine; the tests' own timeout lies
#: behind it.
LONGEST_S = 240

#: SIPp's counters of everything that may not happen on a sound path. What comes for a call that is over is a message
#: for a dead call, so a second answer is seen without waiting for it.
UNWANTED = ("FailedCall", "Retransmissions", "DeadCallMsgs", "OutOfCallMsgs", "FatalErrors")
#: So many calls are open at once: SIPp starts one when another ends, so the run is as fast as the relay. Two messages
#: of each may come in one burst, after a read of a stream, say; a socket's buffer holds twice as many, for it would be
#: SIPp's own socket that loses the rest.
OPEN_CALLS = ("-users", "40")
#: No retransmission, so a single lost message is a failed call, and a machine that is busy causes none.
ASKED_ONCE = (*OPEN_CALLS, "-nr", "-recv_timeout", "60000")
#: What a bare Linux grants to whoever asks (net.core.rmem_max): 184 datagrams of a kilobyte. SIPp asks for 64 kB by
#: itself, which hold 56 of them.
SOCKET_BUFFER = 212_992


def require_sipp() -> str:
    """The path of SIPp, or no test, see `peer_programs`."""
    return require_program("sipp", "sip-tester")


@dataclass
class SippRun:
    """One SIPp process.

    Attributes:
        name: of its scenario, and of the files that it leaves in the folder.
    """

    name: str
    folder: Path
    process: subprocess.Popen[bytes]

    def finish(self) -> SippRun:
        """Wait for the end, which comes by itself. Fails with SIPp's own words when a call went wrong."""
        status = self.process.wait(LONGEST_S + 10)
        assert status == 0, f"{self.name} ended with status {status}\n{self._words()}"
        return self

    def total(self, counter: str) -> int:
        """A cumulative counter of SIPp's statistics, "SuccessfulCall" and the like."""
        with self._file("stat.csv").open(newline="") as file:
            *_, last = csv.DictReader(file, delimiter=";")
        return int(last[f"{counter}(C)"])

    def count(self, message: str) -> int:
        """A counter of one message of the scenario, "1_200_Recv" and the like, where the number is its place."""
        (path,) = self.folder.glob(f"{self.name}_{self.process.pid}_counts.csv")
        with path.open(newline="") as file:
            *_, last = csv.DictReader(file, delimiter=";")
        return int(last[message])

    def _file(self, suffix: str) -> Path:
        return self.folder / f"{self.name}.{suffix}"

    def _words(self) -> str:
        """The first lines of what went wrong, and the last screen."""
        errors, screen = self._file("errors"), self._file("screen")
        first = errors.read_text(errors="replace")[:2_000] if errors.exists() else ""
        return f"{first}\n{screen.read_text(errors='replace')[-2_500:]}"


@contextmanager
def sipp(
    scenario: str,
    here: Address,
    transport: str,
    calls: int,
    folder: Path,
    *options: str,
    me: str = "",
    peer: str = "",
    to: Address | None = None,
    spoken: str = "",
) -> Iterator[SippRun]:
    """Start SIPp with a scenario of tests/sipp; it is killed in the end if it still runs.

    Args:
        here: the address that it is bound to, and sends from.
        transport: "udp" or "tcp", on one socket.
        calls: after so many it ends.
        folder: for its statistics.
        me, peer: addresses of record, where the scenario asks for [me] and [peer].
        to: where to send; None for a scenario that is called.
        spoken: what its Via says instead of the transport: "TLS", behind a tunnel.
    """
    host, port = here
    arguments = [
        require_sipp(),
        *([written(to)] if to else []),
        *("-sf", str(SCENARIOS / f"{scenario}.xml")),
        *("-i", host, "-p", str(port), "-bind_local", "-t", f"{transport[0]}1"),
        *("-buff_size", str(SOCKET_BUFFER)),
        *("-key", "me", me, "-key", "peer", peer, "-key", "spoken", spoken or transport.upper()),
        *("-m", str(calls), "-nostdin", "-timeout", str(LONGEST_S), "-timeout_error"),
        *("-trace_stat", "-stf", str(folder / f"{scenario}.stat.csv"), "-fd", "1", "-trace_counts"),
        *("-trace_err", "-error_file", str(folder / f"{scenario}.errors")),
        *options,
    ]
    with (folder / f"{scenario}.screen").open("wb") as screen:
        run = SippRun(scenario, folder, subprocess.Popen(arguments, stdout=screen, stderr=screen, cwd=folder))
    try:
        if to is None:
            _await_listener(run, here, transport)
        yield run
    finally:
        run.process.kill()
        run.process.wait()


def _await_listener(run: SippRun, here: Address, transport: str) -> None:
    """Return as soon as the address is bound, as the kernel's socket table tells."""
    wanted = f"{_kernel_host(here[0])}:{here[1]:04X}"
    table = Path(f"/proc/net/{transport}{'6' if ':' in here[0] else ''}")
    deadline = time.monotonic() + PATIENCE_S
    while not any(line.split()[1] == wanted for line in table.read_text().splitlines()[1:]):
        assert run.process.poll() is None, f"{run.name} did not start\n{run._words()}"
        assert time.monotonic() < deadline, f"{run.name} does not listen on {here}"
        time.sleep(0.02)


def _kernel_host(host: str) -> str:
    """An address as /proc/net writes it: words in the machine's order, which is little-endian wherever we test."""
    packed = ipaddress.ip_address(host).packed
    return "".join(packed[at : at + 4][::-1].hex().upper() for at in range(0, len(packed), 4))


def assert_sound(calls: int, *runs: SippRun) -> None:
    """Every call has succeeded on each of them, and nothing came that was not waited for."""
    for run in runs:
        assert run.finish().total("SuccessfulCall") == calls
        assert [run.total(counter) for counter in UNWANTED] == [0] * len(UNWANTED)
