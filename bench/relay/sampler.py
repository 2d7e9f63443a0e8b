"""Runs the relay and notes, a thousand times a second from SIGUSR1 on, in which Python function it is.

    sampler.py FILE SIPCORE-ARGUMENT...

A signal is handled when the interpreter is next between two instructions: what a function in C takes, and what the
kernel takes for it, counts for the Python function that called it. The counts are written to FILE at the end.

The timer is the one of real time, for the one of processor time is no finer than the kernel's tick; under full load
there is no difference else.
"""

from __future__ import annotations

import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

_EVERY = 0.001


def main(file: str, *arguments: str) -> None:
    """Run sipcore's command line with these arguments, and write what was seen."""
    from sipcore.cli import main as sipcore  # noqa: PLC0415 - this is a program, sipcore is what it runs

    seen: Counter[str] = Counter()

    def note(_: int, frame: FrameType | None) -> None:
        if frame is not None:
            code = frame.f_code
            path = Path(code.co_filename)
            seen[f"{path.parent.name}/{path.stem}: {code.co_qualname}"] += 1

    def begin(*_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, _EVERY, _EVERY)

    signal.signal(signal.SIGALRM, note)
    signal.signal(signal.SIGUSR1, begin)
    sys.argv = ["sipcore", *arguments]
    try:
        sipcore()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        Path(file).write_text(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
