"""Where each microsecond of the relay goes: kernel and not, by Python function, and by native module.

Three runs, as no tool sees everything and none is free. Processor time is measured undisturbed. The share of each
Python function comes from samples (`sipcore_bench.relay.sampler`). Instructions of native code are counted function by
function, by callgrind around the whole relay; it sees neither the kernel nor Python's functions.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sipcore_bench.contestant import Unavailable
from sipcore_bench.relay.edges import SIPCORE, edge
from sipcore_bench.relay.mixes import Mix
from sipcore_bench.relay.places import Transport
from sipcore_bench.relay.processes import members
from sipcore_bench.relay.standing import Standing, standing, window_for

__all__ = ["Profile", "Share", "part_of", "profile", "sampled", "self_costs"]

_SECONDS = 2.0
#: Messages whose instructions are counted: many windows of them, for what is done for all of a wake-up counts too.
_COUNTED, _WARM = 10_000, 2_000
#: Under valgrind a core does a fiftieth: so many seconds for them, and for a start.
_SLOW_SECONDS, _SLOW_START = 120.0, 90.0

_Costs = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Share:
    """One row: a Python function, a native module, or a native function.

    Attributes:
        name: of it.
        microseconds: for one message.
        instructions: for one message; None where they were not counted.
    """

    name: str
    microseconds: float
    instructions: float | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """Where the time for one message goes, in microseconds; rows with the most first.

    Attributes:
        user, system: outside the kernel and in it.
        functions: Python's functions, each with what it calls in C and in the kernel: `user` and `system` by samples.
        modules, natives: native modules and functions: `user` in proportion to instructions.
        left_out: why there are no native ones; empty when there are.
    """

    user: float
    system: float
    functions: list[Share]
    modules: list[Share]
    natives: list[Share]
    left_out: str = ""


def profile(transport: Transport, mix: Mix) -> Profile:
    """Profile sipcore's relay with that mix over that transport.

    Raises: BrokenRelay; Unavailable.
    """
    user, system = _microseconds(transport, mix)
    samples = sampled(transport, mix)
    functions = [Share(name, (user + system) * count / samples.total()) for name, count in samples.most_common()]
    try:
        costs = _counted(transport, mix)
    except Unavailable as missing:
        return Profile(user, system, functions, [], [], missing.reason)
    modules, natives = Counter[str](), Counter[str]()
    for (path, function), cost in costs.items():
        modules[part_of(path)] += cost
        natives[f"{Path(path).name.partition('.')[0]}: {function}"] += cost
    return Profile(user, system, functions, _shares(modules, user), _shares(natives, user))


def _shares(costs: Counter[str], microseconds: float) -> list[Share]:
    return [Share(name, microseconds * cost / costs.total(), cost / _COUNTED) for name, cost in costs.most_common()]


#: What a native module is for, by the end of its path; the first that fits. Interpreter: all that is Python.
_PARTS = (
    (r"/sipcore/imfilter/[^/]*\.so$", "filter: sipcore/imfilter"),
    (r"/sipcore/edge/[^/]*\.so$", "edge, native: sipcore/edge"),
    (r"/sipcore/relay/[^/]*\.so$", "relay, native: sipcore/relay"),
    (r"/sipcore/_edit\.[^/]*\.so$", "writing: sipcore/_edit"),
    (r"/sipcore/[^/]*\.so$", "parsing and reading: sipcore"),
    (r"/uvloop/[^/]*\.so$", "event loop: uvloop"),
    (r"/(?:python[^/]*|libpython[^/]*)$", "interpreter"),
    (r"/(?:libc|ld|libpthread)[.-][^/]*$", "C library: memory, copies, calls of the kernel"),
    (r"/(?:libssl|libcrypto)[.-][^/]*$", "TLS: OpenSSL"),
    (r"\.so(?:\.[0-9]+)*$", "Python's own modules, and other libraries"),
)


def part_of(path: str) -> str:
    """What the native module at that path is for."""
    return next((part for pattern, part in _PARTS if re.search(pattern, path)), "what is nowhere else")


# -- the three runs


def _microseconds(transport: Transport, mix: Mix) -> tuple[float, float]:
    """(user, system) for one message, undisturbed."""
    window = window_for(transport)
    with standing(edge(), transport) as found:
        found.load.closed(mix.order, window, _SECONDS / 4)
        before = found.used()
        counts = found.load.closed(mix.order, window, _SECONDS)
        spent = found.used().since(before)
    system = spent.system_ticks / max(spent.user_ticks + spent.system_ticks, 1)
    total = spent.ns / max(counts.done, 1) / 1000
    return total * (1 - system), total * system


def sampled(transport: Transport, mix: Mix, seconds: float = _SECONDS) -> Counter[str]:
    """Samples of the relay under load, by Python function. Raises: BrokenRelay; Unavailable."""
    with TemporaryDirectory(prefix="sipcore-bench-") as folder:
        file = Path(folder, "samples")
        program = (sys.executable, "-P", str(Path(__file__).with_name("sampler.py")), str(file))
        with standing(edge(program), transport) as found:
            for process in _programs(found):
                os.kill(process, signal.SIGUSR1)
            found.load.closed(mix.order, window_for(transport), seconds)
        return Counter(json.loads(file.read_text()))


def _counted(transport: Transport, mix: Mix) -> _Costs:
    """Instructions of `_COUNTED` messages, by native module and function.

    Raises: Unavailable without valgrind.
    """
    if shutil.which("valgrind") is None:
        raise Unavailable("valgrind is not installed: instructions are not counted")
    with TemporaryDirectory(prefix="sipcore-bench-") as folder:
        out = Path(folder, "callgrind")
        program = ("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--instr-atstart=no", *SIPCORE)
        with standing(edge(program, _SLOW_START), transport) as found:
            # As many at once as when time is measured: with fewer a wake-up would be shared by too few.
            window = window_for(transport)
            found.load.closed(mix.order, window, _SLOW_SECONDS, _WARM)
            _callgrind(found, "--instr=on")
            found.load.closed(mix.order, window, _SLOW_SECONDS, _COUNTED)
            _callgrind(found, "--dump")
        dumps = sorted(Path(folder).glob("callgrind.*"))
        if not dumps:
            raise Unavailable("callgrind wrote nothing when it was asked to")
        return self_costs(dumps[0].read_text(errors="replace").splitlines())


def _programs(found: Standing) -> list[int]:
    """The edge's processes, without the leader of their session, which only bounds their lives."""
    assert found.session is not None, "an edge is a process"
    return [int(process.name) for process in members(found.session) if int(process.name) != found.session]


