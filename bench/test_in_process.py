"""Every contestant on one kind of input, by pytest-benchmark: ``pytest bench/ --benchmark-only``.

For working on one thing with pytest's own tools (``-k``, ``--benchmark-compare``, ``--benchmark-autosave``).
Contestants do not take turns here, so a change of the machine's speed may fall between two of them; to compare them is
what `sipcore bench` is for.
"""

from __future__ import annotations

from typing import Any

import pytest

from sipcore_bench.contestant import Contestant, roster
from sipcore_bench.questions import QUESTIONS, Inputs
from sipcore_bench.runner import check

#: Enough to defeat a cache of one message, few enough for a round to be short.
ITEMS = 500
CHECKED = 20

INPUTS = Inputs(seed=1, size=ITEMS)


@pytest.mark.parametrize(
    "contestant", roster().present, ids=lambda contestant: f"{contestant.question}-{contestant.name}"
)
def test_a_pass_over_right_answers(contestant: Contestant, benchmark: Any) -> None:
    question = QUESTIONS[contestant.question]
    given = INPUTS.of(question, question.counted)
    objection = check(contestant, given, CHECKED)
    if objection and contestant.kind == "peer":
        pytest.skip(f"{contestant.name}: {objection.verdict}: {objection.why}")
    assert objection is None
    benchmark.group = f"{question.id}: {len(given.items) * question.per_item} {question.unit}s, {question.counted}"
    benchmark.extra_info["version"] = contestant.version
    benchmark(contestant.timed(list(given.items)))
