"""The generator and sink, driven from Python: load.c in a process of its own, one command and one answer a phase."""

from __future__ import annotations

import select
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import msgspec

from sipcore_bench.build import program
from sipcore_bench.relay.places import Places
from sipcore_bench.relay.processes import BrokenRelay, pinned

__all__ = ["Counts", "Load", "generator", "loading"]

#: Beyond what a phase is told to last: stragglers are waited for, see load.c.
_PATIENCE = 15.0


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the messages of a phase; tuples have one number for each template.

    Attributes:
        sent: handed to the system.
        arrived: at the sink.
        refused: answered 606.
        otherwise: answered with anything else; they count as lost.
        duplicates: arrived or answered again.
        strange: what nobody waits for: of an earlier phase, or at the wrong end.
        seconds: from the first that was sent to the last that was done.
        p50_ns, p99_ns: latency of what is done, within 2 %; in a paced phase from when it was due.
    """

    sent: tuple[int, ...]
    arrived: tuple[int, ...]
    refused: tuple[int, ...]
    otherwise: int
    duplicates: int
    strange: int
    seconds: float
    p50_ns: float
    p99_ns: float

    @property
    def done(self) -> int:
        """Messages that arrived or were refused."""
        return sum(self.arrived) + sum(self.refused)

    @property
    def lost(self) -> int:
        """Messages that neither arrived nor were refused."""
        return sum(self.sent) - self.done


class Load:
    """A running generator. Raises: BrokenRelay from every method, when the generator gave up, with its words."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def closed(self, window: int, seconds: float, messages: int = 1 << 60) -> Counts:
        """As fast as it goes with at most ``window`` messages on the way."""
        return self._counts(f"closed {window} {messages} {seconds}", seconds)

    def paced(self, per_second: float, seconds: float) -> Counts:
        """At a fixed rate."""
        return self._counts(f"paced {per_second} {seconds}", seconds)

    def show(self, template: int) -> bytes:
        """Send one message of that template, and give what became of it: what arrived, or the answer; empty if lost."""
        return bytes.fromhex(msgspec.json.decode(self._answer(f"show {template}", 1), type=dict[str, str])["shown"])

    def _counts(self, command: str, seconds: float) -> Counts:
        return msgspec.json.decode(self._answer(command, seconds), type=Counts)

    def _answer(self, command: str, seconds: float) -> bytes:
        stdin = self._process.stdin
        assert stdin is not None, "opened as a pipe"
        try:
            stdin.write(f"{command}\n".encode())
            stdin.flush()
        except BrokenPipeError:
            self._give_up()
        return self.line(seconds)

    def line(self, seconds: float) -> bytes:
        """The next line that it says."""
        stdout = self._process.stdout
        assert stdout is not None, "opened as a pipe"
        if not select.select([stdout], [], [], seconds + _PATIENCE)[0]:
            raise BrokenRelay("the generator does not come to an end")
        return stdout.readline() or self._give_up()

    def _give_up(self) -> NoReturn:
        stderr = self._process.stderr
        assert stderr is not None, "opened as a pipe"
        raise BrokenRelay(stderr.read().decode(errors="replace").strip() or "the generator ended")


def generator(flags: Sequence[str] = ()) -> Path:
    """The program. Raises: Unavailable."""
    return program("load", [Path(__file__).with_name("load.c")], flags)


@contextmanager
def loading(
    places: Places, order: str, templates: Sequence[bytes], streams: int, core: int | None, folder: Path
) -> Iterator[Load]:
    """Start a generator on that core; it ends with the context.

    Args:
        places: where it sends from and to, and where its sink is.
        order, templates: as in `Mix`; the bytes of each kind.
        streams: TCP connections.
        core: None for anywhere.
        folder: for the templates.

    Raises:
        BrokenRelay: it cannot bind or connect.
        Unavailable: it cannot be built.
    """
    files = [folder / f"template-{number}" for number in range(len(templates))]
    for path, template in zip(files, templates, strict=True):
        path.write_bytes(template)
    ends = (str(part) for place in (places.partner, places.relay, places.sink) for part in place)
    command = [str(generator()), places.transport, str(streams), *ends, order, *map(str, files)]
    with pinned(core):
        process = subprocess.Popen(  # noqa: S603 - ours
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    with process:
        try:
            load = Load(process)
            load.line(0)
            yield load
        finally:
            process.kill()
