"""The filter for instant messages on anything that parses.

Contract: `check` gives a verdict, the same each time; it blocks exactly when it has findings, each of which names a
rule and shows a short piece that cannot disturb a terminal.

Allowed: nothing may be raised.
"""

from __future__ import annotations

from instant_messages import request
from pieces import exact, join, split
from seeds import MESSAGES

from sipcore import ImFilter, ParseError, parse

FILTER = ImFilter()
RULES = {*FILTER.rules.prefixes, "file-transfer", "undecodable"}
#: What an input that is not a message itself is the body of.
TYPES = (None, "text/plain", "text/x-msmsgsinvite", "text/html", *(
    f"text/plain; charset={charset}"
    for charset in ("utf-16le", "utf-16be", "gbk", "big5", "shift_jis", "euc-jp", "iso-2022-jp", "euc-kr", "koi8-r")
))  # fmt: skip
SEEDS = [
    *(join(each, 0) for each in MESSAGES),
    join(b"http://a.example", 2),
    join("看 http://a.example".encode("gbk"), 7),
    join("看 http://a.example".encode("iso-2022-jp"), 11),
]


def one_input(data: bytes) -> None:
    """One run of the target."""
    content, decisions = split(data)
    kind = next(decisions, 0) % (len(TYPES) + 1)
    try:
        message = request(content, TYPES[kind - 1]) if kind else parse(exact(content))
    except ParseError:
        return
    verdict = FILTER.check(message)
    assert FILTER.check(message.detach()) == verdict
    assert verdict.passed == (not verdict.findings)
    for finding in verdict.findings:
        assert finding.rule in RULES
        assert finding.text in ("body", "ms-text-format")
        assert 0 <= finding.span[0] <= finding.span[1] <= 4 * len(data)
        assert len(finding.matched) <= 80
        assert finding.matched.isprintable()
