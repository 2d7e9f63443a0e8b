"""The small vocabulary of decisions: a step passes with a line for the chain, or it stops.

A line names its rule and, where an operator wrote one, the table and the line of the file that it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sipcore.edge.directory import UserView
from sipcore.edge.facts import SrvFact
from sipcore.edge.flow import Flow, Header, NeedSrv
from sipcore.edge.refusals import Row
from sipcore.edge.tables import Tables

__all__ = ["Case", "Closed", "Stop", "place"]


@dataclass(frozen=True, slots=True)
class Closed:
    """A step that does not let a request pass: the row of the refusal, a line for the chain, headers for the answer."""

    row: Row
    line: str
    headers: tuple[Header, ...] = ()


#: Why a decision ends before it is one of forwarding.
Stop = Closed | NeedSrv


class Case(NamedTuple):
    """All that a decision is made of.

    Attributes:
        flow: the request.
        tables: the configuration.
        facts: what DNS has said, by domain.
        sender, recipient: the user of ours who sends, or is addressed; None where nobody's rights are known.
    """

    flow: Flow
    tables: Tables
    facts: Mapping[str, SrvFact]
    sender: UserView | None
    recipient: UserView | None


def place(table: str, line: int) -> str:
    """Where a rule is written: ``([[partner]], line 12)``; without a line where there is no file."""
    return f"({table}, line {line})" if line else f"({table})"
