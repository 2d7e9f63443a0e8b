"""Processes under test: on a core of their own, with what they have used of it, and ended whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["BrokenRelay", "Used", "cores", "members", "pinned", "resident", "running", "used"]

_PATIENCE = 15.0
_BREATH = 0.02
#: The longest life of a relay, in seconds, even when the benchmark is killed and cannot end it.
_LIFETIME = 900
_SHOWN = 600


class BrokenRelay(Exception):  # noqa: N818 - a result, not a fault of the program
    """A relay did not start, ended, or does not do what it should; the text says how."""


def cores() -> tuple[int, int] | None:
    """(the generator's core, the relay's), or None when there are not two to choose from."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[-2], allowed[-1]) if len(allowed) > 1 else None


@contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Whatever is started meanwhile is born on that core: children inherit the affinity of who starts them."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def running(
    command: Sequence[str], core: int | None, is_ready: Callable[[], bool], folder: Path, patience: float = _PATIENCE
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a relay in a session of its own, wait until it is ready, end the whole session afterwards.

    Args:
        command: the program and its arguments.
        core: where it runs, None for anywhere.
        is_ready: whether it can be sent to.
        folder: for its log.
        patience: how long it may take to get ready, in seconds.

    Raises:
        BrokenRelay: it ended or did not get ready; with the end of its log.
    """
    log = folder / "log"
    bounded = ["timeout", "--signal=KILL", str(_LIFETIME), *command]
    with log.open("wb") as output, pinned(core):
        process = subprocess.Popen(  # noqa: S603 - a program of this benchmark's choice
            bounded, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, start_new_session=True
        )
    try:
        _await(process, is_ready, log, patience)
        yield process
        if process.poll() is not None:
            raise BrokenRelay(f"it ended under load: {_end_of(log)}")
    finally:
        _end(process)


def _await(process: subprocess.Popen[bytes], is_ready: Callable[[], bool], log: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while not is_ready():
        if process.poll() is not None:
            raise BrokenRelay(f"it ended at once: {_end_of(log)}")
        if time.monotonic() > deadline:
            raise BrokenRelay(f"it was not ready after {patience:.0f} s: {_end_of(log)}")
        time.sleep(_BREATH)


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace").strip()[-_SHOWN:] or "it said nothing"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask, then insist. The group is the session: nobody in it makes a group of its own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(_PATIENCE if number == signal.SIGKILL else 3)
        except subprocess.TimeoutExpired:
            continue
        if not members(process.pid):
            break


@dataclass(frozen=True, slots=True)
class Used:
    """Processor time of all live processes of a session.

    Attributes:
        ns: user and system, the scheduler's own sum, in nanoseconds.
        user_ticks, system_ticks: of which so much each, in hundredths of a second: too coarse for a moment, good for
            the share over many.
    """

    ns: int
    user_ticks: int
    system_ticks: int

    def since(self, before: Used) -> Used:
        """What came after."""
        return Used(self.ns - before.ns, self.user_ticks - before.user_ticks, self.system_ticks - before.system_ticks)


def used(session: int) -> Used:
    """What a session has used so far."""
    ns = user = system = 0
    for process in members(session):
        ns += sum(_thread_ns(thread) for thread in (process / "task").glob("*"))
        fields = _stat(process)
        user, system = user + int(fields[11]), system + int(fields[12])
    return Used(ns, user, system)


def resident(session: int, forget: bool = False) -> tuple[int, int]:
    """(memory in use, the most since it was last forgotten) of a session's processes, in bytes."""
    now = most = 0
    for process in members(session):
        lines = (process / "status").read_text().splitlines()
        sizes = {
            name: int(size.split()[0]) << 10
            for name, _, size in (line.partition(":") for line in lines)
            if name in ("VmRSS", "VmHWM")
        }
        now, most = now + sizes["VmRSS"], most + sizes["VmHWM"]
        if forget:
            (process / "clear_refs").write_text("5")  # proc(5): the high-water mark begins anew
    return now, most


def _thread_ns(thread: Path) -> int:
    try:
        return int((thread / "schedstat").read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it ended while we looked


def _stat(process: Path) -> list[str]:
    """Behind the name, which may hold anything, in brackets: state, parent, group, session, ... (proc(5))."""
    return (process / "stat").read_text().rpartition(")")[2].split()


def members(leader: int) -> list[Path]:
    """The processes of a session, in /proc; dead ones that nobody has fetched are left out."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, session = _stat(path)[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(session) == leader and state != "Z":
            found.append(path)
    return found
