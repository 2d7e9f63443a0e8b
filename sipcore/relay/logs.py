"""Log lines: one a refusal, structured, and never more a second than a person can use.

Log lines carry names of ours, addresses and domains; no header is copied whole, and no instant message is ever written.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

import structlog
from structlog.typing import FilteringBoundLogger

from sipcore.edge.actions import Trace
from sipcore.edge.flow import Forward

__all__ = ["Quota", "configure_logging", "log_refusals", "logger"]

_LINES_PER_SECOND = 10
#: A method is a peer's own word: as much of it as tells the real ones apart.
_LONGEST_METHOD = 16


def logger() -> FilteringBoundLogger:
    """Where the relay writes."""
    bound: FilteringBoundLogger = structlog.get_logger()
    return bound


def configure_logging() -> None:
    """One line an event on standard error: coloured for a person at a terminal, ``key=value`` for everything else."""
    order = ["timestamp", "level", "event"]
    at_terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer() if at_terminal else structlog.processors.LogfmtRenderer(key_order=order),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


class Quota:
    """So many a second; what was left out is known to the next one that is let through.

    Args:
        per_second: how many are let through in one second.
    """

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._second = 0
        self._taken = 0
        self._left_out = 0

    def take(self, now: float) -> int | None:
        """How many were left out since the last one, or None when this one is to be left out too."""
        if int(now) != self._second:
            self._second, self._taken = int(now), 0
        if self._taken >= self._per_second:
            self._left_out += 1
            return None
        self._taken += 1
        left_out, self._left_out = self._left_out, 0
        return left_out


def log_refusals(now: Callable[[], float]) -> Callable[[Trace], None]:
    """An observer that writes one line for each message that was not forwarded. ``now``: seconds, monotonic."""
    quota = Quota(_LINES_PER_SECOND)

    def observe(trace: Trace) -> None:
        if isinstance(trace.decision, Forward) or (left_out := quota.take(now())) is None:
            return
        link, decision = trace.link, trace.decision
        logger().info(
            "refused",
            why=decision.why,
            status=getattr(decision, "status", None),
            side=str(link.side),
            peer=f"{link.remote_host}:{link.remote_port}/{link.transport}",
            method=(trace.message.method or "response")[:_LONGEST_METHOD],
            left_out=left_out,
        )

    return observe