def _callgrind(found: Standing, order: str) -> None:
    """Raises: Unavailable."""
    for process in _programs(found):
        command = ["callgrind_control", order, str(process)]
        told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
        if told.returncode:
            raise Unavailable(f"callgrind_control {order}: {(told.stderr or told.stdout).strip()}")


# -- the file of callgrind

_NAME = re.compile(r"^(c?)(ob|fn)=\((\d+)\)(?: (.*))?$")
_COST = re.compile(r"^[+\-*0-9]\S* (\d+)$")


def self_costs(lines: Iterable[str]) -> _Costs:
    """Instructions that each function took itself, without those of what it called; by (module, function).

    The format: names are given a number where they are first seen; a line of cost belongs to the function named last,
    but behind ``calls=`` it is what the call took, which is counted where it was spent.
    """
    names: dict[tuple[str, str], str] = {}
    here = {"ob": "", "fn": ""}
    costs: _Costs = Counter()
    of_a_call = False
    for line in lines:
        if named := _NAME.match(line):
            called, kind, number, text = named.groups()
            name = names.setdefault((kind, number), text or "")
            if not called:
                here[kind] = name
        elif line.startswith("calls="):
            of_a_call = True
        elif cost := _COST.match(line):
            if not of_a_call:
                costs[here["ob"], here["fn"]] += int(cost[1])
            of_a_call = False
    return costs
