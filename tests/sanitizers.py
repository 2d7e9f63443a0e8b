"""Python and the sanitizers of the C compiler: what tests need to run C of ours under them."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

#: Flags under which a fault ends the process.
SANITIZE = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")


def runtime(name: str) -> Path | None:
    """Where the compiler keeps a runtime library; None when it has none."""
    words = shlex.split(os.environ.get("CC") or "cc")
    if shutil.which(words[0]) is None:
        return None
    path = subprocess.run(
        [*words, f"-print-file-name={name}"], capture_output=True, text=True, check=True
    ).stdout.strip()
    return Path(path) if os.path.isabs(path) else None


def run_python(script: str, *arguments: str, **environment: str) -> str:
    """What a script prints, in a process of its own."""
    paths = os.pathsep.join(filter(None, sys.path))
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": paths, **environment},
        capture_output=True, text=True, check=True, timeout=100,
    ).stdout  # fmt: skip


def sanitized_environment() -> dict[str, str]:
    """What Python needs to load sanitized code, as it is not sanitized itself; skips the test where that cannot be.

    Leaks are not looked for: the interpreter never frees everything. Its own pool of small objects is off, or a read
    past one of them would go unseen.
    """
    runtimes = [runtime(name) for name in ("libasan.so", "libubsan.so")]
    if None in runtimes:
        pytest.skip("the compiler has no runtimes of the sanitizers, or there is no compiler")
    return {
        "LD_PRELOAD": ":".join(map(str, runtimes)),
        "ASAN_OPTIONS": "detect_leaks=0",
        "UBSAN_OPTIONS": "halt_on_error=1",
        "PYTHONMALLOC": "malloc",
    }
