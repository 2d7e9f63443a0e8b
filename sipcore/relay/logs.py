"""Log lines: one a refusal, structured, and never more a second than a person can use.

Log lines carry names of ours, addresses, domains and the reason; no header is copied whole, and of an instant message
nothing, unless the operator has asked for its beginning. What comes from peers is cut, and what cannot be printed is
escaped, so that it neither ends a line nor moves a terminal's cursor.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from typing import TextIO, cast

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from sipcore._values import NameAddr, Uri
from sipcore.edge.actions import Trace
from sipcore.edge.flow import Answer, Discard, Forward
from sipcore.edge.tables import Hop, Side
from sipcore.errors import HeaderError
from sipcore.relay.config import LogSettings
from sipcore.relay.leaves import LogFormat
from sipcore.relay.log_writer import LogWriter
from sipcore.relay.peers_words import printable

__all__ = ["Quota", "configure_logging", "log_refusals", "logger"]

_LINES_PER_SECOND = 10
#: No descriptor: for a process without a standard error.
_NOWHERE = -1
#: A method is a peer's own word: as much of it as tells the real ones apart.
_LONGEST_METHOD = 16
_LONGEST_DOMAIN = 80
_LONGEST_LINE = 200
#: Of a message's text: what shows what it was about.
_LONGEST_TEXT = 120


def logger() -> FilteringBoundLogger:
    """Where the relay writes."""
    bound: FilteringBoundLogger = structlog.get_logger()
    return bound


def configure_logging(settings: LogSettings, lost: Callable[[], object]) -> LogWriter:
    """One line an event on standard error.

    Args:
        settings: from which level on, and in which form.
        lost: is called for each line that could not be written, from any thread.

    Returns:
        Who writes them; to be closed in the end.
    """
    writer = LogWriter(sys.__stderr__.fileno() if sys.__stderr__ else _NOWHERE, lost)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *_rendering(settings.format),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, writer)),
    )
    return writer


def _rendering(wanted: LogFormat) -> Iterator[Processor]:
    """How a line is written: coloured for a person at a terminal, ``key=value`` or JSON for everything else."""
    if wanted is LogFormat.AUTO and sys.stderr.isatty():
        yield structlog.dev.ConsoleRenderer()  # it shows tracebacks in its own way
        return
    yield structlog.processors.format_exc_info
    if wanted is LogFormat.JSON:
        yield structlog.processors.JSONRenderer()
    else:
        yield structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])


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


def log_refusals(now: Callable[[], float], *, with_text: bool = False) -> Callable[[Trace], None]:
    """An observer that writes one line for each message that was not forwarded.

    Args:
        now: seconds, monotonic.
        with_text: whether the line has the beginning of the message's text.
    """
    quotas = {side: Quota(_LINES_PER_SECOND) for side in Side}  # or strangers could hide what befalls our own users

    def observe(trace: Trace) -> None:
        if isinstance(trace.decision, Forward) or (left_out := quotas[trace.link.side].take(now())) is None:
            return
        logger().info("refused", **dict(_told(trace, trace.decision, with_text)), left_out=left_out)

    return observe


def _told(trace: Trace, decision: Answer | Discard, with_text: bool) -> Iterator[tuple[str, object]]:
    link, message = trace.link, trace.message
    yield "why", decision.why
    yield "status", getattr(decision, "status", None)
    yield "side", str(link.side)
    yield "peer", f"{Hop(link.transport, link.remote_host, link.remote_port).authority}/{link.transport}"
    yield "method", printable(message.method or "response", _LONGEST_METHOD)
    yield "sender", _domain(lambda: message.from_)
    yield "recipient", _domain(lambda: message.uri if message.is_request else message.to)
    yield "because", printable(_reason(decision), _LONGEST_LINE)
    if trace.verdict is not None and (worst := trace.verdict.worst) is not None:
        yield "found", worst.rule
    if with_text:
        yield "text", printable(bytes(message.body[: 4 * _LONGEST_TEXT]).decode("utf-8", "replace"), _LONGEST_TEXT)


def _reason(decision: Answer | Discard) -> str:
    """The last rule of the chain; behind it stands only what was done, which is `why` and `status`."""
    return decision.chain[-2] if len(decision.chain) > 1 else decision.chain[-1]


def _domain(read: Callable[[], NameAddr | Uri | None]) -> str:
    """The host of a URI; empty where there is none, or it cannot be read: that may be why the message is refused."""
    try:
        found = read()
        uri = found.uri if isinstance(found, NameAddr) else found  # parsed only now, and may turn out to be none
        return "" if uri is None else printable(uri.host or "", _LONGEST_DOMAIN)
    except HeaderError:
        return ""
