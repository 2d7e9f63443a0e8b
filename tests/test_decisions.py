"""Every feature of federation that is a decision, as a row: what comes in, what is decided, and by which rule."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from decision_rows import ROWS, WITHOUT_A_ROW, Row

from sipcore.edge.flow import Answer, Decision, Discard, Forward
from sipcore.edge.routing import decide

#: Sections 1.3 to 1.5 and 1.10 of the feature list.
SECTIONS = [f"F{number:03}" for first, last in ((52, 127), (189, 219)) for number in range(first, last + 1)]


def in_short(decision: Decision) -> str:
    """A decision in a few words."""
    if isinstance(decision, Forward):
        turned = f" as {decision.method}" if decision.method else ""
        content = ", not filtered" * (not decision.content.filtered) + ", plain text only" * decision.content.plain_text
        return f"{decision.side}: {', '.join(map(str, decision.candidates))}{turned}{content}"
    if isinstance(decision, Answer):
        return f"{decision.status} {decision.why}"
    return f"discard {decision.why}" if isinstance(decision, Discard) else f"SRV of {decision.domain}?"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.feature}: {row.subject}")
def test_a_feature_is_decided_as_its_row_says(row: Row) -> None:
    decision = decide(row.flow, row.tables, row.facts, row.sender, row.recipient)
    assert in_short(decision) == row.decision, decision.chain
    assert [line for line in decision.chain if row.chain in line], decision.chain


def test_every_feature_has_a_row_or_a_reason() -> None:
    rows = {row.feature for row in ROWS}
    assert set(SECTIONS) <= rows | set(WITHOUT_A_ROW)
    assert rows.isdisjoint(WITHOUT_A_ROW)
    assert set(WITHOUT_A_ROW) <= set(SECTIONS)
    reasons = Counter(WITHOUT_A_ROW.values())
    print(*(f"{count:>3} without a row: {reason}" for reason, count in reasons.most_common()), sep="\n")
    assert (len(WITHOUT_A_ROW), len(rows & set(SECTIONS))) == (49, 58)


def test_a_reason_that_names_other_tests_is_true() -> None:
    tests = Path(__file__).parent
    for feature, reason in WITHOUT_A_ROW.items():
        files = re.findall(r"test_\w+", reason)
        texts = [(tests / f"{name}.py").read_text("utf-8").lower() for name in files]
        assert not files or any(feature.lower() in text for text in texts), feature
    assert "http://www.microsoft.com/LCS/IMFilter" in (tests.parent / "docs" / "protocol.md").read_text("utf-8")


def test_rows_are_told_apart_by_their_subject() -> None:
    names = Counter((row.feature, row.subject) for row in ROWS)
    assert max(names.values()) == 1
