"""Processes under test: on a core of their own, with what they have used of it, and ended whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = ["BrokenRelay", "cores", "cpu_ns", "pinned", "running"]

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
    command: Sequence[str], core: int | None, is_ready: Callable[[], bool], folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a relay in a session of its own, wait until it is ready, end the whole session afterwards.

    Args:
        command: the program and its arguments.
        core: where it runs, None for anywhere.
        is_ready: whether it can be sent to.
        folder: for its log.

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
        _await(process, is_ready, log)
        yield process
        if process.poll() is not None:
            raise BrokenRelay(f"it ended under load: {_end_of(log)}")
    finally:
        _end(process)


def _await(process: subprocess.Popen[bytes], is_ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_ready():
        if process.poll() is not None:
            raise BrokenRelay(f"it ended at once: {_end_of(log)}")
        if time.monotonic() > deadline:
            raise BrokenRelay(f"it was not ready after {_PATIENCE:.0f} s: {_end_of(log)}")
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
        if not _session(process.pid):
            break


def cpu_ns(session: int) -> int:
    """Processor time, user and system, that all live processes of a session have used so far, in nanoseconds.

    It is the scheduler's own sum; the ticks of ``/proc/PID/stat`` would be a hundredth of a second each.
    """
    return sum(_thread_ns(thread) for process in _session(session) for thread in (process / "task").glob("*"))


def _thread_ns(thread: Path) -> int:
    try:
        return int((thread / "schedstat").read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it ended while we looked


def _session(leader: int) -> list[Path]:
    """The processes of a session, dead ones that nobody has fetched left out."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            # After the name, which may hold anything, in brackets: state, parent, group, session (proc(5)).
            state, _, _, session = (path / "stat").read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(session) == leader and state != "Z":
            found.append(path)
    return found
