"""Other people's programs as processes of a test: started, waited for, ended with all that they have started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

#: Seconds after which a start or an end has failed; many times what they take on a busy machine.
PATIENCE_S = 60


@dataclass(frozen=True)
class Program:
    """A running process.

    Attributes:
        log: what it writes.
    """

    process: subprocess.Popen[bytes]
    log: Path

    def wait_until(self, serves: Callable[[], bool]) -> None:
        """Return once it serves; fails with its log when it ends instead, or does not come up."""
        deadline = time.monotonic() + PATIENCE_S
        while not serves():
            assert self.process.poll() is None, f"{self.log.stem} ended at once\n{self.log.read_text()}"
            assert time.monotonic() < deadline, f"{self.log.stem} does not serve\n{self.log.read_text()}"
            time.sleep(0.02)


@contextmanager
def running(command: Sequence[str | Path], log: Path) -> Iterator[Program]:
    """A program that runs while the context lasts, in the folder of its log.

    It leads a process group of its own, so that its workers end with it, however it ends; and it is told to end should
    the tests themselves be killed.

    Args:
        command: the program and its arguments; it must stay in the foreground.
        log: takes what it writes, behind what an earlier run has written.
    """
    told_if_orphaned = ("setpriv", "--pdeathsig", "TERM", *command)
    with log.open("ab") as output, subprocess.Popen(
        told_if_orphaned, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=log.parent, start_new_session=True
    ) as process:  # fmt: skip
        try:
            yield Program(process, log)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE_S)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
