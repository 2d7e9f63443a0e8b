"""What the filter looks for: prefixes, file offers, profiles.

A prefix is what makes a client turn a piece of text into a link. Its grammar (docs/protocol.md "IM filter"):

    prefix  = 1*char ( ":" / "." / "*." )  /  "href"
    char    = a letter or digit of ASCII, or one of # * + / = @ ^ _ ` | ~ and the backslash; "*" in "*." only

An entry ending in ``:`` or ``.`` stands for itself, in any case. One ending in ``*.`` stands for every host label that
begins so: ``www*.`` covers ``www.``, ``www2.`` and ``www-eu.``. ``href`` is the one word without a final mark, for the
attribute of a link in HTML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sipcore.errors import Problem, RulesError

__all__ = ["DEFAULT_PREFIXES", "LCS2005", "Rules"]

#: What later servers of the family filter by default; the list of Live Communications Server 2005 itself was never
#: published (docs/protocol.md "IM filter").
DEFAULT_PREFIXES = (
    "callto:", "file:", "ftp.", "ftp:", "gopher:", "href", "http:", "https:", "ldap:", "mailto:", "news:", "nntp:",
    "sip:", "sips:", "tel:", "telnet:", "www*.",
)  # fmt: skip

_FOREIGN = re.compile(r"[^#*+/0-9=@A-Z^_`\\a-z|~]")


@dataclass(frozen=True, slots=True)
class Rules:
    """What an `ImFilter` refuses. Checks itself, so a rule set that exists is a good one (F110 to F112).

    Attributes:
        prefixes: what begins a link, in the grammar of this module; empty to look for no links. Any iterable of str
            is taken, a tuple is kept.
        file_transfer: refuse messages that offer a file.

    Raises:
        RulesError: with one problem for each fault.
    """

    prefixes: tuple[str, ...] = DEFAULT_PREFIXES
    file_transfer: bool = True

    def __post_init__(self) -> None:
        problems = []
        if isinstance(self.prefixes, str):
            problems.append(Problem("", "prefixes", "must be a list of prefixes, not one string"))
        else:
            object.__setattr__(self, "prefixes", tuple(self.prefixes))
            problems += _prefix_problems(self.prefixes)
        if not isinstance(self.file_transfer, bool):
            problems.append(Problem("", "file_transfer", f"must be true or false, not {self.file_transfer!r}"))
        if problems:
            raise RulesError(problems)


def _prefix_problems(prefixes: tuple[str, ...]) -> list[Problem]:
    """What is wrong with each prefix, and with the list."""
    problems = []
    seen: dict[str, int] = {}
    for index, prefix in enumerate(prefixes):
        fault = _fault_of(prefix)
        if fault is None and (earlier := seen.setdefault(prefix.lower(), index)) != index:
            fault = f"is listed already, as prefixes[{earlier}]"
        if fault is not None:
            problems.append(Problem("", f"prefixes[{index}]", f"{prefix!r} {fault}"))
    return problems


def _fault_of(prefix: object) -> str | None:
    """What is wrong with one prefix; None when it is good."""
    if not isinstance(prefix, str):
        return "must be a string"
    if prefix.lower() == "href":
        return None
    stem = prefix.removesuffix("*.") if prefix.endswith("*.") else prefix[:-1]
    if prefix[-1:] not in (".", ":"):
        return "must end in ':', '.' or '*.'"
    if not stem:
        return "needs at least one character before its ending"
    if "*" in stem:
        return "may have '*' only right before the final '.'"
    if foreign := _FOREIGN.search(stem):
        return f"must not contain {foreign.group()!r}"
    return None


#: The filter of Live Communications Server 2005 SP1: links by prefix and file offers, both refused.
LCS2005 = Rules()
