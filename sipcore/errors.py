"""Everything sipcore raises, in one tree.

    SipError
    ├── ParseError(code, offset)          the bytes cannot be represented as a message
    │   ├── FramingError                  ... because it cannot be told where the message ends
    │   └── HeaderError(header)           ... one header's value is not what its grammar says (typed access only)
    ├── EditError                         an edit that would break the message
    ├── RulesError(problems)              a filter rule set that contradicts itself
    └── ConfigError(problems)             a configuration with faults: all of them, each with its place

A message that should not pass is *not* an exception: it was parsed, so it can be answered. See `sipcore.validate`
(`Refusal`), `sipcore.imfilter` (`Verdict`) and `sipcore.edge` (`Decision`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "ConfigError",
    "EditError",
    "FramingError",
    "HeaderError",
    "ParseError",
    "Problem",
    "RulesError",
    "SipError",
]


class SipError(Exception):
    """The root: catch this to catch everything that sipcore raises on purpose."""


class ParseError(SipError):
    """The bytes cannot be represented as a SIP message.

    Attributes:
        code: a stable, lower-case identifier such as ``"bad-start-line"``; made for tests, logs and metrics.
        offset: where the fault is, in bytes from the start of the buffer that was parsed.
    """

    def __init__(self, code: str, offset: int) -> None:
        super().__init__(code, offset)
        self.code = code
        self.offset = offset

    def __str__(self) -> str:
        return f"{self.code} at byte {self.offset}"


class FramingError(ParseError):
    """It cannot be told where the message ends. On a stream this is final: the connection must be closed."""


class HeaderError(ParseError):
    """A header's value does not follow its grammar. Raised by typed access, never by `parse`.

    Attributes:
        header: the header's canonical name, ``"Via"``; ``"Request-URI"`` for the request line's URI.
    """

    def __init__(self, code: str, offset: int, header: str) -> None:
        super().__init__(code, offset)
        self.args = (code, offset, header)
        self.header = header

    def __str__(self) -> str:
        return f"{self.header}: {self.code} at byte {self.offset}"


class EditError(SipError):
    """An edit was refused: it would break the message's framing, or it names something that is not there."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in something an operator wrote.

    Attributes:
        where: the place as a person would look for it, ``"edge.toml:12"``; empty where there is no file.
        key: the full key, ``"partner[0].proxy.port"``.
        message: what is wrong and what would be right.
    """

    where: str
    key: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.key, self.message) if part)


class _ProblemsError(SipError):
    """Several faults at once, because an operator wants to fix a file in one go."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(tuple(problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class RulesError(_ProblemsError):
    """A set of filter rules is faulty; ``problems`` names every fault."""


class ConfigError(_ProblemsError):
    """A configuration is faulty; ``problems`` names every fault with file, line and key."""
