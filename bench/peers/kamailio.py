"""Kamailio's parser, in Kamailio's own executable with `kamailio.c` preloaded.

The memory manager is ``fm``, as with ``kamailio -x fm``. The default of Debian's build, ``qm``, is made to find faults:
in a fresh process it makes parsing fifteen times slower, and to compare with that would be unfair.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import subprocess
import tempfile
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from sipcore_bench import build
from sipcore_bench.contestant import Contestant, Unavailable
from sipcore_bench.fields import read
from sipcore_bench.peers.native import INDEX, READ, REJECTED, SHIMS, Native, native, taken

__all__ = ["contestants"]

#: The layouts in kamailio.c are those of this series.
_SERIES = "5.6."
_REQUEST, _SIZE, _RESULT = struct.Struct("<cI"), struct.Struct("<I"), struct.Struct("<q")
_PASS = {INDEX: b"i", READ: b"r"}
_SECONDS_TO_END = 5

#: Every field has another value here: a layout that does not fit cannot give all of them.
_KNOWN_MESSAGE = (
    b"MESSAGE sip:ruth@fabrikam.example;transport=tcp SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.17:5070;rport;branch=z9hG4bK-top\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.18;branch=z9hG4bK-second\r\n"
    b"Max-Forwards: 70\r\n"
    b'From: "Ida" <sip:ida@contoso.example>;tag=from-1\r\n'
    b"To: <sip:rudi@fabrikam.example>;tag=to-2\r\n"
    b"Call-ID: known@contoso.example\r\n"
    b"CSeq: 4711 MESSAGE\r\n"
    b"Content-Type: text/plain;charset=UTF-8\r\n"
    b"Content-Length: 5\r\n"
    b"\r\n"
    b"hello"
)


def contestants() -> Iterator[Contestant]:
    """Parse, and parse with twelve fields. Raises: Unavailable."""
    program = _program()
    version = _version(program)
    if not version.startswith(_SERIES):
        raise Unavailable(f"this is Kamailio {version}; the layouts of its parser are known for {_SERIES}x")
    # "now": a symbol that the executable does not export is told at once, not in the middle of a measurement.
    shim = Preloaded(program, build.shared_object("peer-kamailio", [SHIMS / "kamailio.c"], ["-Wl,-z,now"]))
    _check_layout(shim, version)
    yield from native(f"kamailio {version} -x fm", version, shim)


def _program() -> str:
    """Where the executable is; Debian keeps it where only root's PATH leads."""
    found = shutil.which("kamailio", path=os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin")))
    if found is None:
        raise Unavailable("kamailio is not installed (make bench-peers)")
    return found


def _version(program: str) -> str:
    """The third word of ``version: kamailio 5.6.3 (x86_64/linux)``."""
    said = subprocess.run([program, "-v"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    words = said.stdout.split(maxsplit=3)
    if len(words) < 3:
        raise Unavailable(f"kamailio -v says nothing that could be a version: {said.stdout[:60]!r}")
    return words[2]


def _check_layout(shim: Preloaded, version: str) -> None:
    """Nobody vouches for the layouts but this message: all its fields must come out right."""
    if Native("kamailio", version, "fields", READ, shim).answer(_KNOWN_MESSAGE) != read(_KNOWN_MESSAGE):
        raise Unavailable(f"the parser of this Kamailio {version} is laid out otherwise than that of Debian's 5.6.3")


class Preloaded:
    """The shim in the executable. One process for everything, so that only the first loop finds it cold."""

    def __init__(self, program: str, preload: Path) -> None:
        self._process = _Process(program, str(preload))

    def page(self, item: bytes) -> bytes | None:
        size = self._process.ask(b"a", len(item), item)
        return None if size == REJECTED else self._process.take(size)

    def loop(self, question: int, items: list[bytes]) -> Callable[[], int]:
        process = self._process
        slot = process.ask(b"l", len(items), b"".join(_SIZE.pack(len(item)) + item for item in items))

        def one_pass() -> int:
            return taken(process.ask(_PASS[question], slot))

        weakref.finalize(one_pass, process.drop, slot)
        return one_pass


class _Process:
    """Kamailio with the shim in place of its main function; ends with this object, which closes its input."""

    def __init__(self, program: str, preload: str) -> None:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - kept as long as the process
        self._process = subprocess.Popen(  # noqa: S603 - found on PATH, built by us
            [program],
            env={**os.environ, "LD_PRELOAD": preload},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
        )
        assert self._process.stdin is not None, "a pipe was asked for"
        assert self._process.stdout is not None, "a pipe was asked for"
        self._input, self._output = self._process.stdin, self._process.stdout
        weakref.finalize(self, _end, self._process, (self._input, self._output, self._complaints))

    def ask(self, what: bytes, argument: int, more: bytes = b"") -> int:
        """The result of one request."""
        try:
            self._input.write(_REQUEST.pack(what, argument) + more)
            self._input.flush()
        except BrokenPipeError:
            raise self._gone() from None
        result: int = _RESULT.unpack(self.take(_RESULT.size))[0]
        return result

    def drop(self, slot: int) -> None:
        """Free the messages of a slot, unless the process, and they with it, have gone."""
        if not self._input.closed and self._process.poll() is None:
            self.ask(b"d", slot)

    def take(self, size: int) -> bytes:
        """So many bytes of what the process says."""
        data = self._output.read(size)
        if len(data) < size:
            raise self._gone()
        return data

    def _gone(self) -> Unavailable:
        status = self._process.wait(_SECONDS_TO_END)
        self._complaints.seek(0)
        words = self._complaints.read().decode(errors="replace").strip()
        return Unavailable(f"the process of Kamailio ended with status {status}: {words[-200:] or 'it said nothing'}")


def _end(process: subprocess.Popen[bytes], streams: tuple[IO[bytes], ...]) -> None:
    """Close its input, which ends it, and wait for that."""
    for stream in streams:
        with contextlib.suppress(BrokenPipeError):  # what it was not sent is of no use to a process that has gone
            stream.close()
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
