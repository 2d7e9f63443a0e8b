"""A configuration file of an edge, whatever is in it.

Contract: `loads` gives tables and warnings, or a list of problems; each has its file, its line and a message. What was
good is good the second time, and its summary cannot disturb a terminal.

Allowed: `ConfigError`. Inputs that name other files are left out: what those hold is not in the input.
"""

from __future__ import annotations

import re
from pathlib import Path

from sipcore.configuration import loads
from sipcore.edge.summary import summary
from sipcore.errors import ConfigError, Problem

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "edges"
SEEDS = [re.sub(rb"\[users\]\nfile.*\n", b"", path.read_bytes()) for path in sorted(EXAMPLES.glob("*.toml"))]


def one_input(data: bytes) -> None:
    """One run of the target."""
    if b"file" in data:
        return
    try:
        config = loads(data)
    except ConfigError as error:
        assert error.problems
        _check(error.problems)
        return
    _check(config.warnings)
    assert all(line.isprintable() for line in summary(config.tables, config.users))
    assert loads(data) == config


def _check(problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        assert re.fullmatch(r"edge\.toml:[1-9][0-9]*", problem.where), problem
        assert problem.message
