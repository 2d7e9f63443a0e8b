"""Instructions per message, counted by valgrind's callgrind: a figure that no other load on the machine can change.

The method: one process under callgrind prepares everything and runs each piece of work once, to warm up. Then it makes
N passes, then 2 N passes, and calls `getpgid` before, between and after; nobody else does, and callgrind is told to
write its counts out whenever it is called (``--dump-before``). The difference of the two counts is N passes and nothing
else: start, imports, preparation and the calls that mark the places drop out. No client requests, so nothing has to be
compiled for it. Python's collector is off meanwhile, and its hash seed is fixed.

Instructions are not time: they know nothing of caches, branches and what a processor does at once. They are for
comparing a program with itself. What a contestant does in another process is not seen.
"""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from sipcore_bench.contestant import Unavailable

__all__ = ["METHOD", "count", "have_valgrind", "run_marked"]

METHOD = "callgrind in one process: N and 2 N passes after a warm-up, subtracted, by the number of messages"

#: Passes of the smaller run. Counts repeat to a thousandth, so few are enough.
PASSES = 2
_TIMEOUT_S = 600
_TOTALS = re.compile(r"^totals: (\d+)", re.MULTILINE)


def have_valgrind() -> bool:
    """Whether `count` can work here."""
    return shutil.which("valgrind") is not None


# -- in the process that is counted


def run_marked(works: Iterable[tuple[str, int, Callable[[], Callable[[], object]]]]) -> None:
    """Run pieces of work so that `count`, in the parent process, can tell them apart, and print what was run.

    Args:
        works: (name, messages in a pass, prepare). What ``prepare`` gives makes one pass. When it or the first pass
            fails, the work is noted as failed and left out.
    """
    gc.disable()
    done: list[tuple[str, int]] = []
    failed: dict[str, str] = {}
    for name, size, prepare in works:
        try:
            one_pass = prepare()
            one_pass()
        except Exception as error:  # a base without this path is a result, as is a peer that fails
            failed[name] = str(error) or type(error).__name__
            continue
        _passes(one_pass)
        done.append((name, size))
    sys.stdout.write("\n" + json.dumps({"done": done, "failed": failed}) + "\n")


def _passes(one_pass: Callable[[], object]) -> None:
    os.getpgid(0)
    for _ in range(PASSES):
        one_pass()
    os.getpgid(0)
    for _ in range(2 * PASSES):
        one_pass()
    os.getpgid(0)


# -- in the process that counts


def count(
    arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> tuple[dict[str, float], dict[str, str]]:
    """Run Python with these arguments under callgrind; the program calls `run_marked`.

    Args:
        arguments: of the interpreter.
        environment: added to this process's own.

    Returns:
        Instructions per message by name, and why others failed.

    Raises:
        Unavailable: valgrind is missing, or cannot run or follow the program.
    """
    if not have_valgrind():
        raise Unavailable("valgrind is not installed: instructions are not counted")
    with tempfile.TemporaryDirectory(prefix="sipcore-callgrind-") as folder:
        counts = Path(folder) / "counts"
        valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}", "--dump-before=getpgid*"]
        try:
            ran = subprocess.run(  # noqa: S603
                [*valgrind, sys.executable, *arguments],
                env={**os.environ, **(environment or {}), "PYTHONHASHSEED": "0"},
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Unavailable(f"valgrind did not end within {_TIMEOUT_S} s") from None
        if ran.returncode:
            raise Unavailable(f"under valgrind it ended with status {ran.returncode}: {ran.stderr.strip()[-400:]}")
        report = json.loads(ran.stdout.rstrip().rpartition("\n")[2])
        return _per_message(_dumps(counts), report["done"]), report["failed"]


def _dumps(counts: Path) -> list[int]:
    """The totals of the numbered dumps, in order; what came after the last mark has no number."""
    numbered = sorted(counts.parent.glob(f"{counts.name}.*"), key=lambda path: int(path.suffix[1:]))
    return [int(found[1]) for path in numbered if (found := _TOTALS.search(path.read_text(errors="replace")))]


def _per_message(totals: list[int], done: list[tuple[str, int]]) -> dict[str, float]:
    """Three dumps a work: what led up to it, N passes, 2 N passes."""
    if len(totals) != 3 * len(done):
        raise Unavailable(
            f"valgrind wrote {len(totals)} counts for {len(done)} pieces of work: it does not see getpgid here"
        )
    return {
        name: (totals[3 * place + 2] - totals[3 * place + 1]) / (PASSES * size)
        for place, (name, size) in enumerate(done)
    }
