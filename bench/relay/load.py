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
from sipcore_bench.relay.places import Places, Transport
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
        strange: what nobody waits for: with no number that was sent, or at the wrong end.
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

    def closed(self, order: str, window: int, seconds: float, messages: int = 1 << 60) -> Counts:
        """As fast as it goes with at most ``window`` messages on the way; ``order`` as in `Mix`."""
        return self._counts(f"closed {order} {window} {messages} {seconds}", seconds)

    def paced(self, order: str, per_second: float, seconds: float) -> Counts:
        """At a fixed rate."""
        return self._counts(f"paced {order} {per_second} {seconds}", seconds)

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


def generator(transport: Transport = "udp", flags: Sequence[str] = ()) -> Path:
    """The program. Raises: Unavailable, for TLS without OpenSSL's headers too."""
    secure = transport == "tls"
    name, channel = ("load_tls", "channel_tls.c") if secure else ("load", "channel_plain.c")
    sources = [Path(__file__).with_name(file) for file in ("load.c", channel)]
    return program(name, sources, flags, ["openssl"] if secure else ())


@contextmanager
def loading(places: Places, templates: Sequence[bytes], streams: int, core: int | None, folder: Path) -> Iterator[Load]:
    """Start a generator on that core; it ends with the context.

    Args:
        places: where it sends from and to, and where its sink is.
        templates: the bytes of each kind.
        streams: connections, where there are any.
        core: None for anywhere.
        folder: for the templates; over TLS it holds the certificates.

    Raises:
        BrokenRelay: it cannot bind or connect.
        Unavailable: it cannot be built.
    """
    files = [folder / f"template-{number}" for number in range(len(templates))]
    for path, template in zip(files, templates, strict=True):
        path.write_bytes(template)
    ends = (str(part) for place in (places.partner, places.relay, places.sink) for part in place)
    certificates = str(folder) if places.transport == "tls" else ""
    command = [str(generator(places.transport)), places.transport, certificates, str(streams), *ends, *map(str, files)]
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
